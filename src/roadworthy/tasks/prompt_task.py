"""A task whose body is a prompt, out of its folder."""

from __future__ import annotations

from collections.abc import Iterable

from roadworthy.core.documents import Fault, did_you_mean
from roadworthy.tasks.definition import TaskDefinition, Template
from roadworthy.tasks.examples import expand_examples
from roadworthy.tasks.expectations import Judge
from roadworthy.tasks.fields import conversation_field
from roadworthy.tasks.loading import Loading, sources_of
from roadworthy.tasks.parameters import check_parameters
from roadworthy.tasks.rules import RULES_FILE
from roadworthy.tasks.schemas import FrozenSchema, load_schema
from roadworthy.tasks.suite_file import JudgeUse
from roadworthy.tasks.task_file import PROMPT_FILES, is_task_name
from roadworthy.tasks.template_check import check_templates, included_blocks
from roadworthy.tasks.voting import chosen_fields, votes_of, voting_faults

__all__ = ["PromptLoading"]


class PromptLoading(Loading):
    """Templates, a model, and how it is asked."""

    def run(self) -> TaskDefinition | None:
        project, given = self.sources.project, self.given
        self.faults += check_parameters(given.parameters, self.document)
        model = self.model()
        input_ = self.input()
        output = load_schema("output", given.output, document=self.document, project=project)
        self.faults += output.faults
        rules = self.rules(input_, output, body="prompt")
        templates = self.templates(input_)
        blocks = self.check_templates(templates, input_, rules.variables)
        if input_.schema is not None:
            self.load_suite(input_.schema, output, output_known=not output.faults)
        judges = self.candidates_judge()
        if input_.schema is None or output.faults or judges is None:
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
            constraints=rules.constraints,
            rules=rules.rules,
            sources=sources_of(rules.sources, judges.values()),
            stream=given.stream or ("raw" if output.schema is None else "fields"),
            mode=given.mode,
            repair=given.repair,
            max_reasks=given.max_reasks,
            timeout_s=given.timeout_s,
            max_cost_usd=given.max_cost_usd,
            votes=votes_of(given.votes),
            best_of=given.best_of,
            judges=judges,
            choose=chosen_fields(given.choose, output.schema),
        )
        known = self.sources.models
        self.faults += voting_faults(
            definition, self.document, has_model=known.knows, models=known.models
        )
        return self.finish(self.with_examples(definition))

    def candidates_judge(self) -> dict[str, TaskDefinition] | None:
        """The task that chooses among candidates, by its name; None: it is at fault. Whether it
        is there, and fits, is seen when all tasks are read."""
        if self.given.best_of is None:
            return {}
        name = self.given.best_of.judge
        if not is_task_name(name):
            message = f'best_of.judge: "{name}" is no task; publishing pins its version'
            self.faults.append(self.document.fault(message, "best_of", "judge"))
            return None
        place = self.document.fault("best_of.", "best_of", "judge")
        self.judges.append(JudgeUse(Judge(judge=name), place))
        found = self.sources.tasks.get(name)
        return None if found is None else {name: found}

    def with_examples(self, definition: TaskDefinition) -> TaskDefinition:
        """The definition with its few-shot examples among its messages."""
        examples = self.sources.project.read(f"tasks/{self.name}/prompt/examples.jsonl")
        if self.faults or examples is None:
            return definition
        definition, faults = expand_examples(definition, examples, self.sources.project.root)
        self.faults += faults
        return definition

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
            if (project.root / f"tasks/{self.name}/{RULES_FILE}").exists():
                message += f", or end {RULES_FILE} with a rule that always answers"
            self.faults.append(Fault(f"{folder}/user.md", 0, message))
        return found

    def check_templates(
        self, templates: list[Template], input_: FrozenSchema, variables: Iterable[str]
    ) -> dict[str, str]:
        """The blocks that the templates include."""
        blocks, faults = included_blocks(templates, self.sources.blocks)
        if input_.schema is not None:
            faults += check_templates(
                templates,
                blocks=blocks,
                input_schema=input_.schema,
                schema_file=input_.file,
                variables=variables,
            )
        self.faults += faults
        return blocks
