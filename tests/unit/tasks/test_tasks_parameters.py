from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from roadworthy.tasks import Project

FILES = {"tasks/t/prompt/user.md": "x"}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("temprature = 1", 'unknown key "temprature"; did you mean "temperature"?'),
        ("Temperature = 1", 'unknown key "Temperature"; did you mean "temperature"?'),
        ("max_token = 1", 'unknown key "max_token"; did you mean "max_tokens"?'),
        ("temperature = 3", "temperature: expected a number <= 2.0"),
        ("temperature = '1'", "temperature: expected a number, got text"),
        ("max_tokens = 0", "max_tokens: expected a whole number >= 1"),
        ("stream = true", '"stream" cannot be a parameter'),
        ("response_format = {}", '"response_format" cannot be a parameter: declare [output]'),
    ],
)
def test_an_evident_mistake_is_a_fault(
    faults: Callable[[Mapping[str, str]], tuple[str, ...]], line: str, fault: str
) -> None:
    found = faults(FILES | {"tasks/t/task.toml": f"[parameters]\n{line}"})
    assert len(found) == 1
    assert found[0].startswith(f"tasks/t/task.toml:2: {fault}")


def test_any_other_parameter_of_a_provider_passes(
    load: Callable[[Mapping[str, str]], Project],
) -> None:
    toml = "[parameters]\ntop_k = 40\nfuture_knob = 'x'\nmirostat_tau = 5.0\nstop = ['a']\n"
    task = load(FILES | {"tasks/t/task.toml": toml}).tasks["t"]
    assert task.parameters["future_knob"] == "x"
