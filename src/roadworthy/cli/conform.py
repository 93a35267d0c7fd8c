"""`roadworthy conform`: conformance as a filter, without a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

if TYPE_CHECKING:
    from roadworthy.conformance import OutputSchema, RepairLevel
    from roadworthy.core import StopReason

__all__ = ["conform"]

# The types of the rooms, spelled out: importing those would slow --help down.
Level: TypeAlias = Literal["none", "lossless", "schema"]
Stop: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "unknown"]


def conform(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Standard input is one JSON object a line; see above.")
    ] = False,
    schema: Annotated[
        Path | None,
        typer.Option(help="A JSON Schema; with --jsonl, for lines without one.", dir_okay=False),
    ] = None,
    repair: Annotated[Level, typer.Option(help="How far an answer may be changed.")] = "schema",
    stop_reason: Annotated[
        Stop, typer.Option(help="Why the model stopped, where a line does not say.")
    ] = "unknown",
) -> None:
    """Make answers on standard input conform to a schema, or say why they do not.

    One answer as plain text with --schema: its value goes to standard output, its repairs to
    standard error; exit status 1 if it does not conform. Many with --jsonl: objects with `input`
    (the text) and, if given, `schema`, `stop_reason` and `id`; out come, in order, objects with
    `id`, `outcome` (first_pass, repaired or failed), `value`, `repairs` and `error`.
    """
    compiled = None if schema is None else read_schema(schema)
    if jsonl:
        filter_lines(compiled, repair, stop_reason)
        return
    if compiled is None:
        raise typer.BadParameter("give --schema FILE for one answer, or --jsonl for many")
    conform_one(compiled, repair, stop_reason)


def read_schema(path: Path) -> OutputSchema:
    """The compiled schema of a file; raises InvalidSchema naming the file."""
    import msgspec

    from roadworthy.conformance import compile_schema
    from roadworthy.core.errors import InvalidSchema

    try:
        return compile_schema(msgspec.json.decode(path.read_bytes()))
    except OSError as error:
        raise InvalidSchema(f"{path} cannot be read: {error.strerror}. Name a file.") from error
    except InvalidSchema as error:
        raise InvalidSchema(f"{path}: {error.message}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidSchema(
            f"{path} is not JSON: {error}. It must hold one JSON Schema, in UTF-8."
        ) from error


def conform_one(schema: OutputSchema, repair: RepairLevel, stop_reason: StopReason) -> None:
    import msgspec

    from roadworthy.conformance import conform as conform_text
    from roadworthy.core.errors import MalformedBody, OutputNonconforming

    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise MalformedBody(
            f"The answer on standard input is not UTF-8 (byte {error.start}). Convert it first."
        ) from error
    result = conform_text(text, schema, stop_reason=stop_reason, repair=repair)
    if result.outcome == "failed":
        raise OutputNonconforming(
            f"The answer does not conform to the schema: {result.error}. "
            "Ask for it again, or loosen the schema at these paths."
        )
    for made in result.repairs:
        typer.echo(f"{made.kind} at {made.path or '/'}: {made.before} -> {made.after}", err=True)
    write(msgspec.json.encode(result.value) + b"\n")


def filter_lines(schema: OutputSchema | None, repair: RepairLevel, stop_reason: StopReason) -> None:
    from roadworthy.cli.conform_lines import Filter, lines_of

    answer = Filter(schema, repair=repair, stop_reason=stop_reason).answer
    for number, line in enumerate(lines_of(sys.stdin.buffer), start=1):
        out = answer(number, line)
        if out is not None and not write(out):
            return  # whoever reads has seen enough


def write(data: bytes) -> bool:
    """Write to standard output at once; False: nobody reads it any more."""
    import os

    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The interpreter flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
