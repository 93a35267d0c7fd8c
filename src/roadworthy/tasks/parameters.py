"""The generation parameters of a task: which are ours to set, and which are evident mistakes.

Any parameter of a provider may be given, so an unknown name is a fault only where it is a slip
of a known one.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from roadworthy.core.documents import Document, Fault, convert, misspelling_of

__all__ = ["PARAMETER_PLACES", "check_parameters"]

_RESERVED: Final = {
    "model": "set `model` at the top of the file",
    "messages": "write prompt/system.md and prompt/user.md",
    "stream": "the caller decides; set `stream` at the top of the file for its form",
    "stream_options": "the gateway asks for usage by itself",
    "response_format": "declare [output]",
    "n": "a call has one answer",
}
_Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]
_Tokens = Annotated[int, msgspec.Meta(ge=1)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

# fmt: off
_OTHERS: Final = (
    "audio", "dynatemp_range", "grammar", "guided_json", "guided_regex", "ignore_eos",
    "include_reasoning", "length_penalty", "logit_bias", "logprobs", "metadata", "min_keep",
    "min_p", "min_tokens", "mirostat", "mirostat_eta", "mirostat_tau", "modalities",
    "parallel_tool_calls", "plugins", "prediction", "presence_penalty", "prompt_cache_key",
    "prompt_cache_retention", "provider", "reasoning", "reasoning_effort", "repeat_last_n",
    "repeat_penalty", "repetition_penalty", "route", "safe_prompt", "safety_identifier",
    "samplers", "service_tier", "skip_special_tokens", "stop_token_ids", "store", "thinking",
    "tool_choice", "tools", "top_a", "top_k", "top_logprobs", "transforms", "typical_p", "usage",
    "use_beam_search", "user", "verbosity", "web_search_options", "xtc_probability",
    "xtc_threshold",
)
# fmt: on


class _Known(msgspec.Struct):
    """Parameters whose types and ranges hold at every provider.

    Source: OpenAI, Chat Completions API reference, November 2026.
    """

    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: _Share | None = None
    max_tokens: _Tokens | None = None
    max_completion_tokens: _Tokens | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    frequency_penalty: _Penalty | None = None
    presence_penalty: _Penalty | None = None


PARAMETER_PLACES: Final = dict.fromkeys(_Known.__struct_fields__, "[parameters]")
"""Where to put those that are found at the top of a file."""


def check_parameters(parameters: dict[str, Any], document: Document[Any]) -> list[Fault]:
    """What is wrong with the ``[parameters]`` of a task."""
    faults = []
    known = set(_Known.__struct_fields__)
    for name in parameters:
        slip = misspelling_of(name, known.union(_OTHERS))
        if name in _RESERVED:
            message = f'"{name}" cannot be a parameter: {_RESERVED[name]}'
            faults.append(document.fault(message, "parameters", name))
        elif slip is not None:
            message = f'unknown key "{name}"; did you mean "{slip}"?'
            faults.append(document.fault(message, "parameters", name))
    typed = {name: value for name, value in parameters.items() if name in known}
    _, wrong = convert(
        typed, _Known, file=document.file, lines=document.lines, prefixes=(("parameters",),)
    )
    return faults + wrong
