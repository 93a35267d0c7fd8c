"""Many who publish and promote at once, in threads and in processes, and one who is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from registry_samples import ADA, draft_of, stored_registry
from roadworthy.core.errors import RegistryConflict
from roadworthy.registry import MoveRequest, Publication
from roadworthy.registry.store import StoredRegistry

TESTS = Path(__file__).resolve().parents[1]
PUBLISHER = """
import sys
from pathlib import Path
from registry_samples import ADA, draft_of, stored_registry
with stored_registry(Path(sys.argv[1])) as registry:
    for number in range(int(sys.argv[3])):
        draft = draft_of(sys.argv[2] + str(number) + " {{ comment }}")
        print(registry.publish(draft, ADA).version.version)
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from registry_samples import ADA, draft_of, stored_registry
from roadworthy.registry import rows
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
rows.add_version = die
with stored_registry(Path(sys.argv[1])) as registry:
    registry.publish(draft_of(), ADA)
"""


def started(script: str, *arguments: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def publish(registry: StoredRegistry, prompt: str) -> Publication:
    return registry.publish(draft_of(prompt + " {{ comment }}"), ADA)


def test_threads_that_publish_at_once_never_share_a_number(tmp_path: Path) -> None:
    with stored_registry(tmp_path) as registry, ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: publish(registry, str(n)), range(24)))
        numbers = sorted(int(p.version.version.split(".")[1]) for p in made)
        assert numbers == list(range(24))
        assert len(registry.versions("mood")) == 24


def test_processes_that_publish_at_once_never_share_a_number(tmp_path: Path) -> None:
    with stored_registry(tmp_path) as registry:
        processes = [started(PUBLISHER, str(tmp_path), name, "6") for name in "abc"]
        said = [process.communicate(timeout=120)[0].split() for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0]
        numbers = sorted(int(line.split(".")[1]) for lines in said for line in lines)
        assert numbers == list(range(18))
        assert all(lines == sorted(lines, key=lambda v: int(v.split(".")[1])) for lines in said)
        assert {row.version for row in registry.versions("mood")} == {f"1.{n}.0" for n in range(18)}


def test_who_is_killed_while_publishing_leaves_nothing_wrong(tmp_path: Path) -> None:
    process = started(KILLED, str(tmp_path))
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    with stored_registry(tmp_path) as registry:
        assert registry.versions() == []
        assert registry.publish(draft_of(), ADA).version.version == "1.0.0"


def test_moves_made_at_once_are_each_in_the_history_and_lead_to_each_other(tmp_path: Path) -> None:
    with stored_registry(tmp_path) as registry, ThreadPoolExecutor(8) as pool:
        for n in range(6):
            publish(registry, str(n))

        def move(version: str) -> int:
            request = MoveRequest(task="mood", channel="staging", to=version)
            try:
                registry.move(request, ADA)
            except RegistryConflict:
                return 0
            return 1

        wanted = [f"1.{n % 6}.0" for n in range(30)]
        moved = sum(pool.map(move, wanted))
        history = registry.history("mood", channel="staging")[::-1]
        assert len(history) == moved >= 6
        froms = [made.from_version for made in history]
        assert froms == [None, *(made.to_version for made in history[:-1])]
        assert registry.channels("mood")[0].version == history[-1].to_version
