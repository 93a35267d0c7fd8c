"""One task's folder: `task.toml`, prompt, rules, examples and cases, as a `TaskDefinition`.

Called by `roadworthy.tasks.project`; every fault is collected, and a task with one is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from roadworthy.core import Mode
from roadworthy.core.documents import Document, Fault, SourceFolder, did_you_mean, read_toml
from roadworthy.tasks.cases import Suite
from roadworthy.tasks.chain.draft import asked_tasks
from roadworthy.tasks.chain.reading import ChainSources, read_chain
from roadworthy.tasks.chain.step_table import StepTable
from roadworthy.tasks.definition import (
    BestOf,
    ConstraintDefinition,
    RepairLevel,
    StreamMode,
    TaskDefinition,
    Template,
    Votes,
)
from roadworthy.tasks.digest import definition_digest
from roadworthy.tasks.examples import expand_examples
from roadworthy.tasks.expectations import FREE_TEXT, About
from roadworthy.tasks.fields import conversation_field
from roadworthy.tasks.gate import Gate
from roadworthy.tasks.model_files import ModelTable
from roadworthy.tasks.parameters import PARAMETER_PLACES, check_parameters
from roadworthy.tasks.rules import RULES_FILE, load_constraints
from roadworthy.tasks.schemas import FrozenSchema, load_schema
from roadworthy.tasks.suite_file import JudgeUse, load_suite
from roadworthy.tasks.template_check import check_templates, included_blocks
from roadworthy.tasks.voting import chosen_fields, votes_of, voting_faults

__all__ = [
    "LoadedTask",
    "TaskFile",
    "TaskSources",
    "TestTable",
    "WrittenTask",
    "is_task_name",
    "load_task",
    "read_task",
]

NO_INPUT: Final = {"type": "object", "properties": {}, "additionalProperties": False}
PROMPT_FILES: Final = ("system.md", "user.md", "examples.jsonl")
NOT_IN_A_CHAIN: Final = (
    *("model", "parameters", "mode", "repair", "max_reasks", "votes", "best_of", "choose"),
)
"""Keys of a task that asks a model itself."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class TestTable(msgspec.Struct, frozen=True, kw_only=True):
    """How the task's cases are tested."""

    __test__ = False  # not a test, whatever a test runner takes the name for

    n: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    """How often each case is asked that does not say so itself."""
    checks: list[dict[str, Any]] = []
    """Expectations that hold of every case, beside its own."""


class TaskFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `task.toml`."""

    description: str = ""
    """For people, on the dashboard; no model reads it."""
    model: str | None = None
    """A logical model; left out: the project's default."""
    parameters: dict[str, Any] = {}
    """Sent with every request: temperature, max_tokens, whatever the provider knows."""
    input: str | dict[str, Any] | None = None
    """Fields, a JSON Schema, ``"input.schema.json"`` or ``"schemas.py:Class"``."""
    output: str | dict[str, Any] | None = None
    """As `input`; left out, and no `output.schema.json`: the answer is free text."""
    stream: StreamMode | None = None
    """How an answer reaches a caller who asks for a stream: ``fields`` (as each of them is known to
    conform), ``buffered`` (once all of it does) or ``raw`` (as the model writes it, and an error at
    the end if it does not conform). Left out: ``fields`` with an output schema, ``raw`` without."""
    mode: Mode | None = None
    """How to ask for the output's structure: ``grammar``, ``strict`` (the provider's strict JSON
    Schema), ``tool`` (one forced function), ``json`` (its JSON mode), ``prompt`` (words) or
    ``none``; weaker ones follow where a schema does not fit. Left out: the model's strongest."""
    repair: RepairLevel = "schema"
    """How far an answer may be mended: ``none``, ``lossless`` (fences, prose around it, broken
    syntax) or ``schema`` (also values in another spelling than the schema's)."""
    max_reasks: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2
    """How often fields that do not conform are asked for again before the call fails."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] | None = None
    """Deadline of one call, all its attempts and steps together; left out: that of [limits]."""
    max_cost_usd: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """What one call may cost at most, all its attempts and steps together; left out: no limit."""
    votes: Annotated[int, msgspec.Meta(ge=2, le=25)] | Votes | None = None
    """How often the answer is asked for; each field takes the value of the most. As a table:
    ``[votes]`` with ``n``, ``models`` and ``ties``."""
    best_of: BestOf | None = None
    """Several candidates are asked for, and the one that a judge scores highest is delivered."""
    choose: Literal["likelihood"] | dict[str, Literal["likelihood"]] | None = None
    """Closed fields of the output (an enum, a boolean) take the value that is the most likely to
    the model, in place of what it writes; as a table, only those named. The rest is generated."""
    step: list[StepTable] = []
    """The steps of a chain; left out: the task has a prompt, or rules alone answer."""
    test: TestTable = TestTable()
    """How the task's cases are tested."""
    gate: Gate = Gate()
    """What a version must reach before a protected channel may point to it."""


