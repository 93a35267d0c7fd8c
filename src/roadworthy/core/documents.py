"""Files that people write, read strictly: every fault named with file and line, none raised.

TOML and JSON Lines become msgspec Structs. A reader that stops at the first mistake makes its
user run it once a mistake, so faults are collected and the caller decides what to do with them.
Called by the loaders of projects; leaves opening files to `SourceFolder`, and what a value means
to the caller.
"""

from __future__ import annotations

import datetime
import difflib
import functools
import math
import re
import tomllib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

from roadworthy.core.toml_lines import KeyPath, key_lines

__all__ = [
    "Document",
    "Fault",
    "SourceFolder",
    "convert",
    "did_you_mean",
    "line_of_byte",
    "misspelling_of",
    "nearest",
    "read_jsonl",
    "read_toml",
]

T = TypeVar("T")
MAX_KNOWN_LISTED = 12
NOWHERE: Mapping[str, str] = types.MappingProxyType({})


class Fault(NamedTuple):
    """One mistake in one file. Sorts by file and line."""

    file: str
    """Relative to the project."""
    line: int
    """From 1; 0 where the fault is the file itself, not a line of it."""
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Document(Generic[T]):
    """What a file says."""

    file: str
    value: T | None
    """Made from what is right, so that what is built on it can be checked too; None where the
    faults left nothing to make it from."""
    faults: list[Fault]
    data: dict[str, Any] = field(default_factory=dict)
    """What the file says before it was given a type."""
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def line(self, *path: str | int) -> int:
        """Where this key stands; if it does not, where the nearest table around it does."""
        return _line(self.lines, path)

    def fault(self, message: str, *path: str | int) -> Fault:
        return Fault(self.file, self.line(*path), message)


def read_toml(
    text: str, type_: type[T], *, file: str, elsewhere: Mapping[str, str] = NOWHERE
) -> Document[T]:
    """A TOML text as a Struct, with every fault in it.

    ``elsewhere`` names keys that people look for at the top of the file, and their tables.
    """
    data, faults = _parse_toml(text, file)
    if faults:
        return Document(file=file, value=None, faults=faults)
    lines = key_lines(text)
    value, faults = convert(data, type_, file=file, lines=lines, elsewhere=elsewhere)
    return Document(file=file, value=value, faults=faults, data=data, lines=lines)


def read_jsonl(text: str, type_: type[T], *, file: str) -> Document[list[tuple[int, T]]]:
    """One Struct a line, each with its line number. Blank lines are passed over; lines at fault
    are left out, the others are kept."""
    rows: list[tuple[int, T]] = []
    faults: list[Fault] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            data = msgspec.json.decode(line.encode("utf-8", "surrogatepass"))
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            faults.append(Fault(file, number, f"not JSON: {_first_line(error)}"))
            continue
        value, found = convert(data, type_, file=file, lines={(): number})
        faults += found
        if value is not None and not found:
            rows.append((number, value))
    return Document(file=file, value=rows, faults=faults)


def convert(
    data: Any,
    type_: type[T],
    *,
    file: str,
    lines: dict[KeyPath, int],
    prefixes: Sequence[KeyPath] = ((),),
    elsewhere: Mapping[str, str] = NOWHERE,
) -> tuple[T | None, list[Fault]]:
    """Parsed data as a Struct made from what is right, with every fault in it.

    ``prefixes`` are the tables of the file that the data was put together from, the one that
    counts first: a key is looked for in each, to name its line.
    """
    conversion = _Conversion(file, lines, prefixes, elsewhere)
    conversion.require_json(data, ())
    if conversion.faults:
        return None, conversion.faults
    value = conversion.build(data, type_, ())
    return (None if value is _WRONG else value), conversion.faults


