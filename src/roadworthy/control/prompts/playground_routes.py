"""The playground: any input on any version and model. As in the API, routes run in threads and may
block."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic, sleep
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict

from roadworthy.conformance import compile_schema, validate_input
from roadworthy.control.bodies import form_of
from roadworthy.control.call_page import message_view
from roadworthy.control.context import Control, control_of
from roadworthy.control.entry.visitor import owner
from roadworthy.control.links import call_link, prompt_link, version_link
from roadworthy.control.prompts.input_form import (
    InputForm,
    form_of_input,
    form_of_texts,
    read_input,
)
from roadworthy.control.prompts.playground_page import (
    WORKING,
    Origin,
    PlaygroundView,
    Trial,
    case_draft,
    origin_of_call,
    origin_of_case,
    read_case,
    trial_of,
    version_choices,
)
from roadworthy.control.query import Text, parse_query
from roadworthy.control.registry_api.case_files import save_case
from roadworthy.control.told import Told
from roadworthy.control.working import working_drafts
from roadworthy.core import Call
from roadworthy.core.errors import InvalidRequest, NotFound, RoadworthyError
from roadworthy.tasks import CompiledPrompt, TaskDefinition
from roadworthy.tasks.asked_models import asked_models
from roadworthy.tasks.cases import case_id

__all__ = ["router"]

router = APIRouter(include_in_schema=False, default_response_class=Response)

OFFERED_ROWS: Final = 50
WAIT_S: Final = 3.0
"""How long the record of a call may take to get into the database."""
WAIT_STEP_S: Final = 0.05
ACTS: Final = ("run", "render", "json", "fields", "save")


class PlaygroundQuery(BaseModel):
    """What the form begins with."""

    model_config = ConfigDict(extra="forbid")

    version: Text = None
    model: Text = None
    call: Text = None
    case: Text = None
    edit: Text = None
    saved: Text = None


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the form asks."""

    chosen: str
    """As the form says it: a version, ``@channel`` or ``@working``; empty: there is none."""
    resolved: str = ""
    definition: TaskDefinition | None = None

    @property
    def schema(self) -> dict[str, Any]:
        return {} if self.definition is None else self.definition.input_schema


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What the form said."""

    form: InputForm
    value: dict[str, Any]
    texts: Mapping[str, str]
    model: str


@router.get("/tasks/{name}/playground")
def show_playground(request: Request, name: str) -> Response:
    control = control_of(request)
    query = parse_query(PlaygroundQuery, request.query_params)
    reference = f"call:{query.call}" if query.call else f"case:{query.case}" if query.case else ""
    page = _Playground(control, name, reference)
    asked = page.asked(query.version or page.first_choice())
    given = page.origin.input if page.origin else None
    form = form_of_input(asked.schema, given, as_json=query.edit == "json")
    told = None
    if query.saved and page.origin is not None:
        text = f"Saved: {page.origin.label} stands in tasks/{name}/cases.jsonl now."
        told = Told(text=f"{text} The next version that is published has it.")
    return page.show(asked, form, model=query.model or "", told=told)


@router.post("/tasks/{name}/playground")
def use_playground(request: Request, name: str) -> Response:
    control, texts = control_of(request), form_of(request)
    owner()
    act = texts.get("act", "run")
    if act not in ACTS:
        raise InvalidRequest(f"act is {act[:40]!r}, and not one of {', '.join(ACTS)}.", param="act")
    page = _Playground(control, name, texts.get("origin", ""))
    model, problem = texts.get("model", ""), None
    try:
        asked = page.asked(texts.get("version", ""))
    except RoadworthyError as error:  # what was typed must stay
        asked, problem = page.asked(page.first_choice()), error
    value, problems = read_input(asked.schema, texts)
    form = form_of_texts(asked.schema, texts, problems)
    if value is None or problem is not None:
        return page.show(asked, form, model=model, texts=texts, problem=problem, status=422)
    if act in ("json", "fields"):
        form = form_of_input(asked.schema, value, as_json=act == "json")
        return page.show(asked, form, model=model, texts=texts)
    sent = _Sent(form=form, value=value, texts=texts, model=model)
    return page.save(asked, sent) if act == "save" else page.try_out(asked, sent, run=act == "run")


class _Playground:
    """One request's view of the playground of a task."""

    def __init__(self, control: Control, name: str, reference: str) -> None:
        self._control = control
        self._name = name
        self._rows = control.registry.versions(name, limit=OFFERED_ROWS)
        self._pointers = control.registry.channels(name)
        self._draft = working_drafts(control.bench.root).get(name)
        served = control.source.find_task(name)
        if not self._rows and self._draft is None and served is None:
            raise NotFound(f"There is no task {name[:80]!r} here.")
        # Gateways serve working copies under --dev alone; else there is nobody to ask.
        self._working = served is not None and served.task.version == "working"
        self.origin = self._find_origin(reference)

    def first_choice(self) -> str:
        """The version that a trial begins with: that of the call or case, else the working copy
        where it is served, else production's, else the newest."""
        known = {row.version for row in self._rows}
        if self.origin is not None and self.origin.version in known:
            return self.origin.version
        if self._working and self._draft is not None:
            return WORKING
        if any(pointer.channel == "production" for pointer in self._pointers):
            return "@production"
        return self._rows[0].version if self._rows else ""

    def asked(self, chosen: str) -> _Asked:
        """
        Raises:
            NotFound: there is no such version.
        """
        if not chosen:
            return _Asked(chosen="")
        if chosen == WORKING:
            if self._draft is None:
                raise NotFound(f"There are no files of {self._name[:80]!r} here.")
            return _Asked(chosen=chosen, resolved="working", definition=self._draft.definition)
        version = self._control.registry.version(self._name, chosen.removeprefix("@"))
        return _Asked(chosen=chosen, resolved=version.row.version, definition=version.definition)

    def try_out(self, asked: _Asked, sent: _Sent, *, run: bool) -> Response:
        """Ask, or only show what would be sent."""
        if asked.definition is None:
            return self.show(asked, sent.form, model=sent.model, texts=sent.texts)
        trial = self._run(asked, sent) if run else _rendered(asked.definition, sent.value)
        return self.show(asked, sent.form, model=sent.model, texts=sent.texts, trial=trial)

    def _run(self, asked: _Asked, sent: _Sent) -> Trial:
        try:
            answer = self._control.play(self._name, asked.resolved, sent.value, sent.model or None)
        except RoadworthyError as error:
            call = self._recorded(error.call_id, {}) if error.call_id else None
            return trial_of(call, error, origin=self.origin)
        return trial_of(self._recorded(str(answer["call"]), answer), origin=self.origin)

    def _recorded(self, call_id: str, answer: Mapping[str, Any]) -> Call:
        """The record of a call that has just ended. The keeper takes it up in a moment; and where
        no texts are kept, the answer is only here."""
        given_up_s = monotonic() + WAIT_S
        while True:
            try:
                call = self._control.source.find_call(call_id).call
                break
            except NotFound:
                if monotonic() > given_up_s:
                    call = Call(
                        id=call_id,
                        task=self._name,
                        version=str(answer.get("version", "")),
                        started_us=self._control.clock.now_us(),
                        outcome=answer.get("outcome", "errored"),
                    )
                    break
                sleep(WAIT_STEP_S)
        if call.value is None and "value" in answer:
            call = msgspec.structs.replace(call, value=answer["value"])
        return call

    def save(self, asked: _Asked, sent: _Sent) -> Response:
        """Add the input to the cases of the working copy, and go on with it."""
        try:
            # The case is one of the working copy, whichever version was asked.
            free_text = self._draft is not None and self._draft.definition.output_schema is None
            case = read_case(sent.value, sent.texts, free_text=free_text)
            saved = save_case(self._control.bench.root, self._name, case)
        except RoadworthyError as error:
            return self.show(
                asked,
                sent.form,
                model=sent.model,
                texts=sent.texts,
                case_problem=error.message,
                status=error.status,
            )
        address = prompt_link(
            self._name,
            "playground",
            version=asked.chosen,
            model=sent.model,
            case=f"{WORKING}/{saved.id}",
            saved="yes",
        )
        return RedirectResponse(address, 303, {"cache-control": "no-store"})

    def show(
        self,
        asked: _Asked,
        form: InputForm,
        *,
        model: str,
        texts: Mapping[str, str] | None = None,
        trial: Trial | None = None,
        **more: Any,
    ) -> Response:
        """The page. ``more``: ``told``, ``problem``, ``case_problem``, ``status``."""
        problem: RoadworthyError | None = more.get("problem")
        asks = () if asked.definition is None else asked_models(asked.definition)
        own_model = ", ".join(asks) or "none"
        view = PlaygroundView(
            task=self._name,
            version=asked.chosen,
            resolved=asked.resolved,
            model=model,
            own_model=own_model,
            versions=version_choices(
                self._rows,
                self._pointers,
                working=self._working and self._draft is not None,
                chosen=asked.chosen,
            ),
            models=tuple(self._control.source.model_names()),
            form=form,
            origin=self.origin,
            trial=trial,
            draft=case_draft(trial, texts or {}, more.get("case_problem", "")),
        )
        return self._control.page(
            "playground.html",
            status=more.get("status", 200),
            here="tasks",
            health=self._control.health(),
            view=view,
            told=more.get("told"),
            problem=None if problem is None else problem.message,
            can_save=self._draft is not None,
        )

    def _find_origin(self, reference: str) -> Origin | None:
        """
        Raises:
            NotFound: there is no such call or case.
        """
        kind, _, value = reference.partition(":")
        if kind == "call":
            return origin_of_call(self._control.source.find_call(value), call_link(value))
        if kind != "case":
            return None
        version, _, number = value.rpartition("/")
        if version == WORKING:
            return self._saved_case(value, number)
        found = self._control.registry.version(self._name, version)
        cases = found.suite.cases
        if not number.isdecimal() or not 1 <= int(number) <= len(cases):
            raise NotFound(f"{version} of {self._name[:80]!r} has no case {number[:20]!r}.")
        href = f"{version_link(self._name, found.row.version)}#cases"
        case = cases[int(number) - 1]
        return origin_of_case(case, value, href, case_id(case))

    def _saved_case(self, reference: str, name: str) -> Origin:
        """A case of the working copy, by its name."""
        cases = self._draft.suite.cases if self._draft is not None else ()
        for case in reversed(cases):
            if name in (case.id, case_id(case)):
                return origin_of_case(case, reference, "", case_id(case))
        raise NotFound(f"The files of {self._name[:80]!r} hold no case {name[:80]!r}.")


def _rendered(definition: TaskDefinition, value: dict[str, Any]) -> Trial:
    """What would be sent, without asking anybody."""
    try:
        validate_input(compile_schema(definition.input_schema), value)
        messages = CompiledPrompt(definition).render(value)
    except RoadworthyError as error:
        return trial_of(None, error)
    return Trial(call=None, style=None, messages=tuple(message_view(m) for m in messages))
