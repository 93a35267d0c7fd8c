"""A JSON Schema in the form that a target's strict mode accepts, and the way there and back.

Walks the original place by place. At each, everything that is said of it is gathered (references
followed, parts of `allOf` laid side by side), said again in the target's words, and what those
cannot say is lost by name. What has no form at all becomes a string that holds JSON.
"""

from __future__ import annotations

from typing import Any, Final

from roadworthy.conformance.codec import Named
from roadworthy.conformance.normalise.lists import list_shape
from roadworthy.conformance.normalise.loss import NotStrict
from roadworthy.conformance.normalise.objects import nullable, object_shape
from roadworthy.conformance.normalise.scalars import constraints, enumeration, options_of
from roadworthy.conformance.normalise.spots import Impossible, NoForm, Spot
from roadworthy.conformance.normalise.types import either, implied_types, stated_types
from roadworthy.conformance.normalise.unions import Branch, are_disjoint, joined, union_of
from roadworthy.conformance.normalise.work import Shape, Work, is_text

__all__ = ["Build"]

_MAX_SHAPES: Final = 20_000
_MAX_WIDTH: Final = 24
"""Alternatives of alternatives that one place is laid out in."""
_INLINED_CHARS: Final = 1_500
_UNSAYABLE: Final = frozenset(("not", "if", "then", "else", "$dynamicRef", "$recursiveRef"))
_CONTAINERS: Final = frozenset(("object", "array"))

Key = tuple[tuple[int, frozenset[str]], ...]


