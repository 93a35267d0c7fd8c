"""A Python file of a project, run where it stands.

It runs in this process, as importing it would: a project's author is trusted with the machine
anyway. Gateways never come here.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from roadworthy.core.documents import SourceFolder

__all__ = ["find_python", "line_in", "running"]


def find_python(file: str, task: str, project: SourceFolder) -> tuple[str, str] | None:
    """Where the file that a check of the task names stands in the project, and its text: in the
    task's folder, else in the project's. None: in neither."""
    root = project.root.resolve()
    for place in (f"tasks/{task}/{file}", file):
        try:
            inside = (root / place).resolve().is_relative_to(root)
        except (OSError, ValueError):
            return None
        text = project.read(place) if inside else None
        if text is not None:
            return place, text
    return None


@contextmanager
def running(source: str, path: Path, root: Path) -> Iterator[ModuleType]:
    """The module that the source makes, run as the file at `path` of the project at `root`.

    Until this ends, it can be found by its name, and can import its neighbours. What it raises
    goes on to the caller; see `line_in`.
    """
    module = ModuleType(f"_roadworthy_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}")
    module.__file__ = str(path)
    with _importable(module, path.parent, root):
        # Not an import: the cache of compiled files would serve an edit within the same second
        # stale, and leave files behind in the project.
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102
        yield module


def line_in(error: BaseException, path: Path) -> int:
    """The line of the file at which this was raised; 1 if it was raised elsewhere."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno or 1 for f in reversed(frames) if f.filename == str(path)), 1)


@contextmanager
def _importable(module: ModuleType, *folders: Path) -> Iterator[None]:
    """The module can be found by its name, and can import its neighbours, until this ends.

    Neighbours are forgotten afterwards, so that their next edit is seen.
    """
    before, search_path, no_bytecode = set(sys.modules), sys.path[:], sys.dont_write_bytecode
    sys.modules[module.__name__] = module
    sys.path[:0] = [str(folder) for folder in dict.fromkeys(folders)]
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = search_path, no_bytecode
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None) or ""
            if name == module.__name__ or Path(origin).parent in folders:
                del sys.modules[name]
