"""Checks that ask others: embedders, functions of the project, tasks that judge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scored import negated, score_of

from roadworthy.core.errors import OutputRefused, UpstreamTimeout
from roadworthy.evaluation.expectations import Answer, PythonFunctions, Services
from roadworthy.models.embedders import Embedders
from roadworthy.tasks import Suite, TaskDefinition

# similar


def test_similarity_is_the_cosine_of_the_embedders_rows() -> None:
    async def embed(texts: list[str], embedder: str) -> Any:
        assert embedder == "wordllama"
        return np.array([[1.0, 0.0] if text == "x" else [0.6, 0.8] for text in texts])

    services = Services(embed=embed)
    near = score_of({"similar": "y", "min": 0.5}, "x", services=services)
    far = score_of({"similar": "y", "min": 0.7}, "x", services=services)
    assert near.passed is True
    assert near.score == pytest.approx(0.6)
    assert (far.passed, far.reason) == (False, "similarity 0.60, at least 0.7 is wanted")


def test_the_nearest_of_several_texts_counts() -> None:
    services = Services(embed=Embedders({}).embed)
    texts = ["The soup is cold.", "We apologise for the late parcel."]
    check = {"similar": texts, "min": 0.6}
    found = score_of(check, "Sorry that the parcel is late.", services=services)
    assert found.passed is True
    assert score_of({"similar": texts[:1], "min": 0.6}, texts[1], services=services).passed is False


def test_an_empty_text_is_similar_to_none() -> None:
    assert score_of({"similar": "y"}, " ", services=Services()).passed is False


async def _broken(_: list[str], __: str) -> Any:
    raise UpstreamTimeout("openai did not answer in time")


async def _nan(texts: list[str], _: str) -> Any:
    return np.full((len(texts), 2), np.nan)


@pytest.mark.parametrize(
    ("services", "why"),
    [
        (Services(), "no embedder is at hand"),
        (Services(embed=_broken), "the embedder failed: openai did not answer in time"),
        (Services(embed=_nan), "the embedder gave no direction"),
    ],
)
def test_an_embedder_that_fails_leaves_the_score_unscored(services: Services, why: str) -> None:
    for check in ({"similar": "y"}, {"not_similar": "y"}):
        score = score_of(check, "x", services=services)
        assert (score.passed, score.reason) == (None, why)


# python

SOURCE = """
import asyncio

def given(returned):
    return lambda output, input: returned

yes, no, half = given(True), given(False), given(0.5)
why, unknown, odd = given((False, "too rude")), given(None), given("yes")
too_much, pair = given(1.5), given((0.9, None))

def polite(output, input):
    return "please" in output and input["comment"] == "ok"

async def later(output, input):
    await asyncio.sleep(0)
    return True

def raises(output, input):
    secret = output
    raise KeyError(secret)

def leaves(output, input):
    raise SystemExit(3)

def changes(output, input):
    output.clear()
    return True
