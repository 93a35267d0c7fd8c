"""The path of one call, in process, without HTTP."""

from roadworthy.pipeline.path import Journal, Pipeline
from roadworthy.pipeline.request import CallRequest, CallStream, Finished
from roadworthy.pipeline.resolve import TASK_PREFIX
from roadworthy.pipeline.state import ServingState, compile_state

__all__ = [
    "TASK_PREFIX",
    "CallRequest",
    "CallStream",
    "Finished",
    "Journal",
    "Pipeline",
    "ServingState",
    "compile_state",
]
