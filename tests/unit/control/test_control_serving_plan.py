from __future__ import annotations

from collections.abc import Sequence

from registry_samples import MODELS, chain_of, definition_of
from roadworthy.control.keeping.serving_plan import plan_production
from roadworthy.core import Settings
from roadworthy.registry.served import Served
from roadworthy.tasks import Snapshot, TaskDefinition
from roadworthy.tasks.definition import RuleDefinition

ALL = RuleDefinition(name="all", effect="answer", answer={"mood": "good"})


def planned(*tasks: TaskDefinition) -> Snapshot:
    def differing(definition: TaskDefinition) -> Sequence[str]:
        return [name for name in definition.sources if name == "changed.py"]

    return plan_production(
        Snapshot(revision="", settings=Settings(), models=MODELS),
        Served(production={task.name: task for task in tasks}),
        drafts=(),
        environ={},
        differing=differing,
    )


def test_a_chain_is_served_with_the_models_of_all_its_steps() -> None:
    steps = definition_of(name="one"), definition_of(name="two", model="openai/gpt-5-mini")
    plan = planned(chain_of(*steps))
    assert plan.tasks.keys() == {"chain"}
    assert plan.models.keys() == {"local", "openai/gpt-5-mini"}


def test_a_chain_with_a_step_whose_model_is_not_bound_is_not_served() -> None:
    plan = planned(chain_of(definition_of(name="one", model="fast")), definition_of())
    assert plan.tasks.keys() == {"mood"}
    assert "asks the model 'fast', which is not bound" in plan.unservable["chain"]


def test_rules_alone_need_no_model() -> None:
    rules = definition_of(name="rules", model="", templates=(), rules=(ALL,))
    assert planned(rules).tasks == {"rules": rules}
    assert planned(rules).models.keys() == MODELS.keys()


def test_a_chain_runs_the_python_of_its_steps_as_it_was_published() -> None:
    plan = planned(definition_of(name="chain", sources={"changed.py": "x = 1"}))
    assert "runs Python that differs" in plan.unservable["chain"]
