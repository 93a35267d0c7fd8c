"""The reference pages are what the code says now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_what_the_script_writes(script: ModuleType) -> None:
    folder = ROOT / "docs" / "reference"
    stands = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert stands == script.pages(), "run `python scripts/reference.py`"


def test_no_option_is_without_a_meaning(script: ModuleType) -> None:
    rows = [row for row in script.pages()["cli.md"].splitlines() if row.startswith("| `")]
    assert len(rows) > 20
    assert not [row for row in rows if row.endswith("|  |")]
