from __future__ import annotations

from roadworthy.core import Secret, Settings
from roadworthy.core.documents import Document, read_toml


def read(text: str) -> Document[Settings]:
    return read_toml(text, Settings, file="roadworthy.toml")


def test_production_alone_is_protected_unless_the_file_says_otherwise() -> None:
    assert Settings().channels.protected == ("production",)
    document = read('[channels]\nprotected = ["production", "staging"]\n')
    assert document.value is not None
    assert document.value.channels.protected == ("production", "staging")


def test_another_installation_has_an_address_and_a_place_for_its_key() -> None:
    document = read('[environments.prod]\nurl = "https://x.example"\napi_key = {env = "PROD_KEY"}')
    assert document.value is not None
    prod = document.value.environments["prod"]
    assert (prod.url, prod.api_key) == ("https://x.example", Secret(env="PROD_KEY"))


def test_what_is_no_address_or_names_two_places_is_a_fault_of_its_table() -> None:
    text = '\n[environments.prod]\nurl = "x.example"\n[environments.staging]\nurl = "http://s"\n'
    faults = read(text + 'api_key = {env = "A", file = "b"}\n').faults
    assert [fault.line for fault in faults] == [2, 4]
    assert "url is not a URL" in faults[0].message
    assert "names no place or two" in faults[1].message


def test_a_misspelt_key_of_an_installation_is_named() -> None:
    faults = read('[environments.prod]\nurl = "http://s"\napikey = {env = "A"}\n').faults
    assert 'did you mean "api_key"?' in faults[0].message
