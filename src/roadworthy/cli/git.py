"""What git says of a project: who works on it, and what is checked out.

Every question may go unanswered, because git is not installed or the project is in no repository.
"""

from __future__ import annotations

import getpass
import os
import subprocess
from pathlib import Path
from typing import Final

__all__ = ["author", "commit_of"]

_TIMEOUT_S: Final = 20
_WHAT_MATTERS: Final = ("blocks", ":(glob)*.toml", ":(glob)*.py", ":(glob)*.json")
"""Beside a task's own folder: where what a version is made from may stand."""


def author(root: Path) -> str:
    """``git config user.name``, else the account's name."""
    name = _git(root, "config", "user.name")
    if name:
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without an entry, as containers have it
        return f"uid {os.getuid()}"


def commit_of(root: Path, task: str) -> str | None:
    """The id of the commit that is checked out, ``-dirty`` behind it if files that the task may be
    made from differ from it; None without git, a repository or a commit."""
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    changed = _git(root, "status", "--porcelain", "--", f"tasks/{task}", *_WHAT_MATTERS)
    return f"{commit}-dirty" if changed or changed is None else commit


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints, stripped; None if it cannot."""
    command = ["git", "-C", str(root), *arguments]
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and nothing that a caller chose comes first
            command, capture_output=True, check=True, env=environ, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
