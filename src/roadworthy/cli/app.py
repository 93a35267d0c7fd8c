"""The command line: which verb is which function. Adding a verb is one file and one line here.

Verbs import their rooms when they run, so that ``roadworthy --help`` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

import typer

from roadworthy.cli.calls import call, calls
from roadworthy.cli.check import check
from roadworthy.cli.conform import conform
from roadworthy.cli.conformance import conformance
from roadworthy.cli.demo.command import demo
from roadworthy.cli.diff import diff
from roadworthy.cli.docs import docs
from roadworthy.cli.explain import explain
from roadworthy.cli.export import export, import_
from roadworthy.cli.init import init
from roadworthy.cli.keys import keys
from roadworthy.cli.lint import lint
from roadworthy.cli.local import local
from roadworthy.cli.log import channels, history, log
from roadworthy.cli.promote import promote, rollback
from roadworthy.cli.publish import publish
from roadworthy.cli.resume import resume
from roadworthy.cli.rules import rules
from roadworthy.cli.run.command import run
from roadworthy.cli.serve.command import serve
from roadworthy.cli.show import show
from roadworthy.cli.test.command import run_cases
from roadworthy.cli.trim.command import trim
from roadworthy.core.errors import RoadworthyError

__all__ = ["app", "main"]

app = typer.Typer(
    name="roadworthy",
    help="From impressive demo to reliable system: serve language-model features that hold.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
VERBS: Final[tuple[Callable[..., None], ...]] = (
    *(demo, init, check, explain, lint, trim, run, serve, calls, call),
    *(resume, rules, conform, conformance),
    *(publish, log, show, diff, promote, rollback, channels, history, docs, export),
)
for verb in VERBS:
    app.command()(verb)
app.command("import")(import_)
app.command("test")(run_cases)
app.add_typer(keys, name="keys")
app.add_typer(local, name="local")


def main() -> None:
    """Run a verb; an error on purpose is one message and exit status 1, never a traceback."""
    try:
        app()
    except RoadworthyError as error:
        print(f"roadworthy: {error.message}", file=sys.stderr)  # noqa: T201 - the CLI's voice
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
