from __future__ import annotations

import pytest

from roadworthy.core.errors import NotFound
from roadworthy.registry import Actor, Move, Pointer, VersionRow
from roadworthy.registry.references import resolve_reference


def row(version: str, digest: str) -> VersionRow:
    return VersionRow(
        task="mood",
        version=version,
        digest=digest.ljust(64, "0"),
        definition_digest="d",
        level="minor",
        message="",
        author="Ada",
        commit=None,
        published_us=0,
    )


KNOWN = [
    row("2.0.0", "aaaaaa1"),
    row("1.10.0", "bbbbbb"),
    row("1.9.0", "aaaaaa2"),
    row("1.0.0", "bbbbbb"),
]
STAGING = Pointer(task="mood", channel="abcdef", version="1.9.0", since_us=0)
PRODUCTION = Pointer(task="mood", channel="production", version="1.0.0", since_us=0)


def promoted(*versions: str) -> list[Move]:
    return [
        Move(
            id=version,
            task="mood",
            channel="production",
            kind="promote",
            from_version=None,
            to_version=version,
            at_us=0,
            by=Actor(name="Ada"),
        )
        for version in versions
    ]


def resolved(reference: str, *released: str) -> str:
    moves = promoted(*released)
    return resolve_reference("mood", reference, KNOWN, [STAGING, PRODUCTION], moves).version


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("1.9.0", "1.9.0"),
        ("production", "1.0.0"),
        ("abcdef", "1.9.0"),  # a channel goes before a digest
        ("aaaaaa2", "1.9.0"),
        ("bbbbbb", "1.10.0"),  # of one content: the newest
    ],
)
def test_what_references_mean(reference: str, version: str) -> None:
    assert resolved(reference) == version


def test_a_range_prefers_what_production_points_to() -> None:
    assert resolved("^1", "1.10.0", "1.0.0") == "1.0.0"
    assert resolved("^1.9", "1.9.0", "1.10.0", "1.0.0") == "1.10.0"
    with pytest.raises(NotFound, match=r"never pointed to a version in \^2"):
        resolved("^2", "1.0.0")


def test_a_beginning_of_several_digests_is_said() -> None:
    with pytest.raises(NotFound, match=r"2 versions of mood .* 'aaaaaa': 2\.0\.0, 1\.9\.0\. Give"):
        resolved("aaaaaa")


@pytest.mark.parametrize(
    ("reference", "match"),
    [
        ("prodution", 'did you mean "production"'),
        ("1.9.1", r'did you mean "1\.9\.0"'),
        ("staging", "not in staging: roadworthy promote mood VERSION --to staging"),
        ("aaaa", "no version or channel 'aaaa'; it has abcdef, production, 2"),
    ],
)
def test_what_is_not_there_is_answered_by_what_is(reference: str, match: str) -> None:
    with pytest.raises(NotFound, match=match):
        resolved(reference)


def test_a_task_that_has_none_is_told_of_those_that_have() -> None:
    with pytest.raises(NotFound, match='modo has no version yet; did you mean "mood"'):
        resolve_reference("modo", "1.0.0", [], [], [], tasks=["mood", "other"])
    with pytest.raises(NotFound, match="roadworthy publish fresh"):
        resolve_reference("fresh", "1.0.0", [], [], [], tasks=["mood"])
