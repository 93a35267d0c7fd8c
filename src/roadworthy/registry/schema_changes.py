"""What differs between two JSON Schemas of a task, field by field, and whether a caller may break.

An input breaks callers when something that was accepted is no longer shown to be. An output
breaks them when something may come that could not come before, or when a field that they read is
gone. A field that is new in an output breaks nobody: readers pass over what they do not know.
Pure; called by `roadworthy.registry.levels`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, Literal, TypeAlias

import msgspec

from roadworthy.registry.schema_containment import Containment
from roadworthy.registry.schema_document import CHECKED_FORMATS, Part, Sameness, SchemaDocument
from roadworthy.registry.schema_shape import Choice, Node, Shape, node_of
from roadworthy.registry.schema_words import (
    Difference,
    keyword_differences,
    shown,
    type_names,
)
from roadworthy.registry.version import Change, Level
from roadworthy.tasks.fields import conversation_field, single_text_field
from roadworthy.tasks.keywords import KEYWORDS

__all__ = ["input_changes", "output_changes"]

Side: TypeAlias = Literal["input", "output"]
_Pair: TypeAlias = tuple[Any, Any]
_MAX_AGAIN: Final = 50
_MAX_PLACES: Final = 500
_ALIKE: Final = 0.6
_MAX_RENAMED: Final = 400
"""Pairs of a field that is gone and one that is new, which are tried against each other."""
_REMARKS: Final = (
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
)
_UNSHOWN: Final = {
    "input": "cannot be shown to accept all that was accepted",
    "output": "cannot be shown to give only what could be given before",
}
_REWRITTEN: Final = "written differently, with the same meaning"


def input_changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """From what callers could send to what they can send now."""
    return _changes("input", old, new) + _chat_changes(old, new)


def output_changes(old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[Change]:
    """From what callers could receive to what they can receive now; None is free text."""
    if old is None and new is None:
        return []
    if old is None or new is None:
        what = (
            "answers were free text and follow a schema now"
            if old is None
            else "answers followed a schema and are free text now"
        )
        return [Change(level="major", place="output", what=what, breaking=True)]
    return _changes("output", old, new)


def _changes(side: Side, old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    if msgspec.json.encode(old) == msgspec.json.encode(new):
        return []
    try:
        return _Comparison(side, old, new).run()
    except RecursionError:
        return [Change(level="major", place=side, what=_UNSHOWN[side], breaking=True)]


def _chat_changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """What becomes of callers who send messages and not an object."""
    changes = []
    text, text_now = single_text_field(old), single_text_field(new)
    if text is not None and text_now is None:
        what = (
            f'a message in plain words no longer becomes "{text}":'
            " exactly one required field would have to be text"
        )
        changes.append(Change(level="major", place="input", what=what, breaking=True))
    elif text is None and text_now is not None:
        what = f'a message in plain words becomes "{text_now}" now'
        changes.append(Change(level="minor", place="input", what=what))
    history, history_now = conversation_field(old), conversation_field(new)
    if history is not None and history_now is None:
        what = "earlier messages are refused now: no field takes the conversation"
        changes.append(Change(level="major", place="input", what=what, breaking=True))
    elif history is None and history_now is not None:
        what = f'earlier messages are accepted now, as "{history_now}"'
        changes.append(Change(level="minor", place="input", what=what))
    return changes


class _Comparison:
    """One walk over both schemas, side by side."""

    def __init__(self, side: Side, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.side = side
        self.old, self.new = SchemaDocument(old), SchemaDocument(new)
        effort = 20_000 + 15 * (self.old.size + self.new.size)
        sameness = Sameness()
        self.strict = Containment(sameness, max_effort=effort)
        self.reading = self.strict
        if side == "output":
            self.reading = Containment(sameness, ignores_new_fields=True, max_effort=effort)
        self.changes: dict[tuple[str, str], Change] = {}
        self.breaks = 0
        """How often a break was met, though it be told but once."""
        self.running: set[_Pair] = set()
        self.seen: dict[_Pair, bool] = {}
        """Pairs that were gone through, and whether one of them told anything."""
        self.again = _MAX_AGAIN
        self.left = _MAX_PLACES + self.old.size + self.new.size

    def run(self) -> list[Change]:
        old, new = (node_of(Part(document, document.root)) for document in (self.old, self.new))
        self.compare(old, new, "")
        if not self.keeps(old, new) and not any(c.breaking for c in self.changes.values()):
            # Two that lead to each other may each have left the telling to the other.
            self.report("", Difference(_UNSHOWN[self.side], True, True), is_safe=False)
        if not self.changes:
            is_alike = self.strict.fits(old, new) and self.strict.fits(new, old)
            what = _REWRITTEN if is_alike else "what it accepts changed"
            level: Level = "patch" if is_alike and self.side == "input" else "minor"
            self.add(Change(level=level, place=self.place(""), what=what))
        return list(self.changes.values())

    def place(self, path: str) -> str:
        return f"{self.side}.{path}" if path else self.side

    def add(self, change: Change) -> None:
        self.breaks += change.breaking
        self.changes.setdefault((change.place, change.what), change)

    def report(self, path: str, difference: Difference, *, is_safe: bool) -> None:
        """A difference of the contract."""
        breaking = difference.narrows if self.side == "input" else difference.widens
        breaking = breaking and not is_safe
        level: Level = "major" if breaking else "minor"
        change = Change(
            level=level, place=self.place(path), what=difference.what, breaking=breaking
        )
        self.add(change)

    def keeps(self, old: Node, new: Node) -> bool:
        """Whether no caller of this place can break."""
        if self.side == "input":
            return self.reading.fits(old, new)
        return self.reading.fits(new, old)

    def is_alike(self, old: Node, new: Node) -> bool:
        return self.strict.fits(old, new) and self.strict.fits(new, old)

    def compare(self, old: Node, new: Node, path: str) -> None:
        """Report what differs here and below."""
        pair = (old.identity, new.identity)
        is_safe = self.keeps(old, new)
        if pair in self.running or not self.is_due(pair):
            self.breaks += not is_safe
            return
        breaks, found = self.breaks, len(self.changes)
        self.left -= 1
        if self.left < 0:
            if not is_safe:
                self.report(path, Difference(_UNSHOWN[self.side], True, True), is_safe=False)
            return
        self.running.add(pair)
        self.remarks(old, new, path)
        self.contract(old, new, path, is_safe=is_safe)
        self.running.remove(pair)
        if not is_safe and self.breaks == breaks:
            self.report(path, Difference(_UNSHOWN[self.side], True, True), is_safe=False)
        self.seen[pair] = len(self.changes) > found

    def is_due(self, pair: _Pair) -> bool:
        """Whether to go through these two: a definition that changed is told where it is used, as
        long as that is not too often."""
        told = self.seen.get(pair)
        if told:
            self.again -= 1
        return told is None or (told and self.again > 0)

    def contract(self, old: Node, new: Node, path: str, *, is_safe: bool) -> None:
        if self.is_alike(old, new):
            is_safe = True
        old, old_null = self.without_null(old)
        new, new_null = self.without_null(new)
        if old_null != new_null:
            what = "null is allowed now" if new_null else "null is refused now"
            if self.side == "output":
                what = "may be null now" if new_null else "is never null now"
            difference = Difference(what, narrows=old_null, widens=new_null)
            self.report(path, difference, is_safe=is_safe)
        before, after = self.strict.shape(old), self.strict.shape(new)
        if before.choices or after.choices:
            self.alternatives(old, new, path, is_safe=is_safe)
            return
        is_alike = self.is_alike(old, new)
        for difference in () if is_alike else keyword_differences(before, after):
            self.report(path, difference, is_safe=is_safe)
        kinds = before.kinds & after.kinds
        if "object" in kinds:
            self.fields(before, after, path, is_safe=is_safe)
        if "array" in kinds:
            self.items(before, after, path)
        if not is_alike:
            self.rest(old, new, path, is_safe=is_safe)

    def without_null(self, node: Node) -> tuple[Node, bool]:
        """The node as it is beside null, and whether null is allowed."""
        allows_null = False
        for _ in range(10):
            shape = self.strict.shape(node)
            if len(shape.choices) != 1:
                break
            branches = list(self.branches(node, shape))
            live = [b for b in branches if not self.is_null(b)]
            allows_null |= any(self.allows_null(b) for b in branches if b not in live)
            if len(live) != 1:
                return node, allows_null or any(self.allows_null(b) for b in live)
            node = live[0]
        return node, allows_null or self.allows_null(node)

    def allows_null(self, node: Node) -> bool:
        shape = self.strict.shape(node)
        return None in shape.values if shape.values is not None else "null" in shape.kinds

    def branches(self, node: Node, shape: Shape) -> Iterator[Node]:
        choice = shape.choices[0]
        for branch in choice.branches:
            yield node.and_(branch, choice=choice.identity)

    def alternatives(self, old: Node, new: Node, path: str, *, is_safe: bool) -> None:
        """What stands beside the alternatives, then these, each choice by itself: taken together
        they multiply."""
        before, after = self.strict.shape(old).choices, self.strict.shape(new).choices
        if len(before) != len(after):
            self.branches_of((self.live(old), self.live(new)), path, is_safe=is_safe)
            return
        self.compare(_beside(old, before), _beside(new, after), path)
        for one, other in zip(before, after, strict=True):
            if one.keyword != other.keyword:
                what = f"{one.keyword} became {other.keyword}"
                tighter = other.keyword == "oneOf"
                difference = Difference(what, narrows=tighter, widens=not tighter)
                self.report(path, difference, is_safe=is_safe)
            sides = [node_of(b) for b in one.branches], [node_of(b) for b in other.branches]
            self.branches_of(sides, path, is_safe=is_safe)

    def branches_of(
        self, sides: tuple[list[Node], list[Node]], path: str, *, is_safe: bool
    ) -> None:
        """Alternatives, each beside the one that is most likely what became of it."""
        before, after = ([b for b in side if not self.is_null(b)] for side in sides)
        pairs = []
        for matches in (self.is_alike, lambda o, n: self.label(o) == self.label(n)):
            for one in list(before):
                other = next((node for node in after if matches(one, node)), None)
                if other is not None:
                    pairs.append((one, other))
                    before.remove(one)
                    after.remove(other)
        if len(before) == len(after):
            pairs += zip(before, after, strict=True)
            before, after = [], []
        for one, other in pairs:
            self.compare(one, other, path)
        for node in before:
            what = f"alternative removed: {self.label(node)}"
            self.report(path, Difference(what, narrows=True, widens=False), is_safe=is_safe)
        for node in after:
            what = f"alternative added: {self.label(node)}"
            self.report(path, Difference(what, narrows=False, widens=True), is_safe=is_safe)

    def is_null(self, node: Node) -> bool:
        return not self.strict.shape(node).kinds - {"null"}

    def live(self, node: Node) -> list[Node]:
        """The alternatives of the first choice; the node itself, if it has none."""
        shape = self.strict.shape(node)
        return list(self.branches(node, shape)) if shape.choices else [node]

    def label(self, node: Node) -> str:
        """What tells an alternative from its neighbours, in words."""
        for part in reversed(node.parts):
            named = part.schema.get("title") or str(part.schema.get("$ref", "")).rpartition("/")[2]
            if named and part.schema is not part.document.root:
                return str(named)
        shape = self.strict.shape(node)
        for name in sorted(shape.required):
            values = self.strict.shape(self.strict.child(shape, name)).values
            if values is not None and len(values) == 1:
                return f"{name} = {shown(values[0])}"
        if shape.values is not None and 0 < len(shape.values) < 4:
            return ", ".join(map(shown, shape.values))
        return type_names(shape.kinds)

    def fields(self, old: Shape, new: Shape, path: str, *, is_safe: bool) -> None:
        before, after = old.declared(), new.declared()
        before += sorted(old.required - set(before))
        after += sorted(new.required - set(after))
        was, now = set(before), set(after)
        removed = [name for name in before if name not in now]
        added = [name for name in after if name not in was]
        for name, other in self.renamed(old, new, removed, added):
            removed.remove(name)
            added.remove(other)
            self.rename(old, new, (path, name, other), is_safe=is_safe)
        for name in removed:
            self.removal(old, new, (path, name), is_safe=is_safe)
        for name in added:
            self.addition(old, new, (path, name), is_safe=is_safe)
        common = [name for name in before if name in now]
        for name in common:
            self.field(old, new, (path, name), is_safe=is_safe)
        if self.side == "output" and common != [name for name in after if name in was]:
            what = "fields are written in another order"
            self.add(Change(level="minor", place=self.place(path), what=what))
        self.other_fields(old, new, path, is_safe=is_safe)

    def field(self, old: Shape, new: Shape, at: tuple[str, str], *, is_safe: bool) -> None:
        path, name = at
        here = f"{path}/{_escaped(name)}"
        was, now = name in old.required, name in new.required
        if was != now:
            if self.side == "input":
                what = "is required now" if now else "became optional"
            else:
                what = "is always there now" if now else "may be missing now"
            self.report(here, Difference(what, narrows=now, widens=was), is_safe=is_safe)
        self.compare(self.strict.child(old, name), self.strict.child(new, name), here)

    def removal(self, old: Shape, new: Shape, at: tuple[str, str], *, is_safe: bool) -> None:
        path, name = at
        here = f"{path}/{_escaped(name)}"
        if self.side == "output":
            what = "output field removed"
            self.add(Change(level="major", place=self.place(here), what=what, breaking=True))
            return
        left = self.strict.child(new, name)
        if self.strict.is_impossible(left):
            difference = Difference("field removed, and refused now", narrows=True, widens=False)
        else:
            narrows = not self.strict.fits(self.strict.child(old, name), left)
            what = "field removed, and accepted like any other that is not declared"
            difference = Difference(what, narrows=narrows, widens=True)
        self.report(here, difference, is_safe=is_safe)

    def addition(self, old: Shape, new: Shape, at: tuple[str, str], *, is_safe: bool) -> None:
        path, name = at
        here = f"{path}/{_escaped(name)}"
        is_required = name in new.required
        before, after = self.strict.child(old, name), self.strict.child(new, name)
        kind = type_names(self.strict.shape(after).kinds)
        was_refused = self.strict.is_impossible(before)
        if self.side == "output":
            widens = not was_refused and not self.strict.fits(after, before)
            difference = Difference(f"output field added ({kind})", narrows=True, widens=widens)
        elif is_required:
            difference = Difference(f"required input added ({kind})", narrows=True, widens=True)
        elif was_refused or self.strict.fits(before, after):
            difference = Difference(f"optional input added ({kind})", narrows=False, widens=True)
        else:
            what = f"optional input added ({kind}), where anything was accepted under this name"
            difference = Difference(what, narrows=True, widens=False)
        self.report(here, difference, is_safe=is_safe)

    def rename(self, old: Shape, new: Shape, at: tuple[str, str, str], *, is_safe: bool) -> None:
        path, name, other = at
        here = self.place(f"{path}/{_escaped(name)}")
        what = f'{self.side} field renamed to "{other}"'
        is_accepted = self.strict.fits(
            self.strict.child(old, name), self.strict.child(new, name)
        ) and self.strict.fits(self.strict.child(old, other), self.strict.child(new, other))
        breaking = self.side == "output" or not (
            is_safe or (is_accepted and other not in new.required)
        )
        level: Level = "major" if breaking else "minor"
        self.add(Change(level=level, place=here, what=what, breaking=breaking))

    def renamed(
        self, old: Shape, new: Shape, removed: Sequence[str], added: Sequence[str]
    ) -> list[tuple[str, str]]:
        """Pairs of names, where what is gone came back under another."""
        pairs: list[tuple[str, str]] = []
        free = list(added)
        if len(removed) * len(added) > _MAX_RENAMED:
            return pairs
        for name in removed:
            before = self.strict.child(old, name)
            fitting = [
                other
                for other in free
                if (name in old.required) == (other in new.required)
                and self.is_alike(before, self.strict.child(new, other))
            ]
            best = max(fitting, key=lambda other: _likeness(old, new, name, other), default=None)
            alone = len(removed) == len(added) == 1
            if best is not None and (alone or _likeness(old, new, name, best) >= _ALIKE):
                pairs.append((name, best))
                free.remove(best)
        return pairs

    def other_fields(self, old: Shape, new: Shape, path: str, *, is_safe: bool) -> None:
        was, now = old.is_closed(), new.is_closed()
        if was != now:
            what = "other fields are refused now" if now else "other fields are allowed now"
            self.report(path, Difference(what, narrows=now, widens=was), is_safe=is_safe)
        elif not was:
            before, after = (
                Node(tuple(fields.others for fields in shape.fields)) for shape in (old, new)
            )
            self.compare(before, after, f"{path}/*")
        mine, theirs = _patterns(old), _patterns(new)
        for pattern in dict.fromkeys([*mine, *theirs]):
            here = f"{path}/({_escaped(pattern)})"
            if pattern in mine and pattern in theirs:
                self.compare(mine[pattern], theirs[pattern], here)
            else:
                verb = "added" if pattern in theirs else "removed"
                what = f"rule for fields that fit this pattern {verb}"
                self.report(here, Difference(what, narrows=True, widens=True), is_safe=is_safe)

    def items(self, old: Shape, new: Shape, path: str) -> None:
        listed = max((len(items.first) for items in (*old.items, *new.items)), default=0)
        for index in range(listed):
            before, after = self.strict.item(old, index), self.strict.item(new, index)
            self.compare(before, after, f"{path}/{index}")
        before, after = self.strict.item(old, listed), self.strict.item(new, listed)
        if not (self.strict.is_impossible(before) or self.strict.is_impossible(after)):
            self.compare(before, after, f"{path}/*")

    def rest(self, old: Node, new: Node, path: str, *, is_safe: bool) -> None:
        """What no better words were found for."""
        before, after = self.strict.shape(old), self.strict.shape(new)
        for keyword in ("contains", "names", "needs", "dependents", "nots", "conditions", "unread"):
            mine, theirs = getattr(before, keyword), getattr(after, keyword)
            if not (mine or theirs) or self.is_equal(mine, theirs):
                continue
            narrows, widens = not self.strict.fits(old, new), not self.strict.fits(new, old)
            what = f"{_TERMS[keyword]} changed"
            if not mine or not theirs:
                what = f"{_TERMS[keyword]} {'added' if theirs else 'removed'}"
            self.report(path, Difference(what, narrows, widens), is_safe=is_safe)

    def is_equal(self, mine: Any, theirs: Any) -> bool:
        """Whether both are the same, parts compared by what they say."""
        if isinstance(mine, Part) and isinstance(theirs, Part):
            return self.strict.same(mine, theirs)
        if isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
            return len(mine) == len(theirs) and all(map(self.is_equal, mine, theirs))
        return bool(mine == theirs)

    def remarks(self, old: Node, new: Node, path: str) -> None:
        """What binds nobody: in an output the model reads it, in an input nobody does."""
        before, after = (_remarks(self.strict.shape(node)) for node in (old, new))
        for key in dict.fromkeys([*before, *after]):
            mine, theirs = before.get(key), after.get(key)
            if msgspec.json.encode(mine) == msgspec.json.encode(theirs):
                continue
            what = f"{key} changed"
            if mine is None or theirs is None:
                what = f"{key} {'added' if mine is None else 'removed'}"
            elif key not in ("title", "description", "examples", "$comment"):
                what = f"{key} changed from {shown(mine)} to {shown(theirs)}"
            # Of an input, templates see the defaults of its fields, and the pipeline their roles.
            is_used = key in ("default", "role") and path.count("/") == 1
            level: Level = "minor" if self.side == "output" or is_used else "patch"
            self.add(Change(level=level, place=self.place(path), what=what))


_TERMS: Final = {
    "contains": "contains",
    "names": "rule for the names of fields",
    "needs": "fields that others require",
    "dependents": "rules that bind where a field is present",
    "nots": "not",
    "conditions": "if, then, else",
    "unread": "a part that cannot be compared",
}


def _beside(node: Node, choices: Sequence[Choice]) -> Node:
    """The node without these choices."""
    return Node(node.parts, node.chosen | {choice.identity for choice in choices})


def _remarks(shape: Shape) -> dict[str, Any]:
    """Remarks by their keyword; the nearest one counts."""
    found: dict[str, Any] = {}
    for part in shape.parts:
        for key, value in part.schema.items():
            is_remark = key in _REMARKS or key not in KEYWORDS
            if key == "format" and value not in CHECKED_FORMATS:
                is_remark = True
            if is_remark:
                found.setdefault(key, value)
    return found


def _patterns(shape: Shape) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for fields in shape.fields:
        for pattern, part in fields.patterns.items():
            found[pattern] = found[pattern].and_(part) if pattern in found else node_of(part)
    return found


def _likeness(old: Shape, new: Shape, name: str, other: str) -> float:
    """From 0 to 1 and beyond: how much speaks for one field under two names."""
    mine, theirs = (
        next((f.named[n].schema for f in s.fields if n in f.named), {})
        for s, n in ((old, name), (new, other))
    )
    described = mine.get("description")
    if described is not None and described == theirs.get("description"):
        return 2.0
    placed = old.declared().index(name) if name in old.declared() else -1
    same_place = new.declared()[placed : placed + 1] == [other]
    return SequenceMatcher(None, name, other).ratio() + (0.3 if same_place else 0.0)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
