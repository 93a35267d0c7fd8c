"""The registry in the database. Only who holds the keeper's lock writes it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from roadworthy.core import Clock, new_id
from roadworthy.core.errors import (
    Forbidden,
    GateRefused,
    InvalidRequest,
    RegistryConflict,
    StoreError,
)
from roadworthy.models import Model
from roadworthy.registry import rows
from roadworthy.registry.bundle import Bundle, bundle_of, check_bundle
from roadworthy.registry.count_queries import count_cases, find_block_uses, read_steps
from roadworthy.registry.counts import BlockUse, CaseTally, TaskSteps
from roadworthy.registry.moves import Evidence, Move, MoveRequest, Pointer
from roadworthy.registry.pinning import pin_steps, require_published, unpublished_steps
from roadworthy.registry.pointing import check_allowed, check_channel, rollback_target
from roadworthy.registry.publishing import check_message, draft_digest, next_publication
from roadworthy.registry.references import resolve_reference
from roadworthy.registry.results import CaseResult, ResultKey
from roadworthy.registry.semantic import is_range
from roadworthy.registry.version import Actor, Draft, Publication, Version, VersionRow
from roadworthy.registry.weighing import binder, weigh
from roadworthy.storage import StateFolder
from roadworthy.storage.database import writing
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.asked_models import asked_models
from roadworthy.tasks.sources import differing_sources
from roadworthy.tasks.version_files import write_version_file

__all__ = ["StoredRegistry"]


class StoredRegistry:
    """See `Registry`. Safe to use from several threads, and from processes that take turns."""

    def __init__(
        self,
        engine: Engine,
        folder: StateFolder,
        *,
        clock: Clock,
        protected: Collection[str],
        models: Callable[[], Mapping[str, Model]],
        environment: str,
        root: Path | None = None,
    ) -> None:
        """``models`` gives what logical models stand for here, at the moment of asking; ``root`` is
        the project, whose Python files a version may run. None: it is not looked at."""
        self._engine = engine
        self._folder = folder
        self._clock = clock
        self._protected = frozenset(protected)
        self._models = models
        self._environment = environment
        self._root = root

    def publish(self, draft: Draft, by: Actor) -> Publication:
        if by.role != "owner":
            raise Forbidden(f"the key of {by.name} may read only; publishing takes an owner's")
        check_message(draft)
        with self._reading() as connection:
            draft, unpublished = _pinned(connection, draft)
        require_published(draft.definition, unpublished)
        with _told():
            definition, digest = draft_digest(draft)
            # Before the row: whoever sees the version finds its file.
            write_version_file(self._folder.versions, digest, definition)
        with self._writing() as connection:
            newest = self._newest(connection, definition.name)
            publication, version = next_publication(draft, newest, by, now_us=self._clock.now_us())
            if version is not None:
                rows.add_version(connection, version)
        return publication

    def preview(self, draft: Draft) -> Publication:
        by = Actor(name="")
        with self._reading() as connection:
            draft, unpublished = _pinned(connection, draft)
            newest = self._newest(connection, draft.definition.name)
        publication, _ = next_publication(draft, newest, by, now_us=self._clock.now_us())
        return msgspec.structs.replace(publication, unpublished=unpublished)

    def versions(self, task: str | None = None, *, limit: int = 100) -> list[VersionRow]:
        with self._reading() as connection:
            return rows.read_rows(connection, task, limit=limit)

    def version(self, task: str, reference: str) -> Version:
        with self._reading() as connection:
            return self._version(connection, task, reference)

    def channels(self, task: str | None = None) -> list[Pointer]:
        with self._reading() as connection:
            return rows.read_pointers(connection, task, protected=self._protected)

    def history(
        self, task: str | None = None, *, channel: str | None = None, limit: int = 100
    ) -> list[Move]:
        with self._reading() as connection:
            return rows.read_moves(connection, task, channel=channel, limit=limit)

    def weigh(self, request: MoveRequest) -> Evidence:
        check_channel(request.channel)
        with self._reading() as connection:
            candidate = self._wanted(connection, request)
            return self._evidence(connection, request, candidate)

    def move(self, request: MoveRequest, by: Actor) -> Move:
        check_channel(request.channel)
        check_allowed(request, by)
        with self._writing() as connection:
            candidate = self._wanted(connection, request)
            current = self._current(connection, request)
            if current is not None and current.row.version == candidate.row.version:
                raise RegistryConflict(
                    f"{request.channel} of {request.task} points to {candidate.row.version}"
                    " already; nothing was moved"
                )
            self._require_models(candidate)
            self._require_sources(candidate)
            evidence = None
            if request.kind == "promote" and request.channel in self._protected:
                evidence = self._evidence(connection, request, candidate)
                _require(evidence, request, candidate)
            forced = request.force and evidence is not None and bool(evidence.misses)
            # A clock may be set back; history is in the order in which things happened.
            last_us = rows.moved_us(connection, request.task, request.channel)
            now_us = max(self._clock.now_us(), last_us + 1)
            move = Move(
                id=new_id(now_us),
                task=request.task,
                channel=request.channel,
                kind=request.kind,
                from_version=None if current is None else current.row.version,
                to_version=candidate.row.version,
                at_us=now_us,
                by=by,
                why=request.why.strip(),
                forced=forced,
                evidence=evidence,
                environment=self._environment,
            )
            rows.add_move(connection, move)
            rows.set_pointer(connection, move)
        return move

    def results(
        self, task: str, *, definition: str, binding: str | None = None
    ) -> list[CaseResult]:
        with self._reading() as connection:
            return rows.read_results(connection, task, definition=definition, binding=binding)

    def record(self, results: Sequence[CaseResult], by: Actor) -> None:
        if by.role != "owner":
            raise Forbidden(f"the key of {by.name} may read only; results take an owner's")
        with self._writing() as connection:
            rows.write_results(connection, results)

    def export(self, tasks: Iterable[str] = ()) -> dict[str, Any]:
        with self._reading() as connection:
            return bundle_of(
                connection, tuple(tasks), protected=self._protected, environment=self._environment
            )

    def take(self, bundle: dict[str, Any], by: Actor) -> list[VersionRow]:
        if by.role != "owner":
            raise Forbidden(f"the key of {by.name} may read only; importing takes an owner's")
        given = check_bundle(bundle)
        for version in given.versions:
            write_version_file(self._folder.versions, version.row.digest, version.definition)
        with self._writing() as connection:
            return _take(connection, given)

    def case_tallies(self, task: str, definitions: Sequence[str]) -> list[CaseTally]:
        """See `roadworthy.registry.counts`."""
        with self._reading() as connection:
            return count_cases(connection, task, definitions)

    def block_uses(self, block: str | None = None) -> list[BlockUse]:
        """See `roadworthy.registry.counts`."""
        with self._reading() as connection:
            return find_block_uses(connection, block)

    def task_steps(self) -> list[TaskSteps]:
        """See `roadworthy.registry.counts`."""
        with self._reading() as connection:
            return read_steps(connection)

    def revision(self) -> str:
        """A text that changes with every version and every move; cheap to ask for."""
        with self._reading() as connection:
            return rows.revision_of(connection)

    def _newest(self, connection: Connection, task: str) -> Version | None:
        row = rows.newest_row(connection, task)
        return None if row is None else rows.read_version(connection, row)

    def _version(self, connection: Connection, task: str, reference: str) -> Version:
        known = rows.read_rows(connection, task, limit=None)
        pointers = rows.read_pointers(connection, task, protected=self._protected)
        moves: list[Move] = []
        if is_range(reference):
            moves = rows.read_moves(connection, task, channel="production")[::-1]
        tasks = [] if known else rows.task_names(connection)
        row = resolve_reference(task, reference, known, pointers, moves, tasks=tasks)
        return rows.read_version(connection, row)

    def _current(self, connection: Connection, request: MoveRequest) -> Version | None:
        pointers = rows.read_pointers(connection, request.task, protected=self._protected)
        at = next((p.version for p in pointers if p.channel == request.channel), None)
        row = None if at is None else rows.read_row(connection, request.task, at)
        return None if row is None else rows.read_version(connection, row)

    def _wanted(self, connection: Connection, request: MoveRequest) -> Version:
        if request.kind == "rollback":
            moves = rows.read_moves(connection, request.task, channel=request.channel)[::-1]
            to = rollback_target(moves, request.to, task=request.task, channel=request.channel)
        elif request.to is None:
            raise RegistryConflict("a promotion names a version: roadworthy promote TASK VERSION")
        else:
            to = request.to
        return self._version(connection, request.task, to)

    def _evidence(
        self, connection: Connection, request: MoveRequest, candidate: Version
    ) -> Evidence:
        definition = candidate.row.definition_digest
        return weigh(
            candidate,
            self._current(connection, request),
            rows.read_results(connection, request.task, definition=definition, binding=None),
            bind=binder(candidate.definition, self._models()),
            environment=self._environment,
            lower_gate=request.lower_gate,
        )

    def _require_models(self, candidate: Version) -> None:
        """Raises RegistryConflict where a model that the version may ask is not bound here."""
        bind = binder(candidate.definition, self._models())
        for name in asked_models(candidate.definition):
            bind(name)

    def _require_sources(self, candidate: Version) -> None:
        """Raises RegistryConflict where the version runs Python that is not installed so."""
        differing = self._root and differing_sources(candidate.definition, self._root)
        if differing:
            raise RegistryConflict(
                f"{candidate.row.task} {candidate.row.version} runs Python that differs from what"
                f" is installed: {', '.join(differing)}; install its files, or publish what is"
                " installed"
            )

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _told(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _told(), writing(self._engine) as connection:
            yield connection


def _pinned(connection: Connection, draft: Draft) -> tuple[Draft, tuple[str, ...]]:
    """The draft with what it runs pinned, and what of that is not published."""

    @cache
    def find(task: str, digest: str) -> TaskDefinition | None:
        return rows.read_pinned(connection, task, digest)

    definition = pin_steps(draft.definition, find)
    unpublished = unpublished_steps(definition, find)
    return msgspec.structs.replace(draft, definition=definition), unpublished


def _require(evidence: Evidence, request: MoveRequest, candidate: Version) -> None:
    """Raises GateRefused unless the gate holds, or the move is forced."""
    if not evidence.misses or request.force:
        return
    messages = tuple(miss.message for miss in evidence.misses)
    raise GateRefused(
        f"{candidate.row.task} {candidate.row.version} does not reach the gate of"
        f" {request.channel}:\n" + "\n".join(f"  {message}" for message in messages),
        misses=messages,
    )


def _take(connection: Connection, given: Bundle) -> list[VersionRow]:
    known = rows.version_digests(connection)
    taken = []
    conflicts = []
    for version in given.versions:
        row = version.row
        digest = known.get((row.task, row.version))
        if digest is None:
            known[row.task, row.version] = row.digest
            rows.add_version(connection, version)
            taken.append(row)
        elif digest != row.digest:
            conflicts.append(f"{row.task} {row.version}")
    if conflicts:
        raise RegistryConflict(
            f"other versions of the same numbers are here: {', '.join(conflicts[:5])}. Nothing was"
            " taken; publish what differs under a number of its own"
        )
    rows.write_results(connection, _newer(connection, given.results))
    known_moves = rows.move_ids(connection)
    for move in given.history:
        if move.id not in known_moves:
            known_moves.add(move.id)
            rows.add_move(connection, move, imported=True)
    return taken


def _newer(connection: Connection, given: Sequence[CaseResult]) -> list[CaseResult]:
    """The results that tell more than what is here: of one run, the last to be measured stays."""
    known: dict[ResultKey, int] = {}
    for task, definition in {(result.key.task, result.key.definition) for result in given}:
        found = rows.read_results(connection, task, definition=definition, binding=None)
        known |= {result.key: result.at_us for result in found}
    return [result for result in given if result.at_us > known.get(result.key, -1)]


@contextmanager
def _told() -> Iterator[None]:
    """The database's own errors as ours."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            "this holds half of a surrogate pair, which no file and no database can; write it as"
            " the whole character"
        ) from error
    except IntegrityError as error:
        raise RegistryConflict(
            "another process wrote the same at the same time; look at it and try again"
        ) from error
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or type(error).__name__
        raise StoreError(
            f"the registry cannot be used: {reason}. Nothing was changed; see that the disk has"
            " room and the database is there, and try again"
        ) from error
