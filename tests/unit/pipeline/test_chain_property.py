"""500 random chains against a plain interpreter: one step after the other, no tasks, no clock."""

from __future__ import annotations

import asyncio
import json
import random
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chains import chain_pipeline, wish
from roadworthy.core import Call
from roadworthy.core.errors import RoadworthyError, UpstreamUnavailable
from roadworthy.models import Ask, Model, Reply
from roadworthy.tasks import TaskDefinition, Template
from roadworthy.tasks.definition import ChainDefinition, StepDefinition
from roadworthy.testing import MemoryJournal, ScriptedUpstream

N_CHAINS = 500
WORDS = {"type": "array", "items": {"type": "string"}}
GIVEN: dict[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "more": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
GIVES: dict[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "words": WORDS},
    "required": ["text", "words"],
}
Values = Mapping[str, Any]
Predicate = Callable[[Values], bool]


class Broken(Exception):
    """A model that gives no answer."""


def answer(task: str, text: str, more: str) -> dict[str, Any]:
    """What the task's model says; every sixth input breaks it."""
    mixed = zlib.crc32(f"{task}|{text}|{more}".encode())
    if mixed % 6 == 0:
        raise Broken
    return {
        "text": f"{task}{mixed % 1000}",
        "words": [f"{mixed % 100 + i}" for i in range(mixed % 4)],
    }


@dataclass
class Chain:
    """A random chain, and what its conditions mean."""

    definition: TaskDefinition
    conditions: dict[str, tuple[Predicate, frozenset[str]]] = field(default_factory=dict)
    """By step: whether it holds, and which steps it reads."""

    @property
    def steps(self) -> dict[str, StepDefinition]:
        assert self.definition.chain is not None
        return {step.name: step for step in self.definition.chain.steps}


def random_chain(rng: random.Random) -> Chain:
    names = [f"s{i}" for i in range(rng.randint(1, 9))]
    made = Chain(TaskDefinition(name="sheet", model=""))
    steps: list[StepDefinition] = []
    for name in names:
        steps.append(random_step(rng, name, steps, made))
    lists = {step.name for step in steps if step.for_each}
    output = {name: name if name in lists else f"{name}.text" for name in names}
    rng.shuffle(steps)
    tasks = {name: task(name) for name in [*names, "other"]}
    made.definition = TaskDefinition(
        name="sheet",
        model="",
        input_schema={
            "type": "object",
            "properties": {"text": {"type": "string"}, "items": WORDS},
            "required": ["text", "items"],
        },
        output_schema={"type": "object"},
        chain=ChainDefinition(steps=tuple(steps), output=output, tasks=tasks),
    )
    return made


def task(name: str) -> TaskDefinition:
    source = name + ":{{ text }}:{{ more }}"
    return TaskDefinition(
        name=name,
        model="scripted",
        input_schema=GIVEN,
        output_schema=GIVES,
        templates=(Template(role="user", source=source, file="user.md"),),
        max_reasks=0,
    )


def random_step(
    rng: random.Random, name: str, before: list[StepDefinition], made: Chain
) -> StepDefinition:
    plain = [step.name for step in before if not step.for_each]
    sources = ["input.text", *(f"{source}.text" for source in plain)]
    wires = {"text": rng.choice(sources)}
    if rng.random() < 0.4:
        wires["more"] = rng.choice(sources)
    for_each = None
    if rng.random() < 0.25:
        for_each = rng.choice(["input.items", *(f"{source}.words" for source in plain)])
        wires["text"] = "item"
    needs = {path.partition(".")[0] for path in [*wires.values(), for_each or "input"]}
    needs |= {rng.choice(before).name} if before and rng.random() < 0.2 else set()
    when = None
    if rng.random() < 0.35:
        when, holds, reads = random_condition(rng, plain, each=for_each is not None)
        made.conditions[name] = (holds, reads)
        needs |= reads
    on_error = rng.choice(["fail", "fail", "skip", "default", "task"])
    default: Any = {"text": "d", "words": ["1", "2"]}
    if for_each is not None and on_error != "default":
        default = [default]
    has_default = on_error == "default" or rng.random() < 0.3
    return StepDefinition(
        name=name,
        task=name,
        needs=tuple(sorted(needs - {"input", "item"})),
        wires=wires,
        when=when,
        on_error=on_error,  # type: ignore[arg-type]  # one of the choices above
        fallback="other" if on_error == "task" else "",
        for_each=for_each,
        concurrency=rng.randint(1, 3),
        **({"default": default} if has_default else {}),
    )


def random_condition(
    rng: random.Random, plain: list[str], *, each: bool
) -> tuple[str, Predicate, frozenset[str]]:
    """CEL, what it means, and the steps that it reads."""
    kind = rng.choice(["input", "step", "item"])
    if kind == "item" and each:
        return "size(item) < 2", lambda values: len(values["item"]) < 2, frozenset(["item"])
    if kind == "step" and plain:
        name = rng.choice(plain)
        least = rng.randint(0, 2)
        return (
            f"size({name}.words) > {least}",
            lambda values: len(values[name]["words"]) > least,
            frozenset([name]),
        )
    most = rng.randint(0, 4)
    return f"size(input.items) < {most}", lambda v: len(v["input"]["items"]) < most, frozenset()


