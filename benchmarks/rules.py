"""What a rule or a constraint costs, beside the engine that conditions were evaluated by before.

    .venv/bin/python benchmarks/rules.py [--items N] [--json FILE]

Each condition is evaluated for a call of its own: values bound, condition evaluated. The engine is
given what the condition reads, converted, as it must be. Then the rules of `examples/orders`, all
of them for one order, divided by their number; and the longest that one condition may hold the
interpreter, beside a condition that `check` refuses. Times are the process's own, since others may
share the cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.machine import describe_run
from harness.tables import table
from roadworthy.expressions import Scope, check_expression
from roadworthy.expressions.check import analyse
from roadworthy.expressions.functions import EXTRA
from roadworthy.expressions.native import engine
from roadworthy.expressions.schema_types import schema_type
from roadworthy.expressions.syntax import parse
from roadworthy.expressions.values import MAX_ITEMS, converter_of
from roadworthy.models import with_price
from roadworthy.pipeline import compile_state
from roadworthy.tasks import build_snapshot, load_project

LIBRARIES = ("roadworthy", "common-expression-language")
ORDERS = Path(__file__).resolve().parent.parent / "examples" / "orders"
TARGET_US = 50.0
LINE = {
    "type": "object",
    "properties": {
        "sku": {"type": "string"},
        "price": {"type": "number"},
        "quantity": {"type": "integer"},
        "note": {"type": "string"},
    },
}
SCHEMAS: dict[str, Any] = {
    "input": {"type": "object", "properties": {"limit": {"type": "number"}}},
    "output": {
        "type": "object",
        "properties": {
            "total": {"type": "number"},
            "status": {"enum": ["open", "paid", "sent"]},
            "lines": {"type": "array", "items": LINE},
        },
    },
}
CONDITIONS = {
    "two numbers": "output.total <= input.limit",
    "one of three words": "output.status in ['open', 'paid']",
    "length of the list": "size(output.lines) <= 100",
    "every price": "output.lines.all(l, l.price > 0.0)",
    "three fields of every item": (
        "output.lines.all(l, l.price > 0.0 && l.quantity > 0 && size(l.sku) < 10)"
    ),
    "one item like this": "output.lines.exists(l, l.sku == 'a9')",
    "the sum of the list": (
        "sum(output.lines.map(l, l.price * double(l.quantity))) <= input.limit"
    ),
    "a pattern in every item": "output.lines.all(l, l.sku.matches('^[a-z][0-9]+$'))",
}
NESTED = "output.lines.all(a, output.lines.all(b, a.price + b.price > 0.0))"


def main() -> None:
    options = parse_options()
    about = describe_run(LIBRARIES)
    print("\n".join(about))
    figures = {
        "items": options.items,
        "conditions_us": conditions(options.items),
        "orders": orders(),
        "holding": holding(),
    }
    print(report(figures))
    if options.json:
        options.json.write_text(json.dumps({"about": about, **figures}, indent=1) + "\n")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    return parser.parse_args()


def values_of(items: int) -> dict[str, Any]:
    lines = [
        {"sku": f"a{i}", "price": 2.5, "quantity": 2, "note": "as ordered"} for i in range(items)
    ]
    return {
        "input": {"limit": 1e9},
        "output": {"total": 100, "status": "paid", "lines": lines},
    }


def conditions(items: int) -> dict[str, dict[str, float]]:
    """Microseconds, median of repeats, by condition: here and by the engine."""
    values = values_of(items)
    return {
        name: {
            "here": microseconds(here(source, values)),
            "engine": microseconds(by_engine(source, values)),
        }
        for name, source in CONDITIONS.items()
    }


def here(source: str, values: dict[str, Any]) -> Callable[[], bool]:
    scope = Scope(SCHEMAS)
    condition = scope.compile(source)
    return lambda: condition.holds(scope.bind(values))


def by_engine(source: str, values: dict[str, Any]) -> Callable[[], bool]:
    """As conditions were evaluated before: what is read, converted, and copied by the engine."""
    types = {name: schema_type(schema) for name, schema in SCHEMAS.items()}
    found = analyse(parse(source), types)
    reads = {name: [p[1:] for p in found.reads if p[0] == name] for name in types}
    convert = {name: converter_of(types[name], places) for name, places in reads.items() if places}
    program = engine().compile(source)

    def evaluate() -> bool:
        context = engine().Context({name: c(values[name]) for name, c in convert.items()}, EXTRA)
        return bool(program.execute(context))

    return evaluate


def orders() -> dict[str, Any]:
    """Microseconds a rule of the example, whose order has ten lines."""
    snapshot = build_snapshot(load_project(ORDERS), price=with_price)
    task = compile_state(snapshot, {}).tasks["answer-about-order"]
    assert task.rules is not None
    rules = task.rules
    order = {
        "question": "What do I pay?",
        "placed": "2026-03-02",
        "asked": "2026-03-03",
        "country": "DE",
        "lines": [{"name": f"Lamp {i}", "price": 12.5, "quantity": 2} for i in range(10)],
    }
    count = len(task.definition.rules)
    whole = microseconds(lambda: rules.decide(order))
    return {"rules": count, "all_us": whole, "each_us": whole / count}


def holding() -> dict[str, Any]:
    """Milliseconds of its own time for which one evaluation keeps the interpreter."""
    walk, refused = Scope(SCHEMAS), [fault.message for fault in check_expression(NESTED, SCHEMAS)]
    longest = walk.compile(CONDITIONS["three fields of every item"])
    many = values_of(MAX_ITEMS)
    allowed = microseconds(lambda: longest.holds(walk.bind(many)), repeats=5) / 1000
    few = {name: value for name, value in values_of(1_000).items() if name == "output"}
    program, context = engine().compile(NESTED), engine().Context(few, EXTRA)
    began = time.process_time()
    program.execute(context)
    nested = (time.process_time() - began) * 1000
    return {
        "longest_allowed_ms": allowed,
        "its_items": MAX_ITEMS,
        "refused_ms": nested,
        "refused_items": 1_000,
        "refused_because": refused[0],
    }


def microseconds(work: Callable[[], object], *, repeats: int = 15) -> float:
    """Of this process's own time, the median of repeats of some milliseconds each."""
    began, times = time.process_time(), 0
    while time.process_time() - began < 0.005:
        work()
        times += 1
    found = []
    for _ in range(repeats):
        began = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - began) / times * 1e6)
    return statistics.median(found)


def report(figures: dict[str, Any]) -> str:
    rows = [
        [name, f"{found['here']:.1f}", f"{found['engine']:.1f}"]
        for name, found in figures["conditions_us"].items()
    ]
    orders, holding = figures["orders"], figures["holding"]
    return "\n".join(
        [
            f"\nMicroseconds a condition, over a list of {figures['items']} items:",
            table(["condition", "here", "engine"], rows, markdown=False),
            f"\nThe {orders['rules']} rules of examples/orders: {orders['all_us']:.0f} µs for an"
            f" order of ten lines, {orders['each_us']:.1f} µs each; asked: under {TARGET_US:.0f}.",
            f"Longest that a condition holds the interpreter: {holding['longest_allowed_ms']:.0f}"
            f" ms ({holding['its_items']:,} items).",
            f"Refused by check ({holding['refused_because']}): {holding['refused_ms']:,.0f} ms over"
            f" {holding['refused_items']:,} items.",
        ]
    )


if __name__ == "__main__":
    main()
