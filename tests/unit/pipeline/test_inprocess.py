from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from canned_upstream import canned_upstream
from projects import write_project
from roadworthy.core import Call, cost_nusd
from roadworthy.models import price_of
from roadworthy.pipeline import CallRequest
from roadworthy.pipeline.inprocess import in_process
from roadworthy.tasks import Project, TaskDefinition, Template, load_project

ANSWER = '{"sentiment":"positive","confidence":0.5}'
HOSTED = '[models.canned]\nprovider = "openai"\nmodel = "gpt-5-mini"\nbase_url = "%s"\n'


def call_of(
    project: Project,
    target: str = "task:triage",
    definitions: dict[str, TaskDefinition] | None = None,
) -> Call:
    async def run() -> Call:
        state = project.root / "state"
        async with in_process(project, state, name="test", definitions=definitions) as pipeline:
            request = CallRequest(target=target, surface="python", input={"comment": "Lovely."})
            return (await pipeline.run(request)).call

    return asyncio.run(run())


def test_given_definitions_are_served_beside_the_working_copies(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = load_project(write_project(tmp_path, upstream.base_url))
        asked = Template(role="user", source="Old: {{ comment }}", file="user.md")
        old = msgspec.structs.replace(project.tasks["triage"], version="1.0.0", templates=(asked,))
        call = call_of(project, "task:triage@1.0.0", {"triage@1.0.0": old})
        assert (call.task, call.version, call.messages[0]["content"]) == (
            "triage",
            "1.0.0",
            "Old: Lovely.",
        )
        assert call_of(project).version == "working"


def test_a_hosted_model_costs_its_list_price_where_no_file_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with canned_upstream(lambda _: ANSWER) as upstream:
        root = write_project(tmp_path, upstream.base_url)
        (root / "models.toml").write_text(HOSTED % upstream.base_url)
        project = load_project(root)
        call = call_of(project)
    listed = cost_nusd(call.usage, price_of(project.models["canned"]))
    assert listed is not None
    assert call.cost_nusd == listed > 0


def test_a_price_of_the_projects_own_goes_before_the_list(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        call = call_of(load_project(write_project(tmp_path, upstream.base_url)))
    assert call.cost_nusd == 20 * 1_000 + 10 * 2_000


def test_no_price_table_is_read_for_models_without_list_prices(tmp_path: Path) -> None:
    write_project(tmp_path, "http://127.0.0.1:9/v1")
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from roadworthy.pipeline.inprocess import in_process\n"
        "from roadworthy.tasks import load_project\n"
        "async def begin():\n"
        f"    root = Path({str(tmp_path)!r})\n"
        "    async with in_process(load_project(root), root / 'state', name='test'):\n"
        "        print('genai_prices' in sys.modules)\n"
        "asyncio.run(begin())\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert out.strip() == "False"
