"""`roadworthy keys …`: who may read this installation's control plane, and who may change it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import ProjectOption

__all__ = ["RoleName", "keys"]

keys = typer.Typer(help="Keys for the control plane.", no_args_is_help=True)
JsonOption = typer.Option("--json", help="One JSON object a line.")


class RoleName(StrEnum):
    """What a key allows."""

    viewer = "viewer"
    owner = "owner"


@keys.callback()
def _group() -> None:
    """Keys for the control plane."""


@keys.command()
def create(
    role: Annotated[
        RoleName, typer.Option(help="viewer reads; owner publishes, promotes and makes keys.")
    ] = RoleName.viewer,
    name: Annotated[
        str | None,
        typer.Option(
            help="Whose it is, or what for; it stands in the history. By default yours, as git"
            " knows it."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Make a key, and print it. It is shown this once: only a hash of it is kept.

    From the first key on, nobody is let in without one, but for this machine's own command line.
    """
    from roadworthy.cli.git import author
    from roadworthy.cli.keys_access import open_keys
    from roadworthy.cli.place import open_installation

    installation = open_installation(project)
    with open_keys(installation) as kept:
        made = kept.create(author(installation.root) if name is None else name, role.value)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(made).decode())
        return
    typer.echo(made.secret)
    # Beside the key, which alone goes to a pipe or a file.
    typer.echo(
        f"{made.key.role} key {made.key.id} of {made.key.name}. Keep it now: it is not shown again."
        f" `roadworthy keys revoke {made.key.id}` ends it.",
        err=True,
    )


@keys.command("list")
def list_(
    as_json: Annotated[bool, JsonOption] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """List the keys, revoked ones included, without their secrets."""
    from roadworthy.cli.columns import columns, moment
    from roadworthy.cli.keys_access import open_keys
    from roadworthy.cli.log import show_json
    from roadworthy.cli.place import open_installation

    with open_keys(open_installation(project)) as kept:
        listed = kept.listed()
    if as_json:
        show_json(listed)
        return
    if not listed:
        typer.echo(
            "There is no key: the control plane is open to this machine. `roadworthy keys create"
            " --name NAME --role owner` makes the first."
        )
        return
    rows = [["ID", "NAME", "ROLE", "BEGINS", "CREATED (UTC)", "LAST USED (UTC)", ""]]
    rows += [
        [
            key.id,
            key.name,
            key.role,
            f"{key.prefix}…",
            moment(key.created_us),
            moment(key.last_used_us) or "never",
            f"revoked {moment(key.revoked_us)}" if key.revoked_us else "",
        ]
        for key in listed
    ]
    typer.echo(columns(rows))


@keys.command()
def revoke(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")],
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """End a key, from now on and for good."""
    from roadworthy.cli.keys_access import open_keys
    from roadworthy.cli.place import open_installation

    with open_keys(open_installation(project)) as kept:
        key = kept.revoke(id_)
    typer.echo(f"Revoked the {key.role} key {key.id} of {key.name}.")
