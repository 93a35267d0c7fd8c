"""Further schemas that a schema may refer to by their URIs: registered, never fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import jsonschema_rs
import msgspec

from roadworthy.conformance.bounds import require_bounded
from roadworthy.core.errors import InvalidSchema

__all__ = ["Resources", "encode_resources", "registry_of"]

Resources: TypeAlias = Mapping[str, Any]
"""Schemas by URI. A URI need not lead anywhere: it is a name. Each is bounded by itself; what they
multiply to together is not looked at, so they are no place for a caller's schemas."""

_DRAFTS: Final = {
    "http://json-schema.org/draft-04/schema": jsonschema_rs.Draft4,
    "http://json-schema.org/draft-06/schema": jsonschema_rs.Draft6,
    "http://json-schema.org/draft-07/schema": jsonschema_rs.Draft7,
    "https://json-schema.org/draft/2019-09/schema": jsonschema_rs.Draft201909,
    "https://json-schema.org/draft/2020-12/schema": jsonschema_rs.Draft202012,
}


def encode_resources(resources: Resources) -> bytes:
    """The same bytes for the same schemas under the same URIs, in whatever order.

    Raises:
        InvalidSchema: one of them is not JSON.
    """
    try:
        return msgspec.json.encode(dict(resources), order="deterministic")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidSchema(
            f"The resources are not JSON: {error}. Hand in schemas by their URIs."
        ) from error


def registry_of(resources: Resources, source: dict[str, Any]) -> jsonschema_rs.Registry:
    """These schemas as `source` may refer to them; one that names no draft is of its draft.

    Raises:
        InvalidSchema: a URI is none, or a schema is none or beyond the bounds.
    """
    for uri, schema in resources.items():
        if isinstance(schema, dict):
            require_bounded(schema)
        elif not isinstance(schema, bool):
            raise InvalidSchema(
                f"The resource {uri} is of type {type(schema).__name__}; hand in a JSON Schema."
            )
    named = source.get("$schema")
    draft = _DRAFTS.get(named.rstrip("#")) if isinstance(named, str) else None
    try:
        return jsonschema_rs.Registry([(uri, schema) for uri, schema in resources.items()], draft)
    except ValueError as error:
        raise InvalidSchema(
            f"The resources cannot be registered: {str(error)[:200]}. "
            "Name each by an absolute URI, such as its $id."
        ) from error
