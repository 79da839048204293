"""Checkpoints signed while the service runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from timeline.database import Database
from timeline.log.checkpoint import Signed, Trust, keep_copy, last_signed, sign_checkpoint
from timeline.log.keys import SigningKey
from timeline.log.read import head

log = logging.getLogger("timeline.log")


def sign_now(database: Database, keys: Sequence[SigningKey], trust: Trust) -> Signed:
    """Sign the log as it is and keep a copy outside. Raises `Damaged` when the log contradicts an earlier one."""
    with database.write() as connection:
        checkpoint = sign_checkpoint(connection, keys, trust)
    keep_copy(trust, checkpoint)
    return checkpoint


async def sign_regularly(database: Database, keys: Sequence[SigningKey], trust: Trust, seconds: int) -> None:
    """Sign every so many seconds what was recorded since, until cancelled; never without a key or with 0 seconds."""
    if not keys or not seconds:
        return
    while True:
        try:
            if await asyncio.to_thread(_has_moved, database):
                await asyncio.to_thread(sign_now, database, keys, trust)
        except Exception:
            # The log is recorded all the same; /readyz tells what is wrong with it.
            log.exception("no checkpoint could be signed")
        await asyncio.sleep(seconds)


def _has_moved(database: Database) -> bool:
    with database.read() as connection:
        last = last_signed(connection)
        return last is None or last.size != head(connection).position
