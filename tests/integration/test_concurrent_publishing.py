"""Several people publish at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from registry_cli import roadworthy, write_tasks

WRITERS = 5


def working_copy(root: Path, words: str) -> Path:
    """A checkout of its own, with words of its own, on the state that all of them share."""
    write_tasks(root)
    (root / "roadworthy.toml").write_text('[store]\npath = "../state"\n')
    (root / "tasks/sort/prompt/user.md").write_text(f"{words}: {{{{ comment }}}}\n")
    return root


def test_versions_that_are_published_at_once_never_share_a_number(tmp_path: Path) -> None:
    copies = [working_copy(tmp_path / f"copy-{n}", f"Comment {n}") for n in range(WRITERS)]
    command = [sys.executable, "-m", "roadworthy", "publish", "sort", "-m", "mine", "--project"]
    writers = [
        subprocess.Popen([*command, str(copy)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for copy in copies
    ]
    said = [writer.communicate(timeout=60)[0].decode() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITERS, said
    rows = roadworthy("log", "sort", "--json", project=copies[0]).out.splitlines()
    numbers = [json.loads(row)["version"] for row in rows]
    assert numbers == [f"1.{n}.0" for n in reversed(range(WRITERS))]
