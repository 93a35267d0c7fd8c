"""Projects written for one test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

import pytest

from roadworthy.core.errors import ProjectError
from roadworthy.tasks import Project, load_project

Write: TypeAlias = Callable[[Mapping[str, str]], Path]
Faults: TypeAlias = Callable[[Mapping[str, str]], tuple[str, ...]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files by their names and gives back the project's folder."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def load(write: Write) -> Callable[[Mapping[str, str]], Project]:
    return lambda files: load_project(write(files))


@pytest.fixture
def faults(write: Write) -> Faults:
    """The faults of a project of these files."""

    def faults(files: Mapping[str, str]) -> tuple[str, ...]:
        with pytest.raises(ProjectError) as raised:
            load_project(write(files))
        return raised.value.faults

    return faults
