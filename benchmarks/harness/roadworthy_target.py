"""Roadworthy as a user starts it: a project in a folder, and `roadworthy serve`.

Every call goes the whole path: input checked, prompt rendered, answer parsed and validated,
the call written to the journal before the response, and loaded into the database by the keeper,
whose work counts as the gateway's.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path

from harness.canned import COMMENT, INPUT_SCHEMA, MODEL, OUTPUT_SCHEMA, PACED_MODEL, PROMPT
from harness.load import Request
from harness.processes import Process, free_port
from harness.targets import JSON, HttpRow, Row, Target, chat_rows

__all__ = ["Roadworthy", "write_project"]

TASK = "classify"


def write_project(folder: Path, *, upstream: str, port: int, control_port: int) -> None:
    """A project of one task with both schemas, one gateway, and the canned upstream's models."""
    task = folder / "tasks" / TASK
    (task / "prompt").mkdir(parents=True)
    (folder / "roadworthy.toml").write_text(
        f"format = 1\n[server]\nport = {port}\ncontrol_port = {control_port}\ngateways = 1\n"
    )
    models = [
        f'[models.{name}]\nprovider = "openai-compatible"\nmodel = "{name}"\n'
        f'base_url = "{upstream}"\n'
        for name in (MODEL, PACED_MODEL)
    ]
    (folder / "models.toml").write_text("\n".join(models))
    (task / "task.toml").write_text(
        f'model = "{MODEL}"\ninput = "input.schema.json"\noutput = "output.schema.json"\n'
    )
    (task / "input.schema.json").write_text(json.dumps(INPUT_SCHEMA))
    (task / "output.schema.json").write_text(json.dumps(OUTPUT_SCHEMA))
    (task / "prompt" / "system.md").write_text(PROMPT)
    (task / "prompt" / "user.md").write_text("{{ comment }}")


class Roadworthy(Target):
    """One gateway, one keeper and their supervisor."""

    name = "roadworthy"

    def prepare(self) -> Process:
        self.version = version("roadworthy")
        write_project(self.folder, upstream=self.upstream, port=self.port, control_port=free_port())
        command = str(Path(sys.executable).with_name("roadworthy"))
        return self.run([command, "serve", "--dev"])

    def recorded(self) -> int:
        database = self.folder / ".roadworthy" / "calls.sqlite"
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as link:
            # Counted by id: a call that was loaded twice must not make up for a lost one.
            (count,) = link.execute("SELECT count(DISTINCT id) FROM calls").fetchone()
        return int(count)

    def describe(self) -> list[Row]:
        chat = f"{self.base_url}/v1/chat/completions"
        asked = [{"role": "user", "content": COMMENT}]

        def body(value: object) -> bytes:
            return json.dumps(value).encode()

        task = {"model": f"task:{TASK}", "messages": asked}
        plain = chat_rows(f"Roadworthy {self.version}, plain model, journal on", self, chat, JSON)
        return [
            HttpRow(
                f"Roadworthy {self.version}, task surface, schemas, journal on",
                self,
                plain=Request(
                    f"{self.base_url}/v1/tasks/{TASK}", body({"input": {"comment": COMMENT}}), JSON
                ),
            ),
            HttpRow(
                f"Roadworthy {self.version}, chat surface, the same task",
                self,
                plain=Request(chat, body(task), JSON),
            ),
            *plain,
        ]
