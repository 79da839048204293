"""Appending: one transaction, one lock, dense positions in commit order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import orjson
from sqlalchemy import Connection, text

from timeline.bulk import COPIED_ROWS, Rows, call, execute_all, insert_all
from timeline.database import Database
from timeline.errors import Conflict, Unavailable
from timeline.log.erase import ERASURE, erase_bodies
from timeline.log.merkle import Node, grown
from timeline.log.read import Head
from timeline.log.stored import (
    SALT_BYTES,
    AppendRow,
    Envelopes,
    StoredEvent,
    append_row,
    committed,
    event_id,
    hashed_of,
    placed_hash,
)
from timeline.log.tables import log_appends, log_events, log_nodes
from timeline.outages import outages_told

LOCK = {
    "sqlite": "SELECT position, recorded_us, tree FROM log_head WHERE id = 1",  # Locked with the whole database.
    "postgresql": "SELECT position, recorded_us, tree FROM log_head WHERE id = 1 FOR UPDATE",
}
MOVE = "UPDATE log_head SET position = ?, recorded_us = ?, tree = ? WHERE id = 1"
SEEN = "SELECT request_digest, first_position, last_position FROM log_appends WHERE append_id = ?"
VERSIONS = {
    "sqlite": "SELECT stream, MAX(version) FROM log_events WHERE stream IN (SELECT value FROM json_each(?)) "
    "GROUP BY stream",
    # One look into the index for each: without statistics the planner would read the whole log for a thousand.
    "postgresql": "SELECT s.stream, e.version FROM json_array_elements_text(?::json) AS s (stream) CROSS JOIN LATERAL "
    "(SELECT version FROM log_events WHERE stream = s.stream ORDER BY version DESC LIMIT 1) e",
}
LOOK = (
    "SELECT h.position, h.recorded_us, h.tree, a.request_digest, a.first_position, a.last_position, "
    "(SELECT COALESCE(MAX(version), 0) FROM log_events WHERE stream = s.stream) "
    "FROM (SELECT ? AS append_id, ? AS stream) s, log_head h LEFT JOIN log_appends a ON a.append_id = s.append_id"
)
"""All three in one statement of SQLite for the commonest append, that of one record."""
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
    events: Sequence[StoredEvent]
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
    if connection.dialect.name == "postgresql" and _is_single(batch):
        appended = _called(connection, batch, now_us, salt, alone=False)
        if inline is not None and appended.events:
            inline(connection, appended.events)
        return appended
    streams = sorted({event.stream for event in batch.events} | batch.expected.keys())
    head, seen, versions = _locked(connection, batch.append_id, streams)
    if seen is not None:
        return _replayed(batch, seen)
    for stream, expected in batch.expected.items():
        _check_version(stream, expected, versions.get(stream, 0))
    first, last = head.position + 1, head.position + len(batch.events)
    coming = _stored(batch, head.position, max(now_us, head.recorded_us + 1), versions, salt)
    appends = [append_row(batch.append_id, batch.request_digest, first, last)]
    stored = store(connection, head, appends, coming, len(batch.events), inline)
    return Appended(first=first, last=last, events=stored, replayed=False)


def append_alone(database: Database, batch: Append, *, now_us: int) -> Appended:
    """Store the events in a transaction of their own, with nothing beside them. Raises `Conflict`."""
    with database.write() as connection:
        if database.dialect == "postgresql" and _is_single(batch):
            return _called(connection, batch, now_us, os.urandom, alone=True)
        return append(connection, batch, now_us=now_us)


def _is_single(batch: Append) -> bool:
    """Whether it is one event, and nothing is expected but of its own record."""
    if len(batch.events) != 1 or batch.events[0].type == ERASURE:
        return False
    return batch.expected.keys() <= {batch.events[0].stream}


def _called(
    connection: Connection, batch: Append, now_us: int, salt: Callable[[int], bytes], *, alone: bool
) -> Appended:
    """The same by one call of a function in PostgreSQL, which numbers the event and ends its hash (migration 0017)."""
    event, id, own = batch.events[0], event_id(batch.append_id, 0), salt(SALT_BYTES)
    told = (id, event.stream, event.type, event.schema, batch.actor, event.source)
    why = (batch.causation, batch.correlation)
    before, after = Envelopes(batch.append_id, batch.actor, *why).around(
        id, event.stream, event.type, event.schema, event.source, committed(own, event.body)
    )
    asked = (batch.append_id, batch.request_digest, hashed_of(batch.append_id, batch.request_digest))
    expected = batch.expected.get(event.stream)
    values = (*asked, now_us, expected, *told, *why, event.body, own, before, after)
    position, recorded_us, version, leaf, digest, first, last = call(connection, "log_append", values, alone=alone)
    if digest is not None:
        return _replayed(batch, (digest, _number(first), _number(last)))
    if expected is not None and position is None:
        _check_version(event.stream, expected, _number(version))
    assert leaf is not None, "what was stored has a hash"
    stored = StoredEvent(
        _number(position), *told[:2], _number(version), *told[2:4], _number(recorded_us), *told[4:],
        batch.append_id, *why, event.body, own, leaf,
    )  # fmt: skip
    return Appended(first=stored.position, last=stored.position, events=[stored], replayed=False)


def _number(sent: bytes | None) -> int:
    """A bigint as PostgreSQL sends it."""
    assert sent is not None, "what was stored has its numbers"
    return int.from_bytes(sent, "big", signed=True)


def locked_head(connection: Connection) -> Head:
    """Position, last recorded time and tree of the log; every other writer waits until this transaction ends."""
    ((row,),) = execute_all(connection, [(LOCK[connection.dialect.name], ())])
    return Head(*row)


def _locked(
    connection: Connection, append_id: str, streams: list[str]
) -> tuple[Head, tuple[bytes, int, int] | None, dict[str, int]]:
    """The locked head, then whether there was such an append, and the versions of these streams.

    Each statement sees what was committed until it began, so the second and third see all that the lock waited for.
    """
    engine = connection.dialect.name
    if engine == "sqlite" and len(streams) == 1:
        ((row,),) = execute_all(connection, [(LOOK, (append_id, streams[0]))])
        return Head(*row[:3]), row[3:6] if row[3] is not None else None, {streams[0]: row[6]}
    among = orjson.dumps(streams).decode()
    (head,), seen, versions = execute_all(
        connection, [(LOCK[engine], ()), (SEEN, (append_id,)), (VERSIONS[engine], (among,))]
    )
    return Head(*head), seen[0] if seen else None, dict(versions)


def store(
    connection: Connection,
    head: Head,
    appends: Sequence[AppendRow],
    coming: Iterable[StoredEvent],
    number: int,
    inline: Inline | None,
) -> Sequence[StoredEvent]:
    """Put appends with so many numbered events behind the head, move it, and let whoever projects inline see them.

    The events may be made while the first ones are on their way.
    """
    events: list[StoredEvent] = []
    tables = [Rows(log_appends, AppendRow._fields, appends)]
    if number < COPIED_ROWS:
        events.extend(coming)
        tables.append(Rows(log_events, StoredEvent._fields, events))
    else:
        insert_all(connection, [Rows(log_events, StoredEvent._fields, _noted(coming, events), number)], [])
    tree, nodes = grown(head.tree, head.position, (event.leaf_hash for event in events))
    moved = [(MOVE, (event.position, event.recorded_us, tree)) for event in events[-1:]]
    insert_all(connection, [*tables, Rows(log_nodes, Node._fields, nodes)], moved)
    erase_bodies(connection, events)
    if events and inline is not None:
        inline(connection, events)
    return events


def _noted(coming: Iterable[StoredEvent], events: list[StoredEvent]) -> Iterator[StoredEvent]:
    for event in coming:
        events.append(event)
        yield event


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
) -> Iterator[StoredEvent]:
    """The rows, numbered from behind the head. Each is a microsecond later than the one before."""
    salts = salt(SALT_BYTES * len(batch.events))
    assert len(salts) == SALT_BYTES * len(batch.events), "every salt has the same length"
    append_id, actor, causation, correlation = batch.append_id, batch.actor, batch.causation, batch.correlation
    envelopes = Envelopes(append_id, actor, causation, correlation)
    for index, event in enumerate(batch.events):
        stream, body, id = event.stream, event.body, event_id(append_id, index)
        version = versions[stream] = versions.get(stream, 0) + 1
        position += 1
        own = salts[index * SALT_BYTES : (index + 1) * SALT_BYTES]
        around = envelopes.around(id, stream, event.type, event.schema, event.source, committed(own, body))
        yield StoredEvent(
            position, id, stream, version, event.type, event.schema, recorded_us + index,
            actor, event.source, append_id, causation, correlation,
            body, own, placed_hash(around, position, recorded_us + index, version),
        )  # fmt: skip


def announce(database: Database, position: int) -> None:
    """Wake those who follow the log on PostgreSQL. A hint only: they also poll, so a lost one costs a moment."""
    if database.dialect == "postgresql":
        # What is announced is recorded already: that the database went away since is no failure of the append.
        with suppress(Unavailable), outages_told(), database.engine.begin() as connection:
            connection.execute(text("SELECT pg_notify('timeline_log', :position)"), {"position": str(position)})
