from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from registry_samples import ADA, CASES, chain_of, definition_of, results_of, stored_registry
from roadworthy.cli.docs import figures_by_model
from roadworthy.models import Model
from roadworthy.registry import Draft
from roadworthy.registry.binding import binding_of_task
from roadworthy.tasks import Project, Suite, load_project

ONE, TWO = definition_of(name="one", model="fast"), definition_of(name="two", model="strong")
CHAIN = chain_of(ONE, TWO)
DRAFT = Draft(definition=CHAIN, suite=Suite(cases=CASES), message="why")
MODELS = {
    name: Model(name=name, provider="openai", upstream=f"{name}-1") for name in ("fast", "strong")
}


def told(project: Project, folder: Path) -> list[str]:
    """What the models are called that a chain was measured on."""
    with stored_registry(folder, models=lambda: MODELS) as registry:
        for draft in (
            Draft(definition=ONE, message="a"),
            Draft(definition=TWO, message="b"),
            DRAFT,
        ):
            registry.publish(draft, ADA)
        binding = binding_of_task(CHAIN, MODELS.__getitem__)
        registry.record(results_of(DRAFT, passing=3, binding=binding), ADA)
        version = registry.version("chain", "1.0.0")
        results = registry.results("chain", definition=CHAIN.digest)
    return [name for name, _ in figures_by_model(version, results, project)]


def test_figures_of_a_chain_name_all_models_that_it_was_measured_on(tmp_path: Path) -> None:
    bound = replace(load_project(tmp_path), models=MODELS)
    assert told(bound, tmp_path / "state") == ["openai/fast-1, openai/strong-1"]


def test_figures_of_models_that_are_not_bound_are_named_by_their_digest(tmp_path: Path) -> None:
    binding = binding_of_task(CHAIN, MODELS.__getitem__)
    assert told(load_project(tmp_path), tmp_path / "state") == [binding[:12]]