class SourceFolder:
    """The files below one folder, read as text; what cannot be read becomes a fault."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[Fault] = []

    def read(self, file: str) -> str | None:
        """The text of a file, line ends as ``\\n``; None if it is absent, or at fault."""
        path = self.root / file
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "the name is not a path"
            self.faults.append(Fault(file, 0, f"cannot be read: {reason}"))
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.faults.append(Fault(file, line, "not UTF-8; save the file as UTF-8"))
            return None
        return text.replace("\r\n", "\n")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that this one is probably a misspelling of."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return near[0] if near else None


def misspelling_of(word: str, known: Iterable[str]) -> str | None:
    """The known word that differs from this one by case, by one letter, or by two swapped.

    For places where unknown words are allowed and only an evident slip is a fault; words of
    fewer than four letters are too close to each other to tell.
    """
    names = set(known)
    if word in names or len(word) < 4:
        return None
    return next((name for name in sorted(names) if _one_slip(word.lower(), name.lower())), None)


def _one_slip(word: str, known: str) -> bool:
    if abs(len(word) - len(known)) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), None)
    if at is None:
        return True
    left, right = word[at:], known[at:]
    swapped = left[1::-1] == right[:2] and left[2:] == right[2:]
    return swapped or left[1:] == right or left == right[1:] or left[1:] == right[1:]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: ``; did you mean …?``, or what is known."""
    names = sorted(known)
    near = nearest(word, names)
    if near is not None:
        return f'; did you mean "{near}"?'
    if not names:
        return ""
    more = ", …" if len(names) > MAX_KNOWN_LISTED else ""
    return f"; known here: {', '.join(names[:MAX_KNOWN_LISTED])}{more}"


def line_of_byte(text: str, error: Exception) -> int:
    """The line of the byte that msgspec's message ends with, ``(byte 12)``; 1 if it names none."""
    match = re.search(r"\(byte (\d+)\)", str(error))
    return text.encode()[: int(match.group(1))].count(b"\n") + 1 if match else 1


_PLAIN = {
    "array": "a list",
    "list": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "null": "nothing",
    "object": "a table",
    "str": "text",
}
"""msgspec's names of types, in the words of somebody who edits TOML."""

_WRONG: Any = object()
"""Stands for a value whose fault is already written down."""


