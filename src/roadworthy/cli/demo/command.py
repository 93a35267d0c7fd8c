"""`roadworthy demo`."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from roadworthy.cli.demo.comments import Comment
    from roadworthy.cli.demo.runner import Comparison
    from roadworthy.cli.demo.schedule import Schedule
    from roadworthy.cli.demo.serving import Addresses, ServeExample
    from roadworthy.cli.demo.table import Caption
    from roadworthy.core import Price

__all__ = ["DemoOptions", "demo", "run_demo"]

LOCAL: Final = "local"
PRICED_AS: Final = "openai/gpt-5-mini"
"""Whose list price the local model's tokens are shown at: the local model itself is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the command line asked for."""

    once: bool = False
    all: bool = False
    data: Path | None = None
    column: str = "text"
    expected: str | None = None
    model: str = LOCAL
    markdown: Path | None = None


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the table; else the server stays.")
    ] = False,
    all: Annotated[
        bool, typer.Option("--all", help="All comments, however long that takes.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Your own comments: a .csv or .csv.gz file.", dir_okay=False),
    ] = None,
    column: Annotated[str, typer.Option(help="Its column with the comments.")] = "text",
    expected: Annotated[
        str | None,
        typer.Option(help="Its column with the expected sentiments, if it has one."),
    ] = None,
    model: Annotated[
        str, typer.Option(help="Another model than the embedded one, as in openai/gpt-4o-mini.")
    ] = LOCAL,
    markdown: Annotated[
        Path | None, typer.Option(help="Write the table to this file, too.", dir_okay=False)
    ] = None,
) -> None:
    """Measure a prototype and the same job as a task, side by side, on a real model."""
    import asyncio

    from roadworthy.cli.demo.serving import serve_example

    options = DemoOptions(
        once=once,
        all=all,
        data=data,
        column=column,
        expected=expected,
        model=model,
        markdown=markdown,
    )
    asyncio.run(run_demo(options, serve=serve_example, working_copy=None))


async def run_demo(
    options: DemoOptions, *, serve: ServeExample, working_copy: Path | None
) -> Comparison:
    """The whole demo, with whatever serves the example handed in.

    ``working_copy`` is where the example project is written; None: the usual place.
    """
    from roadworthy.cli.demo.comments import bundled_comments, csv_comments, example_folder
    from roadworthy.cli.demo.project import WORKING_COPY, copy_example
    from roadworthy.cli.demo.schedule import BUDGET_S, Schedule, representative

    example = example_folder()
    if options.data is None:
        comments = bundled_comments(example)
    else:
        comments = csv_comments(options.data, column=options.column, expected=options.expected)
    folder = working_copy or Path.cwd() / WORKING_COPY
    copy_example(example, folder, model=options.model)
    schedule = Schedule(
        comments=representative(comments), budget_s=None if options.all else BUDGET_S
    )
    async with serve(folder) as addresses:
        run = await measure(schedule, addresses, model=options.model)
        report(run, comments, options)
        if not options.once:
            typer.echo(farewell(addresses, folder))
            await stopped()
    return run


async def measure(schedule: Schedule, addresses: Addresses, *, model: str) -> Comparison:
    """Ask both ways through the gateway, with a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from roadworthy.cli.demo.runner import compare
    from roadworthy.cli.demo.through_gateway import through_gateway
    from roadworthy.core import SystemClock

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("starting the model", total=1.0)

        def on_progress(over: float, comments: int) -> None:
            progress.update(bar, completed=over, description=f"comments: {comments}")

        async with through_gateway(addresses.gateway_url, model=model) as ways:
            return await compare(
                schedule,
                ask_prototype=ways.ask_prototype,
                ask_task=ways.ask_task,
                clock=SystemClock(),
                on_progress=on_progress,
            )


def report(run: Comparison, comments: list[Comment], options: DemoOptions) -> None:
    """Print the table, and write it where it was asked for."""
    from rich.console import Console

    from roadworthy.cli.demo.figures import column_of
    from roadworthy.cli.demo.table import caption_text, markdown_table, rich_table, rows_of

    priced_as = PRICED_AS if options.model == LOCAL else options.model
    price = list_price(priced_as)
    labels = {comment.id: comment.expected for comment in run.comments}
    rows = rows_of(
        column_of(run.before, expected=labels, price=price),
        column_of(run.after, expected=labels, price=price),
        priced_as=priced_as.partition("/")[2] or priced_as,
    )
    caption = caption_of(run, comments, options)
    console = Console()
    console.print(rich_table(rows))
    console.print(caption_text(caption), style="dim", highlight=False)
    if options.markdown is not None:
        options.markdown.write_text(markdown_table(rows, caption), encoding="utf-8")


def caption_of(run: Comparison, comments: list[Comment], options: DemoOptions) -> Caption:
    """What the figures are of."""
    import os
    from datetime import datetime

    from roadworthy.cli.demo.table import Caption

    return Caption(
        comments=len(run.comments),
        of=len(comments),
        asked_again=len({sample.comment_id for sample in run.after if sample.round}),
        source=options.data.name if options.data else "examples/feedback",
        model="SmolLM2-135M-Instruct on this machine" if options.model == LOCAL else options.model,
        elapsed_s=run.elapsed_s,
        date=datetime.now().astimezone().date().isoformat(),
        machine=f"{os.cpu_count()} cores",
    )


def list_price(model: str) -> Price | None:
    """The list price of ``provider/model``; None: not known."""
    from roadworthy.models import Model, price_of

    provider, _, upstream = model.partition("/")
    return price_of(Model(name=model, provider=provider, upstream=upstream))


def farewell(addresses: Addresses, folder: Path) -> str:
    return (
        f"\nThe server stays up, and every call above is recorded.\n"
        f"Dashboard  {addresses.dashboard_url}\n"
        f"Gateway    {addresses.gateway_url}/v1   (OpenAI clients: base_url)\n"
        f"Project    {folder}\n"
        "Press Ctrl-C to stop."
    )


async def stopped() -> None:
    """Returns when the user or the system asks this process to end."""
    import asyncio

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
