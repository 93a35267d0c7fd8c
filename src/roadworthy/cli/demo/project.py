"""The demo's working copy of the example project.

The example itself may stand in a folder that nobody may write to, and a project keeps its state
beside its files.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Final

from roadworthy.core.errors import StoreError

__all__ = ["WORKING_COPY", "copy_example", "with_model"]

WORKING_COPY: Final = Path(".roadworthy", "demo")
"""Below the current folder; what projects and this repository ignore anyway."""
TASK_FILE: Final = Path("tasks", "classify-feedback", "task.toml")
STATE: Final = ".roadworthy"
_MODEL_LINE: Final = re.compile(r'^model = "[^"\n]*"', re.MULTILINE)


def copy_example(example: Path, target: Path, *, model: str) -> None:
    """Write the example to this folder, its task bound to this model.

    Calls recorded there before stay.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        shutil.copytree(example, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(STATE))
        task_file = target / TASK_FILE
        task_file.write_text(
            with_model(task_file.read_text(encoding="utf-8"), model), encoding="utf-8"
        )
    except (OSError, shutil.Error) as error:
        raise StoreError(
            f"the demo cannot write its project to {target}: {error};"
            " run it in a folder that you may write to"
        ) from error


def with_model(task_toml: str, model: str) -> str:
    """The text of a `task.toml` with another model."""
    # A JSON string is a TOML string.
    return _MODEL_LINE.sub(
        lambda _: f"model = {json.dumps(model, ensure_ascii=False)}", task_toml, count=1
    )
