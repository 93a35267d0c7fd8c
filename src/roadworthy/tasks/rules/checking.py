"""What is wrong with one table of `rules.toml`, with its line; and with a constraint's."""

from __future__ import annotations

from typing import Any, Final

from roadworthy.core.documents import Document, Fault
from roadworthy.expressions import (
    ExpressionFault,
    Schemas,
    SchemaType,
    check_expression,
)
from roadworthy.tasks.places import fault_of_place
from roadworthy.tasks.rules.tables import RulesFile

__all__ = ["ConstraintChecking", "TableChecking"]

_MAX_MESSAGE: Final = 300


class TableChecking:
    """One table. What is of the wrong type has its fault already."""

    kind = ""

    def __init__(
        self, document: Document[RulesFile], text: str, index: int, table: dict[str, Any]
    ) -> None:
        self.document = document
        self.text = text
        self.index = index
        self.table = table
        self.faults: list[Fault] = []

    def given(self, key: str) -> str | None:
        """The key's text; None if it is left out, or is none."""
        value = self.table.get(key)
        return value if isinstance(value, str) else None

    def add(self, key: str, message: str, *path: str | int, lines_below: int = 0) -> None:
        """Note a fault of this key, or of what stands below it at `path`."""
        where = ".".join([key, *(str(part) for part in path)])
        place = (self.kind, self.index, key, *path)
        fault = self.document.fault(f"{where}: {message}", *place)
        self.faults.append(fault._replace(line=fault.line + lines_below))

    def unique(self, names: set[str]) -> None:
        """Its name is its own; ``names`` are those of the tables before."""
        name = self.given("name")
        if name is None:
            return
        if name in names:
            self.add("name", f'"{name}" is the name of another {self.kind}')
        if not name.strip():
            self.add("name", f"is empty; name what the {self.kind} is for")
        names.add(name)

    def words(self, key: str, purpose: str) -> None:
        """What a model or a person is told."""
        message = self.given(key)
        if message is not None and not message.strip():
            self.add(key, f"is empty; say {purpose}")
        if message is not None and len(message) > _MAX_MESSAGE:
            self.add(key, f"is longer than {_MAX_MESSAGE} characters")

    def condition(self, key: str, variables: Schemas) -> bool:
        """Whether the key holds a condition in which nothing is wrong."""
        source = self.given(key)
        if source is None:
            return False
        found = check_expression(source, variables)
        self.of_expression(found, source, key)
        return not found

    def of_expression(
        self, found: list[ExpressionFault], source: str, key: str, *path: str | int
    ) -> None:
        """Note the faults of an expression, each at its line."""
        for fault in found:
            below = self._lines_to(source, fault.at, key, *path)
            self.add(key, fault.message, *path, lines_below=below)

    def _lines_to(self, source: str, at: int, *path: str | int) -> int:
        """How far below its key a text of several lines has the line of this offset."""
        line = self.document.line(self.kind, self.index, *path)
        written = self.text.split("\n")[line - 1].rstrip()
        # TOML drops a line end right behind the opening quotes.
        return source.count("\n", 0, at) + written.endswith(('"""', "'''")) * ("\n" in source)


class ConstraintChecking(TableChecking):
    """One ``[[constraint]]``."""

    kind = "constraint"

    def places(self, output: SchemaType) -> None:
        """Its pointers lead somewhere."""
        if "path" in self.table and "paths" in self.table:
            self.add("paths", "stands beside path; write either")
        several = self.table.get("paths")
        for key, pointers in (("path", [self.table.get("path")]), ("paths", several)):
            for pointer in pointers if isinstance(pointers, list) else ():
                message = fault_of_place(pointer, output)[1] if isinstance(pointer, str) else None
                if message is not None:
                    self.add(key, message)

    def conditions(self, variables: Schemas) -> None:
        """``when`` and ``require``."""
        self.condition("when", variables)
        source = self.given("require")
        if self.condition("require", variables) and source is not None:
            without = {name: kind for name, kind in variables.items() if name != "output"}
            # Without the output's schema among the names, what reads it is unknown.
            if not check_expression(source, without):
                message = "reads nothing of the output; a constraint is about the answer"
                self.add("require", message)
