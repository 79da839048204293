"""Erasing what events said: the one change of the past that the log allows, and only as the log itself says.

Body and salt go; the commitment to them, which every proof rests on, takes the place of the salt. The triggers let a
row be changed so and in no other way, and only if a later event of the same record says that it is erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import Connection, select, update

from timeline.log.stored import StoredEvent, commitment, is_erased
from timeline.log.tables import log_events

ERASURE = "RecordErased"
"""The type of the only events whose meaning the log knows: their `positions` are those of the events erased."""


def erase_bodies(connection: Connection, recorded: Iterable[StoredEvent]) -> None:
    """Carry out the erasures among these events, in the transaction that stores them."""
    for event in recorded:
        if event.type == ERASURE:
            wanted = select(log_events).where(log_events.c.position.in_(erased_by(event)))
            for row in connection.execute(wanted).all():
                _erase(connection, StoredEvent(*row))


def erased_by(event: StoredEvent) -> Sequence[int]:
    """The positions that an erasure says are erased."""
    positions: list[int] = orjson.loads(event.body)["positions"]
    return positions


def _erase(connection: Connection, event: StoredEvent) -> None:
    if not is_erased(event):
        row = update(log_events).where(log_events.c.position == event.position)
        connection.execute(row.values(body=b"", salt=commitment(event)))
