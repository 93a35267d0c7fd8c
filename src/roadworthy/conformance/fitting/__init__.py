"""What was written, as the schema wants it said."""

from roadworthy.conformance.fitting.fit import Fitted, fit, has_aliases
from roadworthy.conformance.fitting.scalars import FAIL

__all__ = ["FAIL", "Fitted", "fit", "has_aliases"]
