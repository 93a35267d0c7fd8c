"""The guarantee: a value that conforms, or a typed error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.conformance import (
    Delivered,
    Form,
    Further,
    Reask,
    Terms,
    compile_schema,
    deliver,
    plan_request,
)
from roadworthy.core import StopReason, Violation
from roadworthy.core.errors import (
    OutputError,
    OutputNonconforming,
    OutputRefused,
    OutputTruncated,
    UpstreamTimeout,
)
from roadworthy.models import Reply

SCHEMA = compile_schema(
    {
        "type": "object",
        "properties": {
            "sentiment": {"enum": ["positive", "negative"]},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["sentiment", "confidence"],
        "additionalProperties": False,
    }
)
GOOD = '{"sentiment": "positive", "confidence": 0.5}'
BAD = '{"sentiment": "positive", "confidence": 50}'


class Run:
    """One delivery with scripted answers to further questions."""

    def __init__(self, first: Reply | str, *further: Reply | str, **terms: Any) -> None:
        self.replies = [
            r if isinstance(r, Reply) else Reply(text=r, stop_reason="stop")
            for r in (first, *further)
        ]
        self.terms = Terms(**terms)
        self.form: Form = terms.get("form", "plain")
        self.asked: list[Reask] = []
        self.recorded: list[tuple[Violation, ...]] = []

    async def _ask(self, question: Reask) -> Further:
        self.asked.append(question)
        return Further(reply=self.replies[len(self.asked)], form=self.form)

    def delivered(self) -> Delivered:
        return asyncio.run(
            deliver(
                self.replies[0],
                SCHEMA,
                messages=[{"role": "user", "content": "Well?"}],
                ask=self._ask,
                terms=self.terms,
                record=self.recorded.append,
            )
        )

    def paths(self) -> list[list[str]]:
        return [[v.path for v in violations] for violations in self.recorded]


def test_an_answer_that_conforms_is_delivered_as_it_is() -> None:
    run = Run(GOOD)
    delivered = run.delivered()
    assert delivered.value == {"sentiment": "positive", "confidence": 0.5}
    assert (delivered.outcome, delivered.repairs, delivered.reasks) == ("first_pass", (), 0)
    assert (run.asked, run.recorded) == ([], [()])


def test_a_repaired_answer_is_marked_as_repaired() -> None:
    delivered = Run('Sure: {"sentiment": "POSITIVE", "confidence": 0.5}').delivered()
    assert delivered.outcome == "repaired"
    assert [r.kind for r in delivered.repairs] == ["prose", "enum"]


def test_a_failing_field_is_asked_again_and_merged() -> None:
    run = Run(BAD, '{"confidence": 0.5}')
    delivered = run.delivered()
    assert delivered.value == {"sentiment": "positive", "confidence": 0.5}
    assert (delivered.outcome, delivered.reasks, delivered.repairs) == ("reasked", 1, ())
    assert [question.paths for question in run.asked] == [("/confidence",)]
    assert run.paths() == [["/confidence"], []]


def test_repairs_of_what_was_asked_again_are_named_by_their_place_in_the_whole() -> None:
    run = Run('{"sentiment": "Positive", "confidence": "50"}', '{"confidence": "0.5", "x": 1}')
    assert [(r.path, r.kind, r.before) for r in run.delivered().repairs] == [
        ("/sentiment", "enum", '"Positive"'),
        ("/confidence", "number", '"0.5"'),
    ]


def test_a_whole_answer_to_a_question_for_a_part_is_accepted() -> None:
    delivered = Run(BAD, f"Again: {GOOD}").delivered()
    assert (delivered.value["confidence"], delivered.outcome) == (0.5, "reasked")


def test_an_answer_to_the_question_before_is_taken_where_the_whole_was_asked_for() -> None:
    run = Run(BAD, '{"confidence": 51}', '{"confidence": 0.5}')
    assert run.delivered().value == {"sentiment": "positive", "confidence": 0.5}
    assert [question.whole for question in run.asked] == [False, True]


def test_a_patch_is_read_in_the_form_in_which_it_was_asked_for() -> None:
    run = Run(BAD, '{"value": {"confidence": 0.5}}')
    run.form = plan_request(compile_schema({"type": "integer"}), ("json",)).form
    delivered = run.delivered()
    assert (delivered.value["confidence"], delivered.repairs) == (0.5, ())


def test_an_unreadable_answer_is_asked_again_whole() -> None:
    run = Run("No idea.", GOOD)
    assert run.delivered().outcome == "reasked"
    assert run.asked[0].whole
    assert run.paths() == [[""], []]


def test_an_answer_that_stays_wrong_is_a_typed_error_that_says_where_and_why() -> None:
    run = Run(BAD, '{"confidence": 51}', "what?")
    with pytest.raises(OutputNonconforming) as caught:
        run.delivered()
    assert "/confidence is greater than the maximum of 1 (it is 51)" in caught.value.message
    assert "2 further questions" in caught.value.message
    assert [question.paths for question in run.asked] == [("/confidence",), ("",)]
    assert run.paths() == [["/confidence"], ["/confidence"], [""]]


@pytest.mark.parametrize("max_reasks", [0, 1, 3])
def test_no_more_is_asked_than_allowed(max_reasks: int) -> None:
    run = Run(*["nothing"] * 5, max_reasks=max_reasks)
    with pytest.raises(OutputNonconforming):
        run.delivered()
    assert len(run.asked) == max_reasks


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text=GOOD, stop_reason="refusal"),
        Reply(text="", refusal="I cannot help with that.", stop_reason="stop"),
        Reply(text=GOOD, stop_reason="content_filter"),
    ],
)
def test_a_refusal_is_an_outcome_of_its_own_whatever_the_text(reply: Reply) -> None:
    run = Run(reply)
    with pytest.raises(OutputRefused) as caught:
        run.delivered()
    assert "cannot help" not in caught.value.message
    with pytest.raises(OutputRefused):
        Run(BAD, reply).delivered()


def test_a_truncated_answer_is_an_outcome_of_its_own() -> None:
    cut = Reply(text=GOOD[:-1], stop_reason="length")
    with pytest.raises(OutputTruncated):
        Run(cut).delivered()
    with pytest.raises(OutputTruncated):
        Run(BAD, cut).delivered()
    with pytest.raises(OutputTruncated):
        Run("nothing", cut).delivered()


def test_a_complete_answer_at_the_limit_is_delivered() -> None:
    assert Run(Reply(text=GOOD, stop_reason="length")).delivered().outcome == "first_pass"


def test_no_repair_is_made_where_none_is_allowed() -> None:
    text = '{"sentiment": "POSITIVE", "confidence": 0.5}'
    run = Run(text, '{"sentiment": "positive"}', repair="none")
    assert run.delivered().outcome == "reasked"
    assert run.asked[0].paths == ("/sentiment",)


NOT_NEUTRAL = Violation(path="/confidence", keyword="constraint", message="must not be one half")


def not_one_half(value: Any) -> tuple[Violation, ...]:
    return (NOT_NEUTRAL,) if value["confidence"] == 0.5 else ()


def test_a_value_that_breaks_a_constraint_is_asked_for_again_and_never_delivered() -> None:
    run = Run(GOOD, '{"confidence": 0.7}', constraints=not_one_half)
    assert run.delivered().value == {"sentiment": "positive", "confidence": 0.7}
    assert run.recorded == [(NOT_NEUTRAL,), ()]
    assert run.asked[0].paths == ("/confidence",)
    for further in ('{"confidence": 0.5}', GOOD, "what?"):
        with pytest.raises(OutputNonconforming, match="must not be one half"):
            Run(GOOD, further, further, constraints=not_one_half).delivered()


def test_constraints_are_asked_of_values_only_that_conform_to_the_schema() -> None:
    def explodes(value: Any) -> tuple[Violation, ...]:
        assert SCHEMA.is_valid(value)
        return ()

    assert Run("[]", BAD, GOOD, constraints=explodes).delivered().outcome == "reasked"


def test_errors_and_cancellation_of_a_further_question_pass_through() -> None:
    async def fails(_: Reask) -> Further:
        raise UpstreamTimeout

    async def is_cancelled(_: Reask) -> Further:
        raise asyncio.CancelledError

    reply = Reply(text=BAD, stop_reason="stop")
    with pytest.raises(UpstreamTimeout):
        asyncio.run(deliver(reply, SCHEMA, messages=[], ask=fails))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(deliver(reply, SCHEMA, messages=[], ask=is_cancelled))


def test_an_error_shows_little_of_the_text() -> None:
    run = Run('{"sentiment": "' + "secret " * 500 + '", "confidence": 1}', max_reasks=0)
    with pytest.raises(OutputNonconforming) as caught:
        run.delivered()
    assert len(caught.value.message) < 500


WHOLE = [GOOD, BAD, GOOD[:-5], '{"confidence": 0.1}', '{"confidence": "x"}', "```json\n", "```"]
MARKS = [
    "[",
    "]",
    "{",
    "}",
    '"',
    ",",
    " ",
    "0.5",
    "NaN",
    "null",
    "yes",
    "Positive",
    "\\u00",
    "\ud800",
]
PIECES = st.sampled_from([*WHOLE, *MARKS])
TEXTS = st.lists(PIECES, max_size=6).map("".join)
STOPS: st.SearchStrategy[StopReason] = st.sampled_from(
    ["stop", "length", "unknown", "tool_calls", "refusal", "content_filter"]
)


@settings(deadline=None)  # the first example imports a heavy package
@given(
    st.lists(st.builds(Reply, text=TEXTS, stop_reason=STOPS), min_size=4, max_size=4),
    st.sampled_from(["none", "lossless", "schema"]),
    st.sampled_from(["plain", "strict", "wrapped"]),
)
def test_whatever_a_model_says_a_value_conforms_or_the_error_is_typed(
    replies: list[Reply], repair: str, form: str
) -> None:
    run = Run(*replies, repair=repair, form=form)
    try:
        delivered = run.delivered()
    except OutputError:
        return
    assert SCHEMA.is_valid(delivered.value)
    assert SCHEMA.violations(delivered.value) == ()
    assert set(delivered.value) == {"sentiment", "confidence"}
    assert delivered.value["sentiment"] in ("positive", "negative")
    assert 0 <= delivered.value["confidence"] <= 1
    assert type(delivered.value["confidence"]) in (int, float)
