"""What tests of the dashboard share: an application over sample calls, and a reader of pages."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

from starlette.testclient import TestClient

from roadworthy.control import CallSource, create_app
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample import sample_calls, sample_status
from roadworthy.control.samples.sample_tasks import sample_definitions

NOW_US = 1_795_232_467_000_000
"""2026-11-21 03:41:07 UTC"""

VOID = {"col", "meta", "link", "input", "br", "hr", "img"}


class FixedClock:
    """A clock that stands."""

    def now_us(self) -> int:
        return NOW_US

    def elapsed_us(self) -> int:
        return 0


def full_source() -> MemorySource:
    calls = sample_calls(400, now_us=NOW_US, hours=40, seed=5)
    return MemorySource(calls, status=sample_status(NOW_US), definitions=sample_definitions())


def empty_source() -> MemorySource:
    return MemorySource([], status=sample_status(NOW_US))


def client_of(source: CallSource) -> TestClient:
    app = create_app(
        source, hosts=("board.test",), clock=FixedClock(), gateway_url="http://gateway.test/"
    )
    return TestClient(app, base_url="http://localhost:8701", raise_server_exceptions=False)


class Page(HTMLParser):
    """A page taken apart; `faults` are what a browser would have to guess about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self._check()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if len(given) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.tags.append((tag, given))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("script", "style"):
            self.text += data
        elif data.strip():
            self.faults.append(f"text within <{self._open[-1]}>")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def links(self) -> list[str]:
        return [link["href"] or "" for link in self.all("a")]

    def _check(self) -> None:
        self.faults += [f"<{tag}> is not closed" for tag in self._open]
        ids = Counter(a["id"] for _, a in self.tags if "id" in a)
        self.faults += [f"id {name} is there {n} times" for name, n in ids.items() if n > 1]
        for tag, attributes in self.tags:
            self.faults += [
                f"<{tag} {name}>" for name in attributes if name == "style" or name.startswith("on")
            ]
        labelled = {label.get("for") for label in self.all("label")}
        for tag in ("input", "select", "textarea"):
            for field in self.all(tag):
                if field.get("type") != "hidden" and field.get("id") not in labelled:
                    self.faults.append(f"<{tag}> without a label: {field}")
        if any(int(a.get("tabindex") or 0) > 0 for _, a in self.tags):
            self.faults.append("a positive tabindex")
        levels = [int(tag[1]) for tag, _ in self.tags if tag in ("h1", "h2", "h3", "h4")]
        for above, below in pairwise(levels):
            if below > above + 1:
                self.faults.append(f"<h{below}> follows <h{above}>")
        for tag, wanted in (("h1", 1), ("main", 1), ("title", None)):
            if wanted is not None and len(self.all(tag)) != wanted:
                self.faults.append(f"{len(self.all(tag))} <{tag}>")


def page_of(client: TestClient, path: str, *, status: int = 200) -> Page:
    response = client.get(path)
    assert response.status_code == status, response.text[:2000]
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)
