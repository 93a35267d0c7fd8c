"""Every repair that is recorded has a name that is explained."""

from __future__ import annotations

import re
from pathlib import Path

import roadworthy.conformance
from roadworthy.conformance import LOSSLESS, REPAIRS
from roadworthy.conformance.kinds import GUESSES

ROOM = Path(roadworthy.conformance.__file__).parent


def test_no_kind_is_explained_that_the_code_never_records() -> None:
    texts = [path.read_text() for path in ROOM.rglob("*.py") if path.name != "kinds.py"]
    words = {word for text in texts for word in re.findall(r'"([a-z_]+)"', text)}
    assert REPAIRS.keys() - words == set()


def test_what_is_certain_is_no_guess() -> None:
    assert REPAIRS.keys() > LOSSLESS | GUESSES
    assert not LOSSLESS & GUESSES
