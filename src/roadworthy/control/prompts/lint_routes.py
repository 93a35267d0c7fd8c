"""What a task's prompt weighs, and what reading finds in it: the page, and the same as JSON."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from roadworthy.control.answers import answers, json_answer
from roadworthy.control.context import Control, control_of
from roadworthy.control.prompts.lint_page import lint_view
from roadworthy.control.prompts.trim_page import trim_view
from roadworthy.control.query import Text, parse_query
from roadworthy.control.working import working_drafts
from roadworthy.core.errors import NotFound, ProjectError
from roadworthy.evaluation.lint import TaskLint, lint_task
from roadworthy.evaluation.trimming import TrimReport
from roadworthy.evaluation.trimming.kept import kept_report
from roadworthy.models import Model
from roadworthy.tasks import Suite, TaskDefinition, load_installation

__all__ = ["LintQuery", "api_router", "router"]

router = APIRouter(include_in_schema=False, default_response_class=Response)
api_router = APIRouter()

WORKING = "working"


class LintQuery(BaseModel):
    """Which state of the task."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[
        Text,
        Field(
            description="A version, a range or a channel; left out: the working copy, else what is"
            " served."
        ),
    ] = None


class _State(NamedTuple):
    definition: TaskDefinition
    suite: Suite
    of: str
    files: bool
    """Whether it is what the project's files say."""


@router.get("/tasks/{name}/lint")
def show_lint(request: Request, name: str) -> Response:
    control = control_of(request)
    query = parse_query(LintQuery, request.query_params)
    state = _state(control, name, query.version)
    return control.page(
        "lint.html",
        here="tasks",
        health=control.health(),
        name=name,
        view=lint_view(_linted(control, state), of=state.of),
        trimmed=trim_view(_kept(control, name), digest=state.definition.digest),
    )


@api_router.get("/api/tasks/{task}/trim", responses=answers("TrimReport"), operation_id="last_trim")
def last_trim(request: Request, task: str) -> Response:
    """What `roadworthy trim` found of a task the last time, on this machine: each part with what
    became of the answers without it, and the proposal with its patch."""
    report = _kept(control_of(request), task)
    if report is None:
        raise NotFound(
            f"The prompt of {task[:80]!r} was never trimmed here. Run `roadworthy trim TASK`."
        )
    return json_answer(report)


@api_router.get("/api/tasks/{task}/lint", responses=answers("TaskLint"), operation_id="lint_task")
def lint(request: Request, task: str, query: Annotated[LintQuery, Query()]) -> Response:
    """Tokens of a task's prompt part by part, and what reading finds in it; no model is asked. Of
    the working copy, else of what is served, unless a version is named."""
    control = control_of(request)
    return json_answer(_linted(control, _state(control, task, query.version)))


def _kept(control: Control, task: str) -> TrimReport | None:
    root = None if control.workbench is None else control.workbench.root
    if root is None:
        return None
    try:
        settings = load_installation(root).settings
    except ProjectError:
        return None
    return kept_report((root / settings.store.path).resolve(), task)


def _linted(control: Control, state: _State) -> TaskLint:
    root = None if control.workbench is None or not state.files else control.workbench.root
    model = _model(control, state.definition)
    return lint_task(state.definition, state.suite, model=model, root=root)


def _state(control: Control, name: str, version: str | None) -> _State:
    """
    Raises:
        NotFound: there is no such task or version.
    """
    if version not in (None, WORKING):
        return _published(control, name, version or "")
    root = None if control.workbench is None else control.workbench.root
    draft = working_drafts(root).get(name)
    if draft is not None:
        return _State(draft.definition, draft.suite, "the working copy", files=True)
    served = control.source.find_task(name)
    if served is None:
        return _published(control, name, None)
    of = f"version {served.task.version}"
    suite = Suite()
    if control.workbench is not None and served.task.version != WORKING:
        suite = control.registry.version(name, served.task.version).suite
    return _State(served.task, suite, of, files=False)


def _published(control: Control, name: str, version: str | None) -> _State:
    if version is None:
        rows = [] if control.workbench is None else control.registry.versions(name, limit=1)
        if not rows:
            raise NotFound(
                f"There is no task {name[:80]!r} here whose prompt could be read: none is served,"
                " published, or in the project's files."
            )
        version = rows[0].version
    found = control.registry.version(name, version)
    return _State(found.definition, found.suite, f"version {found.row.version}", files=False)


def _model(control: Control, definition: TaskDefinition) -> Model | None:
    """What the task's model stands for here, as far as this installation knows it."""
    served = control.source.find_task(definition.name)
    if served is not None and served.model.name == definition.model:
        return served.model if definition.model else None
    root = None if control.workbench is None else control.workbench.root
    if root is None or not definition.model:
        return None
    try:
        return load_installation(root).models.get(definition.model)
    except ProjectError:
        return None
