"""Models out of tables and out of bare names."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from roadworthy.core import Price
from roadworthy.core.errors import ProjectError
from roadworthy.models import (
    LOCAL_MODEL,
    PROVIDERS,
    Model,
    ModelEntry,
    Secret,
    bind_model,
    implicit_model,
)


def bind(environ: dict[str, str] | None = None, **fields: Any) -> Model:
    entry = msgspec.convert({"provider": "openai", "model": "gpt-5-mini", **fields}, ModelEntry)
    return bind_model("main", entry, environ=environ or {})


def test_two_lines_are_enough_for_a_known_provider() -> None:
    assert bind(model="gpt-4o") == Model(
        name="main",
        provider="openai",
        upstream="gpt-4o",
        base_url="https://api.openai.com/v1",
        api_key=Secret(env="OPENAI_API_KEY"),
        capabilities=PROVIDERS["openai"].capabilities,
    )


@pytest.mark.parametrize(
    ("provider", "model", "telling"),
    [("openai", "gpt-4o", True), ("openai", "gpt-5-mini", False), ("groq", "llama", False)],
)
def test_whether_a_model_tells_likelihoods_follows_from_the_provider(
    provider: str, model: str, telling: bool
) -> None:
    bound = bind(provider=provider, model=model)
    assert bound.capabilities.log_probabilities is telling
    other = bind(provider=provider, model=model, log_probabilities=not telling)
    assert other.capabilities.log_probabilities is not telling


def test_what_the_project_sets_wins() -> None:
    model = bind(
        base_url="http://127.0.0.1:9000/v1/",
        api_key={"file": "/run/secrets/key"},
        headers={"X-Team": "blue"},
        price={"input_usd_per_million": 1, "output_usd_per_million": 2.5},
        modes=["prompt", "strict"],
        timeout_s=5,
        max_retries=0,
    )
    assert model.base_url == "http://127.0.0.1:9000/v1"
    assert model.api_key == Secret(file="/run/secrets/key")
    assert model.price == Price(input_usd=1.0, output_usd=2.5)
    assert model.capabilities.modes == ("strict", "prompt")
    assert (model.headers, model.timeout_s, model.max_retries) == ({"X-Team": "blue"}, 5.0, 0)


def test_the_embedded_model_needs_no_address_and_costs_nothing() -> None:
    model = bind(provider="embedded", model="")
    assert (model.base_url, model.api_key) == ("", None)
    assert model.capabilities.modes == ("grammar", "prompt")
    assert model.price == Price(input_usd=0, output_usd=0, source="embedded")


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"provider": "opnai"}, "did you mean 'openai'"),
        ({"model": ""}, "`model` is missing"),
        ({"provider": "openai-compatible"}, "base_url is missing"),
        ({"provider": "embedded", "base_url": "http://x/v1"}, "Remove it"),
        ({"base_url": "ftp://x/v1"}, "http://"),
        ({"base_url": "api.openai.com/v1"}, "http://"),
        ({"base_url": "http://"}, "http://"),
        ({"base_url": "http://x:99999/v1"}, "http://"),
        ({"base_url": "http://[x/v1"}, "http://"),
        ({"base_url": "http://a b/v1"}, "http://"),
        ({"base_url": "https://user:pw@x/v1"}, "Move them"),
        ({"base_url": "https://x/v1?key=1"}, "Remove that part"),
        ({"api_key": {}}, "no place or two"),
        ({"api_key": {"env": "A", "file": "b"}}, "no place or two"),
        ({"headers": {"Host": "x"}}, "may not be set"),
        ({"headers": {"a b": "x"}}, "may not be set"),
        ({"headers": {"X-A": "x\r\ny"}}, "printable"),
        ({"headers": {"Authorization": "Bearer x"}}, "api_key"),
        ({"modes": ["grammar"]}, "openai knows strict, tool, json, prompt"),
        ({"provider": "embedded", "modes": ["strict"]}, "embedded knows grammar, prompt"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"max_retries": 99}, "max_retries is 99"),
        ({"price": {"input_usd_per_million": -1, "output_usd_per_million": 1}}, "0 or more"),
    ],
)
def test_nonsense_is_an_error_that_says_what_to_do(fields: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the remedy is compared below
        bind(**fields)
    assert remedy in str(caught.value)
    assert "pw" not in str(caught.value)


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="timeout"):
        bind(timeout=5)


def test_openais_own_variable_moves_its_address() -> None:
    environ = {"OPENAI_BASE_URL": "http://127.0.0.1:1234/v1/"}
    assert bind(environ).base_url == "http://127.0.0.1:1234/v1"
    assert bind(environ, provider="groq").base_url == "https://api.groq.com/openai/v1"
    assert bind(environ, base_url="http://other/v1").base_url == "http://other/v1"


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"embedded", "openai-compatible"}))
def test_every_provider_with_an_address_serves_models_by_name(provider: str) -> None:
    model = implicit_model(f"{provider}/some/model:free", {})
    assert model is not None
    assert (model.provider, model.upstream) == (provider, "some/model:free")
    assert model.name == f"{provider}/some/model:free"
    assert set(model.capabilities.modes) <= PROVIDERS[provider].wire.modes


def test_local_is_the_embedded_model() -> None:
    assert implicit_model("local", {}) is LOCAL_MODEL


@pytest.mark.parametrize(
    "name", ["gpt-5-mini", "o3", "o4-mini", "chatgpt-4o-latest", "ft:gpt-4o:x"]
)
def test_a_bare_openai_name_is_served_if_there_is_a_key(name: str) -> None:
    model = implicit_model(name, {"OPENAI_API_KEY": "k"})
    assert model is not None
    assert (model.name, model.upstream) == (f"openai/{name}", name)
    assert implicit_model(name, {}) is None


@pytest.mark.parametrize(
    "name",
    ["", "/", "openai/", "nobody/x", "embedded/x", "openai-compatible/x", "olive", "claude-x",
     "openai/a b", "openai/a\n", "gpt-5\n", "openai/" + "x" * 201, "gpt-5?x"],
)  # fmt: skip
def test_other_names_are_no_models(name: str) -> None:
    assert implicit_model(name, {"OPENAI_API_KEY": "k"}) is None


def test_a_broken_address_in_the_environment_is_named() -> None:
    with pytest.raises(ProjectError, match="OPENAI_BASE_URL"):
        implicit_model("openai/gpt-5", {"OPENAI_BASE_URL": "nonsense"})
