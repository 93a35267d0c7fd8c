"""The pages of prompts in a real browser: by keyboard alone, without scripts, for everybody."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pytest
import uvicorn
from accessibility import CONTRASTS, NAMELESS, STRUCTURE
from devtools import Tab
from one_browser import one_browser

from roadworthy.control import create_app
from roadworthy.control.context import Workbench
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample import sample_calls, sample_status
from roadworthy.control.samples.sample_registry import fill_registry, sample_models
from roadworthy.control.samples.sample_tasks import sample_definitions
from roadworthy.core import SystemClock
from roadworthy.core.errors import InvalidInput
from roadworthy.registry import Actor, Draft
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database
from roadworthy.tasks.cases import Case, Suite

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[2] / "examples" / "feedback"
T = "/tasks/classify-feedback"
HOSTILE = "<script>alert(1)</script>" + "x" * 200 + " \u202e" + "مرحبا " * 20
NOW_US = SystemClock().now_us()
CALLS = sample_calls(60, now_us=NOW_US, hours=20, seed=5)
REPAIRED = next(c for c in CALLS if c.outcome == "repaired" and c.task == "classify-feedback")

Use: TypeAlias = Callable[[Tab], Awaitable[Any]]


class Board:
    """A dashboard over a stored registry, with a play that answers as the repaired call did."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(EXAMPLE, folder / "project")
        state = StateFolder(folder / "state")
        self.registry = StoredRegistry(
            open_database(state),
            state,
            clock=SystemClock(),
            protected=["production"],
            models=sample_models,
            environment="staging",
        )
        calls = [call.id for call in CALLS[:9]]
        fill_registry(self.registry, at_us=NOW_US, calls=calls)
        self._hostile()
        self.source = MemorySource(
            CALLS, status=sample_status(NOW_US), definitions=sample_definitions()
        )
        self.root = folder / "project"
        bench = Workbench(registry=self.registry, root=self.root, play=self.play)
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        app = create_app(self.source, workbench=bench)
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def _hostile(self) -> None:
        """A version in which every text that people choose is hostile."""
        definition = msgspec.structs.replace(
            sample_definitions()[0].task,
            name="hostile",
            description=HOSTILE,
            input_schema={"type": "object", "properties": {HOSTILE: {"description": HOSTILE}}},
            blocks={HOSTILE: HOSTILE},
        )
        cases = (Case(input={HOSTILE: HOSTILE}, tags=[HOSTILE], note=HOSTILE, id=HOSTILE),)
        for message in (HOSTILE, HOSTILE + "again"):
            draft = Draft(definition=definition, suite=Suite(cases=cases), message=message)
            self.registry.publish(draft, Actor(name=HOSTILE))
            definition = msgspec.structs.replace(definition, description=HOSTILE + "more")

    def play(
        self, task: str, selector: str | None, input_: dict[str, Any], model: str | None
    ) -> dict[str, Any]:
        if not input_.get("comment"):
            raise InvalidInput("The input does not satisfy the task's input schema: comment.")
        return {"call": REPAIRED.id, "value": REPAIRED.value, "outcome": "repaired"}


@pytest.fixture(scope="module")
def use_browser() -> Iterator[Callable[[Use], Any]]:
    yield from one_browser()


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    board = Board(tmp_path_factory.mktemp("prompts"))
    thread = threading.Thread(target=board.server.run, kwargs={"sockets": [board.listener]})
    thread.start()
    deadline = time.monotonic() + 10
    while not board.server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield board
    board.server.should_exit = True
    thread.join(10)


PAGES = [
    "/tasks",
    "/blocks",
    "/blocks/brand-voice.md",
    T,
    f"{T}/versions",
    f"{T}/versions/2.1.0",
    f"{T}/diff?from=1.1.0&to=2.1.0",
    f"{T}/diff?from=1.1.0&to=@working",
    f"{T}/channels",
    f"{T}/channels?to=2.1.0&channel=production",
    f"{T}/channels?to=2.0.0&channel=staging",
    f"{T}/history",
    f"{T}/tests",
    f"{T}/lint",
    f"{T}/playground",
    f"{T}/playground?call={REPAIRED.id}",
    f"{T}/playground?edit=json",
    "/tasks/product-sheet/versions",
    "/tasks/product-sheet/tests",
    "/tasks/hostile",
    "/tasks/hostile/versions",
    "/tasks/hostile/versions/1.0.0",
    "/tasks/hostile/diff?from=1.0.0&to=1.0.1",
    "/tasks/hostile/channels?to=1.0.0",
    "/tasks/hostile/lint?version=1.0.0",
    "/tasks/hostile/playground?case=1.0.0/1",
]


@pytest.mark.parametrize("path", PAGES, ids=range(len(PAGES)))
def test_a_page_loads_without_complaint_and_fits_a_phone(
    board: Board, use_browser: Callable[[Use], Any], path: str
) -> None:
    async def use(tab: Tab) -> None:
        await tab.size(360, 740)
        await tab.open(board.url + path)
        width = "document.documentElement.scrollWidth"
        assert await tab.evaluate(width) <= 360
        await tab.size(1280)
        assert await tab.evaluate(width) <= 1280
        assert tab.problems == []

    use_browser(use)


@pytest.mark.parametrize("path", PAGES, ids=range(len(PAGES)))
def test_a_page_has_names_order_and_contrast(
    board: Board, use_browser: Callable[[Use], Any], path: str
) -> None:
    async def use(tab: Tab) -> None:
        for scheme in ("light", "dark"):
            await tab.media(prefers_color_scheme=scheme)
            await tab.open(board.url + path)
            assert await tab.evaluate(CONTRASTS) == []
        assert await tab.evaluate(NAMELESS) == []
        assert await tab.evaluate(STRUCTURE) == []

    use_browser(use)


