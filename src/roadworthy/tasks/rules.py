"""`rules.toml`: what must hold of a task's answers beside their schema, checked as it is read."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from roadworthy.core.documents import Document, Fault, read_toml
from roadworthy.expressions import SchemaType, check_expression, schema_type
from roadworthy.tasks.definition import ConstraintDefinition
from roadworthy.tasks.places import fault_of_place

__all__ = ["RULES_FILE", "ConstraintTable", "RulesFile", "load_constraints"]

RULES_FILE: Final = "rules.toml"
_MAX_MESSAGE: Final = 300


class ConstraintTable(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[[constraint]]``."""

    name: str
    """Stands in records and errors; no two constraints of a task have the same."""
    require: str
    """CEL over ``input`` and ``output``; it must come out true."""
    message: str
    """What is wrong where it fails, for the model that is asked again, and for people."""
    when: str | None = None
    """CEL; the constraint binds only where this comes out true. Left out: always."""
    path: str | None = None
    """JSON pointer into the output: what the failure is about, and what is asked for again. Left
    out: what `require` reads of the output."""
    paths: list[str] = []
    """As `path`, where one of several places is wrong and it cannot be told which."""


class RulesFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `rules.toml`."""

    constraint: list[ConstraintTable] = []
    """Conditions on the output, in the order in which they are reported."""


def load_constraints(
    task: str,
    text: str,
    *,
    input_schema: dict[str, Any] | None,
    output_schema: dict[str, Any] | None,
) -> tuple[tuple[ConstraintDefinition, ...], list[Fault]]:
    """The constraints of a task, and everything that is wrong with them.

    A schema that is None is one that could not be read: what it would say is not checked. A task
    whose answer is free text has ``{}`` for its output's.
    """
    document = read_toml(text, RulesFile, file=f"tasks/{task}/{RULES_FILE}")
    faults = list(document.faults)
    names: set[str] = set()
    # As they were written: what is said of one table is no less true if another is incomplete.
    tables = document.data.get("constraint")
    for index, table in enumerate(tables if isinstance(tables, list) else []):
        if not isinstance(table, dict):
            continue
        checking = _Checking(document, text, index, table)
        checking.unique(names)
        checking.words()
        if output_schema is not None:
            checking.places(schema_type(output_schema))
        if input_schema is not None and output_schema is not None:
            checking.expressions({"input": input_schema, "output": output_schema})
        faults += checking.faults
    made = () if document.value is None else document.value.constraint
    return tuple(_definition(table) for table in made), faults


def _definition(table: ConstraintTable) -> ConstraintDefinition:
    return ConstraintDefinition(
        name=table.name,
        require=table.require,
        when=table.when,
        message=table.message,
        paths=tuple(table.paths) if table.path is None else (table.path,),
    )


class _Checking:
    """One table of the file. What is of the wrong type has its fault already."""

    def __init__(
        self, document: Document[RulesFile], text: str, index: int, table: dict[str, Any]
    ) -> None:
        self.document = document
        self.text = text
        self.index = index
        self.table = table
        self.faults: list[Fault] = []

    def given(self, key: str) -> str | None:
        value = self.table.get(key)
        return value if isinstance(value, str) else None

    def add(self, key: str, message: str, *, lines_below: int = 0) -> None:
        fault = self.document.fault(f"{key}: {message}", "constraint", self.index, key)
        self.faults.append(fault._replace(line=fault.line + lines_below))

    def unique(self, names: set[str]) -> None:
        name = self.given("name")
        if name is None:
            return
        if name in names:
            self.add("name", f'"{name}" is the name of another constraint')
        if not name.strip():
            self.add("name", "is empty; name what must hold")
        names.add(name)

    def words(self) -> None:
        message = self.given("message")
        if message is not None and not message.strip():
            self.add("message", "is empty; say what is wrong, the model is told so")
        if message is not None and len(message) > _MAX_MESSAGE:
            self.add("message", f"is longer than {_MAX_MESSAGE} characters")
        if "path" in self.table and "paths" in self.table:
            self.add("paths", "stands beside path; write either")

    def places(self, output: SchemaType) -> None:
        several = self.table.get("paths")
        for key, pointers in (("path", [self.table.get("path")]), ("paths", several)):
            for pointer in pointers if isinstance(pointers, list) else ():
                message = fault_of_place(pointer, output)[1] if isinstance(pointer, str) else None
                if message is not None:
                    self.add(key, message)

    def expressions(self, variables: dict[str, dict[str, Any]]) -> None:
        for key in ("when", "require"):
            source = self.given(key)
            if source is None:
                continue
            found = check_expression(source, variables)
            for fault in found:
                self.add(key, fault.message, lines_below=self._lines_to(key, source, fault.at))
            if key == "require" and not found and not _reads_output(source, variables):
                self.add(key, "reads nothing of the output; a constraint is about the answer")

    def _lines_to(self, key: str, source: str, at: int) -> int:
        """How far below its key a text of several lines has the line of this offset."""
        line = self.document.line("constraint", self.index, key)
        written = self.text.split("\n")[line - 1].rstrip()
        # TOML drops a line end right behind the opening quotes.
        return source.count("\n", 0, at) + written.endswith(('"""', "'''")) * ("\n" in source)


def _reads_output(source: str, variables: dict[str, dict[str, Any]]) -> bool:
    # Without the output's schema among the names, what reads it is unknown.
    return bool(check_expression(source, {"input": variables["input"]}))
