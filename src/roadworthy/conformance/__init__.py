"""An answer conforms to its schema or is a typed error: planning, reading, repair, re-ask."""

from roadworthy.conformance.conform import ConformResult, conform
from roadworthy.conformance.guarantee import (
    AskAgain,
    Constraints,
    Delivered,
    Further,
    Record,
    Terms,
    constrained,
    deliver,
)
from roadworthy.conformance.kinds import LOSSLESS, REPAIRS
from roadworthy.conformance.normalise import (
    Loss,
    NotStrict,
    StrictForm,
    Target,
    loss_report,
    strict_form,
)
from roadworthy.conformance.plan import Plan, modes_beside, plan_request
from roadworthy.conformance.read import Reading, RepairLevel, assess, read_answer
from roadworthy.conformance.reask import Reask, merge, plan_reask
from roadworthy.conformance.restore import Form, forward, restore
from roadworthy.conformance.schema import OutputSchema, compile_schema, validate_input
from roadworthy.conformance.violations import describe

__all__ = [
    "LOSSLESS",
    "REPAIRS",
    "AskAgain",
    "ConformResult",
    "Constraints",
    "Delivered",
    "Form",
    "Further",
    "Loss",
    "NotStrict",
    "OutputSchema",
    "Plan",
    "Reading",
    "Reask",
    "Record",
    "RepairLevel",
    "StrictForm",
    "Target",
    "Terms",
    "assess",
    "compile_schema",
    "conform",
    "constrained",
    "deliver",
    "describe",
    "forward",
    "loss_report",
    "merge",
    "modes_beside",
    "plan_reask",
    "plan_request",
    "read_answer",
    "restore",
    "strict_form",
    "validate_input",
]
