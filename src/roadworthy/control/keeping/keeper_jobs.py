"""What the keeper does for ever: obey, load, publish, forget. Each job survives its failures."""

from __future__ import annotations

import asyncio
import logging

import uvicorn
from sqlalchemy import Engine

from roadworthy.control.keeping.publisher import Publisher
from roadworthy.control.keeping.stored import StoredSource
from roadworthy.core import Clock
from roadworthy.core.channel import Channel
from roadworthy.core.errors import RoadworthyError
from roadworthy.storage import StateFolder
from roadworthy.storage.loader import Loader
from roadworthy.storage.retention import expire_calls, expire_ledger, expire_texts

__all__ = [
    "follow_registry_for_ever",
    "forget_for_ever",
    "listen_to_supervisor",
    "load_for_ever",
    "publish_for_ever",
    "restore_files_for_ever",
]

LOAD_EVERY_S = 0.2
PUBLISH_EVERY_S = 0.5
FOLLOW_EVERY_S = 0.25
"""A promotion is to be served everywhere within two seconds, whoever wrote it."""
RESTORE_EVERY_S = 60
FORGET_EVERY_S = 3600
DAY_US = 86_400_000_000

_log = logging.getLogger(__name__)


async def listen_to_supervisor(
    channel: Channel, source: StoredSource, publisher: Publisher, server: uvicorn.Server
) -> None:
    """Take the supervisor's messages; stop when it is gone."""
    while (message := await channel.receive()) is not None:
        if message["type"] == "gateways":
            source.note_gateways(message["gateways"])
            unpriced = [n for g in message["gateways"] for n in g["status"].get("unpriced", ())]
            try:
                await asyncio.to_thread(publisher.learn, unpriced)
            except RoadworthyError as error:  # deaf, it would outlive its supervisor
                _log.error("calls of further models are recorded without cost: %s", error.message)
    server.should_exit = True


async def load_for_ever(loader: Loader, source: StoredSource, clock: Clock) -> None:
    """Move calls from the journal into the database; a failure is tried again, not fatal."""
    began_us = clock.now_us()
    while True:
        try:
            await asyncio.to_thread(loader.load_once)
        except RoadworthyError as error:
            _log.error("calls wait in the journal: %s", error.message)
        except Exception:  # noqa: BLE001 - a boundary: the journal keeps the calls meanwhile
            _log.exception("calls wait in the journal")
        behind_us = clock.now_us() - (loader.caught_up_us or began_us)
        source.journal_lag_s = max(0, behind_us) / 1e6
        await asyncio.sleep(LOAD_EVERY_S)


async def publish_for_ever(publisher: Publisher) -> None:
    """Serve the working copies as they change."""
    while True:
        await asyncio.sleep(PUBLISH_EVERY_S)
        if await asyncio.to_thread(publisher.publish_if_changed):
            _log.warning("serving revision %s", publisher.snapshot.revision[:12])


async def follow_registry_for_ever(publisher: Publisher) -> None:
    """Serve what the registry says; while it cannot be read, what it said last."""
    told = ""
    while True:
        await asyncio.sleep(FOLLOW_EVERY_S)
        try:
            if await asyncio.to_thread(publisher.refresh):
                _log.warning("serving revision %s", publisher.snapshot.revision[:12])
            told = ""
        except RoadworthyError as error:
            if error.message != told:  # four times a second is too often to be read
                _log.error("%s", error.message)
            told = error.message
        except Exception:  # noqa: BLE001 - a boundary: the last snapshot is served meanwhile
            _log.exception("the registry cannot be followed")


async def restore_files_for_ever(publisher: Publisher) -> None:
    """Keep a file for each version, for gateways read no database."""
    while True:
        try:
            if restored := await asyncio.to_thread(publisher.restore_files):
                _log.warning("wrote the files of %d versions anew", restored)
        except Exception:  # noqa: BLE001 - a boundary: only pins of these versions suffer
            _log.exception("the files of versions could not be completed")
        await asyncio.sleep(RESTORE_EVERY_S)


async def forget_for_ever(
    publisher: Publisher, folder: StateFolder, engine: Engine, clock: Clock
) -> None:
    """Remove what has been kept as long as the project says."""
    while True:
        record = publisher.snapshot.settings.record
        now_us = clock.now_us()
        try:
            await asyncio.to_thread(expire_texts, folder, record.keep_texts_days, now_us=now_us)
            before_us = now_us - record.keep_calls_days * DAY_US
            await asyncio.to_thread(expire_calls, engine, before_us)
            await asyncio.to_thread(expire_ledger, engine, now_us=now_us)
        except Exception:  # noqa: BLE001 - a boundary: what is too old goes an hour later
            _log.exception("old calls and texts could not be removed")
        await asyncio.sleep(FORGET_EVERY_S)
