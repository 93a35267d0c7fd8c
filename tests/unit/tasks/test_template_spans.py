"""A template's source, piece after piece."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.tasks.template_source import spans, tags

PIECES = st.sampled_from(
    (
        *(
            "{{ a }}",
            "{% if a %}",
            "{% endif %}",
            "{# note #}",
            "{% raw %}",
            "{% endraw %}",
            "{{",
            "%}",
        ),
        *("text ", "\n", "'}}'", "{{ '}}' }}", "}"),
    )
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_pieces_are_the_whole_source_in_order(source: str) -> None:
    found = list(spans(source))
    assert "".join(source[span.start : span.end] for span in found) == source
    assert all(span.end > span.start for span in found)


def test_text_in_a_raw_section_is_text_and_its_tags_are_none() -> None:
    source = "a {% raw %}{{ b }}{% endraw %} {{ c }}{# {{ d }} #}"
    texts = [source[span.start : span.end] for span in spans(source) if span.kind == "text"]
    assert texts == ["a ", "{{ b }}", " "]
    assert [tag.body for tag in tags(source)] == ["c"]
