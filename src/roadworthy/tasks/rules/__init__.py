"""`rules.toml`: what is decided without a model, and what must hold of answers."""

from roadworthy.tasks.rules.functions import RuleFunction, UnusableFunction, load_functions
from roadworthy.tasks.rules.loading import LoadedRules, always_ends, load_rules
from roadworthy.tasks.rules.rule_checking import Body, RulesAbout
from roadworthy.tasks.rules.tables import RULES_FILE, ConstraintTable, RulesFile, RuleTable
from roadworthy.tasks.rules.variables import (
    python_references,
    types_of_variables,
    variable_names,
)

__all__ = [
    "RULES_FILE",
    "Body",
    "ConstraintTable",
    "LoadedRules",
    "RuleFunction",
    "RuleTable",
    "RulesAbout",
    "RulesFile",
    "UnusableFunction",
    "always_ends",
    "load_functions",
    "load_rules",
    "python_references",
    "types_of_variables",
    "variable_names",
]
