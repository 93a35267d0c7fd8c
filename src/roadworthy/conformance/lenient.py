"""Syntax repair under a proof that nothing was lost or invented.

`json_repair` mends quotes, commas, comments, literals and missing brackets, and now and then cuts
a value or makes up a key. So its result counts only if the content is the same before and after:
every character that is not JSON's own punctuation, in order.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from roadworthy.conformance.strict_json import MISSING

__all__ = ["repair_syntax", "same_content"]

_MAX_CHARS: Final = 100_000
_MAX_NESTING: Final = 100
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_COMMENT: Final = re.compile(r"(?:(?<=[\s,{\[])|^)//[^\n]*|/\*.*?\*/", re.DOTALL | re.MULTILINE)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", re.ASCII)
_NULL: Final = re.compile("none|undefined|null")
_PUNCTUATION: Final = re.compile(r"""[\s"'`\u201c\u201d\u2018\u2019{}\[\],:\\]+""")
_EMPTY: Final = re.compile(r"\"\"|''|\u201c\u201d|\u2018\u2019")


def repair_syntax(source: str) -> Any:
    """The value that this broken JSON plainly means, or `MISSING`."""
    if len(source) > _MAX_CHARS or source.count("{") + source.count("[") > _MAX_CHARS // 10:
        return MISSING
    import json_repair

    try:
        value = json_repair.loads(source, skip_json_loads=True)
        return value if same_content(source, value) else MISSING
    except Exception:  # noqa: BLE001 - whatever a third party's parser trips over, it has no value
        return MISSING


def same_content(source: str, value: Any) -> bool:
    """Whether the value holds all that was written, in order, and nothing else.

    Raises:
        ValueError: the value is not JSON (NaN, an infinity).
    """
    spelled = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not _holds_no_more(source, value, spelled):
        return False
    content = _content(spelled)
    return content in (_content(source), _content(_COMMENT.sub(" ", source)))


def _holds_no_more(source: str, value: Any, spelled: str) -> bool:
    """What the content does not show: empty strings, empty containers."""
    empty, opened = len(_EMPTY.findall(source)), source.count("{") + source.count("[")
    return (
        isinstance(value, dict | list)
        and len(_EMPTY.findall(spelled)) <= empty
        and spelled.count("{") + spelled.count("[") <= opened
    )


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
    token = match[0]
    return token if token.lstrip("-").isdigit() else repr(float(token))
