"""The CEL engine, without the command line that its package would import first.

Measured: importing `cel` costs 225 ms and 30 MB, for the sake of its prompt; its compiled module
alone costs 21 ms and 5 MB. So the module is found without the package being run, and only in a
process that has an expression which takes it.
"""

from __future__ import annotations

import functools
import importlib.util
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType

__all__ = ["engine"]


@functools.cache
def engine() -> ModuleType:
    """The engine's compiled module.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    package = importlib.util.find_spec("cel")
    folders = package.submodule_search_locations if package is not None else None
    for folder in folders or ():
        for suffix in EXTENSION_SUFFIXES:
            path = Path(folder, f"cel{suffix}")
            spec = importlib.util.spec_from_file_location("cel.cel", path)
            if path.is_file() and spec is not None and spec.loader is not None:
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module
    raise ModuleNotFoundError(
        "conditions need the package common-expression-language; install it with"
        " `pip install common-expression-language`"
    )
