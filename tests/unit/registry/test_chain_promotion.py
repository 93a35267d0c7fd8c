from __future__ import annotations

from pathlib import Path

import pytest

from registry_samples import (
    ADA,
    CASES,
    MODELS,
    chain_of,
    definition_of,
    results_of,
    stored_registry,
)
from roadworthy.core.errors import GateRefused, RegistryConflict
from roadworthy.models import Model
from roadworthy.registry import Draft, MoveRequest
from roadworthy.registry.binding import binding_of, binding_of_task
from roadworthy.registry.store import StoredRegistry
from roadworthy.tasks import Gate, Suite

ONE, TWO = definition_of(name="one", model="local"), definition_of(name="two", model="strong")
CHAIN = chain_of(ONE, TWO)
DRAFT = Draft(definition=CHAIN, suite=Suite(cases=CASES, gate=Gate(pass_rate=0.9)), message="why")
STRONG = Model(name="strong", provider="openai", upstream="big")
BOUND = MODELS | {"strong": STRONG}
TO_PRODUCTION = MoveRequest(task="chain", channel="production", to="1.0.0")


def publish_all(registry: StoredRegistry) -> None:
    for draft in (Draft(definition=task, message="why") for task in (ONE, TWO)):
        registry.publish(draft, ADA)
    registry.publish(DRAFT, ADA)


def test_a_chain_is_promoted_on_what_was_measured_with_all_of_its_models(tmp_path: Path) -> None:
    binding = binding_of_task(CHAIN, BOUND.__getitem__)
    with stored_registry(tmp_path, models=lambda: BOUND) as registry:
        publish_all(registry)
        registry.record(results_of(DRAFT, passing=4, binding=binding_of(STRONG)), ADA)
        with pytest.raises(GateRefused, match="4 of 4 runs are not measured"):
            registry.move(TO_PRODUCTION, ADA)
        registry.record(results_of(DRAFT, passing=4, binding=binding), ADA)
        move = registry.move(TO_PRODUCTION, ADA)
    assert move.evidence is not None
    assert move.evidence.bindings == {"local": "embedded/small", "strong": "openai/big"}


def test_a_chain_whose_step_asks_a_model_that_is_not_bound_is_not_promoted(tmp_path: Path) -> None:
    with stored_registry(tmp_path) as registry:
        publish_all(registry)
        with pytest.raises(RegistryConflict, match=r"declare \[models.strong\] in models.toml"):
            registry.move(MoveRequest(task="chain", channel="staging", to="1.0.0"), ADA)