@dataclass(frozen=True, kw_only=True)
class TaskSources:
    """What a task is put together from, beside its own folder."""

    project: SourceFolder
    blocks: Mapping[str, str]
    models: ModelTable
    default_model: str
    names: frozenset[str] = frozenset()
    """Of all tasks, the faulty ones too."""
    tasks: Mapping[str, TaskDefinition] = field(default_factory=dict)
    """Those that were read before this one: what it runs is among them, if it is sound."""


def is_task_name(name: str) -> bool:
    """Whether a task may be called so: its name stands in URLs, headers and file names."""
    return _NAME.fullmatch(name) is not None


class LoadedTask(NamedTuple):
    """What a task's folder says."""

    definition: TaskDefinition | None
    """None: there are faults."""
    suite: Suite
    faults: list[Fault]
    judges: tuple[JudgeUse, ...] = ()
    """Checks that other tasks decide: whether those exist is seen when all are read."""


class WrittenTask(NamedTuple):
    """A task's own file, before anything is made of it."""

    name: str
    document: Document[TaskFile] | None
    faults: list[Fault]

    @property
    def runs(self) -> tuple[str, ...]:
        """The tasks that it runs itself: those of its steps, and its judge."""
        given = None if self.document is None else self.document.value
        if given is None:
            return ()
        judges = () if given.best_of is None else (given.best_of.judge,)
        return tuple(dict.fromkeys((*asked_tasks(given.step), *judges)))


def read_task(name: str, project: SourceFolder) -> WrittenTask:
    """The file `task.toml` of the task in `tasks/NAME`."""
    file = f"tasks/{name}/task.toml"
    if not is_task_name(name):
        message = (
            "a task's name is at most 100 letters, digits, '.', '_' and '-'; rename the folder"
        )
        return WrittenTask(name, None, [Fault(f"tasks/{name}", 0, message)])
    text = project.read(file)
    if text is None:
        known = [fault for fault in project.faults if fault.file == file]
        missing = [Fault(file, 0, "is missing; it may be empty, but it must be there")]
        return WrittenTask(name, None, known or missing)
    document = read_toml(text, TaskFile, file=file, elsewhere=PARAMETER_PLACES)
    return WrittenTask(name, document, document.faults)


def load_task(written: WrittenTask, sources: TaskSources) -> LoadedTask:
    """The task, or everything that is wrong with it; neither, where only tasks that it runs are
    at fault."""
    document = written.document
    if document is None or document.value is None:
        return LoadedTask(None, Suite(), written.faults)
    loading = _Loading(written.name, document, document.value, sources)
    definition = loading.run()
    return LoadedTask(definition, loading.suite, loading.faults, tuple(loading.judges))


