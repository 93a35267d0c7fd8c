"""Answers that are read, judged and sent on while the model still writes them."""

from roadworthy.conformance.streaming.draft import Draft, Fault
from roadworthy.conformance.streaming.fields import Abort, FieldStream, StreamTerms
from roadworthy.conformance.streaming.loops import Loop, LoopWatch
from roadworthy.conformance.streaming.tokens import Token, Tokens

__all__ = [
    "Abort",
    "Draft",
    "Fault",
    "FieldStream",
    "Loop",
    "LoopWatch",
    "StreamTerms",
    "Token",
    "Tokens",
]
