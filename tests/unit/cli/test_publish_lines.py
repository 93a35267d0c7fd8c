from __future__ import annotations

from roadworthy.cli.publish_lines import change_lines, next_step, publication_lines
from roadworthy.registry import Change, Level, Publication, VersionRow
from roadworthy.tasks import Gate, Suite


def row(level: Level = "minor") -> VersionRow:
    return VersionRow(
        task="sort",
        version="1.4.0",
        digest="d",
        definition_digest="e",
        level=level,
        message="why",
        author="Ana",
        commit=None,
        published_us=0,
    )


PATCH = Change(level="patch", place="cases.jsonl", what="2 cases added")
BREAKS = Change(level="major", place="output./themes", what="removed", breaking=True)


def test_a_publication_says_what_each_change_calls_for_the_gravest_first() -> None:
    publication = Publication(
        version=row("major"), new=True, changes=(PATCH, BREAKS), previous="1.3.2"
    )
    assert publication_lines(publication).splitlines() == [
        "Published sort 1.4.0: major, was 1.3.2.",
        "  major  output./themes  removed, breaking",
        "  patch  cases.jsonl     2 cases added",
    ]


def test_a_raised_level_is_said_to_be_raised() -> None:
    publication = Publication(version=row("major"), new=True, changes=(PATCH,), previous="1.3.2")
    assert publication_lines(publication).endswith("Raised to major by --bump.")
    fits = Publication(version=row("patch"), new=True, changes=(PATCH,), previous="1.3.2")
    assert "--bump" not in publication_lines(fits)


def test_a_dry_run_and_an_unchanged_draft_publish_nothing() -> None:
    publication = Publication(version=row(), new=True)
    assert publication_lines(publication, dry_run=True).startswith("Would publish sort 1.4.0")
    unchanged = publication_lines(Publication(version=row(), new=False))
    assert unchanged == "Unchanged: sort equals 1.4.0, nothing published."


def test_what_has_a_gate_is_tested_next_and_what_has_none_is_promoted() -> None:
    gated = Suite(gate=Gate(pass_rate=0.9))
    assert next_step(row(), gated) == "Next: roadworthy test sort --version 1.4.0"
    assert next_step(row(), Suite()) == "Next: roadworthy promote sort 1.4.0 --to production"


def test_no_changes_are_no_lines() -> None:
    assert change_lines(()) == ""
