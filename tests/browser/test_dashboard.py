"""The dashboard in a real browser: nothing overflows, nothing is blocked, the keyboard suffices."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import pytest
import uvicorn
from devtools import Tab
from one_browser import one_browser

from roadworthy.control import create_app
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample import sample_calls, sample_status
from roadworthy.control.samples.sample_chain import sample_chain_calls, sample_chain_definitions
from roadworthy.control.samples.sample_tasks import sample_definitions
from roadworthy.control.source import Definition
from roadworthy.core import Call, Reason, Repair, SystemClock
from roadworthy.models import Model
from roadworthy.tasks import ConstraintDefinition, TaskDefinition, Template

pytestmark = pytest.mark.browser

HOSTILE = "<script>alert(1)</script>" + "x" * 200 + " \u202e" + "مرحبا " * 20
NOW_US = SystemClock().now_us()
CALLS = sample_calls(300, now_us=NOW_US, hours=20, seed=5)
CHAIN_CALLS = sample_chain_calls(NOW_US)
CHAINED = next(call for call in CHAIN_CALLS if call.outcome == "chain")
REPAIRED = next(call for call in CALLS if call.outcome == "repaired")

Use: TypeAlias = Callable[[Tab], Awaitable[Any]]


def hostile_call() -> Call:
    call = sample_calls(1, now_us=NOW_US, hours=0.1, seed=3)[0]
    call.task = call.model = call.version = call.unit = HOSTILE
    call.conversation_id = HOSTILE
    call.input, call.value = {"a": HOSTILE * 400}, {HOSTILE: [HOSTILE]}
    call.repairs = (Repair(path=HOSTILE, kind=HOSTILE, before=HOSTILE, after=HOSTILE),)
    call.reasons = (Reason(kind="repair", name=HOSTILE, path=HOSTILE),)
    call.outcome, call.schema_digest = "repaired", HOSTILE
    for attempt in call.attempts:
        attempt.model = attempt.provider = HOSTILE
    return call


def hostile_definition() -> Definition:
    schema = {"type": "object", "properties": {HOSTILE: {"enum": [HOSTILE], "maxLength": 9}}}
    task = TaskDefinition(
        name="hostile",
        model=HOSTILE,
        description=HOSTILE,
        input_schema=schema,
        output_schema=schema,
        templates=(Template(role="user", source=HOSTILE, file=HOSTILE),),
        constraints=(ConstraintDefinition(name=HOSTILE, require=HOSTILE, message=HOSTILE),),
    )
    return Definition(task=task, model=Model(name=HOSTILE, provider="openai", upstream=HOSTILE))


class Served:
    """Applications on ports of their own, in threads."""

    def __init__(self) -> None:
        self._servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serve(self, source: MemorySource) -> str:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(source), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        self._servers.append((server, thread))
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def stop(self) -> None:
        for server, _ in self._servers:
            server.should_exit = True
        for _, thread in self._servers:
            thread.join(10)


@pytest.fixture(scope="module")
def use_browser() -> Iterator[Callable[[Use], Any]]:
    yield from one_browser()


@pytest.fixture(scope="module")
def boards() -> Iterator[dict[str, str]]:
    served = Served()
    status = sample_status(NOW_US)
    yield {
        "full": served.serve(MemorySource(CALLS, status=status, definitions=sample_definitions())),
        "chains": served.serve(
            MemorySource(CHAIN_CALLS, status=status, definitions=sample_chain_definitions())
        ),
        "empty": served.serve(MemorySource(status=status)),
        "hostile": served.serve(
            MemorySource([hostile_call()], status=status, definitions=[hostile_definition()])
        ),
    }
    served.stop()


PAGES = [
    ("full", "/"),
    ("full", "/?span=7d&task=product-sheet"),
    ("full", "/conformance"),
    ("full", "/conformance?by=task,version,provider,model,mode,schema&span=30d&mode=strict"),
    ("full", "/calls"),
    ("full", f"/calls/{REPAIRED.id}"),
    ("full", "/calls?model=nobody"),
    ("full", "/tasks"),
    ("full", "/tasks/product-sheet"),
    ("full", "/tasks/model%3Afast"),
    ("chains", "/?span=1h"),
    ("chains", "/calls?steps=true"),
    ("chains", f"/calls/{CHAINED.id}"),
    ("chains", f"/calls/{CHAIN_CALLS[0].id}"),
    ("chains", "/tasks"),
    ("chains", "/tasks/kettle-sheet"),
    ("empty", "/"),
    ("empty", "/conformance"),
    ("empty", "/tasks"),
    ("hostile", "/?span=1h"),
    ("hostile", "/conformance?by=task,version,provider,model,mode,schema&span=24h"),
    ("hostile", "/calls"),
    ("hostile", "/calls/0"),
    ("hostile", "/tasks"),
    ("hostile", "/tasks/hostile"),
]


@pytest.mark.parametrize(("board", "path"), PAGES, ids=range(len(PAGES)))
def test_a_page_loads_without_complaint_and_fits_a_phone(
    boards: dict[str, str], use_browser: Callable[[Use], Any], board: str, path: str
) -> None:
    async def use(tab: Tab) -> None:
        await tab.size(360, 740)
        await tab.open(boards[board] + path)
        width = "document.documentElement.scrollWidth"
        assert await tab.evaluate(width) <= 360
        assert await tab.evaluate("document.querySelectorAll('h1').length") == 1
        await tab.size(1280)
        assert await tab.evaluate(width) <= 1280
        assert tab.problems == []

    use_browser(use)


def test_the_style_sheet_is_applied_and_follows_the_readers_scheme(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        backgrounds = []
        for scheme in ("light", "dark"):
            await tab.media(prefers_color_scheme=scheme)
            await tab.open(boards["full"] + "/")
            backgrounds.append(
                await tab.evaluate("getComputedStyle(document.body).backgroundColor")
            )
        light, dark = (sum(map(int, b[4:-1].split(","))) for b in backgrounds)
        assert light > 3 * 220
        assert dark < 3 * 40

    use_browser(use)


FOCUS = """(() => { const e = document.activeElement;
  return e.id || e.getAttribute("href") || e.textContent.trim() })()"""


async def tab_to(tab: Tab, wanted: str) -> None:
    """Press Tab until what is wanted (an id, an address, a text) has the focus."""
    for _ in range(80):
        await tab.press("Tab")
        if await tab.evaluate(FOCUS) == wanted:
            return
    raise AssertionError(f"Tab does not reach {wanted}")


def test_the_keyboard_reaches_the_filter_and_the_rows_and_opens_a_call(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(boards["full"] + "/calls")
        reached = []
        for _ in range(20):
            await tab.press("Tab")
            reached.append(await tab.evaluate(FOCUS))
        assert reached[0] == "#main"
        form = ["task", "outcome", "since", "model", "error_code", "conversation", "steps"]
        start = reached.index("task")
        assert reached[start : start + 8] == [*form, "Filter"]
        rows = reached[start + 8 :]
        newest = sorted(CALLS, key=lambda call: call.id, reverse=True)
        assert rows == [f"/calls/{call.id}" for call in newest[: len(rows)]]
        assert rows
        await tab.press("Enter", expect_load=True)
        assert await tab.evaluate("location.pathname") == rows[-1]

    use_browser(use)


def test_what_has_the_focus_can_be_seen(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(boards["full"] + "/calls")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        for _ in range(12):
            await tab.press("Tab")
            row = await tab.evaluate("document.activeElement.matches('.when a')")
            pseudo = outline.replace("activeElement", "activeElement, '::after'")
            assert await tab.evaluate(pseudo if row else outline) != "none"

    use_browser(use)


def test_the_skip_link_leads_past_the_navigation(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(boards["full"] + "/")
        await tab.press("Tab")
        await tab.press("Enter")
        assert await tab.evaluate("document.activeElement.id") == "main"
        await tab.press("Tab")
        assert await tab.evaluate("document.activeElement.closest('.spans') !== null")

    use_browser(use)


def test_a_chart_tells_its_figures_under_the_pointer_and_by_keyboard(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.size(1280)
        await tab.open(boards["full"] + "/")
        assert await tab.evaluate("document.querySelector('.tip').hidden")
        await tab.hover("#outcomes a .hit")
        shown = await tab.evaluate("document.querySelector('.tip:not([hidden])').textContent")
        assert "UTC" in shown
        assert "First pass" in shown
        box = await tab.evaluate(
            "(() => { const b = document.querySelector('.tip').getBoundingClientRect();"
            " return [b.left, b.right] })()"
        )
        assert 0 <= box[0] < box[1] <= 1280
        await tab.evaluate("document.querySelector('#latency .plot').focus()")
        await tab.press("ArrowLeft")
        assert "so far" in await tab.evaluate("document.querySelector('.tip').textContent")
        assert tab.problems == []

    use_browser(use)


def test_a_chart_opens_the_calls_of_a_time_by_keyboard(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(boards["full"] + "/")
        await tab.evaluate("document.querySelector('#outcomes .plot').focus()")
        for _ in range(48):
            await tab.press("ArrowLeft")
            if await tab.evaluate("document.querySelector('.hit.on').closest('a') !== null"):
                break
        await tab.press("Enter", expect_load=True)
        assert await tab.evaluate("location.pathname") == "/calls"

    use_browser(use)


def test_the_ledger_is_narrowed_by_keyboard_and_leads_to_an_example(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(boards["full"] + "/conformance")
        await tab.evaluate("document.querySelector('.ledger').parentElement.focus()")
        reached = []
        for _ in range(4):
            await tab.press("Tab")
            reached.append(await tab.evaluate(FOCUS))
        assert [link.split("?")[0] for link in reached] == ["/conformance"] * 4
        await tab.press("Enter", expect_load=True)
        assert "mode=grammar" in await tab.evaluate("location.search")
        assert await tab.evaluate("document.querySelectorAll('.narrowed a').length") == 1
        await tab.evaluate("document.querySelector('.reasons td a').focus()")
        await tab.press("Enter", expect_load=True)
        assert (await tab.evaluate("location.pathname")).startswith("/calls/")
        assert tab.problems == []

    use_browser(use)


def test_a_click_on_a_chart_opens_the_calls_of_that_time(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.size(1280)
        await tab.open(boards["full"] + "/")
        await tab.hover("#outcomes a .hit")
        await tab.click(expect_load=True)
        assert await tab.evaluate("location.pathname") == "/calls"
        assert "until=" in await tab.evaluate("location.search")
        assert await tab.evaluate("document.querySelectorAll('.calls tbody tr').length") > 0

    use_browser(use)


def test_anywhere_on_a_row_opens_its_call(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.size(1280)
        await tab.open(boards["full"] + "/calls")
        wanted = await tab.evaluate(
            "document.querySelectorAll('.calls .when a')[2].getAttribute('href')"
        )
        await tab.hover(".calls tbody tr:nth-child(3) td:nth-child(4)")
        await tab.click(expect_load=True)
        assert await tab.evaluate("location.pathname") == wanted

    use_browser(use)


def test_a_step_is_opened_by_keyboard_and_leads_back_to_its_chain(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.scripts(enabled=False)
        await tab.open(boards["chains"] + f"/calls/{CHAINED.id}")
        assert await tab.evaluate("document.querySelectorAll('.tree .on-path').length") == 3
        await tab.evaluate("document.querySelector('.step summary').focus()")
        await tab.press("Enter")
        assert await tab.evaluate("document.querySelector('.step').open")
        await tab.evaluate("document.querySelector('.tree .depth-1 a').focus()")
        await tab.press("Enter", expect_load=True)
        assert await tab.evaluate("location.pathname") == f"/calls/{CHAIN_CALLS[0].id}"
        await tab_to(tab, f"/calls/{CHAINED.id}")
        await tab.press("Enter", expect_load=True)
        assert await tab.evaluate("location.pathname") == f"/calls/{CHAINED.id}"
        await tab.scripts(enabled=True)

    use_browser(use)


def test_everything_works_without_scripts(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.scripts(enabled=False)
        await tab.open(boards["full"] + "/calls")
        await tab_to(tab, "model")
        await tab.type("fast")
        await tab.press("Enter", expect_load=True)
        assert "model=fast" in await tab.evaluate("location.search")
        assert await tab.evaluate("document.querySelectorAll('.calls tbody tr').length") > 0
        await tab.open(boards["full"] + "/")
        assert await tab.evaluate("document.querySelector('.tip') === null")
        assert await tab.evaluate("document.querySelectorAll('#outcomes .fill').length") > 20
        await tab.hover("#outcomes summary")
        await tab.click()
        assert await tab.evaluate("document.querySelector('#outcomes details').open")

    use_browser(use)


def test_the_keyboard_unfolds_a_tasks_schema_and_scrolls_its_wide_table(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.scripts(enabled=False)
        await tab.size(760)
        await tab.open(boards["full"] + "/tasks/product-sheet")
        assert not await tab.evaluate("document.querySelector('.raw').open")
        await tab_to(tab, "As JSON Schema")
        await tab.press("Enter")
        assert await tab.evaluate("document.querySelector('.raw').open")
        await tab.evaluate("document.querySelector('.wide').focus()")
        assert await tab.evaluate("document.activeElement.className") == "wide"
        assert tab.problems == []

    use_browser(use)


def test_a_task_prints_whole_and_without_navigation(
    boards: dict[str, str], use_browser: Callable[[Use], Any]
) -> None:
    async def use(tab: Tab) -> None:
        await tab.open(boards["full"] + "/tasks/product-sheet")
        await tab.send("Emulation.setEmulatedMedia", media="print")
        shown = "getComputedStyle(document.querySelector({!r})).display"
        assert await tab.evaluate(shown.format(".top nav")) == "none"
        assert await tab.evaluate(shown.format(".spans")) == "none"
        assert await tab.evaluate(shown.format(".holds")) == "table"

    use_browser(use)
