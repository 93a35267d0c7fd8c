"""What a promotion would rely on: the cases of both versions, their results, and the gate. Pure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from roadworthy.core.errors import RegistryConflict, RoadworthyError
from roadworthy.models import Model, implicit_model
from roadworthy.registry.binding import binding_of_task, task_bindings
from roadworthy.registry.figures import CaseRuns, by_case, figures_of
from roadworthy.registry.gate import decide, has_thresholds, lowered, refused_lowering, stricter
from roadworthy.registry.moves import Evidence, Miss
from roadworthy.registry.results import CaseResult
from roadworthy.registry.version import Version
from roadworthy.tasks import Case, Gate, Suite, TaskDefinition
from roadworthy.tasks.cases import (
    case_id,
    case_input,
    expectations_digest,
    question_digest,
    runs_of,
)
from roadworthy.tasks.schemas import validator_of

__all__ = ["GateCase", "GateCases", "binder", "gate_cases", "weigh"]


class GateCase:
    """One case that a promotion needs, with the suite that says how it is scored."""

    def __init__(self, case: Case, suite: Suite) -> None:
        self.case = case
        self.suite = suite
        self.question = question_digest(case)
        self.expected = expectations_digest(case, suite)
        self.runs = runs_of(case, suite)
        self.id = case_id(case)


def binder(definition: TaskDefinition, models: Mapping[str, Model]) -> Callable[[str], Model]:
    """What the version's logical models stand for here, by name; some need no file (``local``).

    What it gives raises RegistryConflict where a model stands for nothing.
    """

    def bind(name: str) -> Model:
        model = models.get(name) or implicit_model(name, os.environ)
        if model is None:
            raise RegistryConflict(
                f"{definition.name} {definition.version} asks model {name!r}, which is not bound in"
                f" this installation; declare [models.{name}] in models.toml"
            )
        return model

    return bind


class GateCases(NamedTuple):
    """The cases of two versions."""

    cases: list[GateCase]
    """Those that the candidate can be asked. A question of both is scored as the candidate says:
    an expectation may have been wrong."""
    invalid: list[str]
    """Ids of those whose input is none of the candidate's inputs."""
    changed: list[str]
    """Ids of those of which the candidate expects something else."""


def gate_cases(candidate: Version, current: Version | None) -> GateCases:
    """The cases that the candidate has to pass to take the place of the current version."""
    definition, suite = candidate.definition, candidate.suite
    cases = [GateCase(case, suite) for case in suite.cases]
    if current is None:
        return GateCases(cases, [], [])
    known = {case.question: case for case in cases}
    invalid: list[str] = []
    changed: list[str] = []
    for case in current.suite.cases:
        inherited = GateCase(case, current.suite)
        same = known.get(inherited.question)
        if same is not None:
            if same.expected != inherited.expected:
                changed.append(same.id)
            continue
        if _accepts(definition, case):
            cases.append(inherited)
        else:
            invalid.append(case_id(case))
    return GateCases(cases, invalid, changed)


def weigh(
    candidate: Version,
    current: Version | None,
    results: Sequence[CaseResult],
    *,
    bind: Callable[[str], Model],
    environment: str,
    lower_gate: bool = False,
) -> Evidence:
    """Figures of the candidate over the cases of both versions, and what the gate misses.

    ``results`` are those of the candidate's definition, of any binding; ``environment`` is where
    they were measured that do not say so. What the candidate's models stand for, ``bind`` gives
    (see `binder`).
    """
    cases, invalid, changed = gate_cases(candidate, current)
    binding = binding_of_task(candidate.definition, bind)
    found = by_case(result for result in results if result.key.binding == binding)
    runs = [_runs(case, found.get(case.question, ())) for case in cases]
    figures = figures_of(runs)
    before = Gate() if current is None else current.suite.gate
    gate = candidate.suite.gate if lower_gate else stricter(before, candidate.suite.gate)
    misses: tuple[Miss, ...] = ()
    if has_thresholds(gate):
        misses = (*_missing(cases, runs, candidate), *decide(gate, figures))
    if not lower_gate:
        misses += refused_lowering(before, candidate.suite.gate)
    measured = [run for case in runs for run in case.runs]
    places = sorted({run.environment for run in measured} - {""})
    return Evidence(
        figures=figures,
        bindings=task_bindings(candidate.definition, bind),
        binding=binding,
        environment=", ".join(places) or environment,
        measured_us=max((run.at_us for run in measured), default=None),
        misses=misses,
        invalid_cases=tuple(invalid),
        changed_cases=tuple(changed),
        lowered=lowered(before, candidate.suite.gate),
    )


def _runs(case: GateCase, results: Sequence[CaseResult]) -> CaseRuns:
    """The case's runs; those that were scored by other expectations do not count."""
    counted = [r for r in results if r.expected == case.expected and r.key.run < case.runs]
    return CaseRuns(case.id, case.case.tags, case.case.weight, counted)


def _missing(
    cases: Sequence[GateCase], runs: Sequence[CaseRuns], candidate: Version
) -> tuple[Miss, ...]:
    wanted = sum(case.runs for case in cases)
    found = sum(len(case.runs) for case in runs)
    if found >= wanted and cases:
        return ()
    row = candidate.row
    if not cases:
        message = f"cases: {row.task} {row.version} has none, so nothing of it can be measured."
        message += f" Write tasks/{row.task}/cases.jsonl"
    else:
        lacking = [
            case.id for case, of in zip(runs, cases, strict=True) if len(case.runs) < of.runs
        ]
        message = (
            f"cases: {wanted - found} of {wanted} runs are not measured ({_listed(lacking)});"
            f" run `roadworthy test {row.task} --version {row.version}`"
        )
    return (Miss(figure="cases", wanted=max(1, wanted), found=found, message=message),)


def _listed(ids: Sequence[str], most: int = 3) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more


def _accepts(definition: TaskDefinition, case: Case) -> bool:
    try:
        given = case_input(case, definition)
        return bool(validator_of(definition.input_schema).is_valid(given))
    except (RoadworthyError, UnicodeError):
        return False
