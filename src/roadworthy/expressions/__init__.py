"""Conditions in CEL: checked against schemas, compiled once, evaluated in microseconds."""

from roadworthy.expressions.check import EACH, Place
from roadworthy.expressions.expression import Bound, Expression, Scope, check_expression
from roadworthy.expressions.faults import EvaluationError, ExpressionError, ExpressionFault
from roadworthy.expressions.schema_types import SchemaType, schema_type

__all__ = [
    "EACH",
    "Bound",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "ExpressionFault",
    "Place",
    "SchemaType",
    "Scope",
    "check_expression",
    "schema_type",
]