"""


def project(root: Path, source: str = SOURCE, file: str = "tasks/anything/checks.py") -> Path:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(source, encoding="utf-8")
    return root


def functions(root: Path, source: str = SOURCE) -> tuple[Suite, Services]:
    suite = Suite(sources={"checks.py": source})
    return suite, Services(python=PythonFunctions(suite, root=root, task="anything"))


def said(root: Path, name: str, value: Any = "yes please", **options: Any) -> tuple[Any, Any, str]:
    suite, services = functions(root)
    check = {"python": f"checks.py:{name}", **options}
    score = score_of(check, value, services=services, suite=suite)
    return score.passed, score.score, score.reason


def test_a_function_is_called_with_output_and_input(tmp_path: Path) -> None:
    project(tmp_path)
    assert said(tmp_path, "polite")[0] is True
    assert said(tmp_path, "polite", "no")[0] is False
    assert said(tmp_path, "later")[0] is True


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("yes", (True, None, "")),
        ("no", (False, None, "")),
        ("half", (True, 0.5, "")),
        ("pair", (True, 0.9, "")),
        ("why", (False, None, "too rude")),
        ("unknown", (None, None, "the function said nothing")),
        ("odd", (False, None, "the function returned a str, not true, false or a degree")),
        ("too_much", (False, None, "the function returned a float, not true, false or a degree")),
    ],
)
def test_what_a_function_returns(tmp_path: Path, name: str, verdict: tuple[Any, ...]) -> None:
    assert said(project(tmp_path), name) == verdict


def test_a_degree_must_reach_the_least(tmp_path: Path) -> None:
    assert said(project(tmp_path), "half", min=0.6)[:2] == (False, 0.5)


def test_what_a_function_raises_is_a_failure_with_its_line_and_no_words(tmp_path: Path) -> None:
    project(tmp_path)
    line = SOURCE.split("\n").index("    raise KeyError(secret)") + 1
    assert said(tmp_path, "raises") == (False, None, f"KeyError at checks.py:{line}")
    assert said(tmp_path, "leaves")[2].startswith("SystemExit at checks.py:")
    suite, services = functions(tmp_path)
    check = {"not_python": "checks.py:raises"}
    assert score_of(check, "x", services=services, suite=suite).passed is False


def test_what_a_function_changes_the_next_check_does_not_see(tmp_path: Path) -> None:
    suite, services = functions(project(tmp_path))
    answer = Answer(input={"comment": "ok"}, value={"a": 1})
    check = {"python": "checks.py:changes"}
    assert score_of(check, services=services, suite=suite, answer=answer).passed is True
    assert answer.value == {"a": 1}


def test_a_file_of_the_project_serves_every_task(tmp_path: Path) -> None:
    project(tmp_path, file="checks.py")
    assert said(tmp_path, "yes")[0] is True


def test_a_file_runs_once_and_may_import_its_neighbour(tmp_path: Path) -> None:
    source = "import neighbour\nruns = []\nruns.append(1)\ndef f(o, i): return neighbour.ok\n"
    project(tmp_path, source)
    (tmp_path / "tasks/anything/neighbour.py").write_text("ok = True\n")
    suite, services = functions(tmp_path, source)
    for _ in range(2):
        score = score_of({"python": "checks.py:f"}, 1, services=services, suite=suite)
        assert score.passed is True
    assert services.python is not None
    assert services.python("checks.py", "f").__globals__["runs"] == [1]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: path.write_text("def yes(o, i): return True\n"), "is not the file that the"),
        (lambda path: path.unlink(), "is not the file that the version was published with"),
    ],
)
def test_a_version_is_scored_by_its_own_functions_or_not_at_all(
    tmp_path: Path, change: Callable[[Path], Any], why: str
) -> None:
    project(tmp_path)
    change(tmp_path / "tasks/anything/checks.py")
    passed, _, reason = said(tmp_path, "yes")
    assert passed is None
    assert why in reason


def test_a_file_that_cannot_run_leaves_its_checks_unscored(tmp_path: Path) -> None:
    source = "def yes(o, i): return True\n1 / 0\n"
    suite, services = functions(project(tmp_path, source), source)
    score = score_of({"python": "checks.py:yes"}, 1, services=services, suite=suite)
    assert (score.passed, score.reason) == (None, "checks.py:2: raised ZeroDivisionError")


# judge

FIELDS: dict[str, Any] = {
    "input": {"type": "object"},
    "output": {"type": "string"},
    "rubric": {"type": "string"},
}
FROM_1_TO_5 = {"type": "integer", "minimum": 1, "maximum": 5}


def judge(score: dict[str, Any] = FROM_1_TO_5, **fields: Any) -> TaskDefinition:
    return TaskDefinition(
        name="tone",
        model="local",
        input_schema={"type": "object", "properties": fields or FIELDS},
        output_schema={
            "type": "object",
            "properties": {"score": score, "reason": {"type": "string"}},
        },
    )


class Judging:
    """A judge that answers from a script, and remembers what it was given."""

    def __init__(self, said: Any, definition: TaskDefinition | None = None) -> None:
        self.said, self.judge = said, definition or judge()
        self.given: list[tuple[str, dict[str, Any]]] = []

    async def ask(self, task: str, input_: dict[str, Any]) -> Any:
        self.given.append((task, input_))
        await asyncio.sleep(0)
        if isinstance(self.said, BaseException):
            raise self.said
        return self.said

    @property
    def services(self) -> Services:
        return Services(ask_task=self.ask, definition=lambda _: self.judge)


CHECK = {"judge": "tone@1.2.0", "rubric": "Polite.", "min": 0.5}


@pytest.mark.parametrize(
    ("bounds", "given", "passed", "degree"),
    [
        (FROM_1_TO_5, 1, False, 0.0),
        (FROM_1_TO_5, 3, True, 0.5),
        ({"type": "number", "minimum": 0, "maximum": 1}, 0.49, False, 0.49),
        ({"type": "boolean"}, True, True, 1.0),
        ({"enum": [0, 10]}, 10, True, 1.0),
    ],
)
def test_a_judges_score_is_brought_to_0_to_1(
    bounds: dict[str, Any], given: Any, passed: bool, degree: float
) -> None:
    judging = Judging({"score": given, "reason": "because"}, judge(bounds))
    score = score_of(CHECK, "text", services=judging.services)
    assert (score.name, score.passed, score.reason) == ("judge.tone", passed, "because")
    assert score.score == pytest.approx(degree)


def test_a_judge_is_given_what_its_input_declares_in_the_form_it_takes() -> None:
    judging = Judging({"score": 5})
    score_of(CHECK, {"a": "ä"}, services=judging.services)
    assert judging.given == [
        ("tone@1.2.0", {"input": {"comment": "ok"}, "output": '{"a":"ä"}', "rubric": "Polite."})
    ]
    plain = Judging({"score": 5}, judge(output={"type": ["object", "string"]}))
    score_of({"judge": "tone", "at": "/a"}, {"a": {"b": 1}}, services=plain.services)
    assert plain.given == [("tone", {"output": {"b": 1}})]


NONSENSE = [
    ({"score": 6}, "gave a score out of its bounds"),
    ({"score": "5"}, "gave no score"),
    ("5", "gave no score"),
    (OutputRefused("no"), "failed: output_refused"),
    (UpstreamTimeout("no"), "failed: upstream_timeout"),
    (TimeoutError(), "failed: TimeoutError"),
]


@pytest.mark.parametrize(("answered", "why"), NONSENSE, ids=[why for _, why in NONSENSE])
def test_a_judge_that_fails_or_talks_nonsense_leaves_the_score_unscored(
    answered: Any, why: str
) -> None:
    for check in (CHECK, negated(CHECK)):
        score = score_of(check, "text", services=Judging(answered).services)
        assert (score.passed, score.reason) == (None, f"tone@1.2.0 {why}")


def test_without_a_judge_nothing_is_judged() -> None:
    assert score_of(CHECK, "text").reason == 'there is no task "tone@1.2.0" to judge'
    unfit = Judging({"score": 5}, judge(answer={"type": "string"}))
    score = score_of(CHECK, "text", services=unfit.services)
    assert score.passed is None
    assert "takes neither output nor input" in score.reason
    assert unfit.given == []


def test_a_judge_that_is_cancelled_is_cancelled() -> None:
    judging = Judging(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        score_of(CHECK, "text", services=judging.services)
