"""A chain with rules, and calls of it: for tests and for looking at the pages. Nothing here was
said by anyone."""

from __future__ import annotations

from typing import Any, Final

from roadworthy.control.source import Definition
from roadworthy.core import Attempt, Call, CallError, Fired, Outcome, Stage, Usage, new_id
from roadworthy.models import LOCAL_MODEL
from roadworthy.pipeline.compiled import NO_MODEL
from roadworthy.tasks import TaskDefinition, Template
from roadworthy.tasks.definition import ChainDefinition, RuleDefinition, StepDefinition

__all__ = ["sample_chain_calls", "sample_chain_definitions"]

_STEPS: Final = ("extract", "copy", "seo", "check")
_ANSWERS: Final[dict[str, Any]] = {
    "extract": {"traits": ["folds flat", "two voltages"]},
    "copy": {"text": "Boils half a litre anywhere, and folds flat."},
    "seo": {"title": "Travel kettle, folds flat"},
    "check": {"ok": True},
}
_TIMES_MS: Final = {"extract": (2, 400), "copy": (403, 900), "seo": (404, 350), "check": (1304, 95)}
_TEXT: Final[dict[str, Any]] = {"type": "object", "properties": {"text": {"type": "string"}}}


def sample_chain_definitions() -> list[Definition]:
    """The chain, and the tasks that its steps run."""
    steps = [_step_task(name) for name in _STEPS]
    chain = TaskDefinition(
        name="kettle-sheet",
        digest="77aa0b5f39a81a5b",
        description="Copy and search title of a product, step by step.",
        model="",
        input_schema=_TEXT,
        output_schema=_TEXT,
        rules=(
            RuleDefinition(
                name="empty", effect="answer", when='input.text == ""', answer={"text": ""}
            ),
            RuleDefinition(
                name="too-long", effect="deny", when="size(input.text) > 9000", deny="Too long."
            ),
        ),
        chain=ChainDefinition(
            steps=(
                StepDefinition(name="extract", task="extract", wires={"text": "input.text"}),
                StepDefinition(
                    name="copy", task="copy", needs=("extract",), wires={"text": "input.text"}
                ),
                StepDefinition(
                    name="seo",
                    task="seo",
                    needs=("extract",),
                    when="size(extract.traits) > 0",
                    wires={"text": "input.text"},
                    on_error="skip",
                ),
                StepDefinition(
                    name="check", task="check", needs=("copy",), wires={"text": "copy.text"}
                ),
            ),
            output={"text": "copy.text"},
            tasks={task.name: task for task in steps},
        ),
    )
    return [
        Definition(task=chain, model=NO_MODEL),
        *(Definition(task=task, model=LOCAL_MODEL) for task in steps),
    ]


def sample_chain_calls(now_us: int) -> list[Call]:
    """One call that its steps answered, one whose step failed, one that a rule answered; each
    behind the steps that it had."""
    answered = _root(now_us - 60_000_000, "chain", 1_402)
    failed = _root(now_us - 50_000_000, "errored", 1_310)
    failed.error = CallError(
        status=504, code="upstream_timeout", message="step 'copy': The provider did not answer."
    )
    failed.value = None
    ruled = _root(now_us - 40_000_000, "rule", 0)
    ruled.rules = (Fired(name="empty", effect="answer"),)
    ruled.cost_nusd, ruled.usage = 0, Usage(input_tokens=0, output_tokens=0)
    below = [_step(answered, name) for name in _STEPS]
    broken = [_step(failed, "extract"), _broken(failed, "copy")]
    return [*below, answered, *broken, failed, ruled]


def _step_task(name: str) -> TaskDefinition:
    return TaskDefinition(
        name=name,
        version="1.2.0",
        digest=f"{len(name)}0f7",
        model="local",
        input_schema=_TEXT,
        output_schema={"type": "object"},
        templates=(Template(role="user", source=f"{name}: {{{{ text }}}}", file="prompt/user.md"),),
    )


def _root(started_us: int, outcome: Outcome, took_ms: int) -> Call:
    return Call(
        id=new_id(started_us),
        task="kettle-sheet",
        version="working",
        surface="task",
        started_us=started_us,
        duration_us=took_ms * 1_000,
        outcome=outcome,
        schema_digest="41",
        usage=Usage(input_tokens=480, output_tokens=160),
        cost_nusd=4 * 210_000,
        stages=[Stage(name="check", start_us=5, duration_us=30)],
        gateway="gateway-1",
        input={"text": "Travel kettle, 0.5 l, folds flat, two voltages."},
        value={"text": "Boils half a litre anywhere, and folds flat."},
    )


def _step(root: Call, name: str) -> Call:
    start_ms, took_ms = _TIMES_MS[name]
    started_us = root.started_us + start_ms * 1_000
    usage = Usage(input_tokens=120, output_tokens=40)
    return Call(
        id=new_id(started_us),
        task=name,
        version="1.2.0",
        model="local",
        surface="task",
        started_us=started_us,
        duration_us=took_ms * 1_000,
        outcome="first_pass",
        schema_digest="42",
        mode="grammar",
        usage=usage,
        cost_nusd=210_000,
        parent_id=root.id,
        root_id=root.id,
        step=name,
        attempts=[
            Attempt(
                model="local",
                provider="embedded",
                mode="grammar",
                duration_us=took_ms * 950,
                usage=usage,
                cost_nusd=210_000,
                stop_reason="stop",
                text="{}",
            )
        ],
        gateway="gateway-1",
        input={"text": "Travel kettle, 0.5 l, folds flat, two voltages."},
        messages=[{"role": "user", "content": f"{name}: Travel kettle, 0.5 l"}],
        value=_ANSWERS[name],
    )


def _broken(root: Call, name: str) -> Call:
    call = _step(root, name)
    call.outcome, call.value = "errored", None
    call.error = CallError(
        status=504, code="upstream_timeout", message="The provider did not answer within 20 s."
    )
    return call