class _Conversion:
    def __init__(
        self,
        file: str,
        lines: dict[KeyPath, int],
        prefixes: Sequence[KeyPath],
        elsewhere: Mapping[str, str],
    ) -> None:
        self.elsewhere = elsewhere
        self.file = file
        self.lines = lines
        self.prefixes = prefixes
        self.faults: list[Fault] = []

    def add(self, path: KeyPath, message: str) -> Any:
        full = next((p + path for p in self.prefixes if p + path in self.lines), None)
        line = _line(self.lines, full or self.prefixes[0] + path)
        self.faults.append(Fault(self.file, line, message))
        return _WRONG

    def require_json(self, value: Any, path: KeyPath) -> None:
        """TOML knows values that no JSON holds; each would fail later, and far away."""
        if isinstance(value, dict):
            for key, item in value.items():
                self.require_json(item, (*path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.require_json(item, (*path, index))
        elif isinstance(value, datetime.date | datetime.time):
            self.add(path, f"{_dotted(path)}: a date or time cannot be JSON; write it in quotes")
        elif isinstance(value, float) and not math.isfinite(value):
            self.add(path, f"{_dotted(path)}: {value} cannot be JSON; write a finite number")
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            self.add(path, f"{_dotted(path)}: the number is beyond 64 bits; write it in quotes")

    def build(self, value: Any, hint: Any, path: KeyPath) -> Any:
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            return self.struct(value, hint, path)
        origin, args = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            structs = [arg for arg in args if _holds_struct(arg)]
            if value is not None and len(structs) == 1 and isinstance(value, dict | list):
                return self.build(value, structs[0], path)
        elif origin is dict and _holds_struct(hint) and isinstance(value, dict):
            return self.gather({k: self.build(v, args[1], (*path, k)) for k, v in value.items()})
        elif origin in (list, tuple) and _holds_struct(hint) and isinstance(value, list):
            items = {i: self.build(v, args[0], (*path, i)) for i, v in enumerate(value)}
            built = self.gather(items)
            return built if built is _WRONG else origin(built.values())
        return self.plain(value, hint, path)

    def gather(self, values: dict[Any, Any]) -> Any:
        return _WRONG if any(v is _WRONG for v in values.values()) else values

    def plain(self, value: Any, hint: Any, path: KeyPath) -> Any:
        try:
            return msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            choices = _choices(hint)
            if choices and isinstance(value, str):
                listed = ", ".join(f'"{choice}"' for choice in choices)
                near = nearest(value, choices)
                hint_text = f'; did you mean "{near}"?' if near else ""
                return self.add(
                    path, f'{_dotted(path)}: "{value}" is not one of {listed}{hint_text}'
                )
            what, _, where = str(error).replace("`", "").partition(" - at $")
            what = re.sub(r"\w+", lambda word: _PLAIN.get(word.group(), word.group()), what)
            what = what.replace(" | nothing", "").replace(" | ", " or ")
            return self.add(path, f"{_dotted(path)}{where}: {what[0].lower()}{what[1:]}")

    def unknown(self, key: str, known: Iterable[str], path: KeyPath) -> None:
        hint = did_you_mean(key, known)
        there = None if path else nearest(key, self.elsewhere)
        if there == key:
            hint = f"; it belongs into {self.elsewhere[key]}"
        elif there is not None and nearest(key, known) is None:
            hint = f'; did you mean "{there}" in {self.elsewhere[there]}?'
        self.add((*path, key), f'unknown key "{key}"{hint}')

    def struct(self, value: Any, type_: type[msgspec.Struct], path: KeyPath) -> Any:
        if not isinstance(value, dict):
            found = type(value).__name__
            found = _PLAIN.get(found, found)
            return self.add(path, f"{_dotted(path) or 'this'}: expected a table, got {found}")
        fields = _fields(type_)
        for key in value.keys() - fields.keys():
            self.unknown(key, fields, path)
        built, incomplete = {}, False
        for name, info in fields.items():
            made = _WRONG
            if name in value:
                made = self.build(value[name], info.type, (*path, name))
            elif info.required:
                self.add(path, f'missing key "{_dotted((*path, name))}"')
            if made is not _WRONG:
                built[info.name] = made
            incomplete |= made is _WRONG and info.required
        if incomplete:
            return _WRONG
        try:
            return type_(**built)
        except ValueError as error:  # a Struct's own __post_init__
            where = f"{_dotted(path)}: " if path else ""
            return self.add(path, where + _first_line(error))


@functools.cache
def _fields(type_: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """By the names in files. Kept, because msgspec evaluates the annotations at every question."""
    return {info.encode_name: info for info in msgspec.structs.fields(type_)}


def _parse_toml(text: str, file: str) -> tuple[dict[str, Any], list[Fault]]:
    try:
        return tomllib.loads(text), []
    except RecursionError:
        return {}, [Fault(file, 1, "nested too deep to be read")]
    except ValueError as error:
        # Not only TOMLDecodeError: an integer of 5,000 digits is a plain ValueError.
        message = _first_line(error)
        at = re.search(r" \(at line (\d+), column \d+\)$", message)
        if at:
            return {}, [Fault(file, int(at.group(1)), f"not TOML: {message[: at.start()]}")]
        message = message.removesuffix(" (at end of document)")
        return {}, [Fault(file, text.rstrip("\n").count("\n") + 1, f"not TOML: {message}")]


def _line(lines: dict[KeyPath, int], path: Sequence[str | int]) -> int:
    at = tuple(path)
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at, 1)


def _dotted(path: KeyPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _holds_struct(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return True
    return any(_holds_struct(arg) for arg in get_args(hint))


def _choices(hint: Any) -> list[str]:
    return list(_literals(hint))


def _literals(hint: Any) -> Iterator[str]:
    if get_origin(hint) is Literal:
        yield from (arg for arg in get_args(hint) if isinstance(arg, str))
    elif get_origin(hint) in (Union, types.UnionType):
        for arg in get_args(hint):
            yield from _literals(arg)
