"""Write docs/reference: settings, errors, command line and HTTP, from the code that defines them.

Run it after changing any of these: ``python scripts/reference.py``. A test fails where a page is
not what this writes. Facts come from the code (structs and their docstrings, error classes,
commands, routes); the sentences around them stand in scripts/reference_pages.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Template
from types import SimpleNamespace
from typing import Any

import msgspec
import typer
from msgspec import inspect as types

from roadworthy.cli.app import app as command_line
from roadworthy.client import GatewayUnreachable
from roadworthy.conformance import LOSSLESS, REPAIRS
from roadworthy.control.app import create_app as create_control
from roadworthy.control.document import DOCUMENTED
from roadworthy.control.faults import ErrorBody
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.task_report import TaskReport
from roadworthy.core import Call, call, errors
from roadworthy.core import settings as project_settings
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Secret
from roadworthy.models.catalog import ModelEntry, PriceEntry
from roadworthy.models.providers import PROVIDERS
from roadworthy.serving import app as serving_app
from roadworthy.serving import chat_request
from roadworthy.serving import task as task_surface
from roadworthy.serving.app import GatewayStatus
from roadworthy.serving.body import MAX_DEPTH
from roadworthy.tasks import Suite, TaskDefinition
from roadworthy.tasks import parameters as task_parameters
from roadworthy.tasks.cases import Case, StepCase
from roadworthy.tasks.chain.step_table import StepTable
from roadworthy.tasks.definition import BestOf, Votes
from roadworthy.tasks.examples import Example
from roadworthy.tasks.expectations import KINDS, Placed
from roadworthy.tasks.expectations.language import LANGUAGES
from roadworthy.tasks.fields import FIELD_ROLES
from roadworthy.tasks.model_files import EnvironmentEntry, ModelsFile
from roadworthy.tasks.rules import ConstraintTable, RuleTable
from roadworthy.tasks.task_file import PROMPT_FILES, TaskFile

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "docs" / "reference"
SENTENCES = HERE / "reference_pages"
NOTE = "<!-- Written by scripts/reference.py; change the code or that script, not this page. -->"
Struct = type[msgspec.Struct]


def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    written = {
        "settings.md": settings(),
        "errors.md": error_page(),
        "cli.md": cli(),
        "http.md": http(),
        "repairs.md": repair_page(),
        "expectations.md": expectation_page(),
    }
    return {name: f"{NOTE}\n\n{text.strip()}\n" for name, text in written.items()}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote docs/reference/{name}")


def repair_page() -> str:
    """Every kind of repair, in the order of the table in the code."""
    rows = [
        (f"`{kind}`", does, "yes" if kind in LOSSLESS else "no") for kind, does in REPAIRS.items()
    ]
    kinds = table(("kind", "what was done", "at `lossless`"), rows)
    return fill("repairs", kinds=kinds)


def expectation_page() -> str:
    """Every kind of check, in the order of the table in the code."""
    common = set(Placed.__struct_fields__)
    rows = [
        (f"[`{name}`](#{name})", first_line(kind).partition(". ")[0].rstrip(".") + ".")
        for name, kind in KINDS.items()
    ]
    return fill(
        "expectations",
        kinds=table(("kind", "passes if"), rows),
        common=key_table(Placed),
        each="\n\n".join(
            f"## {name}\n\n{first_line(kind)}\n\n`{kind.example}`\n\n"
            + key_table(kind, leave_out=common)
            for name, kind in KINDS.items()
        ),
        languages=", ".join(f"`{code}`" for code in LANGUAGES),
    )


# Tables of structs.


def attribute_docs(struct: Struct) -> dict[str, str]:
    """The string below each field of a class and its bases, on one line."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            found |= own_attribute_docs(base)
    return found


def own_attribute_docs(struct: Struct) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(struct)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            found[field.target.id] = prose(str(below.value.value))
    return found


def prose(text: str) -> str:
    """A docstring as Markdown on one line."""
    return " ".join(text.split()).replace("``", "`")


def first_line(documented: object) -> str:
    return prose((inspect.getdoc(documented) or "").partition("\n\n")[0])


def fields_of(struct: Struct) -> tuple[types.Field, ...]:
    described = types.type_info(struct)
    assert isinstance(described, types.StructType)
    return described.fields


