"""One exported version as the text files that it was made from, and back. Pure.

What has no file of its own stays in ``version.json``; where a part was taken out, the name of its
file stands in its place. Called by `roadworthy.registry.folder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import msgspec

__all__ = ["join_version", "split_version"]

REST: Final = "version.json"
CASES: Final = "cases.jsonl"
EXAMPLES: Final = "prompt/examples.jsonl"

Json: TypeAlias = dict[str, Any]


def split_version(version: Json) -> dict[str, bytes]:
    """Files by name."""
    files: dict[str, bytes] = {}
    definition, suite = dict(version["definition"]), dict(version["suite"])
    definition["templates"] = _split_templates(definition.get("templates", ()), files)
    for key, folder, owner in (
        ("blocks", "blocks", definition),
        ("sources", "python", definition),
        ("sources", "sources", suite),
    ):
        if owner.get(key):
            owner[key] = {
                name: _put(files, f"{folder}/{_safe(name)}", text)
                for name, text in owner[key].items()
            }
    _split_embedded(definition, files)
    for key in ("chain", "rules"):
        if definition.get(key):
            files[f"{key}.json"] = _pretty(definition[key], order=None)
            definition[key] = f"{key}.json"
    for key, name in (("input_schema", "input"), ("output_schema", "output")):
        if definition.get(key) is not None:
            files[f"{name}.schema.json"] = _pretty(definition[key], order=None)
            definition[key] = f"{name}.schema.json"
    if suite.get("cases"):
        lines = [msgspec.json.encode(case) + b"\n" for case in suite["cases"]]
        files[CASES] = b"".join(lines)
        suite["cases"] = CASES
    rest = {**version, "definition": definition, "suite": suite}
    files[REST] = _pretty(rest, order="sorted")
    return files


def join_version(files: Mapping[str, bytes]) -> Json:
    """The version in these files.

    Raises:
        KeyError: a file that another one names is missing.
        ValueError: a file cannot be read.
    """
    version: Json = msgspec.json.decode(files[REST])
    definition, suite = version["definition"], version["suite"]
    definition["templates"] = _join_templates(definition["templates"], files)
    for key, owner in (("blocks", definition), ("sources", definition), ("sources", suite)):
        if owner.get(key):
            owner[key] = {name: _text(files[file]) for name, file in owner[key].items()}
    for key in ("chain", "rules"):
        if definition.get(key):
            definition[key] = msgspec.json.decode(files[definition[key]])
    for owner, key in _embedding(definition):
        owner[key] = {name: msgspec.json.decode(files[file]) for name, file in owner[key].items()}
    for key in ("input_schema", "output_schema"):
        if definition.get(key) is not None:
            definition[key] = msgspec.json.decode(files[definition[key]])
    if suite.get("cases"):
        lines = files[suite["cases"]].splitlines()
        suite["cases"] = [msgspec.json.decode(line) for line in lines]
    return version


def _split_embedded(definition: Json, files: dict[str, bytes]) -> None:
    """A file a task that the version runs, as that task's version is. The order of its schemas is
    part of what it is, so that keys are not sorted; nor are those of steps and rules, in whose
    order answers are put together."""
    if definition.get("chain"):
        definition["chain"] = dict(definition["chain"])
    for owner, key in _embedding(definition):
        folder = "steps" if key == "tasks" else key
        named = {}
        for name, task in owner[key].items():
            named[name] = f"{folder}/{_safe(name)}.json"
            files[named[name]] = _pretty(task, order=None)
        owner[key] = named


def _embedding(definition: Json) -> list[tuple[Json, str]]:
    """Where tasks stand that the version runs: the object, and its key."""
    chain = definition.get("chain") or {}
    places = ((chain, "tasks"), (definition, "judges"))
    return [(owner, key) for owner, key in places if owner.get(key)]


def _split_templates(templates: list[Json], files: dict[str, bytes]) -> list[Json]:
    """A file a message; examples, which are messages as they are sent, in lines of one file."""
    named: list[Json] = []
    examples: list[bytes] = []
    for template in templates:
        if template.get("literal"):
            examples.append(msgspec.json.encode(template["source"]) + b"\n")
            named.append({**template, "source": EXAMPLES})
            continue
        name = f"prompt/{template['role']}.md"
        number = 2
        while name in files:
            name, number = f"prompt/{template['role']}-{number}.md", number + 1
        named.append({**template, "source": _put(files, name, template["source"])})
    if examples:
        files[EXAMPLES] = b"".join(examples)
    return named


def _join_templates(named: list[Json], files: Mapping[str, bytes]) -> list[Json]:
    examples = iter(files.get(EXAMPLES, b"").splitlines())
    joined = []
    for template in named:
        file = template["source"]
        if file != EXAMPLES:
            joined.append({**template, "source": _text(files[file])})
            continue
        line = next(examples, None)
        if line is None:
            raise ValueError(f"{EXAMPLES} has fewer lines than the version has examples")
        joined.append({**template, "source": msgspec.json.decode(line, type=str)})
    return joined


def _put(files: dict[str, bytes], name: str, text: str) -> str:
    """The name of the file that now holds the text, with the line end that editors put last."""
    files[name] = text.encode() + b"\n"
    return name


def _text(data: bytes) -> str:
    return data.decode().removesuffix("\n")


def _safe(name: str) -> str:
    """A path that stays below its folder, and that every file system can hold."""
    parts = [quote(part, safe=" ()+,=@") for part in name.split("/")]
    return "/".join(part.replace(".", "%2E") if set(part) <= {"."} else part for part in parts)


def _pretty(value: Any, *, order: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order=order)) + b"\n"
