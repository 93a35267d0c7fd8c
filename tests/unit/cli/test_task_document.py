from __future__ import annotations

from dataclasses import replace

import msgspec

from roadworthy.cli.task_document import Known, task_document
from roadworthy.cli.version_report import version_report
from roadworthy.registry import Actor, Change, Figures, Move, Pointer, Share, Version, VersionRow
from roadworthy.tasks import Case, ConstraintDefinition, Gate, Suite, TaskDefinition, Template

ROW = VersionRow(
    task="sort",
    version="1.4.0",
    digest="d" * 64,
    definition_digest="e" * 64,
    level="minor",
    message="shorter | clearer",
    author="Ana",
    commit="0123456789abcdef",
    published_us=1_700_000_000_000_000,
)
DEFINITION = TaskDefinition(
    name="sort",
    description="Tell what a comment says.",
    model="big",
    parameters={"temperature": 0},
    input_schema={
        "type": "object",
        "properties": {"comment": {"type": "string", "maxLength": 500}},
        "required": ["comment"],
    },
    output_schema={"enum": ["good", "bad"]},
    templates=(
        Template(role="system", source="```\nBe brief.", file="s.md"),
        Template(role="user", source="{{ comment }}", file="u.md"),
    ),
    blocks={"voice.md": "Friendly."},
    constraints=(ConstraintDefinition(name="short", require="size(output) < 9", message="long"),),
)
SUITE = Suite(
    cases=(
        Case(input={"comment": "a|b"}, expect="good", tags=["edge", "long"], id="c1"),
        Case(input={"comment": "fine"}, checks=[{"contains": "oo"}]),
    ),
    gate=Gate(pass_rate=0.9, tags={"edge": 1.0}),
    n=5,
)
VERSION = Version(
    row=ROW,
    definition=DEFINITION,
    suite=SUITE,
    changes=(Change(level="minor", place="prompt/system.md", what="text changed"),),
)
POINTER = Pointer(task="sort", channel="production", version="1.4.0", since_us=0, protected=True)
MOVE = Move(
    id="m",
    task="sort",
    channel="production",
    kind="rollback",
    from_version="1.5.0",
    to_version="1.4.0",
    at_us=0,
    by=Actor(name="Ana"),
    why="it broke",
)
FIGURES = Figures(pass_rate=Share(value=0.95, low=0.8, high=0.99, n=20), runs=100, cases=20)
KNOWN = Known(
    version=VERSION,
    channels=[POINTER],
    versions=[ROW],
    moves=[MOVE],
    figures=[("embedded/smollm2", FIGURES)],
)


def test_the_page_says_what_the_task_is_and_where_it_stands() -> None:
    page = task_document(KNOWN)
    assert page.startswith("# sort\n\nTell what a comment says.\n\nVersion **1.4.0**")
    assert "| production | 1.4.0 | 1970-01-01 00:00:00 | yes |" in page
    assert "| `comment` | string | yes | at most 500 characters |  |" in page
    assert '| the value | one of "good", "bad" | yes |  |  |' in page
    assert page.endswith("|\n")


def test_texts_stand_in_it_as_they_are() -> None:
    page = task_document(KNOWN)
    assert "````jinja\n```\nBe brief.\n````" in page
    assert "### voice.md\n\n```jinja\nFriendly.\n```" in page
    assert r"shorter \| clearer" in page
    assert r'`{"comment": "a\|b"}`' in page


def test_cases_stand_under_each_of_their_tags() -> None:
    page = task_document(KNOWN)
    assert "2 in all, each asked 5 times" in page
    for title in ("### edge (1)", "### long (1)", "### without a tag (1)"):
        assert title in page
    assert page.count("| c1 |") == 2
    assert page.count("| case-") == 1


def test_figures_and_history_close_it() -> None:
    page = task_document(KNOWN)
    assert "On `embedded/smollm2`:" in page
    assert "| pass rate | 95.0% of 20 | 80.0% to 99.0% |" in page
    assert "| production | rollback | 1.5.0 | 1.4.0 | Ana |  | it broke |" in page


def test_what_there_is_nothing_of_has_no_section() -> None:
    bare = Version(row=ROW, definition=TaskDefinition(name="sort", model="m"), suite=Suite())
    page = task_document(Known(version=bare, channels=[], versions=[ROW], moves=[]))
    assert "Free text." in page
    assert "No channel points to any of its versions." in page
    for title in ("Prompt", "Blocks", "Constraints", "Cases", "Gate", "Figures", "History"):
        assert f"## {title}" not in page


def test_a_version_is_shown_whole() -> None:
    text = version_report(VERSION, [POINTER])
    for line in (
        "version      1.4.0 (minor)",
        "channels     production",
        "  minor  prompt/system.md  text changed",
        "  comment  string    at most 500 characters",
        "  [system] s.md",
        "    Be brief.",
        "  short: size(output) < 9",
        "  2 cases, each asked 5 times; by tag: edge 1, long 1",
        '     checks {"contains": "oo"}',
        "  pass rate of edge  at least 1",
    ):
        assert line in text.splitlines(), line


def test_of_many_cases_the_first_are_shown() -> None:
    cases = tuple(Case(input={"comment": f"c {n}"}, id=f"n{n}") for n in range(25))
    many = msgspec.structs.replace(SUITE, cases=cases)
    lines = version_report(msgspec.structs.replace(VERSION, suite=many), []).splitlines()
    assert '  n19: {"comment": "c 19"}' in lines
    assert "  … and 5 more: --json shows all" in lines
    assert "n20" not in "".join(lines)


def test_a_page_is_no_archive() -> None:
    page = task_document(replace(KNOWN, moves=[MOVE] * 101, versions=[ROW] * 100))
    assert page.count("| it broke |") == 100
    assert "Older ones: `roadworthy history`." in page
    assert "`roadworthy log`" not in page
