from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from registry_samples import ADA, draft_of, results_of, stored_registry
from roadworthy.core.errors import Forbidden, InvalidRequest, RegistryConflict
from roadworthy.registry import Actor, Draft, MoveRequest, Version
from roadworthy.registry.publishing import check_message, next_publication


def first(draft: Draft) -> Version:
    version = next_publication(draft, None, ADA, now_us=1)[1]
    assert version is not None
    return version


def level_after(old: Draft, new: Draft) -> str:
    publication, _ = next_publication(new, first(old), ADA, now_us=2)
    return publication.version.level


def test_a_level_may_be_raised() -> None:
    raised = draft_of("b {{ comment }}", bump="major")
    publication, version = next_publication(raised, first(draft_of()), ADA, now_us=2)
    assert (publication.version.version, publication.version.level) == ("2.0.0", "major")
    assert version is not None
    assert version.definition.version == "2.0.0"


@pytest.mark.parametrize("bump", ["patch"])
def test_a_level_is_never_lowered(bump: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"minor version.*not lowered to patch: prompt/user"):
        level_after(draft_of(), draft_of("b {{ comment }}", bump=bump))


def test_python_that_a_version_runs_changes_its_answers() -> None:
    assert level_after(draft_of(), draft_of(sources={"rules.py": "x = 1"})) == "minor"


def test_what_a_draft_says_of_its_own_digest_is_not_believed() -> None:
    honest, lying = draft_of(), draft_of(version="9.9.9")
    lying = Draft(
        definition=type(lying.definition)(
            **{n: getattr(lying.definition, n) for n in lying.definition.__struct_fields__}
            | {"digest": "0" * 64}
        ),
        suite=lying.suite,
        message="because",
    )
    assert first(lying).row == first(honest).row


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"message": " "}, "needs a message"),
        ({"message": "x" * 10_001}, "10001 characters"),
        ({"message": "a\0b"}, "character NUL"),
        ({"name": "../evil"}, "no name of a task"),
        ({"name": ""}, "no name of a task"),
    ],
)
def test_what_cannot_be_published_is_said(changes: dict[str, str], match: str) -> None:
    draft = draft_of(**({"name": changes["name"]} if "name" in changes else {}))
    message = changes.get("message", "because")
    with pytest.raises(InvalidRequest, match=match):
        check_message(Draft(definition=draft.definition, message=message))


def test_who_reads_only_publishes_nothing(tmp_path: Path) -> None:
    viewer = Actor(name="Vi", role="viewer")
    with stored_registry(tmp_path) as registry:
        for write in (
            lambda: registry.publish(draft_of(), viewer),
            lambda: registry.record([], viewer),
            lambda: registry.take(registry.export(), viewer),
            lambda: registry.move(MoveRequest(task="mood", to="1.0.0"), viewer),
        ):
            with pytest.raises(Forbidden, match="may read only"):
                write()
        assert registry.versions() == []


def test_a_version_whose_python_is_not_installed_is_not_promoted(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text("x = 2\n")
    with stored_registry(tmp_path / "state", root=tmp_path) as registry:
        registry.publish(draft_of(sources={"rules.py": "x = 1\n"}), ADA)
        wish = MoveRequest(task="mood", channel="staging", to="1.0.0")
        with pytest.raises(RegistryConflict, match=r"differs from what is installed: rules\.py"):
            registry.move(wish, ADA)
        (tmp_path / "rules.py").write_text("x = 1\n")
        assert registry.move(wish, ADA).to_version == "1.0.0"


def test_a_model_that_needs_no_file_is_bound_everywhere(tmp_path: Path) -> None:
    with stored_registry(tmp_path, models=dict) as registry:
        registry.publish(draft_of(), ADA)
        wish = MoveRequest(task="mood", channel="staging", to="1.0.0")
        assert registry.move(wish, ADA).to_version == "1.0.0"


def test_a_version_whose_model_is_not_bound_is_not_promoted(tmp_path: Path) -> None:
    with stored_registry(tmp_path) as registry:
        registry.publish(draft_of(model="fast"), ADA)
        with pytest.raises(RegistryConflict, match=r"declare \[models.fast\] in models.toml"):
            registry.move(MoveRequest(task="mood", channel="staging", to="1.0.0"), ADA)


def test_text_that_no_file_can_hold_is_refused(tmp_path: Path) -> None:
    with stored_registry(tmp_path) as registry:
        half = Draft(definition=draft_of().definition, message="half \udc80")
        with pytest.raises(InvalidRequest, match="half of a surrogate pair"):
            registry.publish(half, ADA)
        named = registry.publish(draft_of(), Actor(name="A\udc80"))
        assert named.version.author == "A?"


def test_an_answer_that_no_file_can_hold_is_kept_as_text(tmp_path: Path) -> None:
    draft = draft_of()
    with stored_registry(tmp_path) as registry:
        odd = [
            msgspec.structs.replace(result, value={"mood": "\udc80", "n": 10**30})
            for result in results_of(draft, passing=4)
        ]
        registry.record(odd, ADA)
        kept = registry.results("mood", definition=draft.definition.digest)
    assert [result.key for result in kept] == sorted((r.key for r in odd), key=lambda k: k.question)
    assert kept[0].value == {"mood": "\\udc80", "n": hex(10**30)}
