from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from storage_samples import a_call

from roadworthy.core import Attempt, CallError, Repair, Violation
from roadworthy.storage.bulk import join, split
from roadworthy.storage.portable import portable

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
TEXTS = st.text(max_size=8)
VIOLATIONS = st.lists(
    st.builds(Violation, path=TEXTS, keyword=TEXTS, message=TEXTS), max_size=2
).map(tuple)
ATTEMPTS = st.builds(
    Attempt, model=TEXTS, provider=TEXTS, text=st.none() | TEXTS, violations=VIOLATIONS
)
REPAIRS = st.lists(
    st.builds(Repair, path=TEXTS, kind=TEXTS, before=TEXTS, after=TEXTS), max_size=2
).map(tuple)
CODES = st.sampled_from(["output_nonconforming", "missing_credential", "of_a_later_release"])
ERRORS = st.builds(CallError, status=st.just(422), code=CODES, message=TEXTS)
PARTS = st.fixed_dictionaries(
    {
        "input": st.none() | st.dictionaries(TEXTS, PLAIN, max_size=2),
        "messages": st.lists(st.dictionaries(TEXTS, PLAIN, max_size=2), max_size=2),
        "value": PLAIN,
        "attempts": st.lists(ATTEMPTS, max_size=3),
        "repairs": REPAIRS,
        "error": st.none() | ERRORS,
    }
)


@given(PARTS)
def test_what_was_split_joins_to_the_same_call(parts: dict[str, Any]) -> None:
    call = a_call(**parts)
    rest, bulk = split(call)
    assert (rest if bulk is None else join(rest, bulk)) == call


def test_nothing_that_a_user_or_a_model_wrote_stays_in_the_rest() -> None:
    rest, bulk = split(a_call())
    assert bulk is not None
    for text in (b"milk", b"Sour", b"sour"):
        assert text in msgspec.msgpack.encode(bulk)
        assert text not in msgspec.msgpack.encode(rest)


def test_an_error_that_quotes_an_answer_goes_with_the_texts() -> None:
    error = CallError(status=422, code="output_nonconforming", message='/mood is "Sour"')
    rest, bulk = split(a_call(error=error))
    assert bulk is not None
    assert bulk.error == error.message
    assert rest.error is not None
    assert rest.error.message.startswith("The answer does not conform")


def test_an_error_that_quotes_nobody_stays() -> None:
    error = CallError(status=503, code="missing_credential", message="set OPENAI_API_KEY")
    rest, _ = split(a_call(error=error))
    assert rest.error == error


def test_the_rest_still_says_what_was_repaired_and_violated() -> None:
    rest, _ = split(a_call())
    assert (rest.repairs[0].path, rest.repairs[0].kind) == ("/mood", "enum")
    assert rest.attempts[0].violations[0].keyword == "enum"


def test_a_call_without_texts_has_nothing_to_keep() -> None:
    rest, _ = split(a_call())
    bare = msgspec.structs.replace(rest, attempts=[], repairs=())
    assert split(bare) == (bare, None)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.builds(object)
    | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(codec=None)) | st.integers(), inner)
        | st.tuples(inner)
    ),
    max_leaves=8,
)


@given(ANYTHING)
def test_anything_can_be_made_portable(value: object) -> None:
    once = portable(value)
    data = msgspec.msgpack.encode(once)
    assert msgspec.msgpack.encode(msgspec.msgpack.decode(data)) == data


@given(PLAIN.filter(lambda value: "-9223372036854775808" not in repr(value)))
def test_what_is_portable_stays_as_it_is(value: object) -> None:
    assert portable(value) == value
