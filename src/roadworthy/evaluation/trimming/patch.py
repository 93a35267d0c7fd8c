"""What changes between texts of files, as a patch that `git apply` takes in the project's folder.

Pure. Without git's own header: with it, paths would be those from the top of the repository, which
a project may lie deep in.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from roadworthy.evaluation.trimming.prompt_files import lines_of

__all__ = ["patch_of"]

_NO_END: Final = "\n\\ No newline at end of file\n"


def patch_of(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """A unified diff; a file whose text is empty afterwards is deleted."""
    return "".join(
        line
        for file in sorted(before)
        if before[file] != after[file]
        for line in _of_file(file, before[file], after[file])
    )


def _of_file(file: str, before: str, after: str) -> Iterator[str]:
    target = f"b/{file}" if after else "/dev/null"
    for line in difflib.unified_diff(lines_of(before), lines_of(after), f"a/{file}", target):
        yield line if line.endswith("\n") else line + _NO_END
