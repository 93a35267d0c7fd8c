"""The stages generate and conform: from what was prepared to a whole answer."""

from __future__ import annotations

from roadworthy.pipeline.conformed import conform_reply
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.request import Finished

__all__ = ["answer_whole"]


async def answer_whole(generation: Generation) -> Finished:
    """The answer, once it conforms, or why none may be delivered.

    Raises:
        UpstreamError: no model answered.
    """
    recorder = generation.recorder
    with recorder.stage("generate"):
        reply = await generation.answer()
    with recorder.stage("conform"):
        return await conform_reply(generation, reply)
