"""What importing this room costs those who ask no model."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("aiohttp", "genai_prices", "xllamacpp", "llguidance", "pydantic", "sqlalchemy")


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_words_come_without_anything_heavy() -> None:
    statement = "from roadworthy.models import Model, implicit_model, with_price"
    assert loaded_by(statement).isdisjoint(HEAVY)


def test_the_transport_comes_with_its_http_client_and_nothing_else_heavy() -> None:
    loaded = loaded_by("from roadworthy.models import HttpUpstream")
    assert loaded & set(HEAVY) == {"aiohttp"}
