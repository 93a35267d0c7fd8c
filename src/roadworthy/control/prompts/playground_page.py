"""What the playground says: an input to edit, whom to ask, and what came of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from roadworthy.control.call_page import MessageView, Text, call_view
from roadworthy.control.drawing.formats import short
from roadworthy.control.outcomes import OutcomeStyle, style_of
from roadworthy.control.prompts.input_form import InputForm
from roadworthy.control.prompts.version_page import json_text
from roadworthy.core import Call
from roadworthy.core.errors import InvalidRequest, RoadworthyError
from roadworthy.registry import Pointer, VersionRow
from roadworthy.storage.views import StoredCall
from roadworthy.tasks.cases import Case

__all__ = [
    "WORKING",
    "CaseDraft",
    "ComparedField",
    "Origin",
    "PlaygroundView",
    "Trial",
    "VersionChoice",
    "case_draft",
    "compared_values",
    "origin_of_call",
    "origin_of_case",
    "read_case",
    "trial_of",
    "version_choices",
]

WORKING: Final = "@working"
"""What a version's select says for the working copy."""
MAX_COMPARED: Final = 200
MAX_CELL_CHARS: Final = 2_000
_ABSENT: Final = object()


class VersionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One option of whom to ask."""

    value: str
    label: str
    group: str


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What the input was taken from."""

    kind: str
    """``call`` or ``case``."""
    reference: str
    """The call's id, or ``VERSION/NUMBER`` of a case."""
    label: str
    href: str
    version: str = ""
    """The version that answered then, or that holds the case."""
    input: dict[str, Any] | None
    """None: it is not kept."""
    answer: Any = None
    """What was answered then, or is expected."""
    answered: str = ""
    """What `answer` is, in words; empty: there is none."""


class ComparedField(msgspec.Struct, frozen=True, kw_only=True):
    """One value of the answer beside the one before; ``/themes/0`` is its place."""

    place: str
    before: str | None
    """None: it was not there."""
    after: str | None
    same: bool


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking."""

    call: Call | None
    """None: the request did not come so far."""
    style: OutcomeStyle | None
    error_code: str = ""
    error: str = ""
    answer: Text | None = None
    value: Any = None
    messages: tuple[MessageView, ...] = ()
    compared: tuple[ComparedField, ...] = ()
    more_compared: int = 0

    @property
    def changed(self) -> int:
        return sum(not field.same for field in self.compared)


class CaseDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What the form says that saves a case."""

    id: str = ""
    tags: str = ""
    expect: str = ""
    prefilled: str = ""
    """What stood there before anybody edited it."""
    note: str = ""
    problem: str = ""


class PlaygroundView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    task: str
    version: str
    """What is chosen."""
    resolved: str
    """The version it stands for."""
    model: str
    """Empty: the version's own."""
    own_model: str
    versions: tuple[VersionChoice, ...]
    models: tuple[str, ...]
    form: InputForm
    origin: Origin | None = None
    trial: Trial | None = None
    draft: CaseDraft = CaseDraft()


def version_choices(
    rows: Sequence[VersionRow], pointers: Sequence[Pointer], *, working: bool, chosen: str
) -> tuple[VersionChoice, ...]:
    """Whom one may ask: the working copy, channels, versions; and what is chosen, whatever it
    is."""
    choices = [VersionChoice(value=WORKING, label="working copy", group="Files")] if working else []
    choices += [
        VersionChoice(
            value=f"@{pointer.channel}",
            label=f"{short(pointer.channel, 40)} ({pointer.version})",
            group="Channels",
        )
        for pointer in pointers
    ]
    choices += [
        VersionChoice(
            value=row.version, label=f"{row.version} · {short(row.message, 50)}", group="Versions"
        )
        for row in rows
    ]
    if chosen and chosen not in {choice.value for choice in choices}:
        choices.append(VersionChoice(value=chosen, label=short(chosen, 60), group="Versions"))
    return tuple(choices)


def origin_of_call(stored: StoredCall, href: str) -> Origin:
    """A recorded call as the beginning of a trial."""
    call = stored.call
    return Origin(
        kind="call",
        reference=call.id,
        label=f"{style_of(call.outcome).label.lower()} call of version {call.version or 'none'}",
        href=href,
        version=call.version,
        input=call.input,
        answer=call.value,
        answered="answered then" if call.value is not None else "",
    )


