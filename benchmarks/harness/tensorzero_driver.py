"""Calls TensorZero in the process that embeds it, at the concurrency it is told.

Runs in TensorZero's environment: ``python -m harness.tensorzero_driver CONFIG``. One plan as a
line of JSON in, one line of figures out; the first line asks whether it is ready.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from typing import Any

import tensorzero

from harness.canned import COMMENT, PROMPT, WORD, WORDS

__all__ = ["main"]

INPUT = {"system": PROMPT, "messages": [{"role": "user", "content": COMMENT}]}


async def call(gateway: Any, plan: dict[str, Any]) -> float | None:
    """One call; the moment of its first event, if it streams."""
    answer = await gateway.inference(model_name=plan["model"], input=INPUT, stream=plan["stream"])
    if not plan["stream"]:
        assert answer.content[0].text
        return None
    first, text = None, ""
    async for event in answer:
        first = first or time.perf_counter()
        text += "".join(piece.text for piece in event.content)
    assert text.count(WORD.decode()) == WORDS, "a stream was cut short"
    return first


async def run(gateway: Any, plan: dict[str, Any]) -> dict[str, Any]:
    """The figures of one plan: `harness.load.Load` as a dict."""
    latencies: list[float] = []
    first_events: list[float] = []
    errors = 0
    began = time.perf_counter()

    async def caller() -> None:
        nonlocal errors
        while (sent := time.perf_counter()) < began + plan["seconds"]:
            try:
                first = await call(gateway, plan)
            except (tensorzero.TensorZeroError, AssertionError):
                errors += 1
                continue
            latencies.append((time.perf_counter() - sent) * 1e3)
            if first is not None:
                first_events.append((first - sent) * 1e3)

    await asyncio.gather(*(caller() for _ in range(plan["connections"])))
    ordered = sorted(latencies) or [0.0]
    return {
        "calls": len(latencies),
        "errors": errors,
        "seconds": time.perf_counter() - began,
        "p50_ms": statistics.median(ordered),
        "p99_ms": ordered[int((len(ordered) - 1) * 0.99)],
        "first_event_ms": statistics.median(first_events) if first_events else None,
    }


async def http_server(config: str) -> Any:
    """The server that TensorZero opens on the loopback for OpenAI's client, if it still can."""
    start = getattr(tensorzero, "_start_http_gateway", None)
    if start is None:
        return None
    stores = dict.fromkeys(("clickhouse_url", "postgres_url", "valkey_url"))
    return await start(config_file=config, async_setup=True, **stores)


async def main(config: str) -> None:
    """Serves plans from standard input until it is closed."""
    # The gateway logs to standard output; figures keep it to themselves.
    figures_out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    gateway = await tensorzero.AsyncTensorZeroGateway.build_embedded(config_file=config)
    server = await http_server(config)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        plan = json.loads(line)
        if "hello" in plan:
            figures: dict[str, Any] = {"http": server and server.base_url}
        else:
            figures = await run(gateway, plan)
        figures_out.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
