"""How a schema is asked for: the strongest mode of a model that the schema fits.

A mode is tried, not believed: the grammar compiler reads each new schema first, and the strict
form is built before it is sent. What a mode will not enforce is listed; the answer is validated
against the original schema in every mode.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from roadworthy.conformance.digits import with_bounded_digits
from roadworthy.conformance.normalise import Loss, NotStrict, grammar_form, strict_form, wrap
from roadworthy.conformance.restore import WRAPPED, Form
from roadworthy.conformance.schema import OutputSchema
from roadworthy.core import Mode
from roadworthy.models import Structured

__all__ = ["Plan", "modes_beside", "plan_request"]

_TOOLS: Final = ("tools", "functions", "tool_choice", "function_call")
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")
_MAX_NAME_CHARS: Final = 64


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, so that a model answers in the form of a schema."""

    mode: Mode
    structured: Structured | None = None
    """None: nothing but words asks for structure."""
    losses: tuple[Loss, ...] = ()
    """What this mode, and stronger ones that had to be passed over, will not enforce."""
    instruction: str | None = None
    """A system text to add to the messages; None: the mode says all there is to say."""
    form: Form = "plain"
    """The form in which answers come; `deliver` and `read_answer` map them back."""


def modes_beside(modes: tuple[Mode, ...], parameters: Mapping[str, Any]) -> tuple[Mode, ...]:
    """Those modes that can be asked for beside these parameters of a request.

    A caller's own tools leave no room for a forced function: it would hide them.
    """
    if "tool" in modes and any(parameters.get(name) for name in _TOOLS):
        return tuple(mode for mode in modes if mode != "tool")
    return modes


def plan_request(schema: OutputSchema, modes: tuple[Mode, ...], *, name: str = "answer") -> Plan:
    """The plan for the first of these modes that the schema fits; words alone if none does.

    Kept with the schema, so that a repeated call costs a look-up. ``name`` is what the model is
    told that the answer is; characters that providers refuse in it are replaced.
    """
    kept = _plans.setdefault(schema, {})
    plan = kept.get(modes)
    if plan is None:
        plan = kept[modes] = _first_that_fits(schema.source, modes)
    name = _NOT_IN_NAMES.sub("_", name)[:_MAX_NAME_CHARS] or "answer"
    if plan.structured is not None and plan.structured.name != name:
        named = msgspec.structs.replace(plan.structured, name=name)
        return msgspec.structs.replace(plan, structured=named)
    return plan


_plans: weakref.WeakKeyDictionary[OutputSchema, dict[tuple[Mode, ...], Plan]] = (
    weakref.WeakKeyDictionary()
)


def _first_that_fits(source: dict[str, Any], modes: tuple[Mode, ...]) -> Plan:
    losses: list[Loss] = []
    for mode in modes:
        plan = _BUILDERS[mode](source, losses)
        if plan is not None:
            return plan
    return _prompt(source, losses)


def _grammar(source: dict[str, Any], losses: list[Loss]) -> Plan | None:
    try:
        grammar = grammar_form(with_bounded_digits(source))
    except NotStrict as error:
        losses.append(Loss(mode="grammar", path="", keyword="", reason=f"cannot be used: {error}"))
        return None
    return Plan(
        mode="grammar",
        structured=Structured(mode="grammar", schema=grammar.schema),
        losses=(*losses, *grammar.losses),
    )


def _strict(source: dict[str, Any], losses: list[Loss]) -> Plan | None:
    return _bound(source, losses, "strict")


def _tool(source: dict[str, Any], losses: list[Loss]) -> Plan | None:
    return _bound(source, losses, "tool")


def _bound(source: dict[str, Any], losses: list[Loss], mode: Mode) -> Plan | None:
    """Strict functions take what the strict mode takes."""
    try:
        strict = strict_form(source)
    except NotStrict as error:
        losses.append(Loss(mode=mode, path="", keyword="", reason=f"cannot be used: {error}"))
        return None
    lost = (msgspec.structs.replace(loss, mode=mode) for loss in strict.losses)
    return Plan(
        mode=mode,
        structured=Structured(mode=mode, schema=strict.schema),
        losses=(*losses, *lost),
        form=strict.form,
    )


def _json(source: dict[str, Any], losses: list[Loss]) -> Plan:
    """JSON modes give objects only, so another root travels inside one."""
    wrapped = "object" not in _root_types(source)
    schema = wrap(source) if wrapped else source
    return Plan(
        mode="json",
        structured=Structured(mode="json", schema=schema),
        losses=(*losses, Loss(mode="json", path="", keyword="", reason="only asks for JSON")),
        instruction=_instruction(schema),
        form=WRAPPED if wrapped else "plain",
    )


def _prompt(source: dict[str, Any], losses: list[Loss]) -> Plan:
    return Plan(
        mode="prompt",
        losses=(*losses, Loss(mode="prompt", path="", keyword="", reason="only asks in words")),
        instruction=_instruction(source),
    )


def _none(_: dict[str, Any], losses: list[Loss]) -> Plan:
    return Plan(
        mode="none",
        losses=(*losses, Loss(mode="none", path="", keyword="", reason="asks for nothing")),
    )


def _instruction(schema: dict[str, Any]) -> str:
    shown = {k: v for k, v in schema.items() if k not in ("$schema", "$id", "$comment")}
    return (
        "Answer with one JSON value that conforms to this JSON Schema, and with nothing else: no "
        "explanation, no code fence.\n" + msgspec.json.encode(shown).decode()
    )


def _root_types(source: dict[str, Any]) -> list[str]:
    """The types the root may have; where the schema does not say, an object is among them."""
    types = source.get("type", "object")
    return types if isinstance(types, list) else [types]


_BUILDERS: Final = {
    "grammar": _grammar,
    "strict": _strict,
    "tool": _tool,
    "json": _json,
    "prompt": _prompt,
    "none": _none,
}
