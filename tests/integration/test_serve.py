"""`roadworthy serve` as its users live with it: reload, restarts, the keeper, the end."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import psutil
import pytest

from canned_upstream import canned_upstream
from production import into_production
from projects import write_project
from serving_process import Server, serving
from waiting import wait_until

ANSWER = json.dumps({"sentiment": "positive", "confidence": 0.5})
FINE = {"input": {"comment": "fine"}}
TASK = "/v1/tasks/triage"


def children(server: Server) -> list[psutil.Process]:
    return list(psutil.Process(server.process.pid).children(recursive=True))


def test_a_call_shows_on_the_dashboard_and_in_the_control_api(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = into_production(write_project(tmp_path, upstream.base_url))
        with serving(project) as server:
            reply = server.post(TASK, FINE)
            call = reply.json()["call"]
            assert reply.headers["x-roadworthy-call"] == call
            path = f"/api/calls/{call}"
            wait_until(lambda: server.control_get(path).status == 200, "the call is loaded")
            stored = server.control_get(path).json()["call"]
            assert (stored["outcome"], stored["value"]) == ("first_pass", json.loads(ANSWER))
            assert stored["cost_nusd"] == 40_000  # 20 tokens at $1, 10 at $2 a million
            page = server.control_get(f"/calls/{call}")
            assert page.status == 200
            assert b"triage" in page.data


def test_dev_serves_a_changed_prompt_and_keeps_the_last_good_one(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = write_project(tmp_path, upstream.base_url)
        prompt = project / "tasks/triage/prompt/user.md"

        def asked() -> str:
            assert server.post(TASK, FINE).status == 200
            return str(upstream.asked[-1]["messages"][-1]["content"]).strip()

        with serving(project, "--dev") as server:
            assert asked() == "Comment: fine"
            prompt.write_text("They wrote: {{ comment }}")
            wait_until(lambda: asked() == "They wrote: fine", "the new prompt is served")
            prompt.write_text("They wrote: {{ coment }}")
            wait_until(
                lambda: server.control_get("/healthz").json()["status"] == "degraded",
                "the fault is shown",
            )
            assert asked() == "They wrote: fine"


def test_faults_of_an_installations_own_files_are_all_told(tmp_path: Path) -> None:
    project = write_project(tmp_path, "http://127.0.0.1:9/v1", settings="[servr]\n")
    (project / "models.toml").write_text("[modles.canned]\n")
    says = r"ended with 1(.|\n)*modles(.|\n)*servr"
    with pytest.raises(AssertionError, match=says), serving(project):
        pass


def test_dev_does_not_start_with_a_faulty_task_and_tells_all_faults(tmp_path: Path) -> None:
    project = write_project(tmp_path, "http://127.0.0.1:9/v1", settings="[servr]\n")
    (project / "tasks/triage/prompt/user.md").write_text("{{ coment }}")
    says = r"ended with 1(.|\n)*servr(.|\n)*coment"
    with pytest.raises(AssertionError, match=says), serving(project, "--dev"):
        pass


def test_production_serves_on_whatever_becomes_of_the_working_copy(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = into_production(write_project(tmp_path, upstream.base_url))
        (project / "tasks/triage/prompt/user.md").write_text("{{ coment }}")
        with serving(project) as server:
            reply = server.post(TASK, FINE)
            assert (reply.status, reply.headers["x-roadworthy-version"]) == (200, "1.0.0")
            installation = server.control_get("/healthz").json()["installation"]
            assert "coment" in installation["draft_faults"][0]


def test_a_task_that_is_not_in_production_says_how_it_gets_there(tmp_path: Path) -> None:
    with serving(write_project(tmp_path, "http://127.0.0.1:9/v1")) as server:
        reply = server.post(TASK, FINE)
        assert reply.status == 404
        assert "`roadworthy publish triage" in reply.json()["error"]["message"]
        said = server.said()
    assert "Tasks      none is in production" in said
    assert "triage: `roadworthy publish triage" in said


def test_the_keepers_address_is_for_its_own_user_and_gone_when_it_is(tmp_path: Path) -> None:
    with serving(write_project(tmp_path, "http://127.0.0.1:9/v1")) as server:
        path = server.state / "keeper.json"
        wait_until(path.exists, "the keeper announces itself")  # after gateways can begin
        told = json.loads(path.read_bytes())
        assert told["url"] == server.control
        assert (path.stat().st_mode & 0o777, len(told["token"]) > 40) == (0o600, True)
    assert not path.exists()


def test_a_port_in_use_is_named_with_the_remedy(tmp_path: Path) -> None:
    project = write_project(tmp_path, "http://127.0.0.1:9/v1")
    with serving(project) as server:
        port = server.gateway.rpartition(":")[2]
        other = write_project(tmp_path / "other", "http://127.0.0.1:9/v1")
        says = "stop what listens there"
        with pytest.raises(AssertionError, match=says), serving(other, "--port", port):
            pass


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = into_production(write_project(tmp_path, upstream.base_url))
        with serving(project) as server:
            assert server.post(TASK, FINE).status == 200
            orphans = children(server)
            assert len(orphans) == 2
            os.kill(server.process.pid, signal.SIGKILL)
            _, alive = psutil.wait_procs(orphans, timeout=30)
            assert alive == []


def test_a_restart_serves_while_the_database_is_away(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = into_production(write_project(tmp_path, upstream.base_url))
        (project / "tasks/triage/prompt/user.md").write_text("Newer: {{ comment }}")
        into_production(project)
        with serving(project) as server:
            server.post(TASK, FINE)
        database = project / ".roadworthy/calls.sqlite"
        for path in project.glob(".roadworthy/calls.sqlite*"):
            path.rename(path.with_name("away-" + path.name))
        database.mkdir()  # no database can be made here
        with serving(project) as server:
            pinned = server.post(f"{TASK}@1.0.0", FINE)
            assert (pinned.status, pinned.headers["x-roadworthy-version"]) == (200, "1.0.0")
            answer = server.post(TASK, FINE).json()
            call = answer["call"]
            assert answer["version"] == "1.1.0"
            database.rmdir()  # and now it can: the keeper comes back by itself
            stored = f"/api/calls/{call}"
            wait_until(lambda: server.control_get(stored).status == 200, "the call is loaded")
            # The new database is empty, and takes nothing out of production.
            assert server.post(TASK, FINE).json()["version"] == "1.1.0"
            told = server.control_get("/healthz").json()
            assert told["installation"]["lost"] == ["triage"]
            assert "from a backup" in told["reasons"][0]


def test_a_keeper_that_comes_back_to_faulty_files_keeps_the_last_good_revision(
    tmp_path: Path,
) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = write_project(tmp_path, upstream.base_url)
        with serving(project, "--dev") as server:
            (project / "tasks/triage/prompt/user.md").write_text("{{ coment }}")
            keeper = next(
                c for c in children(server) if "roadworthy.control.keeping.keeper" in c.cmdline()
            )
            keeper.kill()
            wait_until(
                lambda: server.control_get("/healthz").json()["status"] == "degraded",
                "the fault is shown",
            )
            assert server.post(TASK, FINE).status == 200


def test_a_keeper_that_comes_back_does_not_put_changed_files_into_service(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = into_production(write_project(tmp_path, upstream.base_url))
        with serving(project) as server:
            (project / "tasks/triage/prompt/user.md").write_text("Changed: {{ comment }}")
            revision = server.get("/readyz").json()["revision"]
            keeper = next(
                c for c in children(server) if "roadworthy.control.keeping.keeper" in c.cmdline()
            )
            keeper.kill()
            wait_until(
                lambda: server.control_get("/healthz").json()["status"] == "ok", "it is back"
            )
            assert server.get("/readyz").json()["revision"] == revision
            server.post(TASK, FINE)
            assert upstream.asked[-1]["messages"][-1]["content"].strip() == "Comment: fine"


def test_a_model_that_no_file_names_has_its_cost_known_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with canned_upstream(lambda _: "Hello.") as upstream:
        monkeypatch.setenv("OPENAI_BASE_URL", upstream.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        chat = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
        with serving(tmp_path) as server:

            def cost() -> object:
                call = server.post("/v1/chat/completions", chat).headers["x-roadworthy-call"]
                path = f"/api/calls/{call}"
                wait_until(lambda: server.control_get(path).status == 200, "the call is loaded")
                return server.control_get(path).json()["call"].get("cost_nusd")

            wait_until(lambda: cost() is not None, "the price is known")


def test_a_gateway_that_would_call_itself_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    project = write_project(tmp_path, f"http://127.0.0.1:{port}/v1")
    with serving(project, "--port", str(port)) as server:
        body = {"model": "canned", "messages": [{"role": "user", "content": "hi"}]}
        reply = server.post("/v1/chat/completions", body)
    assert reply.status >= 500
    assert "asked by itself" in reply.json()["error"]["message"]
