from __future__ import annotations

import pytest

from project_fixtures import Write
from roadworthy.core.errors import ProjectError
from roadworthy.tasks import load_installation

MODELS = """
    [models.big]
    provider = "openai-compatible"
    model = "m-1"
    base_url = "http://127.0.0.1:1/v1"
    [environments.prod.models.big]
    model = "m-2"
"""


def test_a_fault_in_a_task_is_no_hindrance(write: Write) -> None:
    root = write({"roadworthy.toml": "[server]\nport = 9\n", "tasks/t/task.toml": "colour = 1"})
    assert load_installation(root).settings.server.port == 9


def test_models_are_bound_for_the_environment_and_those_without_a_file_are_found(
    write: Write,
) -> None:
    root = write({"models.toml": MODELS})
    project = load_installation(root, environment="prod")
    assert project.models["big"].upstream == "m-2"
    assert project.models["local"].provider == "embedded"
    assert "nonsense" not in project.models


def test_a_fault_in_models_is_raised_where_a_model_is_asked_for(write: Write) -> None:
    project = load_installation(write({"models.toml": "[models.big]\nprovidr = 'openai'\n"}))
    with pytest.raises(ProjectError, match='did you mean "provider"'):
        _ = project.models["big"]


def test_a_fault_in_the_settings_is_raised_at_once(write: Write) -> None:
    root = write({"roadworthy.toml": "[channel]\n"})
    with pytest.raises(ProjectError, match='did you mean "channels"'):
        load_installation(root)
