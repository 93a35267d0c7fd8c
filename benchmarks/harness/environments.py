"""Peers of the gateway, installed into environments of their own beside the benchmarks.

They never touch the project's environment, and they stay for the next run. A peer that cannot be
installed is reported, never dropped in silence.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["LITELLM", "PORTKEY", "TENSORZERO", "Installed", "Peer", "PeerUnavailable", "install"]

FOLDER = Path(__file__).resolve().parents[1] / ".environments"
INSTALL_LIMIT_S = 900


class PeerUnavailable(Exception):
    """A peer cannot be installed or started here; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A package to measure against."""

    name: str
    package: str
    versions: tuple[str, ...]
    """The pinned version first, then those to fall back to where an index lacks a dependency."""
    by: Literal["pip", "npm"] = "pip"


LITELLM = Peer("litellm", "litellm[proxy]", ("1.109.1", "1.106.2"))
PORTKEY = Peer("portkey", "@portkey-ai/gateway", ("1.15.2",), by="npm")
TENSORZERO = Peer("tensorzero", "tensorzero", ("2026.6.0",))


@dataclass(frozen=True)
class Installed:
    """An environment that is ready."""

    folder: Path
    version: str
    size_mb: float

    @property
    def python(self) -> str:
        return str(self.folder / "venv" / "bin" / "python")


def install(peer: Peer) -> Installed:
    """The peer's environment, made now if it is not there.

    Raises:
        PeerUnavailable: with the installer's last words.
    """
    folder = FOLDER / peer.name
    stamp = folder / "installed.json"
    if stamp.exists():
        found = json.loads(stamp.read_text())
        if found["version"] in peer.versions:
            return Installed(folder, found["version"], found["size_mb"])
    said = ""
    for version in peer.versions:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        said = (_pip if peer.by == "pip" else _npm)(peer, version, folder)
        if not said:
            size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
            stamp.write_text(json.dumps({"version": version, "size_mb": round(size_mb)}))
            return Installed(folder, version, round(size_mb))
    raise PeerUnavailable(f"{peer.package} {' or '.join(peer.versions)}: {said}")


def _pip(peer: Peer, version: str, folder: Path) -> str:
    python = str(folder / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    return _run([sys.executable, "-m", "venv", str(folder / "venv")]) or _run(
        [*pip, f"{peer.package}=={version}"]
    )


def _npm(peer: Peer, version: str, folder: Path) -> str:
    if shutil.which("npm") is None:
        return "npm is not installed (Debian: apt-get install npm)"
    npm = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
    return _run([*npm, f"{peer.package}@{version}"])


def _run(command: list[str]) -> str:
    """Empty if it worked, else its last words."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} did not end within {INSTALL_LIMIT_S} s"
    if done.returncode == 0:
        return ""
    return " / ".join((done.stderr or done.stdout).strip().splitlines()[-2:])[-400:]
