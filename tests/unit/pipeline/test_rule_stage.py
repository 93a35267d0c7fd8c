"""Calls of tasks with rules, as a whole path."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipelines import GOOD, MODEL, TRIAGE, triage
from roadworthy.core import Fired, Settings, SystemClock
from roadworthy.core.errors import DeniedByRule, InvalidInput, OutputNonconforming, RuleFailed
from roadworthy.models import Model
from roadworthy.pipeline import Finished, Pipeline, compile_state
from roadworthy.tasks import ConstraintDefinition, Snapshot, Template
from roadworthy.tasks.definition import (
    ChainDefinition,
    RuleDefinition,
    StepDefinition,
    Votes,
)
from roadworthy.testing import MemoryJournal, ScriptedUpstream

STRONG = msgspec.structs.replace(MODEL, name="strong", upstream="strong-1")
NEUTRAL = {"sentiment": "neutral", "confidence": 1.0}
SILENT = RuleDefinition(name="silent", effect="answer", when='input.comment == ""', answer=NEUTRAL)
LOUD = RuleDefinition(
    name="loud", effect="deny", when="size(input.comment) > 20", deny="At most 20 characters."
)
SHARE = RuleDefinition(
    name="share",
    effect="fill",
    values={"confidence": {"cel": "double(size(input.comment)) / 10.0"}},
)


class Served:
    """A pipeline over a task with these rules."""

    def __init__(self, *rules: RuleDefinition, answers: tuple[str, ...] = (GOOD,), **task: Any):
        self.upstream = ScriptedUpstream(list(answers))
        self.journal = MemoryJournal()
        root = task.pop("root", "")
        definition = msgspec.structs.replace(TRIAGE, rules=rules, **task)
        models: dict[str, Model] = {"scripted": MODEL, "strong": STRONG}
        snapshot = Snapshot(
            revision="r1",
            settings=Settings(),
            tasks={"triage": definition},
            models=models,
            root=root,
        )
        self.state = compile_state(snapshot, {})
        self.pipeline = Pipeline(
            state=lambda: self.state,
            upstream=self.upstream,
            journal=self.journal,
            clock=SystemClock(),
        )

    def run(self, comment: str, **fields: Any) -> Finished:
        request = triage(**fields)
        request.input = {"comment": comment}
        return asyncio.run(self.pipeline.run(request))

    def stream(self, comment: str) -> str:
        async def texts() -> str:
            request = triage(stream=True)
            request.input = {"comment": comment}
            found = await self.pipeline.stream(request)
            return "".join([delta.text async for batch in found.deltas for delta in batch])

        return asyncio.run(texts())


def test_a_rule_that_answers_asks_no_model_and_says_so() -> None:
    served = Served(SILENT, answers=())
    finished = served.run("")
    assert finished.call.value == NEUTRAL
    assert finished.text == '{"sentiment":"neutral","confidence":1.0}'
    (call,) = served.journal.calls
    assert (call.outcome, call.attempts, call.cost_nusd) == ("rule", [], 0)
    assert call.rules == (Fired(name="silent", effect="answer"),)
    assert [stage.name for stage in call.stages] == ["resolve", "check", "rule"]


def test_where_no_rule_fires_the_model_is_asked_as_ever() -> None:
    served = Served(SILENT, LOUD)
    assert served.run("fine").call.outcome == "first_pass"
    assert served.journal.calls[0].rules == ()


def test_a_rule_that_denies_refuses_with_its_own_words() -> None:
    served = Served(LOUD, answers=())
    finished = served.run("x" * 21)
    assert isinstance(finished.error, DeniedByRule)
    assert (finished.error.message, finished.error.code) == (LOUD.deny, "denied_by_rule")
    assert served.journal.calls[0].outcome == "refused"
    with pytest.raises(DeniedByRule):
        served.stream("x" * 21)


def test_an_answer_by_rule_is_streamed_whole() -> None:
    assert Served(SILENT, answers=()).stream("") == '{"sentiment":"neutral","confidence":1.0}'


def test_what_a_rule_answers_is_held_to_the_schema_and_the_constraints() -> None:
    wrong = msgspec.structs.replace(
        SILENT, answer={"sentiment": "neutral", "confidence": {"cel": "2.0"}}
    )
    finished = Served(wrong, answers=()).run("")
    assert isinstance(finished.error, OutputNonconforming)
    sure = ConstraintDefinition(name="c", require="output.confidence < 1.0", message="too sure")
    finished = Served(SILENT, answers=(), constraints=(sure,)).run("")
    assert finished.error is not None
    assert "too sure (constraint c)" in finished.error.message


def test_a_filled_field_is_not_asked_for_and_stands_at_its_place() -> None:
    served = Served(SHARE, answers=('{"sentiment":"negative"}',))
    finished = served.run("hello")
    assert list(finished.call.value.items()) == [("sentiment", "negative"), ("confidence", 0.5)]
    assert finished.text == '{"sentiment":"negative","confidence":0.5}'
    (_, ask) = served.upstream.asked[0]
    assert ask.structured is not None
    assert list(ask.structured.schema["properties"]) == ["sentiment"]


def test_a_filled_field_that_the_schema_refuses_costs_no_call() -> None:
    served = Served(SHARE, answers=())
    finished = served.run("more than ten characters")
    assert isinstance(finished.error, OutputNonconforming)
    assert "/confidence" in finished.error.message


def test_a_constraint_sees_filled_fields_and_asks_for_the_others() -> None:
    doubt = ConstraintDefinition(
        name="doubt",
        require="output.confidence > 0.6 || output.sentiment == 'neutral'",
        message="too unsure",
    )
    answers = ('{"sentiment":"negative"}', '{"sentiment":"neutral"}')
    served = Served(SHARE, answers=answers, constraints=(doubt,))
    assert served.run("hello").call.value == {"sentiment": "neutral", "confidence": 0.5}
    assert served.journal.calls[0].outcome == "reasked"


def test_the_first_rule_that_chooses_a_model_has_it() -> None:
    strong = RuleDefinition(
        name="a", effect="model", when="size(input.comment) > 3", model="strong"
    )
    second = RuleDefinition(name="b", effect="model", model="scripted")
    served = Served(strong, second)
    call = served.run("hello").call
    assert (call.model, [fired.name for fired in call.rules]) == ("strong", ["a"])
    assert served.upstream.asked[0][0].upstream == "strong-1"
    assert Served(strong, second).run("hm").call.model == "scripted"


def test_who_tests_another_model_gets_it_whatever_rules_say() -> None:
    chosen = RuleDefinition(name="a", effect="model", model="strong")
    assert Served(chosen).run("hello", model="scripted").call.model == "scripted"


def test_variables_stand_in_later_rules_constraints_and_templates() -> None:
    length = RuleDefinition(name="l", effect="set", values={"n": {"cel": "size(input.comment)"}})
    twice = RuleDefinition(name="t", effect="set", values={"twice": {"cel": "vars.n * 2"}})
    large = ConstraintDefinition(
        name="c", require="vars.n > 1 || output.confidence < 0.1", message="m"
    )
    template = Template(
        role="user", source="{{ vars.n }} {{ vars.twice }} {{ vars.other }}", file="u"
    )
    never = RuleDefinition(
        name="o", effect="set", when="vars.n > 99", values={"other": {"value": "x"}}
    )
    served = Served(length, twice, never, templates=(template,), constraints=(large,))
    assert served.run("hello").call.messages[-1]["content"] == "5 10 "


def test_what_a_rule_cannot_compute_is_the_inputs_fault_and_quotes_nothing() -> None:
    number = RuleDefinition(name="n", effect="set", values={"n": {"cel": "int(input.comment)"}})
    with pytest.raises(InvalidInput, match="the rule 'n' of the task") as caught:
        Served(number, answers=()).run("secret")
    assert "secret" not in caught.value.message


PYTHON = """\
def shout(comment: str, vars: dict[str, float]) -> str:
    if not comment:
        raise ValueError("secret")
    return comment.upper() * int(vars["times"])
