"""Asking again for what failed, and for nothing else.

The model is shown what is kept, the places that failed and why, and answers with one flat object
that holds only those places; its answer is merged back. Where a failure has its cause in another
place too, both are asked for, or the smallest object that holds both. The whole answer is asked
again only where nothing could be read, the root itself fails, a smaller question has brought
nothing, or the whole is estimated to be cheaper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from roadworthy.conformance.excerpt import LEFT_OUT, Excerpt, excerpt, room_for
from roadworthy.conformance.failures import Failure, Parts, failures_of
from roadworthy.conformance.locate import Located, locate
from roadworthy.conformance.patch import names_of, patch_schema, size_of
from roadworthy.conformance.pointer import parts_of, pointer_of, replaced, value_at
from roadworthy.conformance.read import Reading
from roadworthy.conformance.schema import OutputSchema
from roadworthy.conformance.violations import describe, faults_of
from roadworthy.core import Message

__all__ = ["MAX_PATHS", "Reask", "merge", "plan_reask"]

MAX_PATHS: Final = 100
"""Beyond so many places those in one list or object give way to it."""
PRICE_OF_OUTPUT: Final = 4
"""How many tokens of input one of output is taken to cost. Of the 1,897 models that genai-prices
0.2.3 lists with both, the median is 3.4 and nine in ten are at most 6; and output takes time."""
_WORTH_THE_WHOLE: Final = 0.9
"""The whole is asked for where it costs less than this share of a patch: it may break what was
right, so it must be plainly cheaper."""
_CHARS_A_PLACE: Final = 100
"""What naming one place takes in the question and in its schema."""
_MAX_SHOWN_CHARS: Final = 8_000
_MAX_DRAFT_CHARS: Final = 1_000


class Reask(msgspec.Struct, frozen=True, kw_only=True):
    """One further question to the model."""

    messages: list[Message]
    """All there is to send: they state the schema of a patch in words too, so that no instruction
    is missing; for the whole answer the messages handed in do."""
    schema: dict[str, Any]
    """What the answer to *this* question must conform to."""
    paths: tuple[str, ...]
    """The places asked for; ``("",)`` is the whole answer."""
    names: tuple[str, ...] = ()
    """The patch's properties, one for each path; empty for the whole answer."""
    words: str = ""
    """The end of the last message, which states the schema; a mode that sends the schema itself
    needs none."""

    @property
    def whole(self) -> bool:
        return not self.names

    def without_words(self) -> list[Message]:
        """The messages for a mode that sends the schema itself."""
        *others, last = self.messages
        return [*others, {**last, "content": last["content"].removesuffix(self.words)}]


def plan_reask(
    schema: OutputSchema,
    reading: Reading,
    *,
    messages: Sequence[Message],
    text: str,
    before: Sequence[Reask] = (),
    patches_only: bool = False,
) -> Reask:
    """The smallest question whose answer can make this reading conform.

    ``messages`` are those that led to ``text``, the model's answer as it came. If the last of the
    questions ``before`` mended nothing of what it asked for, that is asked for together with what
    encloses it. ``patches_only``: the whole is not asked for merely because it is cheaper.
    """
    whole = _ask_whole(schema, reading, messages, text)
    if not reading.found or not isinstance(reading.value, dict | list) or faults_of(reading.value):
        return whole
    patch = _ask_patch(schema, reading, messages, before)
    if patch is None:
        return whole
    if patches_only:
        return patch
    written = 2 + sum(
        len(name) + 4 + size_of(reading.value, parts_of(path))
        for name, path in zip(patch.names, patch.paths, strict=True)
    )
    if _cost(whole, messages, size_of(reading.value, ())) < _WORTH_THE_WHOLE * _cost(
        patch, messages, written
    ):
        return whole
    return patch


def merge(value: Any, patch: dict[str, Any], reask: Reask) -> Any:
    """The value with each place that the patch names put in; every other node is left as it is.

    Names that were not asked for are ignored. The value handed in is not changed.
    """
    for name, path in zip(reask.names, reask.paths, strict=True):
        if name in patch:
            value = replaced(value, parts_of(path), patch[name])
    return value


def _ask_patch(
    schema: OutputSchema, reading: Reading, messages: Sequence[Message], before: Sequence[Reask]
) -> Reask | None:
    """The question for the failing places; None: they cannot be told from the whole."""
    failures = failures_of(schema, reading.value, reading.violations)
    vain = _in_vain(before, failures.found)
    targets = _few(_outermost(_targets(failures.found, reading.value, vain)), reading.value)
    located: dict[Parts, Located] = {}
    for target in targets:
        place = locate(schema.source, target, value=reading.value, applied=failures.applied)
        if not _has_container(place.parts, reading.value):
            return None
        located[place.parts] = place
    parts = _outermost(located)
    if not parts or not all(parts):
        return None
    names = names_of(parts)
    patch = patch_schema(names, [located[part].schema for part in parts], schema.source)
    shown = excerpt(reading.value, parts, room_for(len(parts)))
    if patch is None or shown is None:
        return None
    words = "\nIts JSON Schema: " + _encoded(patch)
    request = _request(failures.found, parts, names, shown) + words
    draft: list[Message] = [{"role": "assistant", "content": shown.text}] if shown.text else []
    return Reask(
        messages=[*messages, *draft, {"role": "user", "content": request}],
        schema=patch,
        paths=tuple(pointer_of(part) for part in parts),
        names=names,
        words=words,
    )