def key_table(struct: Struct, *, leave_out: Iterable[str] = ()) -> str:
    """Key, type, default and meaning of every field."""
    docs = attribute_docs(struct)
    rows = [
        (f"`{field.encode_name}`", type_name(field.type), default_of(field), docs[field.name])
        for field in fields_of(struct)
        if field.name not in leave_out
    ]
    return table(("key", "type", "default", "meaning"), rows)


def field_table(struct: Struct) -> str:
    """Field, type and meaning, for what is answered."""
    docs = attribute_docs(struct)
    rows = [
        (
            f"`{field.encode_name}`",
            type_name(field.type, null=True),
            re.sub(r"\bNone\b", "null", docs.get(field.name, "")),
        )
        for field in fields_of(struct)
    ]
    return table(("field", "type", "meaning"), rows)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


PLAIN: dict[type, str] = {
    types.StrType: "text",
    types.IntType: "whole number",
    types.FloatType: "number",
    types.BoolType: "`true` or `false`",
    types.AnyType: "anything",
    types.DictType: "table",
}


def type_name(type_: types.Type, *, null: bool = False) -> str:
    if isinstance(type_, types.UnionType):
        kept = [t for t in type_.types if null or not isinstance(t, types.NoneType)]
        names = [type_name(t, null=null) for t in kept]
        return " or ".join(names)
    if isinstance(type_, types.NoneType):
        return "null"
    if isinstance(type_, types.LiteralType):
        return ", ".join(f"`{value}`" for value in type_.values)
    if isinstance(type_, types.ListType | types.VarTupleType):
        return f"list of {type_name(type_.item_type, null=null)}"
    if isinstance(type_, types.StructType):
        return "table" if not null else f"`{type_.cls.__name__}`"
    name = next(name for kind, name in PLAIN.items() if isinstance(type_, kind))
    return name + bounds_of(type_)


def bounds_of(type_: types.Type) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = {sign: getattr(type_, key, None) for key, sign in signs.items()}
    shown = [f"{sign} {bound}" for sign, bound in bounds.items() if bound is not None]
    return f", {', '.join(shown)}" if shown else ""


def default_of(field: types.Field) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT or field.default in (None, "", ()):
        return ""
    if isinstance(field.default, msgspec.Struct):
        return ""
    return f"`{msgspec.json.encode(field.default).decode()}`"


# The pages.


def fill(name: str, **facts: str) -> str:
    """The sentences of one page with these facts put in."""
    return Template((SENTENCES / f"{name}.md").read_text(encoding="utf-8")).substitute(facts)


def settings() -> str:
    tables = []
    for field in fields_of(project_settings.Settings):
        title, type_ = field.name, field.type
        if isinstance(type_, types.DictType):
            title, type_ = f"{title}.NAME", type_.value_type
        if isinstance(type_, types.StructType):
            struct = type_.cls
            tables.append(f"### [{title}]\n\n{first_line(struct)}\n\n{key_table(struct)}")
    top = key_table(
        project_settings.Settings,
        leave_out=[f.name for f in fields_of(project_settings.Settings) if f.name != "format"],
    )
    known = ", ".join(f"`{name}`" for name in task_parameters.PARAMETER_PLACES)
    reserved = table(
        ("not a parameter", "instead"),
        ((f"`{name}`", prose(why)) for name, why in task_parameters._RESERVED.items()),
    )
    return fill(
        "settings",
        top=top,
        tables="\n\n".join(tables),
        models_file=key_table(ModelsFile),
        environment=key_table(EnvironmentEntry),
        model=key_table(ModelEntry),
        secret=key_table(Secret),
        price=key_table(PriceEntry),
        providers=provider_table(),
        task=key_table(TaskFile),
        step=key_table(StepTable),
        votes=key_table(Votes),
        best_of=key_table(BestOf),
        known=known,
        reserved=reserved,
        roles=", ".join(f"`{role}`" for role in FIELD_ROLES),
        prompt_files=", ".join(f"`prompt/{name}`" for name in PROMPT_FILES),
        example=key_table(Example),
        case=key_table(Case),
        step_case=key_table(StepCase),
        rule=key_table(RuleTable),
        constraint=key_table(ConstraintTable),
    )


