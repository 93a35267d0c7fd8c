"""Whether every value that one schema accepts is accepted by another: proved, or not. Pure.

The question is undecidable in general, so the answers are *yes* and *cannot be shown*. A yes is
certain: the tests hold it against the validator on schemas and values made up at random.

Each demand of the wider schema must follow from the narrower one: keyword by keyword, field by
field; alternatives of the narrower one are taken one after the other; few values are tried one
by one. In a recursive schema a question that comes up again, one level deeper in the value, is
answered by itself: values are finite. The work is bounded, for alternatives multiply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, TypeAlias

import jsonschema_rs

from roadworthy.registry.schema_document import Part, Sameness, SchemaDocument
from roadworthy.registry.schema_shape import (
    FRACTION,
    Choice,
    Contains,
    Fields,
    Items,
    Node,
    Shape,
    node_of,
    shape_of,
)

__all__ = ["Containment"]

_Key: TypeAlias = tuple[frozenset[int], frozenset[int]]
_Question: TypeAlias = tuple[_Key, _Key]
_PROVED: Final = -1


class Containment:
    """Answers for one pair of documents.

    ``ignores_new_fields``: a field that the narrower schema declares and the wider one does not
    is passed over where the wider one is closed, as readers of answers do.
    """

    def __init__(
        self,
        sameness: Sameness,
        *,
        ignores_new_fields: bool = False,
        max_effort: int = 20_000,
    ) -> None:
        self.same = sameness.same
        self._lenient = ignores_new_fields
        self._depth = 0
        self._left = max_effort
        self._running: dict[_Question, int] = {}
        self._proved: dict[_Question, int] = {}
        self._trail: list[_Question] = []
        self._refuted: set[_Question] = set()
        self._impossible: dict[_Key, bool] = {}
        self._shapes: dict[_Key, Shape] = {}
        self._types: dict[str, dict[str, Any]] = {}
        self._none = SchemaDocument({})

    def fits(self, narrow: Node, wide: Node) -> bool:
        """Whether each value of `narrow` is shown to be one of `wide`."""
        question = (narrow.identity, wide.identity)
        if question in self._running:
            return self._running[question] < self._depth
        # What was proved deeper in the value may rest on what is still being asked here.
        if self._proved.get(question, self._depth + 1) <= self._depth:
            return True
        self._left -= 1
        if question in self._refuted or self._left < 0:
            return False
        self._running[question] = self._depth
        mark = len(self._trail)
        found = self._decide(narrow, wide)
        del self._running[question]
        if found:
            self._proved[question] = self._depth if self._running else _PROVED
            self._trail.append(question)
        else:
            for rested in self._trail[mark:]:
                self._proved.pop(rested, None)
            self._refuted.add(question)
        if not self._running:
            self._proved = dict.fromkeys(self._proved, _PROVED)
            self._trail.clear()
        elif not found:
            del self._trail[mark:]
        return found

    def is_impossible(self, node: Node) -> bool:
        """Whether it is shown that no value satisfies the node."""
        key = node.identity
        if key not in self._impossible:
            self._impossible[key] = False  # asked again below itself: not shown
            self._left -= 1
            if self._left > 0:
                self._impossible[key] = self._has_no_value(node)
        return self._impossible[key]

    def shape(self, node: Node) -> Shape:
        """What the node demands."""
        key = node.identity
        if key not in self._shapes:
            self._shapes[key] = shape_of(node)
            self._left -= len(self._shapes[key].parts)
        return self._shapes[key]

    def child(self, shape: Shape, name: str) -> Node:
        """What a field of this name must satisfy."""
        patterns = {pattern for fields in shape.fields for pattern in fields.patterns}
        matching = [pattern for pattern in sorted(patterns) if _matches(pattern, name)]
        return Node(_unique(p for fields in shape.fields for p in fields.of(name, matching)))

    def item(self, shape: Shape, index: int) -> Node:
        """What the item at this place must satisfy."""
        return Node(
            _unique(
                items.first[index] if index < len(items.first) else items.rest
                for items in shape.items
            )
        )

    # The rest answers `fits`.

    def _decide(self, narrow: Node, wide: Node) -> bool:
        documents = {part.document for part in (*narrow.parts, *wide.parts) if part.schema}
        if len({d.draft for d in documents}) > 1 and not all(d.is_of_any_draft for d in documents):
            return False
        have = self.shape(narrow)
        followed = self.shape(wide).parts
        # What is compared with what below: conjunctions of many parts cost the product.
        self._left -= len(have.parts) * len(followed) // 4
        rest = tuple(p for p in followed if not any(self.same(q, p) for q in have.parts))
        if not rest or self.is_impossible(narrow):
            return True
        want = shape_of(Node(rest, wide.chosen), flat=True)
        if have.values is not None and not self._lenient_objects(have.values):
            readable = all(part.document.is_readable_throughout for part in (*have.parts, *rest))
            if readable:
                return all(_accepts(rest, value) for value in have.values)
        if self._follows(narrow, have, want):
            return True
        return self._by_cases(narrow, have, wide, want)

    def _lenient_objects(self, values: list[Any]) -> bool:
        return self._lenient and any(isinstance(value, dict | list) for value in values)

    def _by_cases(self, narrow: Node, have: Shape, wide: Node, want: Shape) -> bool:
        """The narrower one, taken apart into what it may be."""
        for choice in have.choices:
            branches = [narrow.and_(branch, choice=choice.identity) for branch in choice.branches]
            if all(self.fits(branch, wide) for branch in branches):
                return True
        names = {"number" if FRACTION in have.kinds and k == "integer" else k for k in have.kinds}
        names.discard(FRACTION)
        if want.choices and len(names) > 1:
            return all(self.fits(self._of_type(narrow, name), wide) for name in sorted(names))
        return False

    def _of_type(self, node: Node, name: str) -> Node:
        schema = self._types.setdefault(name, {"type": name})
        return node.and_(Part(node.parts[0].document if node.parts else self._none, schema))

    def _follows(self, narrow: Node, have: Shape, want: Shape) -> bool:
        """Whether each demand of the wider one follows from all of the narrower one."""
        kinds = self._possible(have)
        return (
            not want.unread
            and kinds <= want.kinds
            and want.values is None
            and (kinds.isdisjoint({"integer", FRACTION}) or _numbers_follow(have, want, kinds))
            and ("string" not in kinds or _strings_follow(have, want))
            and ("array" not in kinds or self._arrays_follow(have, want))
            and ("object" not in kinds or self._objects_follow(narrow, have, want))
            and all(self._choice_follows(narrow, have, choice) for choice in want.choices)
            and all(self._not_follows(narrow, have, part) for part in want.nots)
            and all(self._condition_follows(narrow, have, made) for made in want.conditions)
        )

    def _choice_follows(self, narrow: Node, have: Shape, choice: Choice) -> bool:
        if any(self._same_choice(known, choice) for known in have.choices):
            return True
        for branch in choice.branches:
            if self.fits(narrow, node_of(branch)) and (
                choice.keyword == "anyOf"
                or all(
                    self._excludes(narrow, other)
                    for other in choice.branches
                    if other is not branch
                )
            ):
                return True
        return False

    def _same_choice(self, known: Choice, wanted: Choice) -> bool:
        if known.keyword != wanted.keyword or len(known.branches) != len(wanted.branches):
            return False
        left = list(wanted.branches)
        for branch in known.branches:
            found = next((other for other in left if self.same(branch, other)), None)
            if found is None:
                return False
            left.remove(found)
        return True

    def _excludes(self, node: Node, part: Part) -> bool:
        """Whether no value of the node satisfies the part."""
        return self.is_impossible(node.and_(part))

    def _not_follows(self, narrow: Node, have: Shape, part: Part) -> bool:
        return any(self.same(known, part) for known in have.nots) or self._excludes(narrow, part)

    def _condition_follows(self, narrow: Node, have: Shape, made: tuple[Part, Part, Part]) -> bool:
        condition, then, otherwise = made
        for known_condition, known_then, known_otherwise in have.conditions:
            if self.same(known_condition, condition):
                return self.fits(narrow.and_(known_then), node_of(then)) and self.fits(
                    narrow.and_(known_otherwise), node_of(otherwise)
                )
        if self._excludes(narrow, condition):
            return self.fits(narrow, node_of(otherwise))
        return self.fits(narrow, node_of(then)) and self.fits(narrow, node_of(otherwise))

    def _arrays_follow(self, have: Shape, want: Shape) -> bool:
        if not _within(have.counts, want.counts):
            return False
        most = have.counts[1]
        if want.is_unique and not have.is_unique and (most is None or most > 1):
            return False
        if not all(self._contains_follows(have, wanted) for wanted in want.contains):
            return False
        return all(self._items_follow(have, items) for items in want.items)

    def _items_follow(self, have: Shape, wanted: Items) -> bool:
        listed = max([len(wanted.first), *(len(items.first) for items in have.items)])
        most = have.counts[1]
        for index in range(listed + 1):
            if most is not None and index >= most:
                return True
            part = wanted.first[index] if index < len(wanted.first) else wanted.rest
            if not self._deeper(self.item(have, index), node_of(part)):
                return False
        return True

    def _contains_follows(self, have: Shape, wanted: Contains) -> bool:
        if wanted.least == 0 and wanted.most is None:
            return True
        return any(
            self.same(known.part, wanted.part)
            and known.least >= wanted.least
            and (wanted.most is None or (known.most is not None and known.most <= wanted.most))
            for known in have.contains
        )

    def _objects_follow(self, narrow: Node, have: Shape, want: Shape) -> bool:
        least, most = have.sizes
        if have.is_closed() and not any(fields.patterns for fields in have.fields):
            declared = len(have.declared())
            most = declared if most is None else min(most, declared)
        return (
            want.required <= have.required
            and _within((max(least, len(have.required)), most), want.sizes)
            and all(self._names_follow(have, part) for part in want.names)
            and all(self._need_follows(have, *need) for need in want.needs.items())
            and all(self._dependent_follows(narrow, have, *d) for d in want.dependents)
            and all(self._fields_follow(have, fields) for fields in want.fields)
        )

    def _names_follow(self, have: Shape, part: Part) -> bool:
        if any(self.same(known, part) for known in have.names):
            return True
        if any(self._deeper(node_of(known), node_of(part)) for known in have.names):
            return True
        closed = have.is_closed() and not any(fields.patterns for fields in have.fields)
        return (
            closed
            and part.document.is_readable_throughout
            and all(part.document.accepts(part.schema, name) for name in have.declared())
        )

    def _need_follows(self, have: Shape, name: str, needed: set[str]) -> bool:
        return (
            needed <= have.required
            or needed <= have.needs.get(name, set()) | have.required
            or self.is_impossible(self.child(have, name))
        )

    def _dependent_follows(self, narrow: Node, have: Shape, name: str, part: Part) -> bool:
        known = [inner for other, inner in have.dependents if other == name]
        return self.is_impossible(self.child(have, name)) or self.fits(
            narrow.and_(*known), node_of(part)
        )

    def _fields_follow(self, have: Shape, wanted: Fields) -> bool:
        patterns = {p for fields in have.fields for p in fields.patterns} | set(wanted.patterns)
        known = set(have.declared())
        for name in dict.fromkeys([*wanted.named, *have.declared()]):
            matching = [pattern for pattern in patterns if _matches(pattern, name)]
            parts = wanted.of(name, matching)
            is_new = name in known and name not in wanted.named
            if is_new and self._lenient and parts == [wanted.others] and _refuses(wanted.others):
                continue
            if not self._deeper(self.child(have, name), Node(tuple(parts))):
                return False
        return all(
            self._unnamed_follow(have, pattern, part) for pattern, part in wanted.patterns.items()
        ) and self._others_follow(have, wanted)

    def _unnamed_follow(self, have: Shape, pattern: str, part: Part) -> bool:
        """Fields without a declared name that fit this pattern."""
        wide = node_of(part)
        for fields in have.fields:
            if pattern in fields.patterns:
                found = [fields.patterns[pattern]]
            else:
                found = [*fields.patterns.values(), fields.others]
            if all(self._deeper(node_of(inner), wide) for inner in found):
                return True
        return self._deeper(Node(()), wide)

    def _others_follow(self, have: Shape, wanted: Fields) -> bool:
        """Fields without a declared name that fit no pattern of the wider one."""
        wide = node_of(wanted.others)
        for fields in have.fields:
            beyond = [p for pattern, p in fields.patterns.items() if pattern not in wanted.patterns]
            if all(self._deeper(node_of(inner), wide) for inner in (*beyond, fields.others)):
                return True
        return self._deeper(Node(()), wide)

    def _deeper(self, narrow: Node, wide: Node) -> bool:
        with self._below():
            return self.fits(narrow, wide)

    @contextmanager
    def _below(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    # The rest answers `is_impossible`.

    def _has_no_value(self, node: Node) -> bool:
        shape = self.shape(node)
        if shape.values is not None and not shape.values:
            return True
        if not self._possible(shape):
            return True
        return any(
            all(
                self.is_impossible(node.and_(branch, choice=choice.identity))
                for branch in choice.branches
            )
            for choice in shape.choices
        )

    def _possible(self, shape: Shape) -> frozenset[str]:
        """The kinds of values that are not shown to be impossible."""
        refused = set()
        least, most = shape.least, shape.most
        if least is not None and most is not None:
            ends_exclude = least.is_exclusive or most.is_exclusive
            if least.value > most.value or (least.value == most.value and ends_exclude):
                refused |= {"integer", FRACTION}
        for kind, (low, high) in (
            ("string", shape.lengths),
            ("array", shape.counts),
            ("object", shape.sizes),
        ):
            if high is not None and low > high:
                refused.add(kind)
        if "object" in shape.kinds and any(
            self.is_impossible(self.child(shape, name)) for name in sorted(shape.required)
        ):
            refused.add("object")
        return shape.kinds - refused


def _numbers_follow(have: Shape, want: Shape, kinds: frozenset[str]) -> bool:
    # Integers of the wider one are compared as integers only where the narrower has no others.
    if want.least is not None:
        if have.least is None or have.least.value < want.least.value:
            return False
        if (
            have.least.value == want.least.value
            and want.least.is_exclusive > have.least.is_exclusive
        ):
            return False
    if want.most is not None:
        if have.most is None or have.most.value > want.most.value:
            return False
        if have.most.value == want.most.value and want.most.is_exclusive > have.most.is_exclusive:
            return False
    return all(
        any((known / wanted).denominator == 1 for known in have.multiples)
        or (FRACTION not in kinds and (1 / wanted).denominator == 1)
        for wanted in want.multiples
    )


def _strings_follow(have: Shape, want: Shape) -> bool:
    return (
        _within(have.lengths, want.lengths)
        and want.patterns <= have.patterns
        and want.formats <= have.formats
    )


def _within(have: tuple[int, int | None], want: tuple[int, int | None]) -> bool:
    least, most = have
    return least >= want[0] and (want[1] is None or (most is not None and most <= want[1]))


def _accepts(parts: Iterable[Part], value: Any) -> bool:
    return all(part.document.accepts(part.schema, value) for part in parts)


def _refuses(part: Part) -> bool:
    return part.schema.get("not") == {}


def _unique(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple({part.identity: part for part in parts}.values())


@lru_cache(maxsize=1_024)
def _matches(pattern: str, name: str) -> bool:
    return jsonschema_rs.Draft202012Validator({"pattern": pattern}).is_valid(name)