def origin_of_case(case: Case, reference: str, href: str, name: str) -> Origin:
    """A case of a version, or of the files, as the beginning of a trial."""
    return Origin(
        kind="case",
        reference=reference,
        label=f"case {short(name, 80)}",
        href=href,
        version=reference.rpartition("/")[0],
        input=case.input,
        answer=case.expect,
        answered="expected" if case.expect is not None else "",
    )


def trial_of(
    call: Call | None, error: RoadworthyError | None = None, *, origin: Origin | None = None
) -> Trial:
    """What came of asking, beside what was answered before."""
    seen = None if call is None else call_view(StoredCall(call=call, texts_kept=True))
    told = None if call is None or call.error is None else call.error
    compared: list[ComparedField] = []
    if call is not None and call.value is not None and origin is not None and origin.answered:
        compared = list(compared_values(origin.answer, call.value, partial=origin.kind == "case"))
    return Trial(
        call=call,
        style=None if seen is None else seen.style,
        error_code=error.code if error else told.code if told else "",
        error=error.message if error else told.message if told else "",
        answer=None if seen is None else seen.value,
        value=None if call is None else call.value,
        messages=() if seen is None else tuple(seen.messages),
        compared=tuple(compared[:MAX_COMPARED]),
        more_compared=max(0, len(compared) - MAX_COMPARED),
    )


def compared_values(before: Any, after: Any, *, partial: bool = False) -> Iterator[ComparedField]:
    """Each value of either, by place. ``partial`` leaves out what the first does not name, as an
    expectation may be of some fields only."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    for place in [*old, *(place for place in new if place not in old and not partial)]:
        left, right = old.get(place, _ABSENT), new.get(place, _ABSENT)
        yield ComparedField(
            place=place,
            before=None if left is _ABSENT else _told(left),
            after=None if right is _ABSENT else _told(right),
            same=_equal(left, right),
        )


def case_draft(trial: Trial | None, sent: Mapping[str, str], problem: str = "") -> CaseDraft:
    """The form that saves a case. What is expected is what the last trial answered, until somebody
    edits it."""
    expect, prefilled = sent.get("expect", ""), sent.get("prefilled", "")
    if trial is not None and trial.value is not None and expect.strip() == prefilled.strip():
        value = trial.value
        expect = prefilled = value if isinstance(value, str) else json_text(value).shown
    return CaseDraft(
        id=sent.get("case_id", ""),
        tags=sent.get("tags", ""),
        expect=expect,
        prefilled=prefilled,
        note=sent.get("note", ""),
        problem=problem,
    )


def read_case(value: dict[str, Any], sent: Mapping[str, str], *, free_text: bool) -> dict[str, Any]:
    """A line of `cases.jsonl` as the form says it.

    Raises:
        InvalidRequest: what is expected cannot be read.
    """
    case: dict[str, Any] = {"input": value}
    expect = sent.get("expect", "").strip()
    if expect:
        case["expect"] = expect if free_text else _json_of(expect)
    tags = [tag for part in sent.get("tags", "").split(",") if (tag := part.strip())]
    given = {"tags": tags, "id": sent.get("case_id", "").strip(), "note": sent.get("note", "")}
    return case | {name: item for name, item in given.items() if item}


def _json_of(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"What is expected is not JSON: {error}. The case was not saved.", param="expect"
        ) from error


def _leaves(value: Any, place: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value and depth < 12:
        for key, item in value.items():
            name = str(key).replace("~", "~0").replace("/", "~1")
            yield from _leaves(item, f"{place}/{name}", depth + 1)
    elif isinstance(value, list) and value and depth < 12:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{place}/{index}", depth + 1)
    else:
        yield place, value


def _equal(left: Any, right: Any) -> bool:
    # True and 1 are equal to Python, and not to JSON.
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _told(value: Any) -> str:
    return (
        short(value, MAX_CELL_CHARS)
        if isinstance(value, str)
        else short(json_text(value).shown, MAX_CELL_CHARS)
    )
