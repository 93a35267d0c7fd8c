"""What a task does, told from top to bottom: the chain as a picture and step by step, or the
prompt with what surrounds it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from roadworthy.cli.columns import columns, rows_of
from roadworthy.cli.explain_wires import unproved_wires
from roadworthy.control.drawing.chain_graph import chain_graph
from roadworthy.control.drawing.chain_text import chain_text
from roadworthy.core.visible import short, visible
from roadworthy.registry.chain_changes import body_of
from roadworthy.tasks import TaskDefinition, input_fields, required_names
from roadworthy.tasks.chain.absence import absent_steps, default_stands
from roadworthy.tasks.chain.order import topological
from roadworthy.tasks.chain.paths import parse_path
from roadworthy.tasks.definition import RuleDefinition, StepDefinition

__all__ = ["explanation"]

_MAX_TEXT = 200
_EFFECTS = {
    "answer": "answers",
    "deny": "denies the call",
    "set": "sets",
    "fill": "fills in",
    "model": "asks",
}


def explanation(definition: TaskDefinition, *, width: int = 100) -> str:
    """The task in sections. ``width``: how many characters a line may have for a picture."""
    sections = [
        _head(definition),
        _section("Rules, before anything else", _rules(definition)),
        *(_chain(definition, width) if definition.chain else _prompt(definition)),
        _section("Constraints on the answer", _constraints(definition)),
        _section("Limits", _limits(definition)),
    ]
    return visible("\n\n".join(section for section in sections if section))


def _section(title: str, body: str) -> str:
    return f"{title}\n{body}" if body else ""


def _head(definition: TaskDefinition) -> str:
    label = definition.name
    if definition.version != "working":
        label += f" {definition.version}"
    rows: dict[str, str | None] = {
        "input": _fields(definition.input_schema),
        "output": "free text"
        if definition.output_schema is None
        else _fields(definition.output_schema),
    }
    said = f"{label}: {body_of(definition)}. {short(definition.description, _MAX_TEXT)}".rstrip()
    return f"{said}\n{rows_of(rows, indent=2)}"


def _fields(schema: dict[str, object]) -> str:
    required = required_names(schema)
    named = [name if name in required else f"{name}?" for name in input_fields(schema)]
    return ", ".join(named) or str(schema.get("type", "anything"))


def _chain(definition: TaskDefinition, width: int) -> Iterator[str]:
    chain = definition.chain
    assert chain is not None
    drawn = chain_text(chain_graph(chain))
    if max(map(len, drawn.splitlines())) <= width:
        yield drawn
    else:
        yield "The picture is wider than this terminal: --svg FILE or --mermaid FILE writes it."
    absent = absent_steps(chain)
    for step in topological(chain):
        yield _step(step, chain.tasks, absent)
    yield _section("output", columns(_output(definition, absent), indent=2))
    remarks = list(unproved_wires(definition))
    if remarks:
        yield (
            "Only a call can show whether these hold; where one does not, its step fails\n"
            + columns(remarks, indent=2)
        )


def _step(step: StepDefinition, tasks: dict[str, TaskDefinition], absent: dict[str, str]) -> str:
    task = tasks[step.task]
    runs = "" if step.task == step.name else f", task {step.task}"
    version = "" if task.version == "working" else f" {task.version}"
    body = f"model {task.model}" if task.model else body_of(task)
    rows = [
        *_wires(step),
        ("gives", _gives(step, task)),
        *_conditions(step),
    ]
    if step.name in absent:
        rows.append(("absent", f"at times: {absent[step.name]}"))
    return f"{step.name}{runs}{version} ({body})\n{columns(rows, indent=2)}"


def _wires(step: StepDefinition) -> Iterator[tuple[str, str]]:
    if step.for_each is not None:
        yield "each", f"item of {step.for_each}, {step.concurrency} at once"
    for name, path in step.wires.items():
        yield "takes", f"{name} ← {path}" if name else f"all of {path}"
    for name, value in step.constants.items():
        yield "takes", f"{name} = {_json(value)}"
    read = {parse_path(path).source for path in (*step.wires.values(), step.for_each or "input")}
    waited = [name for name in step.needs if name not in read]
    if waited:
        yield "waits", f"for {', '.join(waited)}"


def _gives(step: StepDefinition, task: TaskDefinition) -> str:
    given = "free text" if task.output_schema is None else _fields(task.output_schema)
    return given if step.for_each is None else f"a list of: {given}"


def _conditions(step: StepDefinition) -> Iterator[tuple[str, str]]:
    if step.when is not None:
        yield "when", " ".join(step.when.split())
    if default_stands(step):
        yield "skipped", f"gives {_json(step.default)}"
    if step.on_error == "task":
        yield "on error", f"{step.fallback} answers in its place, given the same input"
    elif step.on_error == "skip":
        yield "on error", "it is skipped" if step.for_each is None else "the item is skipped"
    elif step.on_error == "default":
        yield "on error", f"gives {_json(step.default)}"


def _output(definition: TaskDefinition, absent: dict[str, str]) -> list[tuple[str, str]]:
    chain = definition.chain
    assert chain is not None
    rows = []
    for name, path in chain.output.items():
        source = parse_path(path).source
        note = f", left out where {source} has no output" if source in absent else ""
        rows.append((name or "all", f"← {path}{note}"))
    return rows


def _prompt(definition: TaskDefinition) -> Iterator[str]:
    if not definition.model:
        return
    rows: list[tuple[str, str]] = [("model", definition.model)]
    if definition.parameters:
        rows.append(("with", _json(definition.parameters)))
    rows += [(t.role, t.file) for t in definition.templates if not t.literal]
    examples = sum(t.literal and t.role == "user" for t in definition.templates)
    if examples:
        rows.append(("examples", str(examples)))
    if definition.blocks:
        rows.append(("blocks", ", ".join(sorted(definition.blocks))))
    yield _section("Prompt", columns([*rows, *_several(definition)], indent=2))


def _several(definition: TaskDefinition) -> Iterator[tuple[str, str]]:
    votes, best = definition.votes, definition.best_of
    if votes is not None:
        models = f" of {', '.join(votes.models)}" if votes.models else ""
        yield "votes", f"at most {votes.n}{models}; each field takes the value of the most"
    if best is not None:
        yield "best of", f"{best.n}, chosen by {best.judge}"
    if definition.choose:
        yield "chosen", f"by likelihood: {', '.join(definition.choose)}"
    if definition.output_schema is not None:
        yield "repair", definition.repair
        yield "re-asks", f"at most {definition.max_reasks}"


def _rules(definition: TaskDefinition) -> str:
    return columns([(rule.name, _rule(rule)) for rule in definition.rules], indent=2)


def _rule(rule: RuleDefinition) -> str:
    does = _EFFECTS[rule.effect]
    if rule.effect in ("set", "fill"):
        does += f" {', '.join(rule.values)}"
    elif rule.effect == "model":
        does += f" model {rule.model}"
    elif rule.effect == "deny":
        does += f": {short(rule.deny, _MAX_TEXT).rstrip('.')}"
    when = "" if rule.when is None else f", when {' '.join(rule.when.split())}"
    return does + when


def _constraints(definition: TaskDefinition) -> str:
    rows = [(one.name, " ".join(one.require.split())) for one in definition.constraints]
    return columns(rows, indent=2)


def _limits(definition: TaskDefinition) -> str:
    rows = {
        "time": None if definition.timeout_s is None else f"{definition.timeout_s:g} s",
        "cost": None if definition.max_cost_usd is None else f"{definition.max_cost_usd:g} USD",
    }
    return rows_of(rows, indent=2)


def _json(value: object) -> str:
    return short(msgspec.json.encode(value).decode(), _MAX_TEXT)