FOCUS = """(() => { const e = document.activeElement;
  return e.id || (e.value && e.name === 'act' ? e.value : '') || e.textContent.trim() })()"""
TEXT = "document.querySelector('main').innerText.replace(/\\s+/g, ' ')"


async def tab_to(tab: Tab, wanted: str) -> None:
    """Press Tab until what is wanted (an id, a value, a text) has the focus, and can be seen to."""
    for _ in range(120):
        await tab.press("Tab")
        if await tab.evaluate(FOCUS) == wanted:
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert await tab.evaluate(outline) != "none"
            return
    raise AssertionError(f"Tab does not reach {wanted}")


def test_by_keyboard_a_promotion_is_refused_forced_and_rolled_back(
    board: Board, use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.scripts(enabled=False)
        await tab.open(f"{board.url}{T}/channels?to=2.1.0")
        assert "The gate does not hold." in await tab.evaluate(TEXT)
        assert "points short" in await tab.evaluate(TEXT)
        await tab_to(tab, "why")
        await tab.type("measured on the wrong model")
        await tab.press("Enter")  # the tick is required: the browser does not send the form
        assert await tab.evaluate("location.search") == "?to=2.1.0"
        await tab_to(tab, "force")
        await tab.press(" ")
        await tab_to(tab, "Force 2.1.0 to production")
        await tab.press("Enter", expect_load=True)
        told = await tab.evaluate("document.querySelector('[role=status]').textContent")
        assert "production was moved from 1.1.0 to 2.1.0 against its gate." in told
        await tab_to(tab, "back-1")
        await tab.type("complaints")
        await tab_to(tab, "Roll back production")
        await tab.press("Enter", expect_load=True)
        told = await tab.evaluate("document.querySelector('[role=status]').textContent")
        assert "production was rolled back from 2.1.0 to 1.1.0." in told
        await tab.open(f"{board.url}{T}/history")
        history = await tab.evaluate(TEXT)
        assert "measured on the wrong model" in history
        assert history.index("complaints") < history.index("measured on the wrong model")
        assert tab.problems == []

    use_browser(use)


def test_a_promotion_that_the_server_refuses_keeps_what_was_typed(
    board: Board, use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(f"{board.url}{T}/channels?to=2.1.0")
        await tab.evaluate("document.getElementById('force').required = false")
        await tab.evaluate("document.getElementById('why').focus()")
        await tab.type("just this once")
        await tab.press("Enter", expect_load=True)
        assert "Nothing was moved." in await tab.evaluate(TEXT)
        assert await tab.evaluate("document.getElementById('why').value") == "just this once"

    use_browser(use)


def test_by_keyboard_an_input_is_run_and_saved_as_a_case(
    board: Board, use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.scripts(enabled=False)
        await tab.open(f"{board.url}{T}/playground?version=1.1.0")
        await tab_to(tab, "f.comment")
        await tab.type("The box sang to me.")
        await tab_to(tab, "run")
        await tab.press("Enter", expect_load=True)
        assert await tab.evaluate("document.getElementById('f.comment').value") == (
            "The box sang to me."
        )
        assert "Repaired" in await tab.evaluate("document.getElementById('result').innerText")
        expected = "JSON.parse(document.getElementById('expect').value).sentiment"
        assert await tab.evaluate(expected) == REPAIRED.value["sentiment"]
        await tab_to(tab, "case_id")
        await tab.type("singing-box")
        await tab_to(tab, "save")
        await tab.press("Enter", expect_load=True)
        told = await tab.evaluate("document.querySelector('[role=status]').textContent")
        assert "case singing-box stands in" in told
        assert tab.problems == []

    use_browser(use)
    assert '"singing-box"' in (board.root / T[1:] / "cases.jsonl").read_text()


def test_an_error_keeps_the_input_and_is_announced(
    board: Board, use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(f"{board.url}{T}/playground?version=2.1.0")
        await tab_to(tab, "f.language")
        await tab.type("en")
        await tab_to(tab, "run")
        await tab.press("Enter", expect_load=True)
        assert "invalid_input" in await tab.evaluate(
            "document.querySelector('[role=alert]').innerText"
        )
        assert await tab.evaluate("document.getElementById('f.language').value") == "en"

    use_browser(use)


def test_a_difference_can_be_read_without_colour(
    board: Board, use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(f"{board.url}{T}/diff?from=1.1.0&to=2.1.0")
        line = "getComputedStyle(document.querySelector({!r})).textDecorationLine"
        assert await tab.evaluate(line.format(".sides ins")) == "underline"
        assert await tab.evaluate(line.format(".beside del")) == "line-through"
        both = "[...document.querySelectorAll('.sides .k-changed .side')].map(e => e.innerText)"
        left, right = await tab.evaluate(both)
        assert right.startswith(left)
        assert "breaking" in await tab.evaluate(TEXT)
        await tab.size(360, 740)
        rows = "[...document.querySelectorAll('.k-same')].map(e => e.querySelectorAll('td').length)"
        assert set(await tab.evaluate(rows)) == {4}
        hidden = "getComputedStyle(document.querySelector('.k-same .left')).display"
        assert await tab.evaluate(hidden) == "none"

    use_browser(use)


def test_what_is_evidence_prints_and_what_is_a_form_does_not(
    board: Board, use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(f"{board.url}{T}/channels?to=2.1.0")
        await tab.send("Emulation.setEmulatedMedia", media="print")
        shown = "getComputedStyle(document.querySelector({!r})).display"
        assert await tab.evaluate(shown.format(".act")) == "none"
        assert await tab.evaluate(shown.format(".tabs")) == "none"
        assert await tab.evaluate(shown.format(".measured")) == "table"

    use_browser(use)
