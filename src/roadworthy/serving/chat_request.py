"""OpenAI's chat completion request as a `CallRequest`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roadworthy.core.errors import InvalidRequest
from roadworthy.pipeline import CallRequest

__all__ = ["parse_chat_request", "read_timeout_s"]

_OURS = frozenset({"model", "messages", "stream", "stream_options", "response_format", "input"})
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def parse_chat_request(body: dict[str, Any], headers: Mapping[str, str]) -> CallRequest:
    """Every field but ours passes through to the provider, unknown ones included.

    Raises:
        InvalidRequest: names the field and what it takes.
    """
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise InvalidRequest("stream must be true or false", param="stream")
    output_schema = _output_schema(body.get("response_format"))
    unit = headers.get("x-roadworthy-unit") or body.get("user")
    return CallRequest(
        target=_model(body),
        surface="chat",
        task_label=headers.get("x-roadworthy-task"),
        input=_input(body.get("input")),
        messages=_messages(body.get("messages")),
        parameters={key: value for key, value in body.items() if key not in _OURS},
        output_schema=output_schema,
        stream=bool(stream),
        conversation_id=headers.get("x-roadworthy-conversation"),
        unit=unit if isinstance(unit, str) else None,
        timeout_s=read_timeout_s(headers),
    )


def read_timeout_s(headers: Mapping[str, str]) -> float | None:
    """How long an OpenAI client says that it will wait; None where it does not say."""
    try:
        seconds = float(headers.get("x-stainless-read-timeout", ""))
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def _model(body: dict[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise InvalidRequest(
            'model must be a string: "task:NAME", or a model that GET /v1/models lists',
            param="model",
        )
    return model


def _input(value: Any) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise InvalidRequest("input must be an object: the task's typed input", param="input")
    return value


def _messages(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidRequest("messages must be a list of objects", param="messages")
    for position, message in enumerate(value):
        param = f"messages[{position}]"
        if not isinstance(message, dict):
            raise InvalidRequest(f"{param} must be an object", param=param)
        if message.get("role") not in _ROLES:
            raise InvalidRequest(
                f"{param}.role must be one of {', '.join(_ROLES)}", param=f"{param}.role"
            )
        content = message.get("content")
        if content is not None and not isinstance(content, str | list):
            raise InvalidRequest(
                f"{param}.content must be a string or a list of parts", param=f"{param}.content"
            )
    return value


def _output_schema(response_format: Any) -> dict[str, Any] | None:
    if response_format is None:
        return None
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    wrapper = response_format.get("json_schema") if kind == "json_schema" else None
    schema = wrapper.get("schema") if isinstance(wrapper, dict) else None
    if not isinstance(schema, dict):
        raise InvalidRequest(
            'response_format must be {"type": "text"}, {"type": "json_object"} or'
            ' {"type": "json_schema", "json_schema": {"name": …, "schema": {…}}}',
            param="response_format",
        )
    return schema
