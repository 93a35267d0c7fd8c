"""Everything about one call as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from roadworthy.cli.call_tree import place_of, step_sections, tree_section
from roadworthy.cli.columns import took
from roadworthy.core import Attempt, Call, Usage, format_usd
from roadworthy.storage import CallTree, StoredCall

__all__ = ["report"]

_BAR = 40


def report(
    stored: StoredCall, tree: CallTree | None = None, steps: Sequence[StoredCall] = ()
) -> str:
    """Sections, each with a heading; texts that are not kept are said to be so. ``tree`` holds what
    is below the call, ``steps`` those of it that are told in full."""
    call = stored.call
    sections = [_head(call), "" if tree is None else tree_section(tree), _stages(call)]
    if not (tree and tree.below):
        sections.append(_attempts(call, texts_kept=stored.texts_kept))
    if call.confidence:
        sections.append(_confidence(call))
    if call.repairs:
        sections.append(_repairs(call))
    elif call.reasons:
        sections.append(_reasons(call))
    if stored.texts_kept:
        sections += [*([_messages(call)] if call.messages else []), _value(call)]
    else:
        sections.append("Texts are not kept: not recorded, or expired.")
    sections += step_sections(steps)
    return "\n\n".join(section for section in sections if section)


def _head(call: Call) -> str:
    started = datetime.fromtimestamp(call.started_us / 1e6, UTC)
    served = f"{call.task}@{call.version}" if call.version else call.task
    rows = {
        "call": call.id,
        "task": served,
        "step": place_of(call),
        "resumes": call.resumes,
        "outcome": call.outcome,
        "error": call.error and f"{call.error.code} ({call.error.status}): {call.error.message}",
        "started": f"{started:%Y-%m-%d %H:%M:%S} UTC, took {took(call.duration_us)}",
        "rules": ", ".join(f"{fired.name} ({fired.effect})" for fired in call.rules),
        "model": call.model,
        "mode": call.mode,
        "tokens": _tokens(call.usage),
        "cost": format_usd(call.cost_nusd),
        "surface": call.surface + (", streamed" if call.stream else ""),
        "conversation": call.conversation_id,
        "unit": call.unit,
        "served by": call.gateway,
    }
    return "\n".join(f"{name:<13}{value}" for name, value in rows.items() if value)


def _stages(call: Call) -> str:
    total = max(call.duration_us, 1)
    lines = ["Stages"]
    for stage in call.stages:
        start = min(_BAR - 1, stage.start_us * _BAR // total)
        width = max(1, min(_BAR - start, round(stage.duration_us * _BAR / total)))
        bar = (" " * start + "█" * width).ljust(_BAR)
        lines.append(
            f"  {stage.name:<10}{took(stage.duration_us):>12}  {bar}  {stage.note}".rstrip()
        )
    return "\n".join(lines)


def _attempts(call: Call, *, texts_kept: bool) -> str:
    lines = ["Attempts" if call.attempts else "No model was asked."]
    for number, attempt in enumerate(call.attempts, start=1):
        lines += [
            f"  {number}. {line}" if i == 0 else f"     {line}"
            for i, line in enumerate(_attempt(attempt, texts_kept=texts_kept))
        ]
    return "\n".join(lines)


def _attempt(attempt: Attempt, *, texts_kept: bool) -> Iterator[str]:
    ended = attempt.error or attempt.stop_reason or "unknown"
    upstream = f" ({attempt.upstream_model})" if attempt.upstream_model else ""
    yield f"{attempt.purpose} from {attempt.model}{upstream} at {attempt.provider}: {ended}"
    yield (
        f"mode {attempt.mode}, {took(attempt.duration_us)},"
        f" {_tokens(attempt.usage)} tokens, {format_usd(attempt.cost_nusd)}"
    )
    if texts_kept and attempt.text:
        yield from ("wrote", *(f"  {line}" for line in attempt.text.splitlines()))
    for violation in attempt.violations:
        yield f"violates {violation.keyword} at {violation.path or '/'}: {violation.message}"


def _confidence(call: Call) -> str:
    lines = ["Confidence"]
    for path, found in call.confidence.items():
        of = f" of {found.votes} votes" if found.method == "votes" else " by likelihood, calibrated"
        lines.append(f"  {path or '/'} {found.value:.0%}{of}")
    return "\n".join(lines)


def _repairs(call: Call) -> str:
    return "\n".join(
        ["Repairs", *(f"  {r.path or '/'} {r.kind}: {r.before} → {r.after}" for r in call.repairs)]
    )


def _reasons(call: Call) -> str:
    """Where repairs are not recorded because texts are not, this is what is left of them."""
    return "\n".join(
        ["Reasons", *(f"  {r.kind}: {r.name} at {r.path or '/'}" for r in call.reasons)]
    )


def _messages(call: Call) -> str:
    lines = ["Messages"]
    for message in call.messages:
        content = message.get("content")
        text = content if isinstance(content, str) else msgspec.json.encode(content).decode()
        lines += [f"  [{message.get('role')}]", *(f"  {line}" for line in text.splitlines())]
    return "\n".join(lines)


def _value(call: Call) -> str:
    if call.value is None:
        return "No value was delivered." if call.error else ""
    if isinstance(call.value, str):
        text = call.value
    else:
        text = msgspec.json.format(msgspec.json.encode(call.value)).decode()
    return "\n".join(["Value", *(f"  {line}" for line in text.splitlines())])


def _tokens(usage: Usage) -> str:
    counts = ("?" if n is None else f"{n:,}" for n in (usage.input_tokens, usage.output_tokens))
    return " → ".join(counts)
