"""The registry: immutable versions of tasks, channels, their history and their gates."""

from roadworthy.registry.moves import (
    Evidence,
    Figures,
    Miss,
    Move,
    MoveKind,
    MoveRequest,
    Pointer,
    Share,
)
from roadworthy.registry.port import Registry
from roadworthy.registry.results import CaseResult, ResultKey, Score
from roadworthy.registry.version import (
    Actor,
    Change,
    Draft,
    Level,
    Publication,
    Role,
    Version,
    VersionRow,
)

__all__ = [
    "Actor",
    "CaseResult",
    "Change",
    "Draft",
    "Evidence",
    "Figures",
    "Level",
    "Miss",
    "Move",
    "MoveKind",
    "MoveRequest",
    "Pointer",
    "Publication",
    "Registry",
    "ResultKey",
    "Role",
    "Score",
    "Share",
    "Version",
    "VersionRow",
]
