"""Keys and sessions of a running installation: over HTTP, by command, after a killed keeper."""

from __future__ import annotations

import http.client
import json
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil

from canned_upstream import canned_upstream
from production import into_production
from projects import write_project
from serving_process import Reply, Server, fetch, lower, serving
from waiting import wait_until

ANSWER = json.dumps({"sentiment": "positive", "confidence": 0.5})


def key(project: Path, *options: str) -> str:
    """A new key, by command."""
    command = [sys.executable, "-m", "roadworthy", "keys", "create", "--project", str(project)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def ask(server: Server, path: str, secret: str, body: Any = None, *, method: str = "GET") -> Reply:
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    data = None if body is None else json.dumps(body).encode()
    if method == "DELETE":
        host = urlsplit(server.control).netloc
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        reply = Reply(answer.status, lower(answer.headers), answer.read())
        connection.close()
        return reply
    return fetch(server.control + path, data, headers)


class Browser:
    """As much of a browser as it takes to log in: cookies, forms, no redirects followed."""

    def __init__(self, server: Server) -> None:
        self._host = urlsplit(server.control).netloc
        self.cookies: dict[str, str] = {}

    def go(self, path: str, form: dict[str, str] | None = None) -> Reply:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"cookie": cookies} if cookies else {}
        if form is not None:
            headers |= {
                "content-type": "application/x-www-form-urlencoded",
                "origin": f"http://{self._host}",
            }
        method = "GET" if form is None else "POST"
        body = None if form is None else urlencode(form)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                pair = value.partition(";")[0].partition("=")
                self.cookies[pair[0]] = pair[2]
        reply = Reply(answer.status, lower(answer.headers), answer.read())
        connection.close()
        return reply

    def token(self, path: str) -> str:
        found = re.search(rb'name="csrf" value="([^"]+)"', self.go(path).data)
        assert found is not None
        return found[1].decode()

    def log_in(self, secret: str) -> Reply:
        return self.go("/login", {"csrf": self.token("/login"), "key": secret})


def keeper_of(server: Server) -> psutil.Process:
    children = psutil.Process(server.process.pid).children(recursive=True)
    return next(
        child for child in children if "roadworthy.control.keeping.keeper" in child.cmdline()
    )


def test_the_first_key_locks_the_door_and_a_revoked_one_opens_it_no_more(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = into_production(write_project(tmp_path, upstream.base_url))
        with serving(project) as server:
            assert ask(server, "/api/me", "").json()["by"] == "open"
            ada = key(project, "--name", "Ada", "--role", "owner")
            assert ask(server, "/api/me", "").status == 401
            assert ask(server, "/api/me", ada).json()["name"] == "Ada"
            made = ask(server, "/api/keys", ada, {"name": "Grace", "role": "viewer"}).json()
            assert ask(server, "/api/versions", made["secret"]).status == 200
            refused = ask(server, "/api/keys", made["secret"], {"name": "x"})
            assert (refused.status, refused.json()["error"]["code"]) == (403, "forbidden")
            path = f"/api/keys/{made['key']['id']}"
            assert ask(server, path, ada, method="DELETE").status == 200
            assert ask(server, "/api/versions", made["secret"]).status == 401
            # Calls to models are no matter of these keys.
            assert server.post("/v1/tasks/triage", {"input": {"comment": "x"}}).status == 200


def test_a_session_outlives_the_keeper_and_not_its_logout(tmp_path: Path) -> None:
    project = into_production(write_project(tmp_path, "http://127.0.0.1:9/v1"))
    ada = key(project, "--name", "Ada", "--role", "owner")
    with serving(project) as server:
        browser = Browser(server)
        assert browser.go("/tasks").headers["location"] == "/login?next=%2Ftasks"
        assert browser.log_in(ada).status == 303
        killed = keeper_of(server)
        killed.kill()
        wait_until(lambda: not killed.is_running(), "the keeper is dead")
        assert browser.go("/tasks").status == 200
        copy = dict(browser.cookies)
        assert browser.go("/logout", {"csrf": browser.token("/")}).status == 303
        again = keeper_of(server)
        again.kill()
        wait_until(lambda: not again.is_running(), "the keeper is dead again")
        browser.cookies = copy
        assert browser.go("/tasks").status == 303


def test_secrets_of_an_installation_are_its_users_alone(tmp_path: Path) -> None:
    project = into_production(write_project(tmp_path, "http://127.0.0.1:9/v1"))
    ada = key(project, "--name", "Ada", "--role", "owner")
    with serving(project) as server:
        assert Browser(server).log_in(ada).status == 303
        for name in ("session.secret", "keeper.json"):
            mode = stat.S_IMODE((server.state / name).stat().st_mode)
            assert mode == 0o600, name
        token = json.loads((server.state / "keeper.json").read_text())["token"]
        assert ask(server, "/api/me", token).json()["by"] == "token"
    random = ada.rpartition("_")[2].encode()
    for file in server.state.rglob("*"):
        assert not file.is_file() or random not in file.read_bytes(), file
    assert not (server.state / "keeper.json").exists()
