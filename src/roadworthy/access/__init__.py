"""Access: the keys that people and programs show, sessions of people who logged in, and what
slows those who guess.

What needs no database is re-exported here; who keeps keys imports `roadworthy.access.keys`.
"""

from roadworthy.access.secrets import KEY_PATTERN, Role, hash_of, id_of, make_secret
from roadworthy.access.sessions import EndedSessions, Session, SessionSigner, load_signing_secret
from roadworthy.access.slowdown import Slowdown

__all__ = [
    "KEY_PATTERN",
    "EndedSessions",
    "Role",
    "Session",
    "SessionSigner",
    "Slowdown",
    "hash_of",
    "id_of",
    "load_signing_secret",
    "make_secret",
]
