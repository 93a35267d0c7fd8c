"""Headless Chromium over its DevTools protocol: just enough to look at a page and to use it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--remote-debugging-port=0",
    # Nothing beyond loopback has an address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def find_chromium() -> str | None:
    """The browser's command, or None; ROADWORTHY_CHROMIUM names another."""
    named = os.environ.get("ROADWORTHY_CHROMIUM")
    if named:
        return named
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class PageError(AssertionError):
    """A script failed in the page."""


class Tab:
    """One tab. `problems` gathers console errors, exceptions, policy violations, failed loads."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.problems: list[str] = []
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self._pointer = {"x": 0, "y": 0}
        self._reader = asyncio.create_task(self._read())

    async def start(self) -> None:
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(20):
            return await answer

    async def open(self, url: str) -> None:
        self._loaded.clear()
        await self.send("Page.navigate", url=url)
        await self.loaded()

    async def loaded(self) -> None:
        """Until the page that was begun is complete."""
        async with asyncio.timeout(20):
            await self._loaded.wait()

    async def size(self, width: int, height: int = 900) -> None:
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    async def media(self, **features: str) -> None:
        """Such as ``prefers_color_scheme="dark"``."""
        await self.send(
            "Emulation.setEmulatedMedia",
            features=[{"name": k.replace("_", "-"), "value": v} for k, v in features.items()],
        )

    async def scripts(self, *, enabled: bool) -> None:
        await self.send("Emulation.setScriptExecutionDisabled", value=not enabled)

    async def evaluate(self, expression: str) -> Any:
        answer = await self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise PageError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    async def press(self, key: str, *, expect_load: bool = False) -> None:
        if expect_load:
            self._loaded.clear()
        text = {"Enter": "\r"}.get(key, "")
        code = {"Enter": 13, "Tab": 9, "ArrowRight": 39, "ArrowLeft": 37}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            await self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text and kind == "keyDown" else {}),
            )
        if expect_load:
            await self.loaded()

    async def hover(self, selector: str) -> None:
        box = await self.evaluate(
            f"(() => {{ const e = document.querySelector({selector!r});"
            " e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2] })()"
        )
        self._pointer = {"x": box[0], "y": box[1]}
        await self.send("Input.dispatchMouseEvent", type="mouseMoved", **self._pointer)

    async def click(self, *, expect_load: bool = False) -> None:
        """Where the pointer is."""
        if expect_load:
            self._loaded.clear()
        for kind in ("mousePressed", "mouseReleased"):
            await self.send(
                "Input.dispatchMouseEvent",
                type=kind,
                button="left",
                clickCount=1,
                **self._pointer,
            )
        if expect_load:
            await self.loaded()

    async def type(self, text: str) -> None:
        """Into what has the focus."""
        await self.send("Input.insertText", text=text)

    async def picture(self, path: Path, *, whole: bool = True) -> None:
        answer = await self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    async def close(self) -> None:
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader
        await self._socket.close()

    async def _read(self) -> None:
        async for message in self._socket:
            event = message.json()
            if "id" in event:
                answer = self._answers.pop(event["id"])
                if answer.done():
                    continue
                if "error" in event:
                    answer.set_exception(PageError(str(event["error"])))
                else:
                    answer.set_result(event["result"])
            else:
                self._note(event["method"], event["params"])

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Runtime.exceptionThrown":
            self.problems.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.problems.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(str(params["entry"]))
        elif method == "Network.loadingFailed" and not params.get("canceled"):
            self.problems.append(str(params))


class Browser:
    """A headless Chromium with a folder of its own."""

    def __init__(self, process: asyncio.subprocess.Process, folder: str, address: str) -> None:
        self._process = process
        self._folder = folder
        self._address = address
        self._session = aiohttp.ClientSession()

    @classmethod
    async def launch(cls, command: str) -> Browser:
        folder = tempfile.mkdtemp(prefix="roadworthy-browser-")
        process = await asyncio.create_subprocess_exec(
            command,
            *FLAGS,
            f"--user-data-dir={folder}",
            "about:blank",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            return cls(process, folder, await find_address(process, Path(folder)))
        except BaseException:
            await end(process)
            shutil.rmtree(folder, ignore_errors=True)
            raise

    async def close(self) -> None:
        await self._session.close()
        await end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextlib.asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        async with self._session.put(f"{self._address}/json/new?about:blank") as response:
            target = await response.json(content_type=None)
        socket = await self._session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0)
        tab = Tab(socket)
        try:
            await tab.start()
            yield tab
        finally:
            await tab.close()
            async with self._session.get(f"{self._address}/json/close/{target['id']}"):
                pass


async def find_address(process: asyncio.subprocess.Process, folder: Path) -> str:
    """Where the browser listens: it writes the port into its folder once it does."""
    file = folder / "DevToolsActivePort"
    async with asyncio.timeout(30):
        while process.returncode is None:
            if file.exists() and (lines := file.read_text().split()):
                return f"http://127.0.0.1:{lines[0]}"
            await asyncio.sleep(0.02)
    raise PageError(f"chromium ended with status {process.returncode} before it listened")


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
