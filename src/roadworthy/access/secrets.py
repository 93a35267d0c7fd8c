"""What a key looks like, and the hash that stands for it. Pure but for the randomness of a new one.

A key is ``rw_``, its role's letter, its public id, and 256 random bits::

    rw_o_5cQ8ZtB1xk_b3F…    (43 characters)

The id finds the row; the rest is what a thief would have to know. The form is regular, so that
scanners of source code and logs can be told to look for it: see `KEY_PATTERN`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = ["KEY_PATTERN", "Role", "Secret", "hash_of", "id_of", "make_secret"]

Role: TypeAlias = Literal["viewer", "owner"]

KEY_PATTERN: Final = r"rw_[ov]_[0-9A-Za-z]{10}_[0-9A-Za-z]{43}"
"""A regular expression for scanners of secrets; a key matches it whole."""
_KEY: Final = re.compile(r"rw_[ov]_(?P<id>[0-9A-Za-z]{10})_[0-9A-Za-z]{43}")
_LETTERS: Final[dict[Role, str]] = {"owner": "o", "viewer": "v"}
_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH: Final = 10
_RANDOM_BYTES: Final = 32
_RANDOM_LENGTH: Final = 43
"""62 ** 43 > 2 ** 256."""


class Secret(NamedTuple):
    """A new key, before it has a name."""

    id: str
    """Public: it stands in lists and in logs of who did what."""
    prefix: str
    """What lists show of the key, so that people recognise it."""
    secret: str
    """The whole of it. Shown once, kept by nobody but its holder."""


def make_secret(role: Role) -> Secret:
    """A key that nobody has seen."""
    key_id = "".join(secrets.choice(_BASE62) for _ in range(_ID_LENGTH))
    prefix = f"rw_{_LETTERS[role]}_{key_id}"
    number = int.from_bytes(secrets.token_bytes(_RANDOM_BYTES))
    digits = []
    for _ in range(_RANDOM_LENGTH):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return Secret(key_id, prefix, f"{prefix}_{''.join(digits)}")


def hash_of(secret: str) -> str:
    """SHA-256, hexadecimal: what is stored in a key's place.

    A plain, quick hash is right here, where a password would need a slow, salted one: slowness
    and salt defend secrets that people think up and reuse, and of 2 ** 256 equally likely keys
    none is guessed, however quickly guesses can be checked. It costs a request a microsecond.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def id_of(secret: str) -> str | None:
    """The public id of what may be a key; None: it has not the form of one."""
    match = _KEY.fullmatch(secret)
    return None if match is None else match["id"]
