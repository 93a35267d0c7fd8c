"""What differs between the rules of two definitions, in words. Pure; called by
`roadworthy.registry.body_changes`, and by whatever tells of a rule in a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from roadworthy.registry.schema_words import in_line, shown
from roadworthy.registry.version import Change
from roadworthy.tasks.definition import RuleDefinition

__all__ = ["rule_changes", "rule_settings", "rule_words", "value_words"]


def rule_changes(old: Sequence[RuleDefinition], new: Sequence[RuleDefinition]) -> list[Change]:
    """Rules added, removed and changed, and another order of those that stayed."""
    before, after = ({rule.name: rule for rule in rules} for rules in (old, new))
    changes = []
    for name in dict.fromkeys([*before, *after]):
        mine, theirs = before.get(name), after.get(name)
        if theirs is None:
            changes.append(_minor(name, "removed"))
        elif mine is None:
            changes.append(_minor(name, f"added: {rule_words(theirs)}"))
        elif mine != theirs:
            changes.append(_minor(name, "; ".join(_edits(mine, theirs))))
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        changes.append(Change(level="minor", place="rules", what="take effect in another order"))
    return changes


def rule_words(rule: RuleDefinition) -> str:
    """What the rule does, and when: "denies when size(input.items) > 100: …"."""
    told = {
        "answer": f"answers {shown(rule.answer)}",
        "deny": "denies",
        "model": f"asks model {rule.model}",
        "set": f"sets {_values(rule)}",
        "fill": f"fills {_values(rule)}",
    }
    when = "" if rule.when is None else f" when {rule.when}"
    return told[rule.effect] + when + (f": {rule.deny}" if rule.effect == "deny" else "")


def rule_settings(rule: RuleDefinition) -> dict[str, Any]:
    """What the rule says, by what it is called in `rules.toml`."""
    found: dict[str, Any] = {} if rule.when is None else {"when": rule.when}
    if rule.effect in ("set", "fill"):
        return found | {f"{rule.effect}.{name}": value for name, value in rule.values.items()}
    return found | {rule.effect: getattr(rule, rule.effect)}


def _minor(name: str, what: str) -> Change:
    return Change(level="minor", place=f"rules.{name}", what=what)


def _edits(old: RuleDefinition, new: RuleDefinition) -> Iterator[str]:
    before, after = rule_settings(old), rule_settings(new)
    if old.effect != new.effect:
        yield f"{rule_words(new)} now"
        return
    for key in dict.fromkeys([*before, *after]):
        mine, theirs = before.get(key), after.get(key)
        if key not in after:
            yield "takes effect always" if key == "when" else f"{key} removed"
        elif key not in before:
            told = value_words(theirs)
            yield f"takes effect only when {told}" if key == "when" else f"{key} added: {told}"
        elif mine != theirs:
            yield f"{key}: {value_words(mine)} became {value_words(theirs)}"


def _values(rule: RuleDefinition) -> str:
    return ", ".join(f"{name} = {value_words(value)}" for name, value in rule.values.items())


def value_words(value: Any, *, whole: bool = False) -> str:
    """A value as its author wrote it: a path or an expression bare, a function by its name. Other
    values are JSON, cut where it is long unless the ``whole`` is wanted."""
    told = in_line if whole else shown
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, dict) and len(value) == 1:
        for key in ("cel", "python"):
            if key in value:
                return str(value[key])
        if "value" in value:
            return told(value["value"])
    return told(value)
