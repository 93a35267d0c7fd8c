"""A reader who follows a page word by word: types its commands, writes its files, runs its code."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Final

from docs_output import CALL_ID, difference
from docs_page import Block

from roadworthy.core.documents import read_toml
from roadworthy.core.settings import Settings
from roadworthy.tasks import load_project
from serving_process import read_addresses

__all__ = ["Reader"]

BIN: Final = Path(sys.executable).parent
COMMAND_TIMEOUT_S: Final = 120
WRITTEN: Final = ("toml", "jinja", "jsonl", "csv", "ini", "python")
"""Languages of files that a page tells its reader to write."""


class Reader:
    """Follows one page in one folder; servers that it starts end when it does."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.start = folder
        self.said = ""
        self.replaced: dict[str, str] = {}
        """Addresses that the page writes, and those of this run."""
        self.environ = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **environ}
        self._serving: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def follow(self, block: Block) -> None:
        """Do what a block says, or compare what it shows; AssertionError where it is not so."""
        options = block.options
        if "shape" in options:
            return  # a drawing
        if block.language in ("text", "json"):
            self.compare(block)
        elif "same" in options:
            stands = (self.folder / options["same"]).read_text(encoding="utf-8")
            assert stands.strip() == block.text.strip(), f"{options['same']} is not as shown"
        elif "part" in options:
            self.check_part(options["part"], block.text)
        elif "serve" in options:
            self.serve(block.text)
        elif block.language == "sh":
            self.run(block.text, status=int(options.get("exit", 0)))
        elif block.language in WRITTEN and "file" in options:
            self.write(options["file"], block)
        elif block.language == "python":
            self.write("block.py", block)
        else:
            raise AssertionError(f"a block of {block.language!r} that nothing tests")

    def compare(self, block: Block) -> None:
        shown = self.here(block.text)
        missing = difference(shown, self.said, kind=block.language, like="like" in block.options)
        assert missing is None, f"the page shows\n{missing}\nbut this was said:\n{self.said}"

    def write(self, name: str, block: Block) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(block.text), encoding="utf-8")
        if block.language == "python" and name.count("/") == 0:
            self.run(f"python {name}", status=int(block.options.get("exit", 0)))
        if block.language == "toml":
            load_project(self.folder)
        if block.language == "ini":
            self.check_unit(path)

    def run(self, commands: str, *, status: int) -> None:
        """Commands of one shell; the next one begins where it ended, with what it exported."""
        kept = self.start / ".reader"
        script = f"""
            trap 'pwd > {kept}.folder; export -p > {kept}.variables' EXIT
            [ ! -e {kept}.variables ] || source {kept}.variables
            cd {shlex.quote(str(self.folder))}
            {self.here(self.with_ids(commands))}"""
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script],
            capture_output=True,
            text=True,
            env=self.environ,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        self.said = done.stdout + done.stderr
        assert done.returncode == status, f"{commands}\nended with {done.returncode}:\n{self.said}"
        self.folder = Path(Path(f"{kept}.folder").read_text().strip())

    def serve(self, command: str) -> None:
        """A server on free ports; pages name the usual ones."""
        self.stop()
        words = [*shlex.split(command), "--port", "0", "--control-port", "0"]
        process = subprocess.Popen(
            words,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._serving.append(process)
        gateway, control = read_addresses(process)
        assert process.stdout is not None
        rest = [process.stdout.readline() for _ in range(2)]
        self.said = f"Gateway {gateway}/v1 (OpenAI clients: base_url)\nDashboard {control}\n"
        self.said += "".join(rest)
        self.replaced |= {"http://127.0.0.1:8700": gateway, "http://127.0.0.1:8701": control}
        self.environ["ROADWORTHY_URL"] = gateway
        with (self.start / ".reader.variables").open("a") as kept:  # where a shell has been before
            kept.write(f"export ROADWORTHY_URL={gateway}\n")

    def stop(self) -> None:
        while self._serving:
            process = self._serving.pop()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=COMMAND_TIMEOUT_S)

    def here(self, text: str) -> str:
        for written, real in self.replaced.items():
            text = text.replace(written, real)
        return text

    def with_ids(self, commands: str) -> str:
        """A page's example id stands for the newest call."""
        if not CALL_ID.search(commands):
            return commands
        newest = subprocess.run(
            [BIN / "roadworthy", "calls", "--json", "--limit", "1"],
            capture_output=True,
            cwd=self.folder,
            check=True,
        )
        return CALL_ID.sub(json.loads(newest.stdout)["id"], commands)

    def check_unit(self, path: Path) -> None:
        """A service manager can read it, and its command takes these options."""
        unit = ConfigParser()
        unit.read(path)
        words = shlex.split(unit["Service"]["ExecStart"])
        self.run(f"roadworthy {words[1]} --help", status=0)
        assert [w for w in words if w.startswith("--") and w not in self.said] == []

    def check_part(self, name: str, text: str) -> None:
        """Part of a file of a project is free of faults, alone or among the usual ones."""
        if name == "roadworthy.toml":
            assert read_toml(text, Settings, file=name).faults == []
            return
        folder = self.start / ".parts"
        files = {"models.toml": text} if name == "models.toml" else {}
        if name == "task.toml":
            files = {"tasks/part/task.toml": text, "tasks/part/prompt/user.md": "Go."}
        assert files, f"no such file of a project: {name}"
        for file, content in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        load_project(folder)