def _in_vain(before: Sequence[Reask], failures: Sequence[Failure]) -> set[str]:
    """What to ask for no more as it is: all that was asked if the last question brought nothing;
    if it brought something, what was asked for twice."""
    counts = Counter(path for question in before for path in question.paths)
    last = before[-1].paths if before else ()
    for path in last:
        place = tuple(parts_of(path))
        if not any(_concerns(failure, place) for failure in failures):
            return {path for path, times in counts.items() if times > 1}
    return set(counts)


def _targets(failures: Iterable[Failure], value: Any, vain: set[str]) -> list[Parts]:
    """The places to ask for, as far as the value alone tells."""
    targets: list[Parts] = []
    for failure in failures:
        mine = [failure.place] if not failure.together else list(failure.together)
        enclosing = failure.enclosing
        if failure.together and enclosing:
            # An object that is little more than what is concerned reads better whole.
            concerned = sum(size_of(value, place) + len("".join(place[-1:])) + 4 for place in mine)
            if size_of(value, enclosing) <= 2 * concerned:
                mine = [enclosing]
        if any(pointer_of(place) in vain for place in mine):
            wider = enclosing if enclosing is not None and mine != [enclosing] else mine[0][:-1]
            while wider and pointer_of(wider) in vain:
                wider = wider[:-1]
            mine = [wider]
        targets += mine
    return targets


def _outermost(places: Iterable[Parts]) -> list[Parts]:
    found = dict.fromkeys(places)
    return [place for place in found if not any(place[:n] in found for n in range(len(place)))]


def _few(targets: list[Parts], value: Any) -> list[Parts]:
    """Where places in one list or object are so many that it is cheaper itself, that instead."""
    for parent in dict.fromkeys(target[:-1] for target in targets):
        inside = [target for target in targets if target[:-1] == parent]
        if parent and len(inside) > 1 and _are_dearer(inside, parent, value):
            targets = _outermost([parent, *targets])
    while len(targets) > MAX_PATHS:
        parents = [target[:-1] for target in targets]
        fullest = max(dict.fromkeys(parents), key=parents.count)
        targets = _outermost([fullest, *targets])
    return targets


def _are_dearer(inside: Sequence[Parts], parent: Parts, value: Any) -> bool:
    apart = sum(PRICE_OF_OUTPUT * size_of(value, place) + _CHARS_A_PLACE for place in inside)
    return PRICE_OF_OUTPUT * size_of(value, parent) < _WORTH_THE_WHOLE * apart


def _has_container(place: Parts, value: Any) -> bool:
    """Whether what is answered for a place can be put in there."""
    try:
        return isinstance(value_at(value, place[:-1]), dict | list)
    except LookupError:
        return False


def _request(
    failures: Sequence[Failure], parts: Sequence[Parts], names: Sequence[str], shown: Excerpt
) -> str:
    lines = []
    for place, name in zip(parts, names, strict=True):
        mine = [f.reason for f in failures if _concerns(f, place)]
        path = pointer_of(place)
        where = "" if path == f"/{name}" else f" (at {path})"
        lines.append(f"- {name}{where}: {describe(mine)}")
    cut = f' "{LEFT_OUT}" stands for what is not shown here, and kept.' if shown.cut else ""
    return (
        f"That answer is accepted except for the following.{cut} Give only these again, corrected, "
        "as one JSON object with exactly these properties; all else is kept.\n" + "\n".join(lines)
    )


def _concerns(failure: Failure, place: Parts) -> bool:
    return any(one[: len(place)] == place for one in failure.together or (failure.place,))


def _cost(question: Reask, messages: Sequence[Message], written: int) -> float:
    """What a question costs in characters of input. Its schema is, in every mode, input once: in
    words, or as what the mode sends beside the messages."""
    added = question.without_words()[len(messages) :]
    read = sum(len(str(message.get("content", ""))) for message in added)
    return read + len(_encoded(question.schema)) + PRICE_OF_OUTPUT * written


def _encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _ask_whole(
    schema: OutputSchema, reading: Reading, messages: Sequence[Message], text: str
) -> Reask:
    text = text.encode(errors="replace").decode()
    # A draft that ran away (loops, prose) would only be continued: a part of it is enough.
    shown = text if reading.found and len(text) <= _MAX_SHOWN_CHARS else text[:_MAX_DRAFT_CHARS]
    request = (
        f"That answer cannot be used: {describe(reading.violations)}. Answer again, as one JSON "
        "value that conforms to the schema, and with nothing else."
    )
    draft: list[Message] = [{"role": "assistant", "content": shown}] if shown.strip() else []
    return Reask(
        messages=[*messages, *draft, {"role": "user", "content": request}],
        schema=schema.source,
        paths=("",),
    )
