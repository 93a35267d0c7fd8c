"""What reading a prompt tells: repeats, examples, names, contexts, weights; each with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from linted import TASK, found, linted, told, write

from roadworthy.core.errors import UnknownTask
from roadworthy.evaluation.lint import CODES, Finding, lint_project

EXAMPLES = "tasks/triage/prompt/examples.jsonl"
SYSTEM = "tasks/triage/prompt/system.md"
CASES = "tasks/triage/cases.jsonl"
FEEDBACK = Path(__file__).resolve().parents[3] / "examples" / "feedback"
RULE = "Weigh what the customer says about the goods above all."


def answer(sentiment: str) -> dict[str, Any]:
    return {"sentiment": sentiment, "themes": ["goods"], "confidence": 0.9}


def example(comment: str, sentiment: str) -> dict[str, Any]:
    return {"input": {"comment": comment}, "output": answer(sentiment)}


def case(comment: str, **more: Any) -> dict[str, Any]:
    return {"input": {"comment": comment} | more, "expect": {"sentiment": "positive"}}


def test_nothing_is_said_of_the_example_that_ships() -> None:
    report = lint_project(FEEDBACK)
    assert report.all_findings == ()
    assert [task.task for task in report.tasks] == ["classify-feedback"]


def test_a_sentence_in_a_message_and_in_a_block_is_told_once_with_both_places(
    tmp_path: Path,
) -> None:
    files = {
        SYSTEM: f'Read it.\n\n{RULE}\n{{% include "tone.md" %}}\n',
        "blocks/tone.md": f"Be fair.\n{RULE.upper()}\n",
    }
    (finding,) = found(tmp_path, files)
    assert (finding.code, finding.place) == ("repeated-text", "blocks/tone.md:2")
    assert f"({SYSTEM}:3)" in finding.message
    assert finding.tokens >= 10


def test_a_long_run_of_words_within_other_words_repeats_too(tmp_path: Path) -> None:
    run = "the refund is due within fourteen days after the goods have come back"
    assert told(tmp_path, f"Remember: {run}.\n\nSay that {run} to us.\n") == [("repeated-text", 3)]


def test_a_block_that_is_included_twice_is_told(tmp_path: Path) -> None:
    tag = '{% include "tone.md" %}\n'
    findings = found(tmp_path, {SYSTEM: tag + tag, "blocks/tone.md": "Be fair.\n"})
    assert [(f.code, f.place) for f in findings] == [("repeated-block", f"{SYSTEM}:2")]


def test_a_description_that_the_model_reads_in_words_repeats_the_prompt(tmp_path: Path) -> None:
    described = TASK.replace(
        "[output.fields.themes]", f'[output.fields.themes]\ndescription = "{RULE}"'
    )
    files = {SYSTEM: RULE + "\n", "tasks/triage/task.toml": described}
    (finding,) = found(tmp_path, files)
    assert finding.place == "tasks/triage/task.toml:10"
    bound = {"models.toml": '[models.strong]\nprovider = "embedded"\n'}
    assert found(tmp_path, files | bound) == []  # a grammar says nothing of descriptions


def test_examples_that_say_the_same_or_the_opposite_are_told_by_line(tmp_path: Path) -> None:
    shown = [
        example("The kettle leaks and nobody answers my mails at all.", "negative"),
        example("Lovely mugs.", "positive"),
        example("The kettle leaks, and nobody answers my mails at all!", "negative"),
        example("Lovely mugs.", "negative"),
    ]
    findings = found(tmp_path, {EXAMPLES: shown})
    assert [(f.code, f.place) for f in findings] == [
        ("duplicate-example", f"{EXAMPLES}:3"),
        ("contradicting-examples", f"{EXAMPLES}:4"),
    ]
    assert findings[0].tokens > 10


def test_examples_that_differ_where_it_matters_are_none(tmp_path: Path) -> None:
    shown = [
        example("I love this kettle, it boils water in two minutes.", "positive"),
        example("I hate this kettle, it boils water in two minutes.", "negative"),
        example("Great mugs, thank you.", "positive"),
        example("Great plates, thank you so much.", "positive"),
    ]
    assert found(tmp_path, {EXAMPLES: shown}) == []


def test_a_case_that_the_prompt_gives_away_is_told(tmp_path: Path) -> None:
    text = "The parcel came two weeks late and the box was open."
    files = {EXAMPLES: [example(text, "negative")], CASES: [case("Fine."), case(text)]}
    (finding,) = found(tmp_path, files)
    assert (finding.code, finding.place) == ("case-in-prompt", f"{CASES}:2")
    assert text not in finding.message


UNUSED = TASK.replace(
    "[output.fields.sentiment]", '[input.fields.shop]\ntype = "string"\n[output.fields.sentiment]'
)


def test_an_input_that_nothing_reads_is_told_and_one_that_a_rule_reads_is_not(
    tmp_path: Path,
) -> None:
    files = {"tasks/triage/task.toml": UNUSED}
    (finding,) = found(tmp_path, files)
    assert (finding.code, finding.place) == ("unused-input", "tasks/triage/task.toml:7")
    require = 'output.confidence > 0.0 || input.shop != ""'
    rules = f'[[constraint]]\nname = "x"\nrequire = \'{require}\'\nmessage = "m"\n'
    assert found(tmp_path, files | {"tasks/triage/rules.toml": rules}) == []


def test_variables_and_blocks_that_nothing_reads_are_told(tmp_path: Path) -> None:
    system = "{% set tone = 'kind' %}\n{% set shop = 'ours' %}\nAt {{ shop }}.\n"
    root = write(tmp_path, {SYSTEM: system, "blocks/old.md": "Old.\n"})
    report = lint_project(root)
    assert [(f.code, f.place) for f in report.all_findings] == [
        ("unused-block", "blocks/old.md:1"),
        ("unused-variable", f"{SYSTEM}:1"),
    ]


def test_an_undefined_variable_is_a_fault_and_other_tasks_are_read_all_the_same(
    tmp_path: Path,
) -> None:
    files = {
        SYSTEM: "Read {{ coment }}.\n",
        "tasks/other/task.toml": TASK,
        "tasks/other/prompt/user.md": "{{ comment }}\n",
    }
    report = lint_project(write(tmp_path, files))
    (fault,) = report.findings
    assert (fault.level, fault.task, fault.place) == ("fault", "triage", f"{SYSTEM}:1")
    assert 'did you mean "comment"' in fault.message
    assert [task.task for task in report.tasks] == ["other"]


CONTEXT = UNUSED.replace('shop]\ntype = "string"', 'shop]\ntype = "string"\nrole = "context"')
PRAISE = {"contains": "praise", "at": "/themes"}
SHOWS = {"tasks/triage/prompt/user.md": "{{ shop }}\n{{ comment }}\n"}


@pytest.mark.parametrize(
    ("shops", "code"),
    [
        ([""] * 6, "untested-context"),
        (["We sell mugs, kettles and pans in all sizes; returns take fourteen days."] * 6, "const"),
        ([f"Warehouse number {n} is closed for stock-taking." for n in range(6)], "unneeded"),
    ],
)
def test_context_that_no_case_needs_is_told(tmp_path: Path, shops: list[str], code: str) -> None:
    cases = [
        {"input": {"comment": f"Fine mug {n}.", "shop": shop}, "checks": [PRAISE]}
        for n, shop in enumerate(shops)
    ]
    findings = found(tmp_path, {"tasks/triage/task.toml": CONTEXT, CASES: cases} | SHOWS)
    assert [f.code.startswith(code) for f in findings] == [True]
    assert findings[0].place == "tasks/triage/task.toml:7"


def test_context_that_one_answer_draws_on_is_not(tmp_path: Path) -> None:
    cases = [
        {
            "input": {"comment": f"Where is it? {n}", "shop": f"Parcel {n} is in Leipzig{n}."},
            "checks": [{"contains": f"Leipzig{n}", "at": "/themes"}],
        }
        for n in range(6)
    ]
    assert found(tmp_path, {"tasks/triage/task.toml": CONTEXT, CASES: cases} | SHOWS) == []


def test_fixed_text_behind_a_value_cannot_be_cached(tmp_path: Path) -> None:
    rules = "\n".join(f"- Rule {n}: weigh aspect number {n} of the goods." for n in range(150))
    system = f"Today a customer wrote {{{{ comment }}}}.\n\n{rules}\n"
    assert told(tmp_path, system) == [("uncached-prefix", 1)]
    assert told(tmp_path, f"{rules}\n\nToday: {{{{ comment }}}}.\n") == []
    assert told(tmp_path, system.replace(rules, "Be fair.")) == []  # too little to be cached


def test_parts_are_weighed_in_the_order_in_which_they_are_read(tmp_path: Path) -> None:
    files = {
        SYSTEM: 'You read comments.\n{% include "tone.md" %}\n',
        "blocks/tone.md": "Be fair to everybody.\n",
        EXAMPLES: [example("Lovely mugs.", "positive")],
        CASES: [case("Fine."), case("A long comment about a mug that broke on day one.")],
    }
    report = linted(tmp_path, files)
    kinds = [weight.kind for weight in report.weights]
    assert kinds == ["message", "block", "example", "message", "input", "schema"]
    assert report.estimated
    sent = sum(w.tokens for w in report.weights if w.sent and w.kind != "input")
    assert report.fixed == sent
    value = next(w for w in report.weights if w.kind == "input")
    assert report.mean == pytest.approx(report.fixed + value.tokens, abs=3)
    assert report.cases == 2


def test_what_a_comment_allows_is_not_told(tmp_path: Path) -> None:
    twice = f"{RULE}\n\n{{# lint: allow repeated-text #}}\n{RULE}\n"
    assert told(tmp_path, twice) == []
    assert told(tmp_path, twice.replace("repeated-text", "unused-input")) == [("repeated-text", 4)]


def test_codes_can_be_ignored_and_every_finding_has_one_of_the_known(tmp_path: Path) -> None:
    root = write(tmp_path, {SYSTEM: f"{RULE}\n\n{RULE}\n"})
    assert lint_project(root, ignored=["repeated-text"]).all_findings == ()
    findings = lint_project(root).all_findings
    assert {f.code for f in findings} <= CODES.keys()
    assert all(_whole(finding) for finding in findings)


def test_an_unknown_task_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnknownTask, match='did you mean "triage"'):
        lint_project(write(tmp_path, {}), tasks=["traige"])


def _whole(finding: Finding) -> bool:
    return bool(finding.file and finding.line and finding.message and finding.remedy)


RULES = """
[[rule]]
name = "empty"
when = 'input.comment == ""'
answer = { sentiment = "neutral", themes = [], confidence = 1.0 }

[[rule]]
name = "length"
set.words = "size(input.comment)"

[[rule]]
name = "shout"
set.loud = 'input.comment == "AAA"'
"""


def test_what_rules_set_is_weighed_where_it_is_shown_and_told_where_it_is_not(
    tmp_path: Path,
) -> None:
    files = {
        "tasks/triage/rules.toml": RULES,
        "tasks/triage/prompt/user.md": "{{ comment }} ({{ vars.words }} characters)\n",
        CASES: [case(""), case("Fine mugs."), case("A broken lid.")],
    }
    report = linted(tmp_path, files)
    (finding,) = report.findings
    assert (finding.code, finding.place) == ("unused-variable", "tasks/triage/rules.toml:12")
    values = {w.name: w for w in report.weights if w.kind == "input"}
    assert values["vars.words"].tokens == 1
    assert report.cases == 2  # the empty comment is answered by a rule
