"""A registry's export as a folder that reads and diffs well in git, and back.

::

    registry.json                     format; each task with the digest of its digests.json
    TASK/digests.json                 SHA-256 of every file below
    TASK/history.jsonl                moves, the oldest first: lines are only ever added
    TASK/channels.json                where they left each channel of each environment; for people
    TASK/results/DEFINITION-BINDING.jsonl    what was measured; the first line says of what
    TASK/versions/1.4.0/version.json  all of the version that has no file of its own:
        prompt/*  blocks/*  python/*  sources/*  steps/*  judges/*  chain.json  rules.json
        input.schema.json  output.schema.json  cases.jsonl

Equal exports are equal bytes. Keys are sorted, but for schemas, chains, rules and cases: models
write fields in the order of the schema, so that order is part of what a version is. What is the
exporting installation's own, where its channels point and its name, is left out: an import moves no
channel, and the history says who moved what where. Of tasks that an export only has because others
run them, those versions are added to what is there of them. Pure but for `write_folder` and
`read_folder`; called by ``roadworthy export`` and ``import``.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from roadworthy.core.errors import ExportDamaged, RegistryConflict
from roadworthy.registry.version_folder import join_version, split_version

__all__ = ["bundle_from", "files_of", "read_folder", "write_folder"]

FORMAT: Final = 1
INDEX: Final = "registry.json"
DIGESTS: Final = "digests.json"
ATTRIBUTES: Final = ".gitattributes"
_AS_THEY_ARE: Final = b"# Digests are of bytes: git must not change line ends.\n* -text\n"
_SHOWN: Final = 10

Files: TypeAlias = dict[str, bytes]
"""Contents by path, with ``/`` between names."""
Json: TypeAlias = dict[str, Any]


def files_of(bundle: Json) -> Files:
    """The folder that stands for an export."""
    tasks: dict[str, Files] = defaultdict(dict)
    for version in bundle["versions"]:
        place = f"versions/{version['row']['version']}"
        files = split_version(version)
        tasks[version["row"]["task"]] |= {f"{place}/{n}": data for n, data in files.items()}
    for task, moves in _by_task(bundle["history"]).items():
        ordered = sorted(moves, key=lambda move: (move["at_us"], move["id"]))
        tasks[task]["history.jsonl"] = _lines(ordered)
        tasks[task]["channels.json"] = _pretty(_left_at(ordered))
    for (task, *of), rows in _by_measured(bundle["results"]).items():
        tasks[task][f"results/{of[0][:16]}-{of[1][:16]}.jsonl"] = _results(task, of, rows)
    files = {}
    index = {}
    for task, below in sorted(tasks.items()):
        digests = _pretty({name: _digest(data) for name, data in below.items()})
        index[task] = _digest(digests)
        files |= {f"{task}/{name}": data for name, data in below.items()}
        files[f"{task}/{DIGESTS}"] = digests
    files[INDEX] = _pretty({"folder": FORMAT, "format": bundle["format"], "tasks": index})
    files[ATTRIBUTES] = _AS_THEY_ARE
    return files


def bundle_from(files: Mapping[str, bytes], tasks: Iterable[str] = ()) -> Json:
    """The export that a folder stands for; of these tasks with the versions that theirs run, or of
    all.

    Raises:
        ExportDamaged: a file is missing, unreadable, or not what was written; the message names
            each of them.
    """
    index = _index(files.get(INDEX))
    wanted = list(tasks) or list(index["tasks"])
    if unknown := sorted(set(wanted) - index["tasks"].keys()):
        raise ExportDamaged(f"{INDEX} names no task {', '.join(unknown)}. Nothing was taken.")
    bundle = _read_tasks(wanted, index, files)
    pins = {pin for version in bundle["versions"] for pin in _pins(version["definition"])}
    others = {task for task, _ in pins} & index["tasks"].keys() - set(wanted)
    beside = _read_tasks(others, index, files)
    rows = [v["row"] for v in beside["versions"] if (v["row"]["task"], v["row"]["version"]) in pins]
    bundle["versions"] += [v for v in beside["versions"] if v["row"] in rows]
    run = {(row["task"], row["definition_digest"]) for row in rows}
    bundle["results"] += [
        r for r in beside["results"] if (r["key"]["task"], r["key"]["definition"]) in run
    ]
    return bundle


def _read_tasks(wanted: Iterable[str], index: Json, files: Mapping[str, bytes]) -> Json:
    """All that the folder has of these tasks, if it is what was written."""
    faults: list[str] = []
    for task in wanted:
        faults += _faults_of(task, index["tasks"][task], files)
    if faults:
        more = f"\n… and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise ExportDamaged(
            "The export is not what was written; nothing was taken:\n"
            + "\n".join(faults[:_SHOWN])
            + more
        )
    bundle: Json = {"format": index["format"], "versions": [], "history": [], "results": []}
    for task in sorted(wanted):
        try:
            _read_task(task, files, bundle)
        except (KeyError, TypeError, ValueError) as error:  # msgspec's own are ValueErrors
            raise ExportDamaged(
                f"{task}: cannot be read as an export ({error!r}). Export it anew with this"
                " release; nothing was taken."
            ) from error
    return bundle


def write_folder(bundle: Json, folder: Path) -> list[str]:
    """Write an export into a folder, beside the tasks that another export left there; the names
    of the files that changed.

    Raises:
        RegistryConflict: the folder holds something else, or cannot be written.
        ExportDamaged: it names what no registry names so.
    """
    files = files_of(bundle)
    for name in files:
        if ".." in name.split("/") or name.startswith("/"):
            raise ExportDamaged(f"the export names {name!r}, which is no place in a folder.")
    known = _known(folder)
    index = msgspec.json.decode(files[INDEX])
    partial = known.keys() & set(bundle.get("partial", ()))
    for task in partial:
        digests = _joined(folder / task / DIGESTS, files[f"{task}/{DIGESTS}"])
        files[f"{task}/{DIGESTS}"], index["tasks"][task] = digests, _digest(digests)
    gone = [
        f"{task}/{name}"
        for task in index["tasks"].keys() & known.keys() - partial
        for name in _digests_in(folder / task / DIGESTS)
        if f"{task}/{name}" not in files
    ]
    index["tasks"] = {**known, **index["tasks"]}
    files[INDEX] = _pretty(index)
    changed = []
    try:
        for name, data in sorted(files.items()):
            path = folder / name
            if not path.is_file() or path.read_bytes() != data:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                changed.append(name)
        for name in sorted(gone):
            (folder / name).unlink(missing_ok=True)
            changed.append(name)
    except OSError as error:
        raise RegistryConflict(
            f"{folder} cannot be written: {error.strerror}. Name another folder with --to."
        ) from error
    return changed


def read_folder(folder: Path, tasks: Iterable[str] = ()) -> Json:
    """The export in this folder; of these tasks, or of all.

    Raises:
        ExportDamaged: it holds none, or not what was written.
    """
    files: dict[str, bytes] = {}
    try:
        for path in folder.rglob("*"):
            # A link could lead out of what was reviewed.
            if path.is_file() and not path.is_symlink() and ".git" not in path.parts:
                files[path.relative_to(folder).as_posix()] = path.read_bytes()
    except OSError as error:
        raise ExportDamaged(f"{folder} cannot be read: {error.strerror}.") from error
    if INDEX not in files:
        raise ExportDamaged(
            f"{folder} holds no export: there is no {INDEX}. `roadworthy export --to FOLDER` writes"
            " one."
        )
    return bundle_from(files, tasks)


def _index(data: bytes | None) -> Json:
    try:
        index = msgspec.json.decode(data or b"", type=Json)
        format_, tasks = index["folder"], dict(index["tasks"])
        of_export = index["format"]
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise ExportDamaged(f"{INDEX} is missing or unreadable; nothing was taken.") from error
    if format_ != FORMAT:
        raise ExportDamaged(
            f"{INDEX} has format {format_!r}, and this release reads {FORMAT}; install the release"
            " that wrote it. Nothing was taken."
        )
    return {"tasks": tasks, "format": of_export}


def _faults_of(task: str, digest: object, files: Mapping[str, bytes]) -> list[str]:
    """Files of a task that are missing, or not what was written."""
    place = f"{task}/{DIGESTS}"
    listed = files.get(place)
    if listed is None:
        return [f"{place}: is missing"]
    if _digest(listed) != digest:
        return [f"{place}: was changed"]
    faults = []
    for name, expected in msgspec.json.decode(listed, type=dict[str, str]).items():
        data = files.get(f"{task}/{name}")
        if data is None:
            faults.append(f"{task}/{name}: is missing")
        elif _digest(data) != expected:
            faults.append(f"{task}/{name}: was changed")
    return faults


def _read_task(task: str, files: Mapping[str, bytes], bundle: Json) -> None:
    """Add a task's versions, history and results to the bundle."""
    listed = msgspec.json.decode(files[f"{task}/{DIGESTS}"], type=dict[str, str])
    below = {name: files[f"{task}/{name}"] for name in sorted(listed)}
    versions: dict[str, Files] = defaultdict(dict)
    for name, data in below.items():
        folder, _, rest = name.partition("/")
        if folder == "versions":
            number, _, file = rest.partition("/")
            versions[number][file] = data
        elif folder == "results":
            bundle["results"] += _results_in(data)
    bundle["versions"] += [join_version(parts) for _, parts in sorted(versions.items())]
    bundle["history"] += _lines_in(below.get("history.jsonl", b""))


