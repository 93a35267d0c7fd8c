"""Published test doubles: an upstream that answers from a script, a journal in memory."""

from roadworthy.testing.journal import MemoryJournal
from roadworthy.testing.upstream import Answer, ScriptedUpstream

__all__ = ["Answer", "MemoryJournal", "ScriptedUpstream"]
