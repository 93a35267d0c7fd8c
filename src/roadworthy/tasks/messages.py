"""From a chat request's messages to a task's typed input. Pure.

In this order: an explicit input; the last user message, if it is a JSON object that satisfies
the input schema; its text, if exactly one required field is a string; else an error that shows
the schema. Earlier messages are history, for the field that is declared to take it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from roadworthy.core import Message
from roadworthy.core.errors import InvalidInput
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.fields import conversation_field, required_names, single_text_field

__all__ = ["input_from_messages"]

MAX_SCHEMA_SHOWN: Final = 4_000
TURNS: Final = ("user", "assistant")


def input_from_messages(
    definition: TaskDefinition,
    messages: list[Message],
    explicit_input: Any = None,
    *,
    is_valid: Callable[[Any], bool],
) -> dict[str, Any]:
    """The input that these messages carry for this task.

    Only the second rule asks ``is_valid``; the caller checks whatever comes back.

    Raises:
        InvalidInput: no rule fits, or the messages hold what the task has no place for.
    """
    if explicit_input is not None and not isinstance(explicit_input, dict):
        raise InvalidInput(_message(definition, "input"), param="input")
    history, asked = _split(definition, messages, explicit=explicit_input is not None)
    if explicit_input is not None:
        return _with_history(definition, explicit_input, history)
    parsed = _json_object(asked)
    if parsed is not None:
        candidate = _with_history(definition, parsed, history)
        if is_valid(candidate):
            return candidate
    field = single_text_field(definition.input_schema)
    if field is not None:
        return _with_history(definition, {field: asked}, history)
    raise InvalidInput(_message(definition, "the last user message"), param="messages")


def _split(
    definition: TaskDefinition, messages: list[Message], *, explicit: bool
) -> tuple[list[Message], str]:
    """The history and the text of the message that asks, which an explicit input replaces."""
    turns = [_turn(definition, index, message) for index, message in enumerate(messages)]
    if turns and turns[-1]["role"] == "user":
        asked = turns.pop()["content"]
    elif explicit:
        asked = ""
    else:
        raise InvalidInput(
            f"the last message to task \"{definition.name}\" must have the role 'user'",
            param="messages",
        )
    if turns and conversation_field(definition.input_schema) is None:
        raise InvalidInput(
            f'task "{definition.name}" takes one user message and no history: send the last'
            ' message alone, or declare an input field with role = "conversation"',
            param="messages",
        )
    return turns, asked


def _turn(definition: TaskDefinition, index: int, message: Any) -> Message:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in TURNS:
        shown = f"{role[:20]!r}" if isinstance(role, str) else "none"
        raise InvalidInput(
            f'messages[{index}] has the role {shown}; task "{definition.name}" brings its own'
            " instructions and takes messages of the roles 'user' and 'assistant' only",
            param=f"messages[{index}].role",
        )
    return {"role": role, "content": _text(message.get("content"), index)}


def _text(content: Any, index: int) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise InvalidInput(
            f"messages[{index}].content must be text or a list of text parts",
            param=f"messages[{index}].content",
        )
    texts = []
    for at, part in enumerate(content):
        text = part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str):
            raise InvalidInput(
                f"messages[{index}].content[{at}] is no text part; a task's messages hold text,"
                ' send anything else as a field of extra_body={"input": {…}}',
                param=f"messages[{index}].content[{at}]",
            )
        texts.append(text)
    return "".join(texts)


def _with_history(
    definition: TaskDefinition, values: dict[str, Any], history: list[Message]
) -> dict[str, Any]:
    """The values with the history in the field for it, unless they fill that field themselves."""
    field = conversation_field(definition.input_schema)
    if field is None or field in values:
        return values
    if not history and field not in required_names(definition.input_schema):
        return values
    return {**values, field: history}


def _json_object(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        parsed = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _message(definition: TaskDefinition, what: str) -> str:
    """The schema is the remedy; the caller's text stays out."""
    schema = msgspec.json.encode(definition.input_schema).decode()
    if len(schema) > MAX_SCHEMA_SHOWN:
        schema = schema[:MAX_SCHEMA_SHOWN] + "…"
    return (
        f"{what} is not a JSON object that satisfies the input schema of task"
        f' "{definition.name}". Send extra_body={{"input": {{…}}}}, or such an object as the last'
        f" user message. The input schema: {schema}"
    )