def provider_table() -> str:
    rows = []
    for name, known in PROVIDERS.items():
        address = f"`{known.base_url}`" if known.base_url else "yours to set"
        if name == "embedded":
            address = "on this machine"
        if known.base_url_env:
            address += f", or `{known.base_url_env}`"
        key = f"`{known.key_env}`" if known.key_env else "none"
        modes = ", ".join(f"`{mode}`" for mode in known.capabilities.modes)
        rows.append((f"`{name}`", address, key, modes))
    return table(("provider", "base URL", "key", "modes, strongest first"), rows)


def error_classes() -> Iterator[tuple[int, type[RoadworthyError]]]:
    """Every class with its depth below the root, parents first, as `core.errors` orders them."""
    public = [c for c in map(vars(errors).get, errors.__all__) if isinstance(c, type)]
    order = {cls: inspect.getsourcelines(cls)[1] for cls in public}

    def below(parent: type[RoadworthyError], depth: int) -> Iterator[tuple[int, Any]]:
        yield depth, parent
        for cls in sorted((c for c in public if c.__base__ is parent), key=lambda c: order[c]):
            yield from below(cls, depth + 1)

    yield from below(RoadworthyError, 0)
    yield 1, GatewayUnreachable


def error_page() -> str:
    passed_on = "400, 404, 413, 422, 502"
    rows = []
    for depth, cls in error_classes():
        message = (cls.__doc__ or "").partition("\n")[0]
        status = passed_on if cls is errors.UpstreamRejected else f"{cls.status}"
        rows.append(
            (
                "&emsp;" * depth + cls.__name__,
                f"`{cls.code}`",
                status,
                "yes" if cls.retry else "no",
                message,
            )
        )
    return fill(
        "errors",
        classes=table(("class", "code", "HTTP", "retry", "says, unless it can say more"), rows),
    )


def cli() -> str:
    command = typer.main.get_command(command_line)
    sections = "\n\n".join(command_sections(command, ()))
    return fill("cli", help=command.help or "", sections=sections)


