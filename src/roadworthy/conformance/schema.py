"""Schemas, compiled once: what an output must conform to, and what a task's input must be.

Formats are checked, and nothing is ever fetched: a `$ref` that resolves neither inside the schema
nor among the resources handed in is refused, whether it names a URL or a file. Compiled schemas
are kept, so that a caller who sends the same schema with every call pays for a hash and not for a
compilation.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import jsonschema_rs
import msgspec
from jsonschema_rs import FancyRegexOptions, ValidationError, ValidationErrorKind, Validator

from roadworthy.conformance.bounds import require_bounded, too_deep
from roadworthy.conformance.pointer import pointer_of
from roadworthy.conformance.resources import Resources, encode_resources, registry_of
from roadworthy.conformance.violations import (
    THE_VALUE,
    describe,
    faults_of,
    shorten,
    violation_of,
)
from roadworthy.core import Violation
from roadworthy.core.errors import InvalidInput, InvalidSchema

__all__ = ["OutputSchema", "compile_schema", "validate_input"]

MAX_SCHEMA_BYTES: Final = 1_000_000
MAX_VIOLATIONS: Final = 20
MAX_ERRORS: Final = 500
"""How many of the validator's errors are looked at in one value."""

# Patterns without look-around or back-references run in linear time; the others are stopped after
# so many steps (2.4 ms, measured) and then count as not matched. The engine's own limit, a
# million, lets one string hold a gateway for 37 ms.
_PATTERNS = FancyRegexOptions(
    backtrack_limit=100_000, size_limit=2_000_000, dfa_size_limit=2_000_000
)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class OutputSchema:
    """A JSON Schema that compiled. Equal only to itself: compare `digest`."""

    source: dict[str, Any]
    """A private copy; ``true`` is ``{}`` and ``false`` is ``{"not": {}}``. Never change it."""
    digest: str
    """SHA-256 of the schema as JSON with sorted keys, hexadecimal; with resources or without
    formats, of those too."""
    validator: Validator

    def is_valid(self, value: Any) -> bool:
        """Whether a value *decoded from strict JSON* conforms; of others use `violations`."""
        try:
            return self.validator.is_valid(value)
        except ValueError:  # a lone surrogate, or a type that JSON does not have
            return False

    def errors(self, value: Any) -> list[ValidationError]:
        """What jsonschema-rs reports, in its own words; at most `MAX_ERRORS`."""
        return list(islice(self.validator.iter_errors(value), MAX_ERRORS))

    def violations(self, value: Any) -> tuple[Violation, ...]:
        """Every way in which the value does not conform, at most `MAX_VIOLATIONS`; empty: none."""
        faults = faults_of(value)
        if not faults:
            faults = [violation_of(e, value) for e in islice(self.errors(value), MAX_VIOLATIONS)]
        return tuple(faults[:MAX_VIOLATIONS])


def compile_schema(
    schema: object, *, resources: Resources | None = None, formats: bool = True
) -> OutputSchema:
    """The compiled form of a JSON Schema; the same object while it is among those kept.

    ``resources`` are further schemas that it may refer to, by their URIs::

        address = {"type": "object", "properties": {"city": {"type": "string"}}}
        compile_schema({"$ref": "https://example.org/address"},
                       resources={"https://example.org/address": address})

    They bind what is delivered; repair is not guided by them. ``formats`` off makes ``format`` a
    remark, as JSON Schema has it.

    Raises:
        InvalidSchema: it is not a JSON Schema, it points outside itself and the resources, or it
            is too large.
    """
    encoded = _encode(schema)
    # The order of properties is part of the key, though not of the digest: a grammar and a
    # prompt state properties in the schema's order, and a model answers in it.
    terms = _terms(resources, formats=formats)
    key = hashlib.sha256(encoded + terms).digest()
    found = _compiled.get(key)
    if found is None:
        found = _compile(encoded, terms, resources or {}, formats=formats)
        _compiled.put(key, found, len(encoded) + len(terms))
    return found


