"""Cases and checks as they are read: every fault with its file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.core.documents import SourceFolder, read_toml
from roadworthy.core.errors import ProjectError
from roadworthy.evaluation.expectations import Services, compile_expectations
from roadworthy.tasks import Project, Suite, TaskDefinition, load_project
from roadworthy.tasks.expectations import KINDS, About
from roadworthy.tasks.suite_file import load_suite
from roadworthy.tasks.task_file import TaskFile

TASK = """
[input.fields.comment]
type = "string"

[output.fields.sentiment]
type = "string"
enum = ["positive", "negative"]

[output.fields.confidence]
type = "number"

[output.fields.themes]
type = "array"
items = "string"
"""
INPUT = {
    "type": "object",
    "properties": {"comment": {"type": "string"}},
    "required": ["comment"],
}
OUTPUT = {
    "type": "object",
    "properties": {
        "sentiment": {"enum": ["positive", "negative"]},
        "themes": {"type": "array", "items": {"type": "string"}},
    },
}
JUDGE = """
[input.fields]
output = { type = "object" }
rubric = { type = "string", optional = true }

[output.fields]
score = { type = "integer", minimum = 1, maximum = 5 }
reason = { type = "string" }
"""


def project(root: Path, *lines: Any, more: str = "", task: str = TASK) -> Path:
    folder = root / "tasks" / "feedback"
    (folder / "prompt").mkdir(parents=True)
    (folder / "task.toml").write_text(task + more, encoding="utf-8")
    (folder / "prompt" / "user.md").write_text("{{ comment }}", encoding="utf-8")
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "cases.jsonl").write_text("\n".join(texts), encoding="utf-8")
    return root


def judge(root: Path, text: str = JUDGE, name: str = "tone") -> None:
    folder = root / "tasks" / name
    (folder / "prompt").mkdir(parents=True)
    (folder / "task.toml").write_text(text, encoding="utf-8")
    (folder / "prompt" / "user.md").write_text("Judge.", encoding="utf-8")


def faults(root: Path) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        load_project(root)
    return [fault.removeprefix("tasks/feedback/") for fault in caught.value.faults]


def case(*checks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"input": {"comment": "ok"}, "checks": list(checks), **more}


FAULTY = [
    (case({"contians": "x"}), 'unknown kind of check "contians"; did you mean "contains"?'),
    (case({"not_regexp": "x"}), 'unknown kind of check "not_regexp"; did you mean "not_regex"?'),
    (case({"at": "/sentiment"}), "a check without a kind; the kinds are equals, contains"),
    (case({"contains": "x", "regex": "x"}), '"contains" and "regex" stand in one check'),
    (case({"contains": "x", "at": "/sentiment", "case": 1}), 'unknown key "case"'),
    (case({"contains": "x", "at": "/sentimnt"}), 'leads nowhere, at "sentimnt"; did you mean'),
    (case({"contains": "x", "at": "sentiment"}), 'is no JSON pointer; write "/sentiment"'),
    (case({"contains": "x", "at": "/confidence"}), "/confidence is a number, and"),
    (case({"contains": ""}), "the output is an object, and"),
    (case({"contains": "", "at": "/sentiment"}), "every text contains an empty one"),
    (case({"contains": 3, "at": "/sentiment"}), "a text contains no 3; write it in quotes"),
    (case({"contains_all": [], "at": "/themes"}), "contains_all: expected a list of length >= 1"),
    (case({"starts_with": 1, "at": "/sentiment"}), "starts_with: expected text, got a whole"),
    (case({"regex": "a(?=b)", "at": "/sentiment"}), '"(?=" looks ahead, which'),
    (case({"regex": "(", "at": "/sentiment"}), '"(" is no regular expression'),
    (case({"one_of": ["postive"], "at": "/sentiment"}), 'did you mean "positive"?'),
    (case({"equals": "high", "at": "/confidence"}), '/confidence is a number, never "high"'),
    (case({"equals": 1, "at": "/confidence", "tolerance": -1}), "tolerance: expected a number >="),
    (case({"range": {"min": 2, "max": 1}, "at": "/confidence"}), "min (2) is greater than max (1)"),
    (case({"range": {}, "at": "/confidence"}), "neither min nor max is given"),
    (case({"range": {"mn": 1}, "at": "/confidence"}), 'unknown key "mn"; did you mean "min"?'),
    (case({"length": {"min": 1}, "unit": "wrods"}), '"wrods" is not one of "characters", "words"'),
    (case({"subset": {"sentimnt": "positive"}}), 'has no field "sentimnt"; did you mean'),
    (case({"subset": ["x"]}), "the output is an object, and a list of items is given"),
    (case({"language": "xx", "at": "/sentiment"}), 'language: "xx" is not known'),
    (case({"similar": "x", "embedder": "nowhere", "at": "/sentiment"}), "unknown embedder"),
    (case({"similar": [], "at": "/sentiment"}), "similar: name 1 to 20 texts"),
    (
        case({"cel": "output.confidnce > 0.5"}),
        'cel: character 8: unknown field "output.confidnce"; did you mean "confidence"?',
    ),
    (
        case({"cel": "output.confidence"}),
        "cel: character 1: a condition must come out true or false",
    ),
    (case({"python": "polite"}), 'python: "polite" is no function; write "checks.py:polite"'),
    (case({"python": "checks.py:polite"}), 'python: there is no file "checks.py"'),
    (case({"python": "../../../x.py:polite"}), "python: there is no file"),
    (case({"judge": "tonne"}), 'judge: there is no task "tonne"'),
    (case({"error": "output_refusd"}), 'no error "output_refusd"; did you mean "output_refused"?'),
    (case({"max_latency_ms": 0}), "max_latency_ms: expected a number > 0"),
    (case({"refused": True}, expect={"sentiment": "positive"}), "waits for an error and for a"),
    (case(expect={"sentiment": "postive"}), 'is never "postive", but one of'),
    (case(expect={"sentimnt": "positive"}), 'leads nowhere, at "sentimnt"; did you mean'),
    (case(expect={"confidence": "0.9"}), '/confidence is a number, never "0.9"'),
    (case(expect={"themes": [1]}), "/themes/0 is text, never 1"),
    (case(expect="positive"), 'the output is an object, never "positive"'),
    ({"input": {"comment": 1}}, "input.comment: 1 is not of type"),
    ({"note": "nothing"}, 'missing key "input" (or "conversation")'),
    (
        {"input": {"comment": "x"}, "conversation": [{"role": "user", "content": "x"}]},
        "input stands beside conversation",
    ),
    (
        {"conversation": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]},
        "takes one user message and no history",
    ),
]


@pytest.mark.parametrize(("line", "said"), FAULTY, ids=[said[:50] for _, said in FAULTY])
def test_a_case_that_does_not_fit_is_named_with_its_line(
    tmp_path: Path, line: dict[str, Any], said: str
) -> None:
    (found,) = faults(project(tmp_path, "", line))
    assert found.startswith("cases.jsonl:2: ")
    assert said in found


def test_the_whole_of_a_free_text_can_be_expected(tmp_path: Path) -> None:
    root = project(
        tmp_path, {"input": {"comment": "x"}, "expect": "yes"}, task=TASK.split("[out")[0]
    )
    assert load_project(root).suites["feedback"].cases[0].expect == "yes"


def test_checks_for_every_case_are_named_with_their_line_of_task_toml(tmp_path: Path) -> None:
    more = '[test]\nn = 2\nchecks = [\n  { contians = "x" },\n  { refused = true },\n]\n'
    found = faults(project(tmp_path, more=more))
    assert [fault.partition(" ")[0] for fault in found] == ["task.toml:18:", "task.toml:19:"]
    assert "test.checks[0]: unknown kind" in found[0]
    assert "test.checks[1]: not every case can wait for an error" in found[1]


def test_a_gate_that_no_case_can_reach_is_named(tmp_path: Path) -> None:
    more = "[gate]\nstability = 0.9\n[gate.tags]\nirony = 0.8\nedge = 1\n"
    found = faults(project(tmp_path, case(tags=["ironic", "edge"]), more=more))
    assert found == [
        "task.toml:16: gate.stability: no case is asked more than once; set n under [test]",
        'task.toml:18: gate.tags: no case has the tag "irony"; did you mean "ironic"?',
    ]


@pytest.mark.parametrize("asked", [{"n": 2}, {}])
def test_a_gate_that_cases_can_reach_is_no_fault(tmp_path: Path, asked: dict[str, Any]) -> None:
    more = "" if asked else "[test]\nn = 2\n"
    more += "[gate]\nstability = 0.9\ntags = { edge = 1 }\n"
    root = project(tmp_path, case(tags=["edge"], **asked), more=more)
    assert load_project(root).suites["feedback"].gate.stability == 0.9


def test_faults_of_all_lines_are_reported_together(tmp_path: Path) -> None:
    found = faults(project(tmp_path, case({"a": 1}, expect={"x": 1}), "{", {"input": {}}))
    assert [fault.partition(" ")[0] for fault in found] == [
        "cases.jsonl:1:",
        "cases.jsonl:1:",
        "cases.jsonl:2:",
        "cases.jsonl:3:",
    ]


def test_two_cases_of_one_id_or_of_one_question_are_named(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "input": {"comment": "x"}},
        {"id": "a", "input": {"comment": "y"}},
        {"id": "b", "input": {"comment": "x"}},
    ]
    found = faults(project(tmp_path, *lines))
    assert 'id "a" is that of line 1' in found[0]
    assert "asks the same as line 1" in found[1]


def test_a_conversation_becomes_the_input_that_it_asks(tmp_path: Path) -> None:
    one = {"conversation": [{"role": "user", "content": "x"}], "expect": {"sentiment": "positive"}}
    loaded: Project = load_project(project(tmp_path, one))
    (found,) = loaded.suites["feedback"].cases
    assert found.conversation[0]["content"] == "x"


def test_the_sources_of_python_checks_belong_to_the_suite(tmp_path: Path) -> None:
    root = project(tmp_path, case({"python": "checks.py:polite"}, {"not_python": "all.py:rude"}))
    (root / "tasks/feedback/checks.py").write_text("def polite(o, i): return True\n")
    (root / "all.py").write_text("from x import rude\n")
    suite = load_project(root).suites["feedback"]
    assert suite.sources.keys() == {"checks.py", "all.py"}
    assert suite.sources["all.py"] == "from x import rude\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def polit(o, i): ...\n", 'has no function "polite"; did you mean "polit"?'),
        ("x = 1\ndef polite(:\n", "checks.py:2 is not Python: SyntaxError"),
    ],
)
def test_a_python_file_is_read_for_its_function(tmp_path: Path, source: str, said: str) -> None:
    root = project(tmp_path, case({"python": "checks.py:polite"}))
    (root / "tasks/feedback/checks.py").write_text(source)
    (found,) = faults(root)
    assert said in found


def test_loading_a_project_runs_no_check(tmp_path: Path) -> None:
    root = project(tmp_path, case({"python": "checks.py:polite"}))
    (root / "tasks/feedback/checks.py").write_text("raise SystemExit(3)\ndef polite(o, i): ...\n")
    assert load_project(root).suites["feedback"].cases


def test_a_judge_that_fits_is_no_fault(tmp_path: Path) -> None:
    root = project(tmp_path, case({"judge": "tone@1.2.0", "rubric": "polite", "min": 0.7}))
    judge(root)
    assert load_project(root).suites["feedback"].cases


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("output =", "answer =", '"tone" takes neither output nor input'),
        ("rubric =", "ruler =", '"tone" takes no rubric; declare it'),
        ("rubric = {", "extra = 'string'\nrubric = {", '"tone" requires "extra"'),
        (", minimum = 1, maximum = 5", "", "has no score within bounds"),
        ("score =", "points =", "has no score within bounds"),
    ],
)
def test_a_judge_that_cannot_judge_is_named_where_it_is_asked(
    tmp_path: Path, was: str, becomes: str, said: str
) -> None:
    root = project(tmp_path, case({"judge": "tone", "rubric": "polite"}))
    judge(root, JUDGE.replace(was, becomes))
    with pytest.raises(ProjectError) as caught:
        load_project(root)
    assert any(
        f.startswith("tasks/feedback/cases.jsonl:1: checks[0]: judge: ") and said in f
        for f in caught.value.faults
    )


def test_a_judge_at_fault_itself_is_not_called_missing(tmp_path: Path) -> None:
    root = project(tmp_path, case({"judge": "tone"}))
    judge(root, "modl = 1\n")
    with pytest.raises(ProjectError) as caught:
        load_project(root)
    assert not [fault for fault in caught.value.faults if "feedback" in fault]


def test_what_is_expected_of_an_output_at_fault_is_not_held_against_it(tmp_path: Path) -> None:
    broken = TASK.replace('type = "number"', 'type = "nubmer"')
    found = faults(project(tmp_path, case(expect={"sentiment": "postive"}), task=broken))
    assert len(found) == 1
    assert "nubmer" in found[0]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = ("at", "name", "optional", "min", "tolerance", "unit", "rubric", "embedder", "any_order")
CHECKS = st.builds(
    lambda kind, value, negated, more: {("not_" if negated else "") + kind: value, **more},
    st.sampled_from(sorted(KINDS)) | st.text(max_size=5),
    VALUES | st.sampled_from(["checks.py:f", "(", "a(?=b)", "output.sentiment", "", "de"]),
    st.booleans(),
    st.dictionaries(
        st.sampled_from(FIELDS),
        VALUES | st.sampled_from(["", "/sentiment", "/themes/0"]),
        max_size=2,
    ),
)


@settings(max_examples=200, deadline=None)
@given(checks=st.lists(CHECKS, max_size=3), expect=VALUES, conversation=st.booleans() | VALUES)
def test_whatever_stands_in_a_case_is_read_or_is_a_fault(
    tmp_path_factory: pytest.TempPathFactory, checks: Any, expect: Any, conversation: Any
) -> None:
    line: dict[str, Any] = {"input": {"comment": "x"}, "checks": checks, "expect": expect}
    if conversation is not True:
        line = {"conversation": [{"role": "user", "content": conversation}], "checks": checks}
    text = json.dumps(line)
    document = read_toml("", TaskFile, file="tasks/feedback/task.toml")
    about = About(task="feedback", input_schema=INPUT, output_schema=OUTPUT)
    folder = tmp_path_factory.getbasetemp()
    file = folder / "tasks" / "feedback" / "cases.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    loaded = load_suite(Suite(), about, document=document, project=SourceFolder(folder))
    assert all(fault.line == 1 and fault.message for fault in loaded.faults)
    if not loaded.faults:
        definition = TaskDefinition(name="f", model="m", input_schema=INPUT, output_schema=OUTPUT)
        (case,) = loaded.suite.cases
        compile_expectations(case, loaded.suite, definition, services=Services())


BEST_OF = "[best_of]\nn = 3\njudge = 'tone'\n"


def test_the_judge_of_candidates_is_part_of_the_task(tmp_path: Path) -> None:
    judge(project(tmp_path, task=BEST_OF + TASK))
    loaded = load_project(tmp_path).tasks
    assert loaded["feedback"].judges == {"tone": loaded["tone"]}


@pytest.mark.parametrize(
    ("named", "fault"),
    [
        ("tones", 'best_of.judge: there is no task "tones"; did you mean "tone"?'),
        ("tone@1.0.0", 'best_of.judge: "tone@1.0.0" is no task; publishing pins its version'),
        ("feedback", "tasks run each other: feedback → feedback"),
        ("plain", 'best_of.judge: the output of "plain" has no score within bounds'),
    ],
)
def test_a_judge_of_candidates_is_another_task_that_scores(
    tmp_path: Path, named: str, fault: str
) -> None:
    judge(project(tmp_path, task=BEST_OF.replace("tone", named) + TASK))
    judge(tmp_path, "[input.fields]\noutput = 'string'\n", name="plain")
    assert any(fault in found for found in faults(tmp_path))
