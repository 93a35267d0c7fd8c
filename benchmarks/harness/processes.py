"""Children of a benchmark: started apart from the terminal, measured as trees, ended by pid."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

__all__ = ["CpuReading", "Memory", "Process", "cpu_between", "free_port"]

NO_PROXY = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
"""All traffic stays on the loopback, whatever the machine's settings say."""
POLL_S = 0.5
QUIET_SHARE = 0.04
"""Of one core, over one poll: two ticks of the kernel's accounting."""


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


CpuReading = dict[tuple[int, str], float]
"""User and system seconds so far, by process: (pid, what it runs)."""


def cpu_between(before: CpuReading, after: CpuReading) -> dict[str, float]:
    """Seconds of CPU by what ran, between two readings. A process that ended between is lost."""
    spent: dict[str, float] = {}
    for (pid, label), seconds in after.items():
        delta = seconds - before.get((pid, label), 0.0)
        spent[label] = spent.get(label, 0.0) + delta
    return spent


@dataclass(frozen=True)
class Memory:
    """What one or several processes hold."""

    rss_mb: float
    pss_mb: float
    """Shared pages divided among the processes that share them."""


@dataclass
class Process:
    """A child with whatever it starts itself."""

    argv: Sequence[str]
    log: Path
    cwd: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    piped: bool = False
    """Standard input and output are pipes, for a driver that is told what to run."""
    popen: subprocess.Popen[str] | None = None

    def start(self) -> None:
        with self.log.open("w") as log:
            self.popen = subprocess.Popen(
                [*self.argv],
                cwd=self.cwd,
                env={**os.environ, **NO_PROXY, **self.env},
                stdin=subprocess.PIPE if self.piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if self.piped else log,
                stderr=log,
                text=True,
                # Ctrl-C in the terminal reaches the benchmark alone, which then ends its children.
                start_new_session=True,
            )

    @property
    def pipes(self) -> tuple[IO[str], IO[str]]:
        """What the child reads and what it writes."""
        assert self.popen is not None
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        return self.popen.stdin, self.popen.stdout

    @property
    def running(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def said_last(self, lines: int = 6) -> str:
        """The end of what it wrote, for a report of why it did not start."""
        text = self.log.read_text(errors="replace").strip().splitlines()
        return "\n".join(text[-lines:])

    def tree(self) -> list[psutil.Process]:
        """Itself and everything below it that is alive."""
        if self.popen is None:
            return []
        try:
            root = psutil.Process(self.popen.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu(self) -> CpuReading:
        reading: CpuReading = {}
        for process in self.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                reading[process.pid, label_of(process.cmdline())] = times.user + times.system
        return reading

    def memory(self) -> dict[str, Memory]:
        """By what runs; its sum is the tree's."""
        found: dict[str, Memory] = {}
        for process in self.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                label, full = label_of(process.cmdline()), process.memory_full_info()
                so_far = found.get(label, Memory(0.0, 0.0))
                found[label] = Memory(
                    so_far.rss_mb + full.rss / 1e6, so_far.pss_mb + full.pss / 1e6
                )
        return found

    def wait_until_quiet(self, limit_s: float = 20.0) -> bool:
        """Whether it came to rest: what it does after its responses belongs to its calls too."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            before = self.cpu()
            time.sleep(POLL_S)
            if sum(cpu_between(before, self.cpu()).values()) <= POLL_S * QUIET_SHARE:
                return True
        return False

    def end(self) -> None:
        """Asks the whole tree to end, then makes it."""
        tree = self.tree()
        if self.popen is not None and self.popen.poll() is None:
            self.popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(5)
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(tree, timeout=5)
        if self.popen is not None:
            self.popen.wait()


def label_of(cmdline: list[str]) -> str:
    """What a process is, short: the module it runs, or its script and first word."""
    if "-m" in cmdline[:-1]:
        return cmdline[cmdline.index("-m") + 1]
    words = [Path(word).name for word in cmdline if word and not word.startswith("-")]
    return " ".join(words[1:3] or words)[:60] or "?"