def validate_input(schema: OutputSchema, value: Any) -> None:
    """Return if the input conforms.

    Raises:
        InvalidInput: it does not; the message lists paths and reasons.
    """
    if _can_be_encoded(value) and schema.is_valid(value):
        return
    found = schema.violations(value)
    raise InvalidInput(
        f"The input does not satisfy the task's input schema: {describe(found)}. "
        "Mend these fields and send it again.",
        param="input" + (found[0].path if found else ""),
    )


def _can_be_encoded(value: Any) -> bool:
    """Inputs may be built in Python, and hold what JSON cannot: surrogates, sets, cycles."""
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


class _Kept:
    """The most recently used schemas, bounded in number and in the bytes of their sources."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._max_entries, self._max_bytes, self._bytes = max_entries, max_bytes, 0
        self._entries: OrderedDict[bytes, tuple[OutputSchema, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> OutputSchema | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: bytes, schema: OutputSchema, size: int) -> None:
        with self._lock:
            if key in self._entries:
                return
            self._entries[key] = (schema, size)
            self._bytes += size
            while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
                _, (_, dropped) = self._entries.popitem(last=False)
                self._bytes -= dropped


# A compiled schema takes about ten times its source, and a gateway has 120 MB for everything.
_compiled = _Kept(max_entries=512, max_bytes=2_000_000)


def _encode(schema: object) -> bytes:
    if not isinstance(schema, dict | bool):
        raise InvalidSchema(
            f"The schema is of type {type(schema).__name__}; send a JSON Schema: an object such "
            'as {"type": "object", "properties": {…}}.'
        )
    try:
        encoded = msgspec.json.encode(schema)
    except RecursionError as error:
        raise too_deep() from error
    except (TypeError, ValueError) as error:  # surrogates raise UnicodeEncodeError
        raise InvalidSchema(
            f"The schema is not JSON: {error}. Send only what JSON can hold."
        ) from error
    if len(encoded) > MAX_SCHEMA_BYTES:
        raise InvalidSchema(
            f"The schema is {len(encoded):,} bytes long; at most {MAX_SCHEMA_BYTES:,} are "
            "accepted. Move what repeats to $defs, or ask for less in one answer."
        )
    return encoded


def _terms(resources: Resources | None, *, formats: bool) -> bytes:
    """What tells a schema from the same one on other terms; nothing on the usual ones."""
    if not resources and formats:
        return b""
    return b"\n%d\n" % formats + encode_resources(resources or {})


def _compile(encoded: bytes, terms: bytes, resources: Resources, *, formats: bool) -> OutputSchema:
    source = msgspec.json.decode(encoded)
    if isinstance(source, bool):
        source = {} if source else {"not": {}}
    require_bounded(source)
    registry = registry_of(resources, source) if resources else None
    try:
        validator = jsonschema_rs.validator_for(
            source,
            registry=registry,
            validate_formats=formats,
            offline=True,
            mask=THE_VALUE,
            pattern_options=_PATTERNS,
        )
    except ValidationError as error:
        raise _refusal(error) from error
    except ValueError as error:
        raise InvalidSchema(f"The schema does not compile: {str(error)[:200]}.") from error
    digest = hashlib.sha256(msgspec.json.encode(source, order="sorted") + terms).hexdigest()
    return OutputSchema(source=source, digest=digest, validator=validator)


def _refusal(error: ValidationError) -> InvalidSchema:
    reason = error.message[:200]
    if "meta-schema" in reason:
        return InvalidSchema(
            f"The schema names a draft that is not known: {reason}. "
            "Set $schema to https://json-schema.org/draft/2020-12/schema, or leave it out."
        )
    if isinstance(error.kind, ValidationErrorKind.Referencing):
        return InvalidSchema(
            f"The schema points at something that is not in it: {reason}. Schemas are never "
            "fetched: put the part under $defs and point to it with #/$defs/NAME, or hand it to "
            "compile_schema among its resources."
        )
    place = pointer_of(error.instance_path) or "its root"
    reason = reason.replace(THE_VALUE, shorten(error.instance), 1)
    return InvalidSchema(
        f"The schema does not compile: at {place}, {reason}. "
        "Mend it there, or name the draft it is written for in $schema."
    )
