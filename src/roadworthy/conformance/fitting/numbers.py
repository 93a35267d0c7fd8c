"""Numbers as people write them: separators, currency, units, fractions.

What would change the amount is left alone: ``5k``, ``2 million``, a range, a date. So is what can
be read in two ways, except that a single comma before exactly three digits separates thousands,
as it does wherever the point is JSON's.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from roadworthy.conformance.strict_json import MISSING

__all__ = ["number_in"]

_DIGITS: Final = r"\d[\d\u00a0\u202f ,._']*\d|\d"
_ANY: Final = re.compile(r"\d")
_ONE: Final = re.compile(
    rf"(?P<sign>[-+\u2212](?=[\s$\u20ac\u00a3\u00a5\u20b9]?[\d.]))?"
    rf"[$\u20ac\u00a3\u00a5\u20b9]?\s?"
    rf"(?P<digits>\.\d+|{_DIGITS})(?P<exponent>[eE][-+]?\d{{1,3}})?"
)
_FRACTION: Final = re.compile(r"([-+\u2212]?)(?:(\d{1,9})[ -])?(\d{1,9})\s?/\s?(\d{1,9})", re.ASCII)
_PERCENT: Final = re.compile(r"\s*(?:%|\u2030|per\s?cent\b|percent\b)")
_SCALED: Final = re.compile(
    r"[\s-]?(?:[kKmMbBtT]|[KMB]n|bn|mn|mio|mrd|hundred|thousand|million|billion|trillion|dozen|lakh"
    r"|crore)s?(?![\w])",
    re.IGNORECASE,
)
_THOUSANDS: Final = {
    ",": re.compile(r"\d{1,3}(?:,\d{3})+"),
    ".": re.compile(r"\d{1,3}(?:\.\d{3}){2,}"),
    " ": re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+"),
    "'": re.compile(r"\d{1,3}(?:'\d{3})+"),
    "_": re.compile(r"\d{1,3}(?:_\d{3})+"),
}
_LEADS_IN: Final = re.compile(
    r"\A(?:.*(?:\bis|\bare|\bequals|[:=\u2248~])\s*)?(?:\b[A-Z]{2,3}\s?|[~\u2248*\"'`]{1,3})?\Z",
    re.DOTALL,
)
"""What may stand before the number; a number further inside a sentence is part of it."""
_MAX_CHARS: Final = 300
_METRES: Final = re.compile(r"m(?![\w])")


def number_in(text: str, bounds: dict[str, Any]) -> Any:
    """The one number that the text states, or `MISSING`; an int where it was written as one.

    ``bounds`` is the schema of the number: what a percentage is worth is read from its
    ``maximum``, which must be 1 or 100.
    """
    text = text.strip().rstrip(".")
    if not text or len(text) > _MAX_CHARS:
        return MISSING
    fraction = _FRACTION.fullmatch(text)
    if fraction is not None:
        return _fraction(fraction)
    one = _ONE.search(text)
    if one is None:
        return MISSING
    before, after = text[: one.start()], text[one.end() :]
    if _ANY.search(before) or _ANY.search(after) or not _LEADS_IN.search(before):
        return MISSING
    if after[:1] in ("/", ":") or (_SCALED.match(after) and not _METRES.match(after.strip())):
        return MISSING
    if after[:1].isalpha() and "-" in after.split()[0]:
        return MISSING
    number = _decimal(one["digits"].rstrip(" ,._'"), one["exponent"] or "")
    if number is None:
        return MISSING
    if one["sign"] in ("-", "\u2212"):
        number = -number
    if _PERCENT.match(after):
        number = _percent(number, bounds)
    return MISSING if number is None else _finite(number)


def _decimal(digits: str, exponent: str) -> Decimal | None:
    """The amount, whichever signs separate its thousands and its decimals."""
    if exponent:
        return Decimal(digits + exponent) if re.fullmatch(r"\d*\.?\d+", digits) else None
    separators = [c for c in digits if not c.isdigit()]
    if not separators:
        return Decimal(digits)
    last = separators[-1]
    whole, _, decimals = digits.rpartition(last)
    for sign, thousands in _THOUSANDS.items():
        if thousands.fullmatch(digits):
            return Decimal(re.sub(r"\D", "", digits))
        if last in ".," and sign != last and thousands.fullmatch(whole):
            return Decimal(re.sub(r"\D", "", whole) + "." + decimals)
    if len(separators) == 1 and last in ".,":
        return Decimal((whole or "0") + "." + decimals)
    return None


def _percent(number: Decimal, bounds: dict[str, Any]) -> Decimal | None:
    maximum = bounds.get("maximum")
    if isinstance(maximum, bool) or maximum not in (1, 100):
        return None
    return number / 100 if maximum == 1 else number


def _fraction(match: re.Match[str]) -> Any:
    sign, whole, above, below = match.groups()
    if int(below) == 0:
        return MISSING
    amount = Fraction(int(above), int(below)) + int(whole or 0)
    amount = -amount if sign in ("-", "\u2212") else amount
    return amount.numerator if amount.denominator == 1 else amount.numerator / amount.denominator


def _finite(number: Decimal) -> Any:
    if number.as_tuple().exponent == 0:
        return int(number)
    as_float = float(number)
    return as_float if math.isfinite(as_float) else MISSING
