"""Answers that go round in circles, noticed while they are written.

Models, small ones above all, may write digits, white space or one phrase until their tokens run
out. The thresholds are far beyond what people, data and honest models write; each says why. Work
is done once for some hundred characters, so that watching costs next to nothing. Pure.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from roadworthy.conformance.streaming.tokens import Token, Tokens

__all__ = ["Loop", "LoopWatch", "Repetition"]

Loop: TypeAlias = Literal["digits", "white space", "a phrase", "a part"]

MAX_DIGITS: Final = 400
"""Of one number. A finite double has at most 309 digits before its point, and 17 that matter."""
MAX_SPACES: Final = 2_000
"""White space between two tokens. At the greatest depth that is read, 200 levels, an indentation
of eight comes to 1,600."""
MAX_LINES: Final = 60
"""Line ends between two tokens: an empty screen."""

_STEP: Final = 256
_SUFFIX: Final = 24
_MAX_PERIOD: Final = 512
_TRIES: Final = 6


class Repetition:
    """Whether a text has come to say the same over and over."""

    __slots__ = ("_fresh", "_least", "_letters", "_pending", "_period", "_run", "_tail", "_times")

    def __init__(self, *, least_weight: int, times: int, least_letters: int = 0) -> None:
        """The same stretch of at most 512 characters, with at least so many letters, must come
        `times` times without a break, and together weigh `least_weight`."""
        self._least = least_weight
        self._letters = least_letters
        self._times = times
        self._tail = ""
        self._pending: list[str] = []
        self._fresh = 0
        self._period = 0
        self._run = 0

    def feed(self, piece: str) -> bool:
        self._pending.append(piece)
        self._fresh += len(piece)
        if self._fresh < _STEP:
            return False
        return self._look()

    def clear(self) -> None:
        """Begin anew: another text follows."""
        if self._tail or self._pending:
            self._tail, self._pending = "", []
            self._fresh = self._period = self._run = 0

    def _look(self) -> bool:
        text = self._tail + "".join(self._pending)
        fresh, self._pending, self._fresh = self._fresh, [], 0
        if self._period and _goes_on(text, self._period, fresh):
            self._run += fresh
        else:
            self._period = _period_of(text)
            self._run = _STEP if self._period else 0
        self._tail = text[-4 * _MAX_PERIOD :]
        if not self._period or self._run < self._times * self._period:
            return False
        part = text[-self._period :]
        return (
            self._run * _weight(part) // self._period >= self._least
            and sum(map(str.isalpha, part)) >= self._letters
        )


def _weight(text: str) -> int:
    """How many characters of plain text would take as many tokens, roughly: its bytes, and twice
    those of emoji, of which SmolLM2 takes three tokens each."""
    return len(text.encode(errors="surrogatepass")) + 4 * sum(c > "\uffff" for c in text)


def _goes_on(text: str, period: int, length: int) -> bool:
    """Whether the last `length` characters repeat what stands one period before them."""
    length = min(length, len(text) - period)
    return length > 0 and text[-length:] == text[-length - period : -period]


def _period_of(text: str) -> int:
    """After how many characters the end of this text repeats; 0: it does not."""
    suffix, end = text[-_SUFFIX:], len(text) - 1
    for _ in range(_TRIES):
        found = text.rfind(suffix, max(0, len(text) - _SUFFIX - _MAX_PERIOD), end)
        if found < 0:
            return 0
        period = len(text) - _SUFFIX - found
        if _goes_on(text, period, _STEP):
            return period
        end = found + _SUFFIX - 1
    return 0


class LoopWatch:
    """Watches one answer, with what its tokens are."""

    __slots__ = ("_lines", "_parts", "_phrases", "_tokens")

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        # A ruler, a table's padding, zeros in base64: a line or two of one character, not thirty.
        # A refrain or a chorus comes back a few times; twelve times without a word between is no
        # poem any more.
        self._phrases = Repetition(least_weight=2_000, times=12)
        # Data repeats: a matrix of zeros, a thousand comments with the same label. So this takes
        # far more, and more than a label; it catches what never comes to an end.
        self._parts = Repetition(least_weight=40_000, times=200, least_letters=10)
        self._lines = 0

    def see(self, piece: str, tokens: list[Token]) -> Loop | None:
        """What goes round in circles, after this piece of the answer and the tokens it gave."""
        state = self._tokens
        if state.digits > MAX_DIGITS:
            return "digits"
        if state.spaces:
            self._lines = self._lines + piece.count("\n") if not tokens else piece.count("\n")
            if state.spaces > MAX_SPACES or self._lines > MAX_LINES:
                return "white space"
        else:
            self._lines = 0
        said = piece if not state.begun else ""
        for token in tokens:
            if token.kind == "text":
                said += token.value
            elif token.kind in ("string", "end"):
                self._phrases.clear()  # short values may well be alike
                said = ""
        if said and self._phrases.feed(said):
            return "a phrase"
        return "a part" if self._parts.feed(piece) else None
