"""A version of a chain, with rules and votes, as it is shown and documented."""

from __future__ import annotations

import msgspec

from registry_samples import chain_of, definition_of
from roadworthy.cli.task_document import Known, task_document
from roadworthy.cli.version_report import version_report
from roadworthy.registry import Version, VersionRow
from roadworthy.tasks import Suite, TaskDefinition
from roadworthy.tasks.definition import BestOf, ChainDefinition, RuleDefinition, StepDefinition

EXTRACT = definition_of(name="extract", version="1.2.0")
COPY = definition_of(name="copy", version="2.0.1", model="strong")
STEPS = (
    StepDefinition(
        name="extract",
        task="extract",
        wires={"comment": "input.comment"},
        constants={"language": "de"},
    ),
    StepDefinition(
        name="copy",
        task="copy",
        needs=("extract", "check"),
        wires={"": "item"},
        when="size(extract.mood) > 0",
        on_error="default",
        default={"mood": ""},
        for_each="extract.items",
    ),
)
RULES = (
    RuleDefinition(name="empty", effect="deny", when='input.comment == ""', deny="Say | it."),
    RuleDefinition(
        name="sums",
        effect="set",
        values={"sum": {"cel": "1 + 1"}, "longer": {"python": "rules.py:longer"}},
    ),
)
SHEET = msgspec.structs.replace(
    chain_of(EXTRACT, COPY, name="sheet", rules=RULES, max_cost_usd=0.02),
    chain=ChainDefinition(
        steps=STEPS, output={"mood": "copy.mood"}, tasks={"extract": EXTRACT, "copy": COPY}
    ),
)
BEST = definition_of(
    best_of=BestOf(n=3, judge="judge"),
    judges={"judge": definition_of(name="judge", version="1.0.4", model="strong")},
    choose=("mood",),
)


def version(definition: TaskDefinition) -> Version:
    row = VersionRow(
        task=definition.name,
        version="1.0.0",
        digest="d",
        definition_digest="e",
        level="major",
        message="why",
        author="Ana",
        commit=None,
        published_us=0,
    )
    return Version(row=row, definition=definition, suite=Suite())


def section(text: str, heading: str) -> list[str]:
    lines = text.splitlines()
    begin = lines.index(heading) + 1
    rest = lines[begin:]
    return rest[: rest.index("")] if "" in rest else rest


def test_a_chain_is_shown_with_the_versions_that_it_runs() -> None:
    text = version_report(version(SHEET), [])
    assert section(text, "Steps") == [
        "  extract: runs extract 1.2.0",
        "    comment   input.comment",
        '    language  "de"',
        "  copy: runs copy 2.0.1, for each item of extract.items",
        "    input        item",
        "    after        check",
        "    when         size(extract.mood) > 0",
        "    if it fails  its default stands for it",
        '    default      {"mood": ""}',
    ]
    assert section(text, "Result") == ["  mood  copy.mood"]
    assert "body        a chain of 2 steps" in text
    assert "model       local, strong" in text
    assert "may cost    at most $0.02 a call" in text
    assert "re-asks" not in text


def test_rules_are_shown_in_their_order() -> None:
    assert section(version_report(version(SHEET), []), "Rules") == [
        '  empty: denies when input.comment == ""',
        "    Say | it.",
        "  sums: sets",
        "    sum     1 + 1",
        "    longer  rules.py:longer",
    ]


def test_rules_alone_ask_no_model() -> None:
    alone = definition_of(model="", templates=(), rules=RULES[:1])
    text = version_report(version(alone), [])
    assert "body        rules" in text
    assert "model       none: rules answer" in text


def test_candidates_and_their_judges_are_shown() -> None:
    text = version_report(version(BEST), [])
    assert "best of        the best of 3 by judge" in text
    assert "by likelihood  mood" in text
    assert section(text, "Judges") == ["  judge  1.0.4"]


def test_a_chain_is_documented_with_its_steps_and_rules() -> None:
    known = Known(version=version(SHEET), channels=[], versions=[], moves=[])
    page = task_document(known)
    assert "| body | a chain of 2 steps |" in page
    assert "| models | `local`, `strong` |" in page
    assert (
        "| copy | copy 2.0.1 for each `extract.items` | input = `item` | check |"
        ' `size(extract.mood) > 0`, default `{"mood": ""}` | its default stands for it |'
    ) in page
    assert "It gives mood = `copy.mood`." in page
    assert '| empty | `input.comment == ""` | denies | `Say \\| it.` |' in page


def test_candidates_are_documented_with_their_judges() -> None:
    page = task_document(Known(version=version(BEST), channels=[], versions=[], moves=[]))
    assert "| best of | the best of 3 by judge |" in page
    assert "| judge | judge 1.0.4 |" in page
