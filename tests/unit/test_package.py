"""What `import roadworthy` costs and gives."""

from __future__ import annotations

import subprocess
import sys

import roadworthy


def test_importing_the_package_imports_no_room_and_no_library() -> None:
    heavy = "[m for m in sys.modules if m.startswith('roadworthy.') or m == 'msgspec']"
    code = f"import roadworthy, sys; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_conform_is_a_function_of_the_package() -> None:
    result = roadworthy.conform("Yes: {'n': 1}", {"type": "object"})
    assert (result.outcome, result.value) == ("repaired", {"n": 1})


def test_every_name_that_the_package_exports_is_there() -> None:
    assert all(getattr(roadworthy, name) is not None for name in roadworthy.__all__)
