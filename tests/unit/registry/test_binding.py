from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registry_samples import chain_of, definition_of
from roadworthy.models import Model
from roadworthy.registry.binding import (
    binding_of,
    binding_of_task,
    describe_task_binding,
    task_bindings,
)
from roadworthy.tasks.asked_models import asked_models
from roadworthy.tasks.definition import (
    BestOf,
    RuleDefinition,
    Votes,
)

RULES = definition_of(
    name="rules",
    model="",
    templates=(),
    rules=(RuleDefinition(name="all", effect="answer", answer={"mood": "good"}),),
)


def bound(**upstreams: str) -> Callable[[str], Model]:
    """Logical models, bound to these; others to themselves."""
    return lambda name: Model(name=name, provider="openai", upstream=upstreams.get(name, name))


def test_a_task_that_asks_one_model_is_bound_as_that_model_is() -> None:
    bind = bound()
    assert binding_of_task(definition_of(model="a"), bind) == binding_of(bind("a"))
    two_steps = chain_of(definition_of(name="one", model="a"), definition_of(name="two", model="a"))
    assert binding_of_task(two_steps, bind) == binding_of(bind("a"))


@pytest.mark.parametrize(
    "changes",
    [
        {"rules": (RuleDefinition(name="rich", effect="model", model="b"),)},
        {"votes": Votes(n=3, models=("a", "b"))},
        {"best_of": BestOf(n=2, judge="judge", models=("b",))},
        {"judges": {"judge": definition_of(name="judge", model="b")}},
        {"judges": {"judge": chain_of(definition_of(name="inner", model="b"))}},
    ],
    ids=["rule", "votes", "best_of", "judge", "judge that is a chain"],
)
def test_every_model_that_a_task_may_ask_is_part_of_its_binding(changes: dict[str, Any]) -> None:
    definition = definition_of(model="a", **changes)
    assert asked_models(definition) == ("a", "b")
    plain = binding_of_task(definition, bound())
    assert plain != binding_of_task(definition, bound(b="another"))
    assert plain != binding_of_task(definition, bound(a="another"))
    assert plain != binding_of_task(definition, bound(a="b", b="a"))


def test_the_models_of_steps_are_those_of_the_chain_down_to_its_chains() -> None:
    inner = chain_of(definition_of(name="one", model="a"), RULES, name="inner")
    outer = chain_of(inner, definition_of(model="b"))
    assert asked_models(outer) == ("a", "b")
    assert binding_of_task(outer, bound()) != binding_of_task(outer, bound(a="another"))


def test_the_order_of_steps_makes_no_other_binding() -> None:
    one, two = definition_of(name="one", model="a"), definition_of(name="two", model="b")
    assert binding_of_task(chain_of(one, two), bound()) == binding_of_task(
        chain_of(two, one), bound()
    )


def test_rules_alone_ask_no_model_and_are_bound_alike_everywhere() -> None:
    def bind(name: str) -> Model:
        raise AssertionError(name)

    assert asked_models(RULES) == ()
    assert binding_of_task(RULES, bind) == binding_of_task(chain_of(RULES), bind)
    assert describe_task_binding(RULES, bind) == "no model"


def test_bindings_are_named_for_people() -> None:
    chain = chain_of(definition_of(name="one", model="a"), definition_of(name="two", model="b"))
    assert task_bindings(chain, bound(b="large")) == {"a": "openai/a", "b": "openai/large"}
    assert describe_task_binding(chain, bound(b="a")) == "openai/a"
