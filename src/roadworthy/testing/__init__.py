"""Published test doubles: upstreams that answer from a script or misbehave, a journal in memory."""

from roadworthy.testing.journal import MemoryJournal
from roadworthy.testing.misbehaviour import MisbehavingUpstream
from roadworthy.testing.upstream import Answer, ScriptedUpstream

__all__ = ["Answer", "MemoryJournal", "MisbehavingUpstream", "ScriptedUpstream"]