def _pins(definition: Json) -> Iterator[tuple[str, str]]:
    """The tasks that the version runs, with their versions."""
    embedded = {**(definition.get("chain") or {}).get("tasks", {}), **definition.get("judges", {})}
    for task in embedded.values():
        yield task["name"], task["version"]
        yield from _pins(task)


def _known(folder: Path) -> Json:
    """The tasks that an export left in this folder, with their digests."""
    try:
        if not folder.is_dir() or not any(folder.iterdir()):
            return {}
        tasks: Json = _index((folder / INDEX).read_bytes())["tasks"]
    except FileNotFoundError:
        raise RegistryConflict(
            f"{folder} holds something else than an export. Name an empty or a new folder."
        ) from None
    except OSError as error:
        raise RegistryConflict(f"{folder} cannot be read: {error.strerror}.") from error
    return tasks


def _digests_in(path: Path) -> list[str]:
    try:
        names = list(msgspec.json.decode(path.read_bytes(), type=dict[str, str]))
    except (OSError, msgspec.MsgspecError):
        return []
    return [name for name in names if ".." not in name.split("/") and not name.startswith("/")]


def _joined(path: Path, digests: bytes) -> bytes:
    """The digests that stand there, with these."""
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError) as error:
        raise ExportDamaged(
            f"{path} cannot be read, so that nothing can be added there. Name another folder, or"
            " export all tasks anew."
        ) from error
    return _pretty({**known, **msgspec.json.decode(digests)})