class Build:
    """One run over one schema."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._under_way: dict[Key, int] = {}
        """Places above the one being built, with how many optional steps led to each."""
        self._names: dict[Key, str] = {}
        self._made: dict[tuple[Key, int], Shape] = {}
        """Places that were built before: alternatives repeat what stands beside them."""
        self._optional_steps = 0
        self._width = 1

    def root(self) -> Shape:
        """The form of the whole schema, with nothing but what it says of itself.

        Raises:
            NotStrict: it has none, or no value conforms to it.
        """
        work = self.work
        spot = Spot(work.sources.root, ())
        try:
            seen = {spot.key}
            while (lone := work.sources.lone_reference([spot])) is not None:
                spot = work.sources.target(lone)
                if spot.key in seen:
                    raise NotStrict("its root refers to itself and says nothing else")
                seen.add(spot.key)
            shape = self._place([spot], work.limits.first_level)
        except NoForm as error:
            raise NotStrict(f"its root has no form: {error}") from error
        except Impossible as error:
            raise NotStrict("no value conforms to it") from error
        if is_text(shape) and "enum" not in shape.schema:
            raise NotStrict("its root may be anything")
        return shape

    def field(self, spots: list[Spot], level: int, *, optional: bool) -> Shape:
        """As `node`; optional ones may lead back to what is above where recursion must be so."""
        self._optional_steps += optional
        try:
            return self.node(spots, level)
        finally:
            self._optional_steps -= optional

    def node(self, spots: list[Spot], level: int) -> Shape:
        """The form of a place.

        Raises:
            Impossible: nothing can stand there.
        """
        work = self.work
        work.shapes += 1
        if work.shapes > _MAX_SHAPES:
            raise NotStrict(f"it has more than {_MAX_SHAPES:,} parts once written out")
        if not any(work.sources.binding(spot) for spot in spots):
            return work.text(spots, "it may be anything")
        key = (tuple(spot.key for spot in spots), level)
        # Where recursion counts optional steps, a place's form depends on the way to it.
        if key in self._made and work.facts.recursion != "optional":
            return self._made[key]
        lone = work.sources.lone_reference(spots)
        try:
            shape = self._place(spots, level) if lone is None else self._reference(lone)
        except NoForm as error:
            self._made.clear()  # what was built below may lead back to what has come to nothing
            shape = work.text(spots, str(error))
        self._made[key] = shape
        return shape

    def may_be_null(self, spots: list[Spot], depth: int = 8) -> bool:
        """Whether the original allows null at this place; where it cannot be told, yes."""
        sources = self.work.sources
        try:
            flat = sources.flat(spots)
            types = stated_types(flat)
        except Impossible:
            return False
        except NoForm:
            return True
        if types is not None and "null" not in types:
            return False
        options = options_of(sources, flat)
        if options is not None and None not in options:
            return False
        if depth == 0:
            return True
        for spot in flat:
            for keyword in ("anyOf", "oneOf"):
                branches = spot.get(keyword)
                if isinstance(branches, list) and not any(
                    self._branch_may_be_null(branch, (*spot.path, keyword, index), depth - 1)
                    for index, branch in enumerate(branches)
                ):
                    return False
        return True

    def _branch_may_be_null(self, branch: Any, path: tuple[str | int, ...], depth: int) -> bool:
        try:
            return self.may_be_null(self.work.sources.below(branch, path), depth)
        except Impossible:
            return False

    def _reference(self, spot: Spot) -> Shape:
        """A place of which nothing is said but where else it is described."""
        work = self.work
        target = work.sources.target(spot)
        seen = {spot.key}
        while work.sources.lone_reference([target]) is not None and target.key not in seen:
            seen.add(target.key)
            target = work.sources.target(target)
        if not work.sources.binding(target):
            return work.text([spot, target], "it may be anything")
        key: Key = (target.key,)
        if key in self._under_way:
            return self._recurred(key, target)
        name = self._names.get(key)
        if name is None or name not in work.definitions:
            shape = self._place([target], 0)
            if is_text(shape):
                return shape
            name = self._name(key, target)
            work.definitions[name] = shape.schema
            work.codecs.setdefault(name, Named(name)).target = shape.codec
        described = spot.schema.get("description")
        definition = work.definitions[name]
        small = "$ref" not in definition and len(str(definition)) <= _INLINED_CHARS
        if isinstance(described, str) and small:
            # A reference may have nothing beside it, and what is said of the field is worth more.
            return Shape({**definition, "description": described}, work.codecs[name])
        return Shape({"$ref": f"#/$defs/{name}"}, work.codecs[name])

    def _recurred(self, key: Key, spot: Spot) -> Shape:
        """A place inside itself."""
        work = self.work
        if work.facts.recursion == "none":
            raise NoForm(f"it is recursive, which {work.facts.label} does not take")
        if work.facts.recursion == "optional" and self._under_way[key] >= self._optional_steps:
            raise NoForm("it is recursive in a property that is required")
        name = self._name(key, spot)
        codec = work.codecs.setdefault(name, Named(name))
        return Shape({"$ref": f"#/$defs/{name}"}, codec)

    def _name(self, key: Key, spot: Spot) -> str:
        name = self._names.get(key)
        if name is None:
            last = str(spot.path[-1]) if spot.path else "root"
            plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in last)[:60] or "part"
            taken = set(self._names.values())
            name = plain if plain not in taken else f"{plain}_{len(taken)}"
            self._names[key] = name
        return name

    def _place(self, spots: list[Spot], level: int) -> Shape:
        """What is said of a place, joined; named if it turns out to lead back to itself."""
        key: Key = tuple(spot.key for spot in spots)
        if key in self._under_way:
            return self._recurred(key, spots[0])
        work = self.work
        self._under_way[key] = self._optional_steps
        work.notes.append([])
        try:
            flat = work.sources.flat(spots)
            shape = self._shape(flat, level)
        finally:
            del self._under_way[key]
            notes = work.notes.pop()
        if shape.schema.keys() != {"$ref"}:
            own = [] if "description" not in shape.schema else [shape.schema["description"]]
            schema = work.described(shape.schema, flat, [*own, *notes])
            shape = Shape(schema, shape.codec)
        name = self._names.get(key)
        if name is not None and name not in work.definitions:
            if is_text(shape):
                raise NotStrict("it is recursive, and has no form where it begins")
            work.definitions[name] = shape.schema
            work.codecs.setdefault(name, Named(name)).target = shape.codec
        return shape

    def _shape(self, flat: list[Spot], level: int) -> Shape:
        work = self.work
        for spot in flat:
            for keyword in work.sources.binding(spot):
                if keyword in _UNSAYABLE:
                    work.lose(spot, keyword)
        union = union_of(flat)
        if union is not None:
            return self._union(flat, *union, level=level)
        types = stated_types(flat)
        listed = enumeration(work, flat, types)
        if listed is not None:
            return listed
        if types is None:
            types = implied_types(work, flat)
        return self._typed(flat, types, level)

    def _typed(self, flat: list[Spot], types: frozenset[str], level: int) -> Shape:
        work = self.work
        containers = types & _CONTAINERS
        simple = types - _CONTAINERS
        if not containers:
            return Shape({"type": either(simple), **constraints(work, flat, simple)})
        if len(containers) == 1 and simple <= {"null"}:
            make = object_shape if "object" in containers else list_shape
            shape = make(self, flat, level)
            if simple:
                return Shape(nullable(shape.schema), shape.codec)
            return shape
        branches = []
        if simple:
            schema = {"type": either(simple), **constraints(work, flat, simple)}
            branches.append(Branch(Shape(schema), flat))
        for kind, make in (("object", object_shape), ("array", list_shape)):
            if kind in containers:
                branches.append(Branch(self._of_kind(make, flat, level, kind), flat))
        return joined(self, branches, (*flat[0].path, "type"))

    def _of_kind(self, make: Any, flat: list[Spot], level: int, kind: str) -> Shape:
        try:
            shape: Shape = make(self, flat, level)
        except NoForm as error:
            return self.work.text(flat, f"{kind}: {error}")
        return shape

    def _union(self, flat: list[Spot], spot: Spot, keyword: str, *, level: int) -> Shape:
        """The place, once for each alternative, with all else that is said of it."""
        work = self.work
        base = [s.minus(keyword) if s is spot else s for s in flat]
        base = [s for s in base if work.sources.binding(s)]
        branches = spot.schema[keyword]
        if base and self._width * len(branches) > _MAX_WIDTH:
            work.lose(spot, keyword, "too many alternatives to lay out beside what else is said")
            return self._shape(base, level)
        found: list[Branch] = []
        width, self._width = self._width, self._width * (len(branches) if base else 1)
        below: list[list[Spot]] = []
        try:
            for index, branch in enumerate(branches):
                try:
                    said = work.sources.below(branch, (*spot.path, keyword, index))
                    shape = self.node([*base, *said], level)
                except Impossible:
                    continue
                below.append([*base, *said])
                found.append(Branch(shape, below[-1]))
        finally:
            self._width = width
        if keyword == "oneOf" and len(found) > 1 and not are_disjoint(work.sources, below):
            work.lose_at(
                (*spot.path, keyword),
                keyword,
                "becomes anyOf: an answer may fit several alternatives",
            )
        return joined(self, found, (*spot.path, keyword))