"""


def with_python(tmp_path: Path, **task: Any) -> Served:
    (tmp_path / "rules.py").write_text(PYTHON, encoding="utf-8")
    rules = (
        RuleDefinition(name="times", effect="set", values={"times": {"value": 2}}),
        RuleDefinition(name="s", effect="set", values={"loud": {"python": "rules.py:shout"}}),
    )
    template = Template(role="user", source="{{ vars.loud }}", file="user.md")
    sources = {"rules.py": PYTHON}
    fields = {"templates": (template,), "sources": sources, "root": str(tmp_path), **task}
    return Served(*rules, **fields)


def test_a_python_function_is_given_what_its_parameters_name(tmp_path: Path) -> None:
    served = with_python(tmp_path)
    assert served.run("hi").call.messages[-1]["content"] == "HIHI"


def test_a_python_function_that_fails_is_named_without_its_words(tmp_path: Path) -> None:
    with pytest.raises(RuleFailed, match=r"rules.py:shout raised ValueError at .*:3") as caught:
        with_python(tmp_path).run("")
    assert "secret" not in caught.value.message


def test_an_answer_that_its_reader_changes_stays_what_the_rule_says() -> None:
    schema = {"type": "object", "properties": {"tags": {"type": "array"}}, "required": ["tags"]}
    tags = RuleDefinition(name="t", effect="fill", values={"tags": {"value": ["a"]}})
    served = Served(tags, answers=("{}", "{}"), output_schema=schema)
    served.run("hi").call.value["tags"].append("b")
    assert served.run("hi").call.value == {"tags": ["a"]}


def test_python_that_is_not_what_was_checked_is_not_run(tmp_path: Path) -> None:
    served = with_python(tmp_path, sources={"rules.py": PYTHON + "# changed"})
    assert "not installed here as it was checked" in served.state.unservable["triage"]


def test_python_that_the_version_does_not_keep_is_not_run(tmp_path: Path) -> None:
    served = with_python(tmp_path, sources={})
    assert "not installed here as it was checked" in served.state.unservable["triage"]


def test_python_outside_the_project_is_not_run(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    outside = tmp_path / "rules.py"
    outside.write_text(PYTHON, encoding="utf-8")
    for path in ("../rules.py", str(outside)):
        value = {"python": f"{path}:shout"}
        rule = RuleDefinition(name="s", effect="set", values={"loud": value})
        served = Served(rule, sources={path: PYTHON}, root=str(root))
        assert "not installed here as it was checked" in served.state.unservable["triage"]


def test_votes_are_on_what_the_model_was_asked_for() -> None:
    answers = ('{"sentiment":"negative"}', '{"sentiment":"neutral"}', '{"sentiment":"neutral"}')
    served = Served(SHARE, answers=answers, votes=Votes(n=3))
    finished = served.run("hello")
    assert finished.call.value == {"sentiment": "neutral", "confidence": 0.5}
    assert list(finished.call.confidence) == ["/sentiment"]


def test_rules_come_before_the_steps_of_a_chain_and_their_variables_after_them() -> None:
    inner = msgspec.structs.replace(TRIAGE, name="inner", digest="d")
    step = StepDefinition(name="inner", task="inner", wires={"comment": "input.comment"})
    chain = ChainDefinition(steps=(step,), output={"": "inner"}, tasks={"inner": inner})
    length = RuleDefinition(name="l", effect="set", values={"n": {"cel": "size(input.comment)"}})
    short = ConstraintDefinition(
        name="short", require="vars.n < 9 || output.confidence > 0.9", message="m"
    )
    body: dict[str, Any] = {"model": "", "templates": (), "chain": chain, "constraints": (short,)}
    assert Served(SILENT, LOUD, length, answers=(), **body).run("").call.outcome == "rule"
    assert Served(LOUD, length, **body).run("fine").call.outcome == "chain"
    finished = Served(LOUD, length, **body).run("not so short")
    assert finished.error is not None
    assert "constraint short" in finished.error.message
