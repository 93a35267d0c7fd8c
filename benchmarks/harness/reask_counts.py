"""Faults planted in valid instances of real schemas, and what asking again for them would cost.

No model is asked: the answer to each question is taken to be the instance's own value, so what is
counted is the best case of both questions. Tokens are estimated as characters divided by 4.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from harness.judging import is_valid
from harness.public_data import read_rows
from roadworthy.conformance import Reading, Reask, compile_schema, merge, plan_reask
from roadworthy.conformance.pointer import parts_of, value_at
from roadworthy.conformance.reask import _ask_patch, _ask_whole
from roadworthy.conformance.schema import OutputSchema
from roadworthy.core.errors import InvalidSchema

__all__ = ["CHARS_A_TOKEN", "Count", "Instance", "count", "draw_instances", "plant"]

CHARS_A_TOKEN: Final = 4
_TRIES: Final = 30


class Instance(msgspec.Struct, frozen=True):
    """A valid value of a real schema."""

    id: str
    schema: OutputSchema
    value: Any


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """One planted fault; all sizes in estimated tokens."""

    id: str
    fault: str
    """The keyword that fails; of several the first."""
    answer: float
    """The whole valid answer."""
    whole_in: float
    whole_out: float
    patch_in: float | None
    """None: no smaller question than that for the whole exists."""
    patch_out: float | None
    whole_schema: float
    """Of `whole_in`, what its schema takes; some providers do not charge for it."""
    patch_schema: float
    mended: bool
    """Whether the patch's answer, merged, conforms."""
    asked_whole: bool
    """What would be asked: by estimate, at run time."""


def draw_instances(folder: Path, *, size: int, seed: int) -> list[Instance]:
    """Valid objects and lists of MaskBench whose schemas are in the data, at most one a schema."""
    schemas: dict[str, Any] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        if not path.name.startswith("maskbench"):
            schemas |= {row["id"]: row["schema"] for row in read_rows(path)}
    rows = read_rows(folder / "maskbench_tests.jsonl.gz")
    random.Random(seed).shuffle(rows)
    found: list[Instance] = []
    for row in rows:
        values = [
            t["data"] for t in row["tests"] if t["valid"] and isinstance(t["data"], dict | list)
        ]
        if len(found) < size and row["id"] in schemas and values:
            try:
                schema = compile_schema(schemas[row["id"]])
            except InvalidSchema:
                continue
            if schema.is_valid(values[0]):
                found.append(Instance(row["id"], schema, values[0]))
    return found


def plant(instance: Instance, *, faults: int, rng: random.Random) -> Any:
    """A copy of the value with this many places changed so that it fails; None: none was found."""
    broken = copy.deepcopy(instance.value)
    planted = 0
    for _ in range(_TRIES):
        places = list(_places(broken))
        if not places or planted == faults:
            break
        container, key = rng.choice(places)
        before = copy.deepcopy(container)
        errors = len(instance.schema.errors(broken))
        _spoil(container, key, rng)
        if len(instance.schema.errors(broken)) > errors:
            planted += 1
        elif isinstance(container, dict):
            container.clear()
            container.update(before)
        else:
            container[:] = before
    return broken if planted == faults else None


def count(instance: Instance, broken: Any, *, prompt_tokens: int) -> Count:
    """Both questions about a broken value, and the answers they would get."""
    prompt = [{"role": "user", "content": "x" * (prompt_tokens * CHARS_A_TOKEN)}]
    text = _json(broken)
    violations = instance.schema.violations(broken)
    reading = Reading(broken, True, (), violations)
    whole = _ask_whole(instance.schema, reading, prompt, text)
    patch = _ask_patch(instance.schema, reading, prompt, ())
    chosen = plan_reask(instance.schema, reading, messages=prompt, text=text)
    answer = None if patch is None else _answer(patch, instance.value)
    mended = answer is not None and patch is not None
    if answer is not None and patch is not None:
        mended = is_valid(merge(broken, answer, patch), instance.schema.source)
    return Count(
        id=instance.id,
        fault=violations[0].keyword,
        answer=_tokens(_json(instance.value)),
        whole_in=_read(whole),
        whole_out=_tokens(_json(instance.value)),
        patch_in=None if patch is None else _read(patch),
        patch_out=None if answer is None else _tokens(_json(answer)),
        whole_schema=_tokens(_json(whole.schema)),
        patch_schema=0 if patch is None else _tokens(_json(patch.schema)),
        mended=mended,
        asked_whole=chosen.whole,
    )


def _answer(patch: Reask, value: Any) -> dict[str, Any] | None:
    """What a model that knows the answer would say; None: the answer has no such place."""
    try:
        return {
            name: value_at(value, parts_of(path))
            for name, path in zip(patch.names, patch.paths, strict=True)
        }
    except LookupError:
        return None


def _read(question: Reask) -> float:
    """The schema is input once, in words or beside the messages."""
    said = sum(len(str(message["content"])) for message in question.without_words())
    return (said + len(_json(question.schema))) / CHARS_A_TOKEN


def _tokens(text: str) -> float:
    return len(text) / CHARS_A_TOKEN


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items: Sequence[Any] = ()
    if isinstance(value, dict):
        items = list(value)
    elif isinstance(value, list):
        items = range(len(value))
    for key in items:
        yield value, key
        yield from _places(value[key])


def _spoil(container: Any, key: Any, rng: random.Random) -> None:
    """One of the faults that models make."""
    value = container[key]
    kinds = ["type", "missing"] if isinstance(container, dict) else ["type"]
    if isinstance(value, str):
        kinds += ["text", "text"]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        kinds += ["bound", "bound"]
    kind = rng.choice(kinds)
    if kind == "missing":
        del container[key]
    elif kind == "text":
        container[key] = f"{value} (see above)"  # enums, formats, patterns, lengths
    elif kind == "bound":
        container[key] = rng.choice((-1e9, 1e9, value + 0.5))
    else:
        container[key] = "unknown" if not isinstance(value, str) else {"value": value}
