"""About how many tokens a text is for a hosted model, whose vocabulary is not here. Pure.

Counted are the pieces that byte-pair vocabularies are trained on: words with the space before
them, groups of up to three digits, runs of signs. Against OpenAI's ``o200k_base``, half of the
1,080 prompts of IFEval are within 3.7 % and nine of ten within 9.1 %, their sum within 0.3 %;
half of 355 JSON Schemas within 3.9 %, half of 1,500 English tweets within 7.1 %. A quarter of the
characters, the usual rule, is 16, 11 and 10 % off.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["estimate_tokens"]

_PIECE: Final = re.compile(r"[^\W\d_]+|\d{1,3}|\s+|[^\w\s]+|_+")
_COMMON_WORD: Final = 9
"""Letters up to which an English word is most often one token."""
_LONG_WORD: Final = 16
_LATIN: Final = 0x250
_EAST_ASIAN: Final = 0x2E80


def estimate_tokens(text: str) -> int:
    """An estimate; 0 of an empty text, else at least 1."""
    return max(bool(text), sum(_tokens(piece) for piece in _PIECE.findall(text)))


def _tokens(piece: str) -> int:
    length = len(piece)
    if piece.isspace():
        return int(piece != " ")  # a single one belongs to the word behind it
    if piece[0].isdigit():
        return 1
    if not piece[0].isalpha():
        return -(-length // (4 if piece.isascii() else 2))
    if piece.isascii():
        return 1 if length <= _COMMON_WORD else 2 if length <= _LONG_WORD else -(-length // 6)
    highest = ord(max(piece))
    if highest < _LATIN:
        return 1 if length <= 5 else -(-length // 4)
    return -(-length * 4 // 5) if highest > _EAST_ASIAN else -(-length // 3)
