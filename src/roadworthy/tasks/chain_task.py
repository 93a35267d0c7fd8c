"""A task whose body is a chain of steps, out of its folder."""

from __future__ import annotations

from typing import Final

from roadworthy.core.documents import Document, Fault, SourceFolder
from roadworthy.tasks.chain.checking import output_shape
from roadworthy.tasks.chain.reading import ChainSources, read_chain
from roadworthy.tasks.chain.step_table import StepTable
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.expectations import About
from roadworthy.tasks.loading import Loading, sources_of
from roadworthy.tasks.schemas import FrozenSchema, load_schema
from roadworthy.tasks.task_file import TaskFile

__all__ = ["ChainLoading"]

MAX_STEPS: Final = 200
NOT_IN_A_CHAIN: Final = (
    *("model", "parameters", "mode", "repair", "max_reasks", "votes", "best_of", "choose"),
)
"""Keys of a task that asks a model itself."""


class ChainLoading(Loading):
    """Steps, how they are wired, and what follows from that."""

    def run(self) -> TaskDefinition | None:
        given, document = self.given, self.document
        self.faults += _misplaced(self.name, document, self.sources.project)
        input_ = self.input()
        stated = load_schema("output", None, document=document, project=self.sources.project)
        self.faults += stated.faults
        if (not given.step and not self.faults) or len(given.step) > MAX_STEPS:
            message = f"step: a chain has 1 to {MAX_STEPS} steps"
            self.faults.append(document.fault(message, "step"))
        if not 0 < len(given.step) <= MAX_STEPS:
            return None
        if input_.schema is None or stated.faults:
            return None
        read = read_chain(
            given.step,
            given.output,
            document,
            sources=ChainSources(
                input_schema=input_.schema,
                tasks=self.sources.tasks,
                names=self.sources.names,
                stated=stated,
            ),
        )
        self.faults += read.faults
        output = FrozenSchema(schema=read.output_schema, file=document.file)
        unknown = FrozenSchema(schema=None, file=document.file, faults=read.faults)
        rules = self.rules(input_, output if read.knows_output else unknown, body="chain")
        self.load_suite(
            input_.schema, output, output_known=read.knows_output, steps=self.about_steps()
        )
        if read.chain is None:
            return None
        definition = TaskDefinition(
            name=self.name,
            description=given.description,
            model="",
            input_schema=input_.schema,
            output_schema=output.schema,
            constraints=rules.constraints,
            rules=rules.rules,
            chain=read.chain,
            sources=sources_of(rules.sources, read.chain.tasks.values()),
            stream=given.stream or ("raw" if output.schema is None else "fields"),
            timeout_s=given.timeout_s,
            max_cost_usd=given.max_cost_usd,
        )
        return self.finish(definition)

    def about_steps(self) -> dict[str, About | None]:
        """What is known of the steps' outputs, by the steps' names."""
        tasks = self.sources.tasks
        return {
            step.name or step.task: about_step(self.name, step, tasks.get(step.task))
            for step in self.given.step
        }


def about_step(chain: str, step: StepTable, task: TaskDefinition | None) -> About | None:
    """What checks of a step's output may know; None where its task is at fault."""
    if task is None:
        return None
    each = step.for_each is not None
    return About(
        task=chain,
        input_schema={"type": "object"} if each else task.input_schema,
        output_schema=output_shape(task, each=each).standalone(),
    )


def _misplaced(name: str, document: Document[TaskFile], project: SourceFolder) -> list[Fault]:
    """What belongs to a task that asks a model, and stands in a chain."""
    faults = [
        document.fault(f"{key}: belongs to a task with a prompt; this one has steps", key)
        for key in NOT_IN_A_CHAIN
        if key in document.data
    ]
    for path in sorted((project.root / f"tasks/{name}/prompt").glob("*")):
        message = "a chain has no prompt; remove the file, or make a task of it that is a step"
        faults.append(Fault(f"tasks/{name}/prompt/{path.name}", 0, message))
    return faults
