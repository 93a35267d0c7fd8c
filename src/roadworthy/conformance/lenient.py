"""Syntax repair under a proof that nothing was lost or invented.

`json_repair` mends quotes, commas, comments, literals and missing brackets, and now and then cuts
a value, makes up a key or guesses where a string ends. So its result counts only if it can be
shown to say the same: every character that is not JSON's own punctuation stands in it, in order;
keys were keys; there are as many empty strings as before. What is not certain is asked again.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from roadworthy.conformance.strict_json import MISSING

__all__ = ["repair_syntax", "same_content"]

# It takes 3 µs a character as a rule, but the square of the length where thousands of keys and
# values stand without quotes: 0.26 s for 4,000 characters, measured.
_MAX_CHARS: Final = 8_000
_MAX_OPEN: Final = 64

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CUT_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_COMMENT: Final = re.compile(r"(?:(?<=[\s,{\[])|^)//[^\n]*|/\*.*?\*/", re.DOTALL | re.MULTILINE)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", re.ASCII)
_NULL: Final = re.compile("none|undefined|null")
_PUNCTUATION: Final = re.compile(r"""[\s"'{}\[\],:\\]+""")
_CURLY_QUOTES: Final = re.compile("[\u201c\u201d\u2018\u2019]")
_EMPTY: Final = re.compile(r"\"\"|''|\u201c\u201d|\u2018\u2019")
_BEFORE_COLON: Final = r"""\s*\\?["'\u201d\u2019]?\s*:"""


def repair_syntax(source: str, *, closed: bool = True) -> Any:
    """The value that this broken JSON plainly means, or `MISSING`.

    ``closed`` is False where the tail may be missing: then a string may be open at the end.
    """
    if len(source) > _MAX_CHARS or _most_open(source) > _MAX_OPEN:
        return MISSING
    if _is_ambiguous(source, closed or source.rstrip().endswith(("}", "]"))):
        return MISSING
    import json_repair

    try:
        value = json_repair.loads(source, skip_json_loads=True)
        return value if same_content(source, value) else MISSING
    except Exception:  # noqa: BLE001 - whatever a third party's parser trips over, it has no value
        return MISSING


def _is_ambiguous(source: str, whole: bool) -> bool:
    """Whether it is open where a string ends, and so which commas are part of it."""
    if not whole:
        return _CUT_ESCAPE.search(source) is not None
    return _ESCAPE.sub("", source).count('"') % 2 == 1


def same_content(source: str, value: Any) -> bool:
    """Whether the value holds all that was written, in order, and nothing else.

    Raises:
        ValueError: the value is not JSON (NaN, an infinity).
    """
    if not isinstance(value, dict if source.startswith("{") else list):
        return False
    spelled = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(_EMPTY.findall(spelled)) != len(_EMPTY.findall(source)):
        return False
    if spelled.count("{") + spelled.count("[") > source.count("{") + source.count("["):
        return False
    content = _content(spelled)
    plain = (source, _COMMENT.sub(" ", source), _CURLY_QUOTES.sub("", source))
    return any(content == _content(text) for text in plain) and _keys_stay_keys(source, value)


def _keys_stay_keys(source: str, value: Any) -> bool:
    keys: set[str] = set()
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            keys |= node.keys()
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return all(_is_key_in(source, key) for key in keys)


def _is_key_in(source: str, key: str) -> bool:
    spellings = f"{re.escape(key)}|{re.escape(json.dumps(key)[1:-1])}"
    return re.search(rf"(?:{spellings}){_BEFORE_COLON}", source) is not None


def _content(text: str) -> str:
    """What is not punctuation, with escapes undone and numbers and literals in one spelling."""
    plain = _ESCAPE.sub(_unescaped, text)
    plain = _NUMBER.sub(_number, plain).casefold()
    return _PUNCTUATION.sub("", _NULL.sub("null", plain))


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return "" if match[2] in "nrtbf" else match[2]


def _number(match: re.Match[str]) -> str:
    digits = match[0]
    return digits if digits.lstrip("-").isdigit() else repr(float(digits))


def _most_open(source: str) -> int:
    """How many brackets are open at once, at most."""
    most = now = 0
    for bracket in re.findall(r"[{}\[\]]", source):
        now += 1 if bracket in "{[" else -1
        most = max(most, now)
    return most