class Plain:
    """Runs the steps in turn; a failed one stops nothing but what waits for it."""

    def __init__(self, chain: Chain, given: dict[str, Any]) -> None:
        self.chain = chain
        self.values: dict[str, Any] = {"input": given}
        self.failed: set[str] = set()
        self.ended: set[str] = set()
        while waiting := self._ready():
            for name in waiting:
                try:
                    self._run(self.chain.steps[name])
                except Broken:
                    self.failed.add(name)
                else:
                    self.ended.add(name)

    def _ready(self) -> list[str]:
        done = self.ended | self.failed
        steps = self.chain.steps.items()
        return [n for n, step in steps if n not in done and self.ended >= set(step.needs)]

    def _run(self, step: StepDefinition) -> None:
        if step.for_each is None:
            value = step.default if self._skipped(step) else self._one(step, self.values)
        elif self._skipped(step):
            value = None if step.on_error == "default" else step.default
        else:
            value = self._list(step)
        if isinstance(value, dict | list):
            self.values[step.name] = value

    def _skipped(self, step: StepDefinition) -> bool:
        needed = {
            step.wires["text"].partition(".")[0],
            (step.for_each or "input").partition(".")[0],
        }
        if needed - {"item"} - self.values.keys():
            return True
        holds, reads = self.chain.conditions.get(step.name, (None, frozenset()))
        if holds is None or "item" in reads:
            return False
        return bool(reads - self.values.keys()) or not holds(self.values)

    def _list(self, step: StepDefinition) -> list[Any]:
        root, name = str(step.for_each).split(".")
        holds, reads = self.chain.conditions.get(step.name, (None, frozenset()))
        found = []
        for item in self.values[root][name]:
            values = {**self.values, "item": item}
            if holds is None or "item" not in reads or holds(values):
                found.append(self._one(step, values))
        return [value for value in found if isinstance(value, dict)]

    def _one(self, step: StepDefinition, values: Values) -> Any:
        text, more = (self._wired(step, name, values) for name in ("text", "more"))
        try:
            return answer(step.task, text, more)
        except Broken:
            if step.on_error == "task":
                return answer(step.fallback, text, more)
            if step.on_error == "default":
                return step.default
            if step.on_error == "skip":
                return step.default if step.for_each is None else None
            raise

    def _wired(self, step: StepDefinition, name: str, values: Values) -> str:
        root, _, rest = step.wires.get(name, "nothing").partition(".")
        value = values.get(root, {})
        return str(value.get(rest, "") if isinstance(value, dict) else value)


class Shuffled(ScriptedUpstream):
    """Answers after a random number of turns of the loop, so that steps overtake each other."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__([""])
        self.rng = rng
        self.under_way = 0
        self.events: list[tuple[str, str]] = []
        """Which task was asked, which answered, in order."""

    async def send(self, model: Model, ask: Ask) -> Reply:
        name, text, more = str(ask.messages[0]["content"]).split(":")
        self.events.append(("asked", name))
        self.under_way += 1
        try:
            for _ in range(self.rng.randint(0, 6)):
                await asyncio.sleep(0)
            try:
                return Reply(text=json.dumps(answer(name, text, more)), stop_reason="stop")
            except Broken:
                if self.rng.random() < 0.5:
                    raise UpstreamUnavailable("gone") from None
                return Reply(text="no JSON", stop_reason="stop")
        finally:
            self.under_way -= 1
            self.events.append(("ended", name))


def check_one(seed: int) -> bool:
    """Whether the chain of this seed failed, as it must have."""
    rng = random.Random(seed)
    made = random_chain(rng)
    given = {
        "text": f"t{seed}",
        "items": [f"{i}" * rng.randint(1, 2) for i in range(rng.randint(0, 4))],
    }
    plain = Plain(made, given)
    upstream = Shuffled(rng)
    pipeline, journal = chain_pipeline(made.definition, upstream)
    error: RoadworthyError | None
    try:
        finished = asyncio.run(pipeline.run(wish(input=given)))
        error, value = finished.error, finished.call.value
    except RoadworthyError as raised:
        error, value = raised, None
    assert upstream.under_way == 0
    check_order(made, upstream)
    if plain.failed:
        assert error is not None, seed
        assert error.step.partition("[")[0] in plain.failed, seed
    else:
        assert error is None, (seed, error)
        assert value == wired_output(made, plain.values), seed
        assert {call.outcome for call in journal.calls} <= {
            "first_pass",
            "errored",
            "failed",
            "chain",
        }
    check_journal(journal, upstream)
    return bool(plain.failed)


def wired_output(made: Chain, values: Values) -> dict[str, Any]:
    lists = {name for name, step in made.steps.items() if step.for_each}
    present = {name: values[name] for name in made.steps if name in values}
    return {name: v if name in lists else v["text"] for name, v in present.items()}


def check_order(made: Chain, upstream: Shuffled) -> None:
    """No step asks before all that it waits for has ended."""
    first = {
        name: i for i, (kind, name) in reversed([*enumerate(upstream.events)]) if kind == "asked"
    }
    last = {name: i for i, (kind, name) in enumerate(upstream.events) if kind == "ended"}
    for name, step in made.steps.items():
        for need in step.needs:
            assert last.get(need, -1) < first.get(name, len(upstream.events))


def check_journal(journal: MemoryJournal, upstream: Shuffled) -> None:
    """Every call that began has ended in the journal, the chain's last."""
    whole: Call = journal.calls[-1]
    assert whole.parent_id is None
    assert {call.parent_id for call in journal.calls[:-1]} <= {whole.id}
    asked = [name for kind, name in upstream.events if kind == "asked"]
    recorded = [call.task for call in journal.calls[:-1] if call.attempts]
    assert sorted(asked) == sorted(recorded)


def test_random_chains_come_to_what_a_plain_interpreter_makes_of_them() -> None:
    failed = sum(check_one(seed) for seed in range(N_CHAINS))
    assert 0.2 < failed / N_CHAINS < 0.8  # both ends are well tried
