"""A registry that looks like some weeks of work on two tasks: for tests and for looking at the
pages. Nothing here was said by anyone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from roadworthy.control.samples.sample_tasks import sample_definitions
from roadworthy.models import Model
from roadworthy.registry import (
    Actor,
    CaseResult,
    Draft,
    Move,
    MoveRequest,
    Registry,
    ResultKey,
    Score,
    Version,
)
from roadworthy.registry.binding import binding_of
from roadworthy.tasks import TaskDefinition, Template, definition_digest
from roadworthy.tasks.cases import Case, Suite, case_id, expectations_digest, question_digest
from roadworthy.tasks.gate import Gate

__all__ = ["fill_registry", "sample_models"]

TASK: Final = "classify-feedback"
VOICE: Final = "brand-voice.md"
ADA: Final = Actor(name="Ada Lovelace")
GRACE: Final = Actor(name="Grace Hopper")
RUNS: Final = 3
UNTESTED: Final = (3, 4)
"""Steps whose versions share a definition that nobody has tested."""
COMMENTS: Final = (
    ("wet-parcel", "The courier left the parcel in the rain.", "negative", ("typical",)),
    ("kind-advice", "Tolle Beratung, schnelle Lieferung.", "positive", ("typical", "german")),
    ("shrug", "ok i guess", "neutral", ("edge",)),
    ("third-crack", "Third replacement, third crack. Impressive.", "negative", ("edge",)),
    ("manual", "Does what it says. The manual could be longer.", "neutral", ("typical",)),
    ("", "App crashes when I open the invoice.", "negative", ("typical",)),
    ("sarcasm", "Great, broken again. Five stars.", "negative", ("edge",)),
    ("wunderbar", "Wunderbar, nie wieder.", "negative", ("edge", "german")),
)


def sample_models() -> Mapping[str, Model]:
    """What the sample's logical models stand for."""
    return {served.model.name: served.model for served in sample_definitions()}


def fill_registry(
    registry: Registry, *, at_us: int, calls: Sequence[str] = (), tested: bool = True
) -> None:
    """Publish, test, promote and roll back, as people do. Results name one of ``calls``."""
    dice = random.Random(11)  # noqa: S311 sample data, not a secret
    for step, draft in enumerate(_drafts(), start=1):
        registry.publish(draft, ADA if step % 2 else GRACE)
        version = registry.version(draft.definition.name, _newest(registry, draft))
        if tested and step not in UNTESTED:
            share = min(0.99, 0.6 + step * 0.06)
            registry.record(list(_results(version, dice, share, at_us, calls)), ADA)
    _move(registry, "1.0.0", "first release", force=True)
    _move(registry, "1.1.0", "weekly release", force=True)
    _move(registry, "2.0.0", "the language is asked for now", force=True)
    rollback = MoveRequest(task=TASK, kind="rollback", why="callers do not send the language yet")
    registry.move(rollback, GRACE)
    _move(registry, "2.1.0", "to see it with real comments", channel="staging")


def _drafts() -> Iterator[Draft]:
    definition, suite = _first()
    yield _draft(definition, suite, "First version")
    blocks = {VOICE: "Speak plainly.\nNever promise what the shop cannot keep."}
    definition = _with(definition, blocks=blocks, templates=_templates("Answer in JSON."))
    yield _draft(definition, suite, "Include the brand voice")
    asked = {**definition.input_schema}
    asked["properties"] = {**asked["properties"], "language": {"type": "string"}}
    asked["required"] = ["comment", "language"]
    cases = tuple(_asked_in(case) for case in suite.cases)
    suite = msgspec.structs.replace(suite, cases=cases)
    definition = _with(definition, input_schema=asked)
    yield _draft(definition, suite, "Ask for the language of the comment")
    yield _draft(
        _with(definition, description="Mood and themes of a customer's comment."),
        suite,
        "Say what the task is for",
    )
    definition = _with(
        definition,
        parameters={"temperature": 0.2, "max_tokens": 96},
        templates=_templates("Answer in JSON. Neutral means: neither praise nor complaint."),
        description="Mood and themes of a customer's comment.",
    )
    yield _draft(definition, suite, "Say what neutral means, and lower the temperature")
    more = Case(
        id="long-story",
        input={"comment": "It began well. It did not end well.", "language": "en"},
        expect={"sentiment": "negative"},
        tags=["edge"],
    )
    suite = msgspec.structs.replace(suite, cases=(*suite.cases, more))
    yield _draft(definition, suite, "A case for comments that turn")
    sheet = sample_definitions()[1].task
    yield _draft(
        _with(sheet, blocks={VOICE: "Speak plainly."}), Suite(), "First version of the sheet"
    )


