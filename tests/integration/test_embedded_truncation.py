"""An answer of the embedded model that its token limit cuts off is a typed error, and recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from roadworthy.core.errors import OutputTruncated
from roadworthy.models.embedded import is_installed
from roadworthy.pipeline import CallRequest, Finished
from roadworthy.pipeline.inprocess import in_process
from roadworthy.tasks import load_project

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.skipif(
        not is_installed(), reason="the embedded model is absent; run `roadworthy local install`"
    ),
]

LONG = {
    "type": "object",
    "properties": {"story": {"type": "string", "minLength": 400}},
    "required": ["story"],
    "additionalProperties": False,
}


def test_the_token_limit_ends_an_answer_as_truncated(tmp_path: Path) -> None:
    async def scenario() -> Finished:
        async with in_process(load_project(tmp_path), tmp_path / "state", name="t") as pipeline:
            return await pipeline.run(
                CallRequest(
                    target="local",
                    surface="python",
                    messages=[{"role": "user", "content": "Tell me a story."}],
                    parameters={"max_tokens": 16, "seed": 1},
                    output_schema=LONG,
                )
            )

    (tmp_path / "roadworthy.toml").write_text("format = 1\n")
    finished = asyncio.run(scenario())
    assert isinstance(finished.error, OutputTruncated)
    assert (finished.call.outcome, finished.call.mode) == ("truncated", "grammar")
    assert [attempt.stop_reason for attempt in finished.call.attempts] == ["length"]
    assert finished.call.usage.output_tokens == 16