def _by_task(rows: Iterable[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for row in rows:
        found[row["task"]].append(row)
    return found


def _left_at(moves: Iterable[Json]) -> Json:
    """The version that each channel was moved to last, by environment."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for move in moves:
        found[move.get("environment", "")][move["channel"]] = move["to_version"]
    return found


def _by_measured(rows: Iterable[Json]) -> dict[tuple[str, ...], list[Json]]:
    found: dict[tuple[str, ...], list[Json]] = defaultdict(list)
    for row in rows:
        key = row["key"]
        found[key["task"], key["definition"], key["binding"]].append(row)
    return found


def _results(task: str, of: list[str], rows: Iterable[Json]) -> bytes:
    """What was measured of one definition on one binding, which stand in the first line alone."""
    head = {"task": task, "definition": of[0], "binding": of[1]}
    short = [{**row, "key": [row["key"]["question"], row["key"]["run"]]} for row in rows]
    return _lines([head, *sorted(short, key=lambda row: (row["case_id"], row["key"]))])


def _results_in(data: bytes) -> list[Json]:
    head, *rows = _lines_in(data)
    return [
        {**row, "key": {**head, "question": row["key"][0], "run": row["key"][1]}} for row in rows
    ]


def _lines(rows: Iterable[Json]) -> bytes:
    return b"".join(msgspec.json.encode(row, order="sorted") + b"\n" for row in rows)


def _lines_in(data: bytes) -> list[Json]:
    return [msgspec.json.decode(line) for line in data.splitlines() if line]


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted")) + b"\n"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
