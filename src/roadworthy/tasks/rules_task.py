"""A task whose body is rules: no model is asked."""

from __future__ import annotations

from typing import Final

from roadworthy.core.documents import SourceFolder, read_toml
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.loading import Loading
from roadworthy.tasks.rules import RULES_FILE, RulesFile, always_ends
from roadworthy.tasks.schemas import load_schema

__all__ = ["RulesLoading", "rules_alone"]

NOT_IN_RULES: Final = (
    *("model", "parameters", "mode", "repair", "max_reasks", "votes", "best_of", "choose"),
)
"""Keys of a task that asks a model."""


def rules_alone(name: str, project: SourceFolder) -> bool:
    """Whether the task has no prompt, and rules that no input gets past."""
    folder = project.root / f"tasks/{name}"
    if any((folder / "prompt").glob("*.md")) or not (folder / RULES_FILE).is_file():
        return False
    text = project.read(f"tasks/{name}/{RULES_FILE}")
    document = read_toml(text or "", RulesFile, file=RULES_FILE)
    made = [] if document.value is None else [t.definition() for t in document.value.rule]
    return always_ends(tuple(rule for rule in made if rule is not None))


class RulesLoading(Loading):
    """Rules, and what they are held against."""

    def run(self) -> TaskDefinition | None:
        given, document = self.given, self.document
        for key in NOT_IN_RULES:
            if key in document.data:
                message = f"{key}: belongs to a task with a prompt; here rules alone answer"
                self.faults.append(document.fault(message, key))
        input_ = self.input()
        output = load_schema(
            "output", given.output, document=document, project=self.sources.project
        )
        self.faults += output.faults
        rules = self.rules(input_, output, body="rules")
        if input_.schema is None or output.faults:
            return None
        self.load_suite(input_.schema, output, output_known=True)
        return self.finish(
            TaskDefinition(
                name=self.name,
                description=given.description,
                model="",
                input_schema=input_.schema,
                output_schema=output.schema,
                constraints=rules.constraints,
                rules=rules.rules,
                sources=rules.sources,
                stream=given.stream or ("raw" if output.schema is None else "fields"),
                timeout_s=given.timeout_s,
                max_cost_usd=given.max_cost_usd,
            )
        )
