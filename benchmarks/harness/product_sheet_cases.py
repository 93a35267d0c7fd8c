"""The held-out cases of the product sheet, and the prompts that are asked them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from roadworthy.tasks import content_digest

__all__ = ["HELD_OUT", "hold_out", "prompts_digest"]

HELD_OUT = "held-out"
CASES = Path(__file__).resolve().parents[1] / "data" / "product_sheet_held_out.jsonl"


def hold_out(root: Path) -> None:
    """Puts the held-out cases in the place of the example's own, in this copy of the example.

    The steps get theirs of the same cases, in the form that their own have: the input is what the
    case expects of the steps before.
    """
    cases = [json.loads(line) for line in CASES.read_text().splitlines()]
    suites = {
        "product-sheet": cases,
        "product-sheet-in-one": cases,
        "extract-characteristics": [extraction(case) for case in cases],
        "marketing-copy": [praise(case) for case in cases],
        "search-text": [search(case) for case in cases],
    }
    for task, of_task in suites.items():
        lines = "".join(json.dumps(case) + "\n" for case in of_task)
        (root / "tasks" / task / "cases.jsonl").write_text(lines)


def prompts_digest(root: Path) -> str:
    """Over every prompt and every task's file below this folder, and over no case."""
    files = sorted([*root.glob("tasks/*/prompt/*"), *root.glob("tasks/*/task.toml")])
    return content_digest({str(file.relative_to(root)): file.read_text() for file in files})


def extraction(case: dict[str, Any]) -> dict[str, Any]:
    return case | {"checks": [check_at(case, f"/{name}") for name in ("name", "material", "color")]}


def praise(case: dict[str, Any]) -> dict[str, Any]:
    check = check_at(case, "/copy") | {"at": "/text"}
    return {"id": case["id"], "input": characteristics(case), "checks": [check]}


def search(case: dict[str, Any]) -> dict[str, Any]:
    product = characteristics(case)
    copy = (
        f"The {product['name']} is made of {product['material']}. It comes in {product['color']},"
        " and it is made to last."
    )
    return {
        "id": case["id"],
        "input": {"name": product["name"], "copy": copy},
        "checks": [check_at(case, "/title"), check_at(case, "/description")],
    }


def characteristics(case: dict[str, Any]) -> dict[str, str]:
    """What the case says that the product is."""
    return {name: check_at(case, f"/{name}")["contains"] for name in ("name", "material", "color")}


def check_at(case: dict[str, Any], pointer: str) -> dict[str, Any]:
    (check,) = (check for check in case["checks"] if check["at"] == pointer)
    return dict(check)
