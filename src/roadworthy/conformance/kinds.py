"""The kinds of repair, and what each did: one table for records, pages and the reference."""

from __future__ import annotations

from typing import Final

__all__ = ["GUESSES", "LOSSLESS", "REPAIRS"]

_AROUND: Final = {
    "fence": "took the value out of a code fence",
    "prose": "took the value out of the text around it",
    "encoded": "decoded JSON that stood inside a string",
    "collected": "joined values that stood apart in the text to the list that was wanted",
    "sequence": "joined values that followed one another to a list",
    "tail": "closed what was still open where the text ended; what was not written is left out",
}
_SYNTAX: Final = {
    "quotes": "read single, typographic or triple quotes as JSON's",
    "unquoted": "read a name or words without quotes as a string",
    "commas": "read past commas that were missing or too many",
    "colon": "read past a missing colon",
    "brackets": "read past brackets that were missing, too many or of the wrong kind",
    "comment": "left out a comment",
    "ellipsis": "left out an ellipsis",
    "literal": "read a word or number of Python or JavaScript, such as None or .5, as JSON's",
    "escape": "read an escape that JSON does not have as what it says",
    "control_character": "accepted a line break or another control character inside a string",
    "joined": "joined strings that were added with a plus sign",
    "call": "took the value out of a call such as ObjectId(…)",
    "set": "read braces around values without names as a list",
    "no_value": "left out a name that had no value",
    "inner_quote": "took a quote mark that was not escaped for part of its string",
    "end_quote": "ended a string whose closing mark was missing",
    "unbalanced": "read words in which a bracket never closes",
    "stray": "left out words that are neither a name nor a value",
}
_VALUES: Final = {
    "bare_text": "took words without quotes for the answer",
    "number": "read a number from text: separators, currency, units, a fraction",
    "boolean": "read a word, 0 or 1 as a boolean",
    "null": "read a word as null, or left out a null that stands for no value",
    "percent": "read a percentage on the scale that the schema's maximum states",
    "string": "took what was written, a number or a whole object, as the text that was wanted",
    "enum": "chose the option that was meant: another case, punctuation, accents, an alias",
    "mention": "chose the one option that a sentence names",
    "key": "gave a property its declared name: an alias, another case or spelling",
    "extra": "left out a property that the schema does not allow",
    "wrapped": "put a single value into the list that was wanted",
    "unwrapped": "took the value out of a list or object that held nothing else",
    "implied": "gave a value the only property that its object can have",
    "more": "stands for all further repairs of an answer with very many",
}
REPAIRS: Final = _AROUND | _SYNTAX | _VALUES
"""What was done, by the name that `Repair.kind` has."""

GUESSES: Final = frozenset(("end_quote", "inner_quote", "stray", "set", "unbalanced"))
"""Repairs of syntax where another reading is possible; ``lossless`` does without them."""

LOSSLESS: Final = (_AROUND.keys() | _SYNTAX.keys()) - GUESSES
"""Repairs that leave the content certain whatever the schema says."""
