from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.access import KEY_PATTERN, Role, hash_of, id_of, make_secret


@pytest.mark.parametrize(("role", "begin"), [("owner", "rw_o_"), ("viewer", "rw_v_")])
def test_a_key_says_what_it_is_and_matches_what_scanners_are_told(role: Role, begin: str) -> None:
    made = make_secret(role)
    assert made.secret.startswith(begin)
    assert re.fullmatch(KEY_PATTERN, made.secret)
    assert made.secret.startswith(f"{made.prefix}_")
    assert id_of(made.secret) == made.id


def test_no_two_keys_are_alike_in_any_part() -> None:
    made = [make_secret("owner") for _ in range(500)]
    assert len({one.id for one in made}) == len({one.secret[-43:] for one in made}) == 500


def test_what_lists_show_of_a_key_is_none_of_its_random_part() -> None:
    made = make_secret("owner")
    assert made.secret[len(made.prefix) + 1 :] not in made.prefix
    assert len(made.secret) - len(made.prefix) == 44


@given(st.text())
def test_anything_has_a_hash_and_what_is_no_key_has_no_id(text: str) -> None:
    assert re.fullmatch("[0-9a-f]{64}", hash_of(text))
    if id_of(text) is not None:
        assert re.fullmatch(KEY_PATTERN, text)


@pytest.mark.parametrize("change", [" {}", "{}\n", "{}x", "X{}", "{}\x00"])
def test_a_key_with_anything_around_it_is_none(change: str) -> None:
    assert id_of(change.format(make_secret("owner").secret)) is None
