"""An answer as the arguments of one forced function: mode ``tool``, on its way out and back.

Whoever asked sees what other modes bring: the arguments are the answer's text, the call is gone,
and it stopped because it was done. Words that a model writes beside the call are no part of the
answer; where it makes no call they are all there is, and are read as an answer in words. Pure.

Source: OpenAI API reference, "Function calling", November 2026: `strict` holds only without
parallel calls.
"""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.models.upstream import Delta, Reply, StreamDecoder, Structured

__all__ = ["AnswerToolDecoder", "reply_of_tool", "tool_request"]

DESCRIPTION = "Gives the answer."


def tool_request(structured: Structured) -> dict[str, Any]:
    """The fields of a request that force the answer into the arguments of one function."""
    function = {
        "name": structured.name,
        "description": DESCRIPTION,
        "strict": True,
        "parameters": structured.schema,
    }
    return {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": structured.name}},
        "parallel_tool_calls": False,
    }


def reply_of_tool(reply: Reply, name: str) -> Reply:
    """The reply with the arguments of this function as its text; the same where it has no call."""
    arguments = next((a for c in reply.tool_calls if (a := _arguments(c, name)) is not None), None)
    if arguments is None:
        return reply
    reason = "stop" if reply.stop_reason == "tool_calls" else reply.stop_reason
    message = {k: v for k, v in reply.message.items() if k != "tool_calls"}
    message["content"] = arguments
    return msgspec.structs.replace(
        reply,
        text=arguments,
        stop_reason=reason,
        tool_calls=[],
        message=message,
        body=_with_message(reply.body, message),
    )


def _arguments(call: Any, name: str) -> str | None:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or function.get("name") != name:
        return None
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # as Ollama's own format has them
        return msgspec.json.encode(arguments).decode()
    return arguments if isinstance(arguments, str) else None


def _with_message(body: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    choices = body.get("choices")
    if not isinstance(choices, list):
        return body
    return {
        **body,
        "choices": [
            {**choice, "message": message, "finish_reason": _plain(choice.get("finish_reason"))}
            if isinstance(choice, dict) and not choice.get("index")
            else choice
            for choice in choices
        ],
    }


class AnswerToolDecoder:
    """Turns a stream's bytes into deltas whose text is the arguments of one function."""

    __slots__ = ("_held", "_index", "_inner", "_name")

    def __init__(self, inner: StreamDecoder, name: str) -> None:
        self._inner = inner
        self._name = name
        self._index: Any = None
        """The position of the function's call among the stream's calls; None: none yet."""
        self._held: list[str] = []
        """Words beside the call, told only if there turns out to be no call."""

    @property
    def finished(self) -> bool:
        return self._inner.finished

    @property
    def ended(self) -> bool:
        return self._inner.ended

    def feed(self, data: bytes) -> list[Delta]:
        """The deltas completed by these bytes.

        Raises:
            UpstreamError: the provider reported an error inside the stream.
        """
        return [self._delta(delta) for delta in self._inner.feed(data)]

    def _delta(self, delta: Delta) -> Delta:
        text = "".join(self._pieces(delta.chunk))
        if delta.text and self._index is None:
            self._held.append(delta.text)
        reason = delta.stop_reason
        if reason is not None and self._index is None:
            text, self._held = "".join(self._held), []
        elif reason == "tool_calls":
            reason = "stop"
        chunk = None if delta.chunk is None else _as_content(delta.chunk, text)
        return msgspec.structs.replace(delta, text=text, stop_reason=reason, chunk=chunk)

    def _pieces(self, chunk: dict[str, Any] | None) -> list[str]:
        """What this event adds to the arguments."""
        found = []
        for call in _calls(chunk):
            function = call.get("function")
            function = function if isinstance(function, dict) else {}
            index = call.get("index", 0)
            if self._index is None and function.get("name") == self._name:
                self._index = index
            if self._index is not None and index == self._index:
                arguments = function.get("arguments")
                if isinstance(arguments, dict):
                    arguments = msgspec.json.encode(arguments).decode()
                found.append(arguments if isinstance(arguments, str) else "")
        return found


def _first(chunk: dict[str, Any] | None) -> dict[str, Any] | None:
    """The choice with index 0."""
    choices = (chunk or {}).get("choices")
    listed = choices if isinstance(choices, list) else []
    return next((c for c in listed if isinstance(c, dict) and not c.get("index")), None)


def _calls(chunk: dict[str, Any] | None) -> list[dict[str, Any]]:
    choice = _first(chunk)
    piece = None if choice is None else choice.get("delta")
    calls = piece.get("tool_calls") if isinstance(piece, dict) else None
    return [c for c in calls if isinstance(c, dict)] if isinstance(calls, list) else []


def _as_content(chunk: dict[str, Any], text: str) -> dict[str, Any]:
    """The chunk with the answer where an answer stands in other modes."""
    choice = _first(chunk)
    if choice is None:
        return chunk
    piece = choice.get("delta")
    piece = piece if isinstance(piece, dict) else {}
    delta = {k: v for k, v in piece.items() if k not in ("tool_calls", "content")}
    if text:
        delta["content"] = text
    told = {**choice, "delta": delta}
    if "finish_reason" in choice:
        told["finish_reason"] = _plain(choice["finish_reason"])
    return {**chunk, "choices": [told if c is choice else c for c in chunk["choices"]]}


def _plain(reason: Any) -> Any:
    return "stop" if reason in ("tool_calls", "function_call") else reason