def _first() -> tuple[TaskDefinition, Suite]:
    definition = sample_definitions()[0].task
    cases = tuple(
        Case(
            id=name,
            input={"comment": comment},
            expect={"sentiment": mood},
            checks=[{"max_items": 3, "at": "/themes"}] if name == "manual" else [],
            tags=list(tags),
            weight=2.0 if name == "sarcasm" else 1.0,
        )
        for name, comment, mood, tags in COMMENTS
    )
    gate = Gate(pass_rate=0.9, tags={"edge": 0.8}, p95_ms=3000)
    return definition, Suite(cases=cases, n=RUNS, gate=gate)


def _asked_in(case: Case) -> Case:
    language = "de" if "german" in case.tags else "en"
    return msgspec.structs.replace(case, input={**(case.input or {}), "language": language})


def _templates(words: str) -> tuple[Template, ...]:
    folder = f"tasks/{TASK}/prompt"
    return (
        Template(
            role="system",
            source=f'You read customers\' comments.\n{{% include "{VOICE}" %}}\n{words}',
            file=f"{folder}/system.md",
        ),
        Template(role="user", source="Comment: {{ comment }}", file=f"{folder}/user.md"),
    )


def _with(definition: TaskDefinition, **changes: Any) -> TaskDefinition:
    changed = msgspec.structs.replace(definition, **changes)
    return msgspec.structs.replace(changed, digest=definition_digest(changed))


def _draft(definition: TaskDefinition, suite: Suite, message: str) -> Draft:
    return Draft(
        definition=_with(definition),
        suite=suite,
        message=message,
        commit="4f7c01d2a9be5530c1d8" + ("-dirty" if "case" in message else ""),
    )


def _newest(registry: Registry, draft: Draft) -> str:
    return registry.versions(draft.definition.name, limit=1)[0].version


def _results(
    version: Version, dice: random.Random, share: float, at_us: int, calls: Sequence[str]
) -> Iterator[CaseResult]:
    binding = binding_of(sample_models()[version.definition.model])
    for case in version.suite.cases:
        hard = "edge" in case.tags
        for run in range(RUNS):
            passed = dice.random() < share - (0.2 if hard else 0)
            mood = (case.expect or {}).get("sentiment") if passed else "neutral"
            reason = "" if passed else f"expected {case.expect}, got {mood}"
            yield CaseResult(
                key=ResultKey(
                    task=version.row.task,
                    definition=version.row.definition_digest,
                    binding=binding,
                    question=question_digest(case),
                    run=run,
                ),
                expected=expectations_digest(case, version.suite),
                case_id=case_id(case),
                outcome="first_pass",
                value={"sentiment": mood, "confidence": 0.7, "themes": []},
                scores=(Score(name="expect./sentiment", passed=passed, reason=reason),),
                passed=passed,
                latency_ms=dice.uniform(300, 2400),
                cost_nusd=dice.randrange(200_000, 400_000),
                input_tokens=120,
                output_tokens=24,
                call_id=dice.choice(calls) if calls else None,
                at_us=at_us,
                environment="staging",
            )


def _move(
    registry: Registry,
    to: str,
    why: str,
    *,
    channel: str = "production",
    force: bool = False,
) -> Move:
    wish = MoveRequest(task=TASK, channel=channel, to=to, why=why, force=force)
    return registry.move(wish, GRACE)
