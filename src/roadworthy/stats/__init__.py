"""Statistics: intervals for shares, differences between pairs, repeats. Pure, and free of heavy
packages."""

from roadworthy.stats.paired import (
    Difference,
    cases_needed,
    detectable,
    mean_difference,
    share_difference,
    sign_test,
)
from roadworthy.stats.proportions import Interval, difference_interval, wilson_interval
from roadworthy.stats.repeats import (
    pairwise_agreement,
    pass_at_k,
    pass_hat_k,
    share_identical,
)
from roadworthy.stats.student import t_quantile

__all__ = [
    "Difference",
    "Interval",
    "cases_needed",
    "detectable",
    "difference_interval",
    "mean_difference",
    "pairwise_agreement",
    "pass_at_k",
    "pass_hat_k",
    "share_difference",
    "share_identical",
    "sign_test",
    "t_quantile",
    "wilson_interval",
]
