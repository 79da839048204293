"""Appending: one transaction, one lock, dense positions in commit order."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text, update

from timeline.bulk import insert_rows
from timeline.database import Database
from timeline.errors import Conflict, Unavailable
from timeline.log.merkle import Node, grown
from timeline.log.read import append_seen, stream_versions
from timeline.log.stored import SALT_BYTES, StoredEvent, append_row, event_hash, event_id
from timeline.log.tables import log_appends, log_head
from timeline.outages import outages_told

Head = Row[Any, Any, Any]
"""Position, last recorded time and tree."""
Inline = Callable[[Connection, Sequence[StoredEvent]], None]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be stored: canonical bytes for a stream."""

    stream: str
    type: str
    schema: int
    body: bytes
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """Events that are stored together or not at all.

    `append_id` makes a retry safe, `request_digest` tells whether it is the same request. `expected` maps a stream to
    the version it must have, 0 for a new one.
    """

    append_id: str
    request_digest: bytes
    actor: str
    events: Sequence[NewEvent]
    expected: Mapping[str, int] = field(default_factory=dict)
    causation: str | None = None
    correlation: str | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """Where the events are. `first` is `last` + 1 when there were none; a replay answers as the first time did."""

    first: int
    last: int
    events: list[StoredEvent]
    replayed: bool


def append(
    connection: Connection,
    batch: Append,
    *,
    now_us: int,
    inline: Inline | None = None,
    salt: Callable[[int], bytes] = os.urandom,
) -> Appended:
    """Store the events in the caller's transaction. Raises `Conflict`; the caller then rolls back.

    The head row is locked first and by everyone, so positions come out dense and in the order of commits, and the
    checks that follow see all that was committed before.
    """
    head = locked_head(connection)
    seen = append_seen(connection, batch.append_id)
    if seen is not None:
        return _replayed(batch, seen)
    versions = stream_versions(connection, sorted({event.stream for event in batch.events} | batch.expected.keys()))
    for stream, expected in batch.expected.items():
        _check_version(stream, expected, versions.get(stream, 0))
    stored = _stored(batch, head.position, max(now_us, head.recorded_us + 1), versions, salt)
    first, last = head.position + 1, head.position + len(stored)
    connection.execute(insert(log_appends), append_row(batch.append_id, batch.request_digest, first, last))
    store(connection, head, stored, inline)
    return Appended(first=first, last=last, events=stored, replayed=False)


def locked_head(connection: Connection) -> Head:
    """Position, last recorded time and tree of the log; every other writer waits until this transaction ends."""
    columns = (log_head.c.position, log_head.c.recorded_us, log_head.c.tree)
    return connection.execute(select(*columns).where(log_head.c.id == 1).with_for_update()).one()


def store(connection: Connection, head: Head, events: Sequence[StoredEvent], inline: Inline | None) -> None:
    """Put numbered rows behind the head, move it, and let whoever projects inline see them."""
    if not events:
        return
    insert_rows(connection, "log_events", StoredEvent._fields, events)
    tree, nodes = grown(head.tree, head.position, (event.leaf_hash for event in events))
    if nodes:
        insert_rows(connection, "log_nodes", Node._fields, nodes)
    values = {"position": events[-1].position, "recorded_us": events[-1].recorded_us, "tree": tree}
    connection.execute(update(log_head).where(log_head.c.id == 1).values(values))
    if inline is not None:
        inline(connection, events)


def _replayed(batch: Append, seen: tuple[bytes, int, int]) -> Appended:
    digest, first, last = seen
    if digest != batch.request_digest:
        message = f"the append id {batch.append_id!r} was used for another request; choose a new one"
        raise Conflict("APPEND_ID_REUSED", message, ("appendId",))
    return Appended(first=first, last=last, events=[], replayed=True)


def _check_version(stream: str, expected: int, current: int) -> None:
    if current != expected:
        message = f"{stream} is at version {current}, not {expected}; read it again and decide anew"
        raise Conflict("VERSION_CONFLICT", message, ("expectedVersion",))


def _stored(
    batch: Append, position: int, recorded_us: int, versions: dict[str, int], salt: Callable[[int], bytes]
) -> list[StoredEvent]:
    """The rows, numbered from behind the head. Each is a microsecond later than the one before."""
    stored = []
    for index, event in enumerate(batch.events):
        versions[event.stream] = versions.get(event.stream, 0) + 1
        row = StoredEvent(
            position=position + index + 1,
            event_id=event_id(batch.append_id, index),
            stream=event.stream,
            version=versions[event.stream],
            type=event.type,
            schema=event.schema,
            recorded_us=recorded_us + index,
            actor=batch.actor,
            source=event.source,
            append_id=batch.append_id,
            causation=batch.causation,
            correlation=batch.correlation,
            body=event.body,
            salt=salt(SALT_BYTES),
            leaf_hash=b"",
        )
        assert len(row.salt) == SALT_BYTES, "every salt has the same length"
        stored.append(row._replace(leaf_hash=event_hash(row)))
    return stored


def announce(database: Database, position: int) -> None:
    """Wake those who follow the log on PostgreSQL. A hint only: they also poll, so a lost one costs a moment."""
    if database.dialect == "postgresql":
        # What is announced is recorded already: that the database went away since is no failure of the append.
        with suppress(Unavailable), outages_told(), database.engine.begin() as connection:
            connection.execute(text("SELECT pg_notify('timeline_log', :position)"), {"position": str(position)})