class _Loading:
    """One task on its way from files to a definition."""

    def __init__(
        self, name: str, document: Document[TaskFile], given: TaskFile, sources: TaskSources
    ) -> None:
        self.name = name
        self.document = document
        self.given = given
        self.sources = sources
        self.faults = list(document.faults)
        self.suite = Suite()
        self.judges: list[JudgeUse] = []

    def run(self) -> TaskDefinition | None:
        return self.chain() if "step" in self.document.data else self.prompted()

    def chain(self) -> TaskDefinition | None:
        """The task as a chain of steps."""
        given, document = self.given, self.document
        self.faults += _misplaced(self.name, document, self.sources.project)
        input_ = self.input()
        stated = load_schema("output", None, document=document, project=self.sources.project)
        self.faults += stated.faults
        if not given.step:
            if not self.faults:
                self.faults.append(document.fault("step: a chain has at least one step", "step"))
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
        constraints = self.constraints(input_, output) if read.knows_output else ()
        self.load_suite(input_.schema, output, output_known=read.knows_output)
        if read.chain is None:
            return None
        sources: dict[str, str] = {}
        for task in read.chain.tasks.values():
            sources |= task.sources
        definition = TaskDefinition(
            name=self.name,
            description=given.description,
            model="",
            input_schema=input_.schema,
            output_schema=output.schema,
            constraints=constraints,
            chain=read.chain,
            sources=sources,
            stream=given.stream or ("raw" if output.schema is None else "fields"),
            timeout_s=given.timeout_s,
            max_cost_usd=given.max_cost_usd,
        )
        return self.finish(definition)

    def input(self) -> FrozenSchema:
        """The input's schema; faults are noted."""
        found = load_schema(
            "input", self.given.input, document=self.document, project=self.sources.project
        )
        self.faults += found.faults
        if not found.faults and found.schema is None and "input" not in self.document.data:
            found.schema = dict(NO_INPUT)
        return found

    def prompted(self) -> TaskDefinition | None:
        """The task as a prompt."""
        project, given = self.sources.project, self.given
        self.faults += check_parameters(given.parameters, self.document)
        model = self.model()
        input_ = self.input()
        output = load_schema("output", given.output, document=self.document, project=project)
        self.faults += output.faults
        templates = self.templates(input_)
        blocks = self.check_templates(templates, input_)
        if input_.schema is not None:
            self.load_suite(input_.schema, output, output_known=not output.faults)
        constraints = self.constraints(input_, output)
        if input_.schema is None or output.faults:
            return None
        definition = TaskDefinition(
            name=self.name,
            description=given.description,
            model=model,
            parameters=given.parameters,
            input_schema=input_.schema,
            output_schema=output.schema,
            templates=tuple(templates),
            blocks=blocks,
            constraints=constraints,
            stream=given.stream or ("raw" if output.schema is None else "fields"),
            mode=given.mode,
            repair=given.repair,
            max_reasks=given.max_reasks,
            timeout_s=given.timeout_s,
            max_cost_usd=given.max_cost_usd,
            votes=votes_of(given.votes),
            best_of=given.best_of,
            choose=chosen_fields(given.choose, output.schema),
        )
        has_model = self.sources.models.knows
        self.faults += voting_faults(definition, self.document, has_model=has_model)
        return self.finish(definition)

    def load_suite(
        self, input_schema: dict[str, Any], output: FrozenSchema, *, output_known: bool
    ) -> None:
        """The cases, and what they must reach."""
        test = self.given.test
        loaded = load_suite(
            Suite(checks=tuple(test.checks), n=test.n, gate=self.given.gate),
            About(
                task=self.name,
                input_schema=input_schema,
                output_schema=FREE_TEXT if output.schema is None else output.schema,
                has_model=self.sources.models.knows,
            ),
            document=self.document,
            project=self.sources.project,
            output_known=output_known,
        )
        self.suite, self.judges = loaded.suite, loaded.judges
        self.faults += loaded.faults

    def finish(self, definition: TaskDefinition) -> TaskDefinition | None:
        examples = self.sources.project.read(f"tasks/{self.name}/prompt/examples.jsonl")
        if not self.faults and examples is not None:
            definition, faults = expand_examples(definition, examples)
            self.faults += faults
        if self.faults:
            return None
        return msgspec.structs.replace(definition, digest=definition_digest(definition))

    def constraints(
        self, input_: FrozenSchema, output: FrozenSchema
    ) -> tuple[ConstraintDefinition, ...]:
        """The constraints of `rules.toml`, if there is one."""
        file = f"tasks/{self.name}/{RULES_FILE}"
        text = self.sources.project.read(file)
        if text is None:
            return ()
        free_text = output.schema is None and not output.faults
        constraints, faults = load_constraints(
            self.name,
            text,
            input_schema=input_.schema,
            output_schema={} if free_text else output.schema,
        )
        if constraints and free_text:
            message = (
                "constraints hold of an answer that has a schema; add [output] to task.toml,"
                ' such as type = "string"'
            )
            faults = [Fault(file, 1, message)]
        self.faults += faults
        return constraints

    def model(self) -> str:
        """The task's model; one that does not exist is a fault."""
        name = self.given.model or self.sources.default_model
        models = self.sources.models
        if not models.knows(name):
            hint = did_you_mean(name, {"local", *models.names})
            message = f'unknown model "{name}"{hint}. Declare it in models.toml'
            self.faults.append(self.document.fault(message.replace("?.", "?"), "model"))
        self.check_mode(name)
        return name

    def check_mode(self, name: str) -> None:
        """A mode that the task's model cannot be asked in is a fault."""
        model, mode = self.sources.models.models.get(name), self.given.mode
        if model is None or mode in (None, "none", *model.capabilities.modes):
            return
        possible = ", ".join(f'"{known}"' for known in model.capabilities.modes)
        message = (
            f'mode is "{mode}", and model "{name}" is asked in {possible}. Choose one of these,'
            f" or list the mode under modes of [models.{name}] in models.toml"
        )
        self.faults.append(self.document.fault(message, "mode"))

    def templates(self, input_: FrozenSchema) -> list[Template]:
        """The prompt's messages, examples left out."""
        project, folder = self.sources.project, f"tasks/{self.name}/prompt"
        for path in sorted((project.root / folder).glob("*")):
            if path.suffix in (".md", ".jsonl") and path.name not in PROMPT_FILES:
                hint = did_you_mean(path.name, PROMPT_FILES)
                self.faults.append(Fault(f"{folder}/{path.name}", 0, f"unknown file{hint}"))
        found: list[Template] = []
        for role in ("system", "user"):
            source = project.read(f"{folder}/{role}.md")
            if source is not None:
                # An editor's last line end is not part of the message.
                source = source.rstrip("\n")
                found.append(Template(role=role, source=source, file=f"{folder}/{role}.md"))
        asks = input_.schema is not None and conversation_field(input_.schema) is not None
        if not asks and not (project.root / folder / "user.md").exists():
            message = "is missing; write the message to send, such as {{ comment }}"
            self.faults.append(Fault(f"{folder}/user.md", 0, message))
        return found

    def check_templates(self, templates: list[Template], input_: FrozenSchema) -> dict[str, str]:
        """The blocks that the templates include."""
        blocks, faults = included_blocks(templates, self.sources.blocks)
        if input_.schema is not None:
            faults += check_templates(
                templates, blocks=blocks, input_schema=input_.schema, schema_file=input_.file
            )
        self.faults += faults
        return blocks


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
