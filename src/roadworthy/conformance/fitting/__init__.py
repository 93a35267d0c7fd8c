"""What was written, as the schema wants it said."""

from roadworthy.conformance.fitting.fit import Fitted, fit, has_aliases

__all__ = ["Fitted", "fit", "has_aliases"]
