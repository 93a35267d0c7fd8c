"""Two tasks as `sample` has calls of: for tests and for looking at the pages."""

from __future__ import annotations

from typing import Any, Final

from roadworthy.control.source import Definition
from roadworthy.models import LOCAL_MODEL, Capabilities, Model
from roadworthy.tasks import ConstraintDefinition, TaskDefinition, Template

__all__ = ["sample_definitions"]

_FEEDBACK: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "sentiment": {
            "enum": ["positive", "neutral", "negative"],
            "description": "Of the comment as a whole.",
        },
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "themes": {
            "type": "array",
            "items": {"type": "string", "maxLength": 40},
            "maxItems": 3,
        },
    },
    "required": ["sentiment", "confidence", "themes"],
    "additionalProperties": False,
}
_SHEET: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "title": {
            "type": "string",
            "minLength": 10,
            "maxLength": 80,
            "description": "As it stands on the shelf, without the maker's name.",
        },
        "copy": {"type": "string", "maxLength": 400},
        "terms": {
            "type": "array",
            "items": {"type": "string", "pattern": "^(?!the )"},
            "minItems": 2,
            "maxItems": 8,
            "uniqueItems": True,
        },
        "price": {
            "type": "object",
            "properties": {
                "amount": {"type": "number", "minimum": 0, "multipleOf": 0.01},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "x-alias": "cur"},
            },
            "required": ["amount", "currency"],
            "additionalProperties": False,
        },
        "attributes": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["title", "copy", "terms"],
    "additionalProperties": False,
}


def sample_definitions() -> list[Definition]:
    """What `sample_status` says is served, in full."""
    hosted = Model(
        name="fast",
        provider="openai",
        upstream="hosted-mini",
        capabilities=Capabilities(modes=("strict", "tool", "json", "prompt")),
    )
    return [
        Definition(task=_feedback(), model=LOCAL_MODEL),
        Definition(task=_sheet(), model=hosted),
    ]


def _feedback() -> TaskDefinition:
    return TaskDefinition(
        name="classify-feedback",
        digest="9818452a807f2d4c",
        description="Sentiment, confidence and themes of a customer's comment.",
        model="local",
        parameters={"temperature": 0.7, "max_tokens": 96},
        input_schema={
            "type": "object",
            "properties": {"comment": {"type": "string"}},
            "required": ["comment"],
            "additionalProperties": False,
        },
        output_schema=_FEEDBACK,
        templates=(
            Template(
                role="system",
                source="You read customers' comments. Answer in JSON.",
                file="tasks/classify-feedback/prompt/system.md",
            ),
            Template(
                role="user",
                source="Comment: {{ comment }}",
                file="tasks/classify-feedback/prompt/user.md",
            ),
        ),
        stream="buffered",
    )


def _sheet() -> TaskDefinition:
    return TaskDefinition(
        name="product-sheet",
        digest="11df5f39a81a5b22",
        description="Title, copy and search terms for a product.",
        model="fast",
        input_schema={
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "features": {"type": "array", "items": {"type": "string"}},
                "sources": {"type": "array", "role": "context"},
            },
            "required": ["name", "features"],
        },
        output_schema=_SHEET,
        templates=(
            Template(
                role="user",
                source="Write a product sheet for: {{ name }}",
                file="tasks/product-sheet/prompt/user.md",
            ),
        ),
        constraints=(
            ConstraintDefinition(
                name="title-names-the-product",
                require="output.title.contains(input.name)",
                message="The title must contain the product's name.",
                paths=("/title",),
            ),
            ConstraintDefinition(
                name="price-is-known",
                require="output.price.amount > 0.0",
                when="has(output.price)",
                message="A price that is given must be above zero.",
                paths=("/price/amount",),
            ),
        ),
        stream="buffered",
        timeout_s=45.0,
    )
