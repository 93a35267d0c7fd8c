"""The tables of `rules.toml`."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from roadworthy.tasks.definition import ConstraintDefinition, RuleDefinition

__all__ = ["EFFECTS", "RULES_FILE", "ConstraintTable", "RuleTable", "RulesFile"]

RULES_FILE: Final = "rules.toml"
EFFECTS: Final = ("answer", "deny", "set", "fill", "model")
"""What a rule may do; each has exactly one of these keys."""


class RuleTable(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[[rule]]``. Rules take effect in order; the first that answers or denies ends the
    call."""

    name: str
    """Stands in records and errors; no two rules of a task have the same."""
    when: str | None = None
    """CEL over `input` and `vars`; the rule fires only where this comes out true. Left out: it
    always fires."""
    answer: Any = msgspec.UNSET
    """The output; no model is asked. ``{ cel = "…" }`` anywhere in it is computed."""
    deny: str | None = None
    """What the caller is told: error 422 ``denied_by_rule``; no model is asked."""
    set: dict[str, Any] = {}
    """Variables by name, for ``vars.NAME`` in later rules, constraints and templates. A value is
    CEL, ``{ python = "rules.py:function" }`` or ``{ value = … }``."""
    fill: dict[str, Any] = {}
    """Fields of the output by name, which no model is asked for; values as in `set`."""
    model: str | None = None
    """The logical model to ask in place of the task's own. The first rule that fires chooses."""

    @property
    def effects(self) -> list[str]:
        """The effects that it names."""
        given = {
            "answer": self.answer is not msgspec.UNSET,
            "deny": self.deny is not None,
            "set": bool(self.set),
            "fill": bool(self.fill),
            "model": self.model is not None,
        }
        return [effect for effect in EFFECTS if given[effect]]

    def definition(self) -> RuleDefinition | None:
        """The rule as it is served; None: it has not exactly one effect."""
        if len(self.effects) != 1:
            return None
        return RuleDefinition(
            name=self.name,
            effect=self.effects[0],  # type: ignore[arg-type]  # one of EFFECTS
            when=self.when,
            answer=None if self.answer is msgspec.UNSET else self.answer,
            deny=self.deny or "",
            values={name: _value(value) for name, value in (self.set | self.fill).items()},
            model=self.model or "",
        )


class ConstraintTable(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[[constraint]]``."""

    name: str
    """Stands in records and errors; no two constraints of a task have the same."""
    require: str
    """CEL over `input`, `output` and `vars`; it must come out true."""
    message: str
    """What is wrong where it fails, for the model that is asked again, and for people."""
    when: str | None = None
    """CEL; the constraint binds only where this comes out true. Left out: always."""
    path: str | None = None
    """JSON pointer into the output: what the failure is about, and what is asked for again. Left
    out: what `require` reads of the output."""
    paths: list[str] = []
    """As `path`, where one of several places is wrong and it cannot be told which."""

    def definition(self) -> ConstraintDefinition:
        """The constraint as it is served."""
        return ConstraintDefinition(
            name=self.name,
            require=self.require,
            when=self.when,
            message=self.message,
            paths=tuple(self.paths) if self.path is None else (self.path,),
        )


class RulesFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `rules.toml`."""

    rule: list[RuleTable] = []
    """What is decided without a model, in the order in which it takes effect."""
    constraint: list[ConstraintTable] = []
    """Conditions on the output, in the order in which they are reported."""


def _value(value: Any) -> Any:
    """A text is CEL."""
    return {"cel": value} if isinstance(value, str) else value
