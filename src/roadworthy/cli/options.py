"""Options that several verbs take."""

from __future__ import annotations

import typer

__all__ = ["ProjectOption"]

ProjectOption = typer.Option(
    "--project",
    "-p",
    help="The project's folder; by default the nearest one above with a roadworthy.toml, else"
    " this folder.",
    exists=True,
    file_okay=False,
)
