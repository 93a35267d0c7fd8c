"""How the control API answers: values as JSON, and what its document says of that."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import Response

__all__ = ["REFERENCE", "answers", "json_answer", "takes"]

REFERENCE: Final = "#/components/schemas/{name}"


def json_answer(value: object, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def answers(
    name: str | tuple[str, ...] | None,
    *,
    status: int = 200,
    also: dict[int, str] | None = None,
    example: object = None,
) -> dict[int | str, dict[str, Any]]:
    """What a route answers, for the OpenAPI document: the schema's name (several: one of
    them; None: nothing), and statuses with what they mean."""
    found: dict[int | str, dict[str, Any]] = {}
    for code, told in {status: "The answer.", **(also or {})}.items():
        succeeded = code < 400
        of = name if succeeded else "ErrorBody"
        found[code] = {"description": told}
        if of is not None:
            found[code]["content"] = _content(of, example if succeeded else None)
    found["4XX"] = {
        "description": "The request is at fault.",
        "content": _content("ErrorBody", None),
    }
    found["5XX"] = {
        "description": "The control plane failed.",
        "content": _content("ErrorBody", None),
    }
    return found


def takes(name: str, *, example: object = None) -> dict[str, Any]:
    """What a route takes as its body, for the OpenAPI document."""
    return {"requestBody": {"required": True, "content": _content(name, example)}}


def _content(name: str | tuple[str, ...], example: object) -> dict[str, Any]:
    names = (name,) if isinstance(name, str) else name
    references = [{"$ref": REFERENCE.format(name=one)} for one in names]
    schema = references[0] if len(references) == 1 else {"anyOf": references}
    described: dict[str, Any] = {"schema": schema}
    if example is not None:
        described["example"] = msgspec.to_builtins(example)
    return {"application/json": described}
