"""Every form that changes something bears the token without which the door refuses it."""

from __future__ import annotations

import re
from importlib import resources

import pytest

TEMPLATES = {
    file.name: file.read_text(encoding="utf-8")
    for file in (resources.files("roadworthy.control") / "templates").iterdir()
    if file.name.endswith(".html")
}
FORM = re.compile(r"<form\b(.*?)>(.*?)</form>", re.DOTALL | re.IGNORECASE)


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_every_form_that_is_posted_bears_the_token(name: str) -> None:
    for attributes, content in FORM.findall(TEMPLATES[name]):
        if "post" in attributes.lower():
            assert "csrf()" in content, attributes
            assert "enctype" not in attributes  # the door reads the usual one


def test_there_are_forms_to_look_at() -> None:
    posted = [f for text in TEMPLATES.values() for f in FORM.findall(text) if "post" in f[0]]
    assert len(posted) >= 3


def test_no_button_sends_a_form_elsewhere_or_another_way() -> None:
    for name, text in TEMPLATES.items():
        assert not re.search(r"\bform(method|enctype)=", text), name
