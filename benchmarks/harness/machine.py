"""The machine under a run: what it is, and what else took its CPU meanwhile."""

from __future__ import annotations

import os
import platform
import resource
import shlex
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from harness.processes import Process

__all__ = ["Bystanders", "describe_run"]

LIBRARIES = ("uvicorn", "starlette", "uvloop", "httptools", "aiohttp", "msgspec", "roadworthy")


class Bystanders:
    """Watches how much of the machine was taken by processes that are no part of the run."""

    def __init__(self, processes: Iterable[Process]) -> None:
        self._processes = list(processes)
        self._busy_s, self._all_s, self._own_s = self._read()

    def share(self) -> float:
        """Of all cores, since this was made; 0 … 1."""
        busy_s, all_s, own_s = self._read()
        others_s = (busy_s - self._busy_s) - (own_s - self._own_s)
        return max(0.0, others_s / (all_s - self._all_s or 1.0))

    def _read(self) -> tuple[float, float, float]:
        times = psutil.cpu_times()
        everything = times.user + times.system + times.idle + times.iowait + times.nice
        everything += times.irq + times.softirq + times.steal
        own = sum(sum(process.cpu().values()) for process in self._processes)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):  # ended load generators
            usage = resource.getrusage(who)
            own += usage.ru_utime + usage.ru_stime
        return everything - times.idle - times.iowait, everything, own


def describe_run(libraries: Iterable[str] = LIBRARIES) -> list[str]:
    """Command, date, machine and versions, for whoever compares."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "?")
    return [
        f"command: {shlex.join([Path(sys.executable).name, *sys.argv])}",
        f"date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; commit {_commit()}",
        f"machine: {os.cpu_count()} cores shared by load, gateway and upstream; {model};"
        f" {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}; "
        + ", ".join(f"{name} {version(name)}" for name in libraries),
    ]


def _commit() -> str:
    """Of the checkout that is measured, marked where it holds changes."""
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
