"""Schemas in the forms that modes accept, and what those forms lose."""

from roadworthy.conformance.normalise.llguidance import GrammarForm, grammar_form
from roadworthy.conformance.normalise.loss import Loss, NotStrict, Target
from roadworthy.conformance.normalise.report import loss_report
from roadworthy.conformance.normalise.strict import StrictForm, strict_form, wrap

__all__ = [
    "GrammarForm",
    "Loss",
    "NotStrict",
    "StrictForm",
    "Target",
    "grammar_form",
    "loss_report",
    "strict_form",
    "wrap",
]
