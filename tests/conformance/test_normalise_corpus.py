"""The normaliser on real schemas and their instances: what comes back, and what goes unsaid.

An even sample of them; `benchmarks/normalise.py` goes through all.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
EVERY = 40


@pytest.fixture(scope="module")
def normalising() -> Iterator[Any]:
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("harness.normalising")
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def corpus(normalising: Any, data_folder: Path) -> Any:
    folder = data_folder / "structured" / "jsonschemabench"
    if not folder.exists():
        pytest.skip(f"there is no {folder}")
    return normalising.Corpus.read(folder)


@pytest.mark.parametrize("target", ["openai", "anthropic", "gemini", "llguidance"])
def test_valid_instances_come_back_and_nothing_is_dropped_silently(
    normalising: Any, corpus: Any, target: str
) -> None:
    forms = returned = 0
    for name in list(corpus.schemas)[::EVERY]:
        judged = normalising.judge(corpus.schemas[name], corpus.instances.get(name, []), target)
        if judged is None or judged.refused is not None:
            continue
        assert not judged.not_allowed, f"{name}: {judged.not_allowed}"
        assert not judged.silent, f"{name}: {judged.silent}"
        assert not judged.counts["unreported"], name
        forms += 1
        returned += judged.counts["returned"]
    assert forms > 0.8 * len(corpus.schemas) / EVERY
    assert returned > forms
