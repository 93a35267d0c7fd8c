"""Where keys are looked up, and what is said where there are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from roadworthy.core.errors import MissingCredential
from roadworthy.models import Secret
from roadworthy.models.credentials import Credentials


def test_a_variable_is_read_when_it_is_needed() -> None:
    environ = {"ACME_KEY": "one"}
    credentials = Credentials(environ)
    assert credentials.look_up(Secret(env="ACME_KEY"), provider="acme") == "one"
    environ["ACME_KEY"] = " two\n"
    assert credentials.look_up(Secret(env="ACME_KEY"), provider="acme") == "two"


def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "key"
    credentials, secret = Credentials({}), Secret(file=str(path))
    for moment, text in enumerate(["one\n", "two\n"]):
        path.write_text(text)
        os.utime(path, ns=(moment, moment))
        assert credentials.look_up(secret, provider="acme") == text.strip()


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_variable_is_named(value: str | None) -> None:
    environ = {} if value is None else {"ACME_KEY": value}
    with pytest.raises(MissingCredential, match=r"acme.*ACME_KEY") as caught:
        Credentials(environ).look_up(Secret(env="ACME_KEY"), provider="acme")
    assert (caught.value.status, caught.value.transient) == (503, False)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingCredential, match="nowhere"):
        Credentials({}).look_up(Secret(file=str(tmp_path / "nowhere")), provider="acme")


@pytest.mark.parametrize("value", ["a\nb", "schlüssel", "a\x00b"])
def test_a_key_that_no_header_can_hold_is_an_error_that_does_not_show_it(value: str) -> None:
    with pytest.raises(MissingCredential) as caught:
        Credentials({"K": value}).look_up(Secret(env="K"), provider="acme")
    assert value not in caught.value.message