def command_sections(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from command_sections(below, (*path, name))
        return
    context = command.make_context(path[-1], [], resilient_parsing=True)
    records = [p.get_help_record(context) for p in command.params]
    usage = " ".join(["roadworthy", *path, *command.collect_usage_pieces(context)])
    text = f"## roadworthy {' '.join(path)}\n\n{command.help}\n\n```text shape\n{usage}\n```"
    rows = [(f"`{name}`", meaning) for name, meaning in filter(None, records)]
    yield text + ("\n\n" + table(("argument or option", "meaning"), rows) if rows else "")


def http() -> str:
    return fill(
        "http",
        routes=table(("address", "what it does"), gateway_routes()),
        chat_fields=", ".join(f"`{name}`" for name in sorted(chat_request._OURS)),
        roles=", ".join(f"`{role}`" for role in chat_request._ROLES),
        task_fields=table(
            ("field", "type", "meaning"),
            (
                (f"`{name}`", *TASK_FIELDS[name])  # a field without a meaning is an error
                for name in task_surface._FIELDS
            ),
        ),
        task_answer=table(
            ("field", "meaning"),
            ((f"`{name}`", TASK_ANSWER[name]) for name in answer_fields()),
        ),
        depth=f"{MAX_DEPTH}",
        status=field_table(GatewayStatus),
        outcomes=table(("outcome", "how the call ended"), outcome_rows()),
        control=control_routes(),
        structs="\n\n".join(struct_sections()),
    )


def struct_sections() -> Iterator[str]:
    """A table of each struct that the control API answers, what holds others before them."""
    waiting: list[Struct] = [cls for cls in DOCUMENTED if cls not in TOLD_ELSEWHERE]
    seen: set[Struct] = set()
    while waiting:
        struct = waiting.pop(0)
        if struct in seen or struct in TOLD_ELSEWHERE:
            continue
        seen.add(struct)
        waiting[:0] = [cls for field in fields_of(struct) for cls in structs_in(field.type)]
        yield f"### {struct.__name__}\n\n{first_line(struct)}\n\n{field_table(struct)}"


# Of files and of errors, which have pages of their own.
TOLD_ELSEWHERE: set[Struct] = {TaskReport, Case, Suite, TaskDefinition, ErrorBody}


def structs_in(type_: types.Type) -> Iterator[Struct]:
    if isinstance(type_, types.StructType):
        yield type_.cls
    elif isinstance(type_, types.ListType | types.VarTupleType):
        yield from structs_in(type_.item_type)
    elif isinstance(type_, types.UnionType):
        for one in type_.types:
            yield from structs_in(one)


def gateway_routes() -> Iterator[tuple[str, ...]]:
    nothing: Any = SimpleNamespace()
    router = serving_app.create_app(nothing, state=lambda: nothing, status=lambda: nothing)
    for route in router.routes:
        method = route.endpoint._method  # type: ignore[attr-defined]
        address = f"{method} {route.path}"  # type: ignore[attr-defined]
        yield f"`{address}`", GATEWAY_ROUTES[address]


def answer_fields() -> list[str]:
    return list(task_surface.task_body(Call(id="", task="", started_us=0)))


def outcome_rows() -> Iterator[tuple[str, ...]]:
    """The values of `Outcome` and the comments beside them."""
    source = inspect.getsource(call)
    begin = source.index("Outcome: TypeAlias")
    for value, meaning in re.findall(
        r'"(\w+)",  # (.+)', source[begin : source.index("\n]\n", begin)]
    ):
        yield f"`{value}`", meaning


def control_routes() -> str:
    guarded: Any = create_control(MemorySource())
    paths = guarded._app._app.openapi()["paths"]
    parts = []
    for path, methods in paths.items():
        for method, about in methods.items():
            parts.append(f"### {method.upper()} {path}\n\n{prose(about['description'])}")
            query = [p for p in about.get("parameters", ()) if p["in"] == "query"]
            if query:
                rows = ((f"`{p['name']}`", prose(p["description"]), default(p)) for p in query)
                parts.append(table(("parameter", "meaning", "default"), rows))
            parts.append(takes_and_answers(about))
    return "\n\n".join(parts)


def takes_and_answers(about: dict[str, Any]) -> str:
    """The values of one address, in a sentence or two."""
    takes = f"Takes a {schemas_in(about['requestBody'])}. " if "requestBody" in about else ""
    answers: dict[str, list[str]] = {}
    for code, described in about["responses"].items():
        if code.startswith("2") and code != "2XX":
            answers.setdefault(schemas_in(described) or "nothing", []).append(code)
    told = [
        values if codes == ["200"] else f"{values} ({' or '.join(sorted(codes, reverse=True))})"
        for values, codes in answers.items()
    ]
    return f"{takes}Answers {' or '.join(told)}."


def schemas_in(described: dict[str, Any]) -> str:
    schema = described.get("content", {}).get("application/json", {}).get("schema", {})
    names = [one["$ref"].rpartition("/")[2] for one in schema.get("anyOf", [schema]) if one]
    return " or ".join(f"`{name}`" for name in names)


def default(parameter: dict[str, Any]) -> str:
    value = parameter["schema"].get("default")
    return "" if value is None else f"`{value}`"


# What the code cannot say of single addresses and fields.

GATEWAY_ROUTES = {
    "POST /v1/chat/completions": "OpenAI's chat completions, for tasks and for plain models",
    "POST /v1/tasks/{task}": "typed input, typed value",
    "GET /v1/tasks/{task}/schema": "what the task takes and gives: `task`, `version`,"
    " `description`, `input_schema`, `output_schema` (null: free text)",
    "GET /v1/models": "the tasks, as `task:NAME`, with the version that each channel has, and the"
    " models of the project",
    "GET /healthz": "200 as long as the gateway works, with its status",
    "GET /readyz": "200 if it takes calls, else 503",
}

TASK_FIELDS = {
    "input": ("object", "the task's typed input; left out: no fields"),
    "stream": ("`true` or `false`", "a stream of events in place of the answer"),
    "conversation_id": ("text or null", "groups calls of one conversation in the records"),
    "unit": ("text or null", "the user, tenant or session that the call is for"),
    "timeout_s": ("number or null", "how long the caller waits; it can only shorten the deadline"),
}

TASK_ANSWER = {
    "value": "conforms to the task's output schema; text for a task without one",
    "call": "the id of the recorded call: `roadworthy call ID`",
    "outcome": "one of those below",
    "task": "the task's name",
    "version": "`working`: the files as they are",
    "model": "the logical model",
    "usage": "`input_tokens` and `output_tokens` of all attempts; null: the provider did not say",
    "cost_usd": "of all attempts; null: unknown, which is not free",
    "duration_ms": "inside the gateway",
}

if __name__ == "__main__":
    main()
