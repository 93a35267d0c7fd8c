"""What is wrong with the rules, votes and choices of a draft that came over the network. Pure.

Python is not run: of a function it is only seen that its file comes with the draft.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from roadworthy.core.documents import Document
from roadworthy.core.errors import ProjectError
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.definition import RuleDefinition
from roadworthy.tasks.fields import input_fields
from roadworthy.tasks.ruleset import RuleSet
from roadworthy.tasks.voting import voting_faults

__all__ = ["rule_problems", "voting_problems"]

_KINDS: Final = ("cel", "python", "value")
_NOWHERE: Final[Document[Any]] = Document(file="task", value=None, faults=[])


def rule_problems(definition: TaskDefinition) -> Iterator[str]:
    """What is wrong with the rules."""
    names = Counter(rule.name for rule in definition.rules)
    for name, count in names.items():
        if not name or count > 1:
            yield f"{count} rules are called {name[:80]!r}"
    shapes = [
        f"rule {rule.name[:80]!r} {what}"
        for rule in definition.rules
        for what in _of_shape(rule, definition)
    ]
    yield from shapes
    if not shapes:
        try:
            RuleSet(definition)
        except ProjectError as error:
            yield from error.faults


def voting_problems(definition: TaskDefinition) -> Iterator[str]:
    """What is wrong with the candidates, their judge, and the fields that are chosen."""
    found = voting_faults(definition, _NOWHERE, has_model=lambda _: True)
    yield from (fault.message for fault in found)
    wanted = set() if definition.best_of is None else {definition.best_of.judge}
    if wanted - definition.judges.keys():
        yield "the draft does not hold the judge of its candidates"
    if definition.judges.keys() - wanted:
        yield "the draft holds judges that nothing asks"


def _of_shape(rule: RuleDefinition, definition: TaskDefinition) -> Iterator[str]:
    """What would keep it from being compiled, or from meaning anything."""
    if rule.effect == "deny" and not rule.deny.strip():
        yield "denies and does not say why"
    if rule.effect == "model" and (not rule.model or not definition.model):
        yield "chooses a model for what asks none"
    if (rule.effect in ("set", "fill")) != bool(rule.values):
        yield "sets nothing" if not rule.values else "has values, and does not set them"
    fields = input_fields(definition.output_schema or {})
    for name, value in rule.values.items():
        if rule.effect == "fill" and name not in fields:
            yield f"fills {name[:80]!r}, which is no field of the output"
        yield from _of_value(name, value, definition)


def _of_value(name: str, value: Any, definition: TaskDefinition) -> Iterator[str]:
    kind = next(iter(value), None) if isinstance(value, dict) and len(value) == 1 else None
    if kind not in _KINDS or (kind != "value" and not isinstance(value[kind], str)):
        yield f"does not say in one way what {name[:80]!r} is: cel, python or value"
    elif kind == "python" and value["python"].rpartition(":")[0] not in definition.sources:
        yield f"runs {value['python'][:80]!r}, whose file the draft does not hold"
