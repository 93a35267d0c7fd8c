"""Statistics: intervals for shares. Pure, and free of heavy packages."""

from roadworthy.stats.proportions import Interval, difference_interval, wilson_interval

__all__ = ["Interval", "difference_interval", "wilson_interval"]
