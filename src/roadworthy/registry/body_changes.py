"""What differs between two definitions of a task beside their schemas: what makes the answers.
Pure; called by `roadworthy.registry.levels`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from roadworthy.registry.chain_changes import chain_changes
from roadworthy.registry.rule_changes import rule_changes
from roadworthy.registry.schema_words import shown
from roadworthy.registry.version import Change
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.definition import BestOf, ConstraintDefinition, Template, Votes

__all__ = [
    "EXAMPLES_FILE",
    "body_changes",
    "candidates_words",
    "prompt_files",
    "prompt_place",
]

EXAMPLES_FILE: Final = "prompt/examples.jsonl"
_ASSURANCE: Final = {"raw": 0, "fields": 1, "buffered": 2}
"""How sure a caller may be, while a stream runs, that what arrived is part of an answer that
conforms."""
_MEANS: Final = {
    "raw": "text arrives as the model writes it, and may not conform in the end",
    "fields": "fields arrive once each of them is known to conform",
    "buffered": "nothing arrives before all of it conforms",
}


def body_changes(old: TaskDefinition, new: TaskDefinition) -> list[Change]:
    """Everything between the input and the output."""
    return [
        *chain_changes(old, new),
        *_settings(old, new),
        *_candidates(old, new),
        *_parameters(old.parameters, new.parameters),
        *_templates(old, new),
        *_blocks(old.blocks, new.blocks),
        *_texts(old.sources, new.sources, "sources/"),
        *rule_changes(old.rules, new.rules),
        *_constraints(old.constraints, new.constraints),
        *_texts(old.sources, new.sources, ""),
    ]


def prompt_place(template: Template) -> str:
    """The template's file, relative to the task's folder."""
    parts = template.file.split("/", 2)
    return parts[2] if len(parts) == 3 and parts[0] == "tasks" else template.file


def prompt_files(definition: TaskDefinition) -> dict[str, str]:
    """The texts of the templates by file, in the order of their messages; without examples."""
    found: dict[str, str] = {}
    for template in definition.templates:
        if not template.literal:
            place = prompt_place(template)
            found[place] = (
                f"{found[place]}\n{template.source}" if place in found else template.source
            )
    return found


def _minor(place: str, what: str) -> Change:
    return Change(level="minor", place=place, what=what)


def _settings(old: TaskDefinition, new: TaskDefinition) -> Iterator[Change]:
    if old.model != new.model and old.model and new.model:
        yield _minor("model", f"{old.model} became {new.model}")
    if old.stream != new.stream:
        what = f"{old.stream} became {new.stream}: {_MEANS[new.stream]}"
        if _ASSURANCE[new.stream] < _ASSURANCE[old.stream]:
            yield Change(level="major", place="stream", what=what, breaking=True)
        else:
            yield _minor("stream", what)
    for name, unset in (
        ("mode", "the model's strongest"),
        ("repair", ""),
        ("max_reasks", ""),
        ("timeout_s", "the installation's"),
        ("max_cost_usd", "no limit"),
    ):
        before, after = (getattr(definition, name) for definition in (old, new))
        if before != after:
            was, now = (unset if value is None else str(value) for value in (before, after))
            yield _minor(name, f"{was} became {now}")


def _candidates(old: TaskDefinition, new: TaskDefinition) -> Iterator[Change]:
    """How one answer is made of several, and fields that are chosen in place of written."""
    for name, before, after in (
        ("votes", old.votes, new.votes),
        ("best_of", old.best_of, new.best_of),
    ):
        if before is None and after is not None:
            yield _minor(name, f"added: {candidates_words(after)}")
        elif after is None and before is not None:
            yield _minor(name, f"removed: {candidates_words(before)}")
        elif before is not None and after is not None and before != after:
            yield _minor(name, f"{candidates_words(before)} became {candidates_words(after)}")
    for field in sorted({*old.choose} ^ {*new.choose}):
        chosen = "chosen by its likelihood" if field in new.choose else "written by the model"
        yield _minor(f"choose.{field}", f"is {chosen} now")
    if old.choose != new.choose and {*old.choose} == {*new.choose}:
        yield _minor("choose", "fields are chosen in another order")


def candidates_words(given: Votes | BestOf) -> str:
    """``3 votes of a, b; ties go to the first``, ``the best of 4 by judge``."""
    of = f" of {', '.join(given.models)}" if given.models else ""
    if isinstance(given, BestOf):
        return f"the best of {given.n}{of and f' asked{of}'} by {given.judge}"
    ties = "ties go to the first" if given.ties == "first" else "ties fail"
    return f"{given.n} votes{of}; {ties}"


def _parameters(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        place = f"parameters.{name}"
        if name not in new:
            yield _minor(place, f"{shown(old[name])} removed")
        elif name not in old:
            yield _minor(place, f"{shown(new[name])} added")
        elif shown(old[name]) != shown(new[name]) or old[name] != new[name]:
            yield _minor(place, f"{shown(old[name])} became {shown(new[name])}")


def _templates(old: TaskDefinition, new: TaskDefinition) -> Iterator[Change]:
    before, after = prompt_files(old), prompt_files(new)
    yield from _texts(before, after, "")
    roles_before, roles_after = _roles(old), _roles(new)
    for place in before.keys() & after.keys():
        if roles_before[place] != roles_after[place]:
            what = f"role changed from {roles_before[place]} to {roles_after[place]}"
            yield _minor(place, what)
    common = [place for place in before if place in after]
    if common != [place for place in after if place in before]:
        yield _minor("prompt", "messages are sent in another order")
    yield from _examples(old, new)


def _roles(definition: TaskDefinition) -> dict[str, str]:
    return {prompt_place(t): t.role for t in definition.templates if not t.literal}


def _examples(old: TaskDefinition, new: TaskDefinition) -> Iterator[Change]:
    before, after = (_literals(definition) for definition in (old, new))
    if before == after:
        return
    answers, answers_now = ([m for m in s if m[0] == "assistant"] for s in (before, after))
    same_questions = len(before) == len(after) and answers == answers_now
    if same_questions and _asking(old) != _asking(new):
        return  # the same examples, asked as user.md asks now
    if len(answers) != len(answers_now):
        what = f"{_count(len(answers))} became {len(answers_now)}"
    else:
        changed = sum(b != a for b, a in zip(before, after, strict=False))
        what = f"{_count(len(answers))}: {changed} of their messages changed"
    yield _minor(EXAMPLES_FILE, what)


def _literals(definition: TaskDefinition) -> list[tuple[str, str]]:
    return [(t.role, t.source) for t in definition.templates if t.literal]


def _asking(definition: TaskDefinition) -> tuple[Any, Any]:
    """What examples are rendered by."""
    user = [t.source for t in definition.templates if t.role == "user" and not t.literal]
    return user, definition.blocks


def _count(examples: int) -> str:
    return f"{examples} example{'' if examples == 1 else 's'}"


def _blocks(old: dict[str, str], new: dict[str, str]) -> Iterator[Change]:
    yield from _texts(old, new, "blocks/")


def _texts(old: dict[str, str], new: dict[str, str], folder: str) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        place = folder + name
        if name not in new:
            yield _minor(place, "removed")
        elif name not in old:
            yield _minor(place, "added")
        elif old[name] != new[name]:
            only_blanks = old[name].split() == new[name].split()
            yield _minor(place, "white space changed" if only_blanks else "text changed")


def _constraints(
    old: Sequence[ConstraintDefinition], new: Sequence[ConstraintDefinition]
) -> Iterator[Change]:
    before, after = ({c.name: c for c in constraints} for constraints in (old, new))
    for name in dict.fromkeys([*before, *after]):
        place = f"constraints.{name}"
        if name not in after:
            yield _minor(place, "removed")
        elif name not in before:
            yield _minor(place, f"added: {after[name].require}")
        else:
            mine, theirs = before[name], after[name]
            changed = [
                key for key in mine.__struct_fields__ if getattr(mine, key) != getattr(theirs, key)
            ]
            if changed:
                yield _minor(place, f"{', '.join(changed)} changed")
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        yield _minor("constraints", "reported in another order")
