"""An upstream that misbehaves in named ways, for tests of what must hold all the same."""

from roadworthy.testing.misbehaviour.exchange import Exchange, Question, Way
from roadworthy.testing.misbehaviour.upstream import WAYS, MisbehavingUpstream

__all__ = ["WAYS", "Exchange", "MisbehavingUpstream", "Question", "Way"]
