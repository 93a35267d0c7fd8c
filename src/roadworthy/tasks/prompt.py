"""A task's templates, compiled once and rendered for every call.

The engine is MiniJinja with its doors closed: values are sealed JSON (`roadworthy.tasks.sealed`),
includes find the task's own blocks and nothing else, an undefined value is an error, and fuel
bounds loops. A value that is not text is written as JSON, and null as nothing. Lines that hold
only a ``{% … %}`` tag leave no blank line behind. Called by the path of a call.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import minijinja

from roadworthy.core import Message
from roadworthy.core.documents import Fault
from roadworthy.core.errors import InvalidInput, ProjectError
from roadworthy.tasks.definition import TaskDefinition, Template
from roadworthy.tasks.fields import conversation_field, input_fields
from roadworthy.tasks.rules import variable_names
from roadworthy.tasks.sealed import seal

__all__ = ["CompiledPrompt", "closed_environment", "undeclared_names"]

FUEL: Final = 1_000_000
"""Engine instructions of one render: some tens of milliseconds, far more than any prompt needs."""
MAX_DEPTH_MESSAGE: Final = "the input is nested too deep to be rendered"

_REASONS: Final = {
    "BadInclude": "an included block cannot be rendered",
    "InvalidOperation": "an operation that these values do not allow",
    "OutOfFuel": "it loops for too long",
    "TemplateNotFound": "it includes a block that the task does not have",
    "UndefinedError": "it uses a value that the input does not have",
    "UnknownFilter": "an unknown filter",
    "UnknownFunction": "an unknown function",
    "UnknownMethod": "a method; values have fields only",
    "UnknownTest": "an unknown test",
}
"""The engine's own details may quote the caller's values, so they are not passed on."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One message, ready to be made."""

    template: Template
    text: str | None
    """None: it depends on the input."""


class CompiledPrompt:
    """Renders one task's messages.

    ::

        prompt = CompiledPrompt(definition)
        messages = prompt.render({"comment": "Great support"})

    Raises:
        ProjectError: a template does not compile.
    """

    def __init__(self, definition: TaskDefinition) -> None:
        self._environment = closed_environment(definition.blocks.items())
        self._parts = [self._part(template) for template in definition.templates]
        self._absent = {
            name: seal(schema.get("default"))
            for name, schema in input_fields(definition.input_schema).items()
        }
        names = variable_names(definition.rules)
        self._unset = dict.fromkeys(names) if names else None
        self._history = self._history_field(definition)
        # The history goes before the message that the caller is asking now.
        last = len(self._parts) - 1
        self._history_at = last if last >= 0 and self._parts[last].template.role == "user" else None

    def render(
        self, values: dict[str, Any], variables: Mapping[str, Any] | None = None
    ) -> list[Message]:
        """The messages to send for this input, which must have passed the input schema, and
        ``vars``, the variables that rules have set.

        An optional field that is absent has its schema's default, else renders as nothing, as does
        a variable that no rule has set. A conversation field that no template mentions becomes
        messages before the last one.

        Raises:
            InvalidInput: a template cannot be rendered with these values; names its file.
        """
        try:
            context = {**self._absent, **{name: seal(item) for name, item in values.items()}}
            if self._unset is not None:
                context["vars"] = seal({**self._unset, **(variables or {})})
        except RecursionError as error:
            raise InvalidInput(MAX_DEPTH_MESSAGE) from error
        messages: list[Message] = []
        for index, part in enumerate(self._parts):
            if index == self._history_at and self._history is not None:
                messages += _history_messages(values.get(self._history))
            text = part.text
            if text is None:
                text = self._render(part.template, context)
            if text.strip() or part.template.role == "user":
                messages.append({"role": part.template.role, "content": text})
        if self._history_at is None and self._history is not None:
            messages += _history_messages(values.get(self._history))
        return messages

    def _part(self, template: Template) -> _Part:
        if template.literal or not any(mark in template.source for mark in ("{{", "{%", "{#")):
            return _Part(template, template.source)
        try:
            self._environment.add_template(template.file, template.source)
        except minijinja.TemplateError as error:
            fault = Fault(template.file, error.line or 1, str(error.detail or error.kind))
            raise ProjectError([str(fault)]) from error
        return _Part(template, None)

    def _history_field(self, definition: TaskDefinition) -> str | None:
        field = conversation_field(definition.input_schema)
        sources = [part.template.source for part in self._parts if not part.template.literal]
        mentioned = any(
            field in undeclared_names(self._environment, source)
            for source in [*sources, *definition.blocks.values()]
        )
        return None if mentioned else field

    def _render(self, template: Template, context: dict[str, Any]) -> str:
        try:
            return self._environment.render_template(template.file, **context)
        except minijinja.TemplateError as error:
            raise InvalidInput(_failure(template, error)) from error
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            # From Python values inside the engine: a call of something that is no function.
            raise InvalidInput(f"{template.file} cannot be rendered with this input") from error
        except BaseException as error:
            # A panic of the engine derives from BaseException and would end the whole gateway.
            if type(error).__name__ != "PanicException":
                raise
            raise InvalidInput(f"{template.file} cannot be rendered with this input") from error


def closed_environment(blocks: Iterable[tuple[str, str]]) -> minijinja.Environment:
    """An engine that knows these blocks and has no way to files, attributes or its own state.

    Raises:
        ProjectError: a block does not compile.
    """
    environment = minijinja.Environment(
        debug=False,
        fuel=FUEL,
        undefined_behavior="strict",
        auto_escape_callback=_no_escape,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalizer=_as_text,
        pycompat=False,
    )
    environment.remove_filter("attr")
    environment.remove_global("debug")
    environment.add_filter("tojson", _as_json)
    for name, source in blocks:
        try:
            environment.add_template(name, source)
        except minijinja.TemplateError as error:
            fault = Fault(f"blocks/{name}", error.line or 1, str(error.detail or error.kind))
            raise ProjectError([str(fault)]) from error
    return environment


def undeclared_names(environment: minijinja.Environment, source: str) -> set[str]:
    """The names that a template takes from outside; empty for one that does not compile."""
    try:
        found = environment.undeclared_variables_in_str(source)
    except minijinja.TemplateError:
        return set()
    return found - set(_GLOBALS)


_GLOBALS: Final = ("cycler", "dict", "joiner", "namespace", "range", "loop", "caller", "self")


def _no_escape(_name: str) -> bool:
    return False


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _as_json(value: Any, indent: int | None = None) -> str:
    """The engine's own `tojson` escapes ``<`` and ``&`` for HTML, which a model only misreads."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _failure(template: Template, error: minijinja.TemplateError) -> str:
    reason = _REASONS.get(error.kind, "it fails")
    return f"{template.file}:{error.line or 1} cannot be rendered with this input: {reason}"


def _history_messages(history: Any) -> list[Message]:
    messages: list[Message] = []
    for turn in history or ():
        if not isinstance(turn, dict) or turn.get("role") not in ("user", "assistant"):
            raise InvalidInput(
                "a conversation holds messages of the roles 'user' and 'assistant' only"
            )
        messages.append({"role": turn["role"], "content": turn.get("content")})
    return messages
