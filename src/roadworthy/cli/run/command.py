"""`roadworthy run TASK`: one input, or a file of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.cli.run.chosen import Chosen

__all__ = ["run"]


def run(
    task: Annotated[
        str,
        typer.Argument(
            help="The task's name, with @VERSION, @CHANNEL or @RANGE for a published version."
        ),
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="An input field as name=value; may be repeated."),
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option(help="A file with one input object a line.", dir_okay=False)
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="A file with one input a row.", dir_okay=False)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where answers go; an earlier run is gone on with."),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Calls at once.")] = 4,
    project: Annotated[Path | None, ProjectOption] = None,
    environment: Annotated[
        str | None, typer.Option("--env", help="Which of models.toml's environments to use.")
    ] = None,
) -> None:
    """Run a task here, in this process, and print or save the typed value."""
    import asyncio

    from roadworthy.cli.run.chosen import choose
    from roadworthy.cli.run.inputs import from_arguments, read_csv, read_jsonl

    chosen = choose(task, project, environment)
    schema = chosen.definition.input_schema
    if (jsonl is not None) + (csv is not None) + bool(inputs) > 1:
        raise typer.BadParameter("give one of --input, --jsonl and --csv")
    if jsonl is None and csv is None:
        asyncio.run(run_single(chosen, from_arguments(inputs or [], schema)))
        return
    if output is None:
        raise typer.BadParameter("--jsonl and --csv need --output FILE")
    for path in (jsonl, csv):
        if path is not None and not path.exists():
            raise typer.BadParameter(f"{path} does not exist")
    rows = read_jsonl(jsonl) if jsonl else read_csv(csv, schema) if csv else []
    asyncio.run(run_file(chosen, rows, output, concurrency=concurrency))


async def run_single(chosen: Chosen, given: dict[str, Any]) -> None:
    import msgspec

    from roadworthy.cli.place import load_journal, state_of
    from roadworthy.pipeline import TASK_PREFIX, CallRequest

    async with chosen.pipeline() as pipeline:
        finished = await pipeline.run(
            CallRequest(target=TASK_PREFIX + chosen.reference, surface="python", input=given)
        )
    load_journal(state_of(chosen.project))
    if finished.error is not None:
        raise finished.error
    value = finished.call.value
    typer.echo(value if isinstance(value, str) else msgspec.json.encode(value).decode())
    typer.echo(f"{finished.call.outcome}, call {finished.call.id}", err=True)


async def run_file(
    chosen: Chosen, inputs: list[dict[str, Any]], output: Path, *, concurrency: int
) -> None:
    import msgspec
    from rich.console import Console
    from rich.progress import Progress

    from roadworthy.cli.place import load_journal, state_of
    from roadworthy.cli.run.batch import Row, compact, read_rows, remaining, run_batch

    task = chosen.reference
    indexes = remaining(inputs, read_rows(output), output)
    if output.exists():
        compact(output)  # also drops a torn last line, which appending would bury
    with Progress(console=Console(stderr=True)) as progress, output.open("ab") as sink:
        bar = progress.add_task(task, total=len(inputs), completed=len(inputs) - len(indexes))

        def on_row(row: Row) -> None:
            sink.write(msgspec.json.encode(row) + b"\n")
            sink.flush()
            progress.advance(bar)

        async with chosen.pipeline() as pipeline:
            await run_batch(pipeline, task, inputs, indexes, concurrency=concurrency, on_row=on_row)
    compact(output)
    load_journal(state_of(chosen.project))
    rows = read_rows(output)
    failed = sum(row.error is not None for row in rows.values())
    typer.echo(f"{len(rows) - failed} of {len(inputs)} answered, {failed} failed: {output}")
    if failed:
        raise typer.Exit(1)
