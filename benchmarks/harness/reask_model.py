"""A task with constraints on the embedded model, asked again by fields or whole."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from roadworthy.conformance import Reading, Reask, guarantee, reask
from roadworthy.conformance.schema import OutputSchema
from roadworthy.core import Call, Message
from roadworthy.pipeline import CallRequest, Pipeline
from roadworthy.pipeline.inprocess import in_process
from roadworthy.tasks import load_project
from roadworthy.testing import MemoryJournal

__all__ = ["INPUT_USD", "OUTPUT_USD", "Served", "serve"]

INPUT_USD: Final = 0.15
"""A million tokens of input; the embedded model costs nothing, so a small hosted model's list
price stands in for one."""
OUTPUT_USD: Final = 0.60

FILES: Final = {
    "roadworthy.toml": "format = 1\n[limits]\ntimeout_s = 600\n",
    "models.toml": '[models.local]\nprovider = "embedded"\ntimeout_s = 300\n',
    "tasks/sheet/task.toml": """
model = "local"
[parameters]
temperature = 0.7
max_tokens = 400
[input.fields]
text = "string"
[output.fields]
name = { type = "string", maxLength = 60 }
brand = { type = "string", maxLength = 30 }
category = { type = "string", enum = ["kitchen", "garden", "office", "sports", "toys"] }
colour = { type = "string", maxLength = 20 }
material = { type = "string", maxLength = 30 }
price_cents = { type = "integer", minimum = 1, maximum = 999999 }
sale_price_cents = { type = "integer", minimum = 1, maximum = 999999 }
weight_g = { type = "integer", minimum = 1, maximum = 99999 }
width_mm = { type = "integer", minimum = 1, maximum = 9999 }
height_mm = { type = "integer", minimum = 1, maximum = 9999 }
summary = { type = "string", minLength = 20, maxLength = 200 }
[output.fields.keywords]
type = "array"
minItems = 3
maxItems = 3
items = { type = "string", maxLength = 20 }
""",
    "tasks/sheet/rules.toml": """
[[constraint]]
name = "a sale is cheaper"
require = "output.sale_price_cents < output.price_cents"
message = "sale_price_cents must be less than price_cents"
path = "/sale_price_cents"

[[constraint]]
name = "weight is quoted"
require = "input.text.contains(string(output.weight_g))"
message = "weight_g must be a number that stands in the text"

[[constraint]]
name = "sides differ"
require = "output.width_mm != output.height_mm"
message = "width_mm and height_mm must be two different numbers"

[[constraint]]
name = "keywords are words"
require = "output.keywords.all(word, size(word) > 2)"
message = "a keyword has at least three letters"

[[constraint]]
name = "summary is short"
require = "size(output.summary) <= 120"
message = "summary must have at most 120 characters"
""",
    "tasks/sheet/prompt/system.md": (
        "You fill in the data sheet of a product from its description, as JSON.\n"
    ),
    "tasks/sheet/prompt/user.md": "{{ text }}\n",
}

_BRANDS: Final = ("Arkwright", "Bellamy", "Corvid", "Dunmore", "Elfin", "Farrow")
_THINGS: Final = (
    ("kettle", "kitchen"),
    ("trowel", "garden"),
    ("stapler", "office"),
    ("skipping rope", "sports"),
    ("spinning top", "toys"),
)
_COLOURS: Final = ("red", "black", "olive", "white", "blue")
_MATERIALS: Final = ("steel", "beech wood", "recycled plastic", "aluminium")


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One call, and what its further questions took."""

    delivered: bool
    questions: int
    input_tokens: int
    output_tokens: int
    seconds: float
    constraints: tuple[str, ...]
    """What its first answer broke: the keyword and the place."""

    @property
    def cost_usd(self) -> float:
        return (self.input_tokens * INPUT_USD + self.output_tokens * OUTPUT_USD) / 1e6

    def as_row(self) -> dict[str, Any]:
        return msgspec.to_builtins(self)  # type: ignore[no-any-return]


async def serve(products: int, *, seed: int) -> dict[str, list[Served]]:
    """The same products, asked again by fields and asked again whole."""
    texts = _texts(products, seed)
    with tempfile.TemporaryDirectory(prefix="reask-") as name:
        folder = Path(name)
        for file, text in FILES.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        async with in_process(load_project(folder), folder / "state", name="bench") as served:
            journal = MemoryJournal()
            pipeline = Pipeline(
                state=served.state, upstream=served.upstream, journal=journal, clock=served.clock
            )
            by_fields = await _calls(pipeline, journal, texts, "fields")
            with _always_whole():
                whole = await _calls(pipeline, journal, texts, "whole")
    return {"fields": by_fields, "whole": whole}


async def _calls(
    pipeline: Pipeline, journal: MemoryJournal, texts: Sequence[str], way: str
) -> list[Served]:
    found = []
    for number, text in enumerate(texts):
        # The same seed for both ways: the first answers are the same.
        request = CallRequest(
            target="task:sheet",
            surface="python",
            input={"text": text},
            parameters={"seed": number},
        )
        await pipeline.run(request)
        found.append(_served(journal.calls[-1]))
        print(f"{way} {number + 1}/{len(texts)} {found[-1]}", file=sys.stderr, flush=True)
    return found


def _served(call: Call) -> Served:
    first, *further = call.attempts
    return Served(
        delivered=call.outcome in ("first_pass", "repaired", "reasked"),
        questions=len(further),
        input_tokens=sum(a.usage.input_tokens or 0 for a in further),
        output_tokens=sum(a.usage.output_tokens or 0 for a in further),
        seconds=sum(a.duration_us for a in further) / 1e6,
        constraints=tuple(f"{v.keyword} {v.path}" for v in first.violations),
    )


@contextmanager
def _always_whole() -> Iterator[None]:
    def whole(
        schema: OutputSchema,
        reading: Reading,
        *,
        messages: Sequence[Message],
        text: str,
        before: Sequence[Reask] = (),  # noqa: ARG001 # the whole is asked whatever was before
    ) -> Reask:
        return reask._ask_whole(schema, reading, messages, text)

    guarantee.plan_reask, kept = whole, guarantee.plan_reask
    try:
        yield
    finally:
        guarantee.plan_reask = kept


def _texts(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        thing, _ = rng.choice(_THINGS)
        brand, colour, material = (
            rng.choice(_BRANDS),
            rng.choice(_COLOURS),
            rng.choice(_MATERIALS),
        )
        price = rng.randrange(900, 9900)
        texts.append(
            f"The {brand} {thing} is made of {material} and comes in {colour}. It weighs "
            f"{rng.randrange(80, 2400)} g and measures {rng.randrange(50, 400)} mm by "
            f"{rng.randrange(50, 400)} mm. It costs {price} cents; this week only "
            f"{price - rng.randrange(100, 800)} cents."
        )
    return texts
