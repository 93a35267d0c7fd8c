"""Chains made at random, in which one step is at fault, and everybody knows which."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipelines import MODEL
from roadworthy.core import Settings, SystemClock
from roadworthy.evaluation.expectations import Services
from roadworthy.evaluation.keeping import Keeping
from roadworthy.evaluation.own_suites import OwnSuites
from roadworthy.evaluation.report import TaskReport
from roadworthy.evaluation.runner import Runner
from roadworthy.evaluation.spending import Purse
from roadworthy.evaluation.subjects import WORKING, subject_of
from roadworthy.evaluation.summary import task_report
from roadworthy.models import Ask, Model
from roadworthy.pipeline import Pipeline, compile_state
from roadworthy.tasks import Case, Gate, Snapshot, Suite, TaskDefinition, Template
from roadworthy.tasks.cases import StepCase
from roadworthy.tasks.chain.order import topological
from roadworthy.tasks.definition import ChainDefinition, StepDefinition
from roadworthy.testing import MemoryJournal, ScriptedUpstream

Evidence = Literal["expectation", "own", "output", "error"]
TEXT: dict[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}
BAD = "spoilt"


def said(step: str, given: dict[str, Any]) -> str:
    """What a sound step makes of its input: another word for other words."""
    content = json.dumps([step, given], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Planted:
    """A chain, the step at fault, and what tells of it."""

    chain: ChainDefinition
    faulty: str
    evidence: Evidence

    @property
    def definition(self) -> TaskDefinition:
        return TaskDefinition(
            name="chain",
            model="",
            input_schema=TEXT,
            output_schema={"type": "object"},
            chain=self.chain,
            stream="buffered",
        )

    def answer(self, _: Model, ask: Ask) -> str:
        asked = json.loads(ask.messages[-1]["content"])
        word = said(asked["step"], asked["given"])
        if asked["step"] != self.faulty:
            return json.dumps({"text": word})
        if self.evidence == "error":
            return "I would rather not."
        return json.dumps({"text": f"{BAD} {word}"})

    def case(self, text: str) -> Case:
        """With what a sound chain gives, as far as the evidence is to be found there."""
        values: dict[str, dict[str, str]] = {"input": {"text": text}}
        for step in topological(self.chain):
            given = {f: values[path.partition(".")[0]]["text"] for f, path in step.wires.items()}
            values[step.name] = {"text": said(step.name, given)}
        del values["input"]
        if self.evidence == "expectation":
            steps = {name: StepCase(expect=value) for name, value in values.items()}
            return Case(input={"text": text}, steps=steps)
        if self.evidence == "output":
            return Case(input={"text": text}, expect=values)
        # Whatever is delivered fails, and the case itself says nothing of any step.
        return Case(input={"text": text}, checks=[{"cel": "false"}])

    def test(self) -> TaskReport:
        """The report of a test of the chain that blames failures on steps."""
        return asyncio.run(self._test())

    async def _test(self) -> TaskReport:
        models = {"scripted": MODEL}
        definition = self.definition
        state = compile_state(
            Snapshot(revision="r", settings=Settings(), tasks={"chain": definition}, models=models),
            {},
        )
        assert not state.unservable, state.unservable
        pipeline = Pipeline(
            state=lambda: state,
            upstream=ScriptedUpstream([self.answer]),
            journal=MemoryJournal(),
            clock=SystemClock(),
        )
        own = Suite(checks=({"not_contains": BAD, "at": "/text"},))
        suites = dict.fromkeys(self.chain.tasks, own) if self.evidence == "own" else {}
        subject = subject_of(
            definition,
            Suite(cases=tuple(self.case(text) for text in ("one", "two", "three"))),
            version=WORKING,
            models=models,
            services=lambda _: Services(),
        )
        subject = replace(subject, own=OwnSuites(suites=suites, services=lambda _: Services()))
        runner = Runner(
            pipeline=pipeline, known={}, keeping=Keeping(keep=None), purse=Purse(limit_nusd=None)
        )
        (runs,) = await runner.run([subject])
        return task_report(runs, gate=Gate())


def plant(seed: int) -> Planted:
    """Chains of three to eight steps, written in any order; every step reads some before it."""
    chance = random.Random(seed)
    names = [f"s{number}" for number in range(chance.randint(3, 8))]
    steps, tasks = [], {}
    for number, name in enumerate(names):
        read = chance.sample(names[:number], min(number, chance.randint(1, 2)))
        wires = {f"f{place}": f"{source}.text" for place, source in enumerate(read)}
        wires = wires or {"f0": "input.text"}
        steps.append(StepDefinition(name=name, task=name, needs=tuple(read), wires=wires))
        tasks[name] = _task(name, list(wires))
    chance.shuffle(steps)
    chain = ChainDefinition(steps=tuple(steps), output={name: name for name in names}, tasks=tasks)
    evidences: tuple[Evidence, ...] = ("expectation", "own", "output", "error")
    return Planted(chain, chance.choice(names), evidences[seed % 4])


def _task(name: str, fields: list[str]) -> TaskDefinition:
    given = ", ".join(f'"{field}": {{{{ {field}|tojson }}}}' for field in fields)
    return TaskDefinition(
        name=name,
        model="scripted",
        input_schema={
            "type": "object",
            "properties": {field: {"type": "string"} for field in fields},
            "required": fields,
        },
        output_schema=TEXT,
        templates=(
            Template(
                role="user", source=f'{{"step": "{name}", "given": {{{given}}}}}', file="user.md"
            ),
        ),
        stream="buffered",
        max_reasks=0,
    )
