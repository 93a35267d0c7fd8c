"""Conditions in CEL: checked against schemas, compiled once, evaluated in microseconds."""

from roadworthy.expressions.check import EACH, Place, Type
from roadworthy.expressions.expression import (
    Bound,
    Expression,
    Schemas,
    Scope,
    check_expression,
    check_value,
    require_json,
)
from roadworthy.expressions.faults import (
    AbsentError,
    EvaluationError,
    ExpressionError,
    ExpressionFault,
)
from roadworthy.expressions.schema_types import ObjectType, SchemaType, schema_type

__all__ = [
    "EACH",
    "AbsentError",
    "Bound",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "ExpressionFault",
    "ObjectType",
    "Place",
    "SchemaType",
    "Schemas",
    "Scope",
    "Type",
    "check_expression",
    "check_value",
    "require_json",
    "schema_type",
]
