"""Reading the log in order. Readers assert that positions and versions are dense; a hole stops them loudly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from timeline.errors import Damaged
from timeline.log.stored import StoredEvent
from timeline.log.tables import log_appends, log_events, log_head

CHUNK = 500
"""How many streams one statement asks for; SQLite bounds the number of parameters."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: its position, its clock in microseconds since 1970 UTC, the right edge of its tree."""

    position: int
    recorded_us: int
    tree: bytes


def head(connection: Connection) -> Head:
    """The end of the log now."""
    row = connection.execute(select(log_head.c.position, log_head.c.recorded_us, log_head.c.tree)).one()
    return Head(row.position, row.recorded_us, bytes(row.tree))


def events_after(
    connection: Connection,
    position: int,
    *,
    limit: int = 1000,
    types: Sequence[str] | None = None,
    stream: str | None = None,
) -> list[StoredEvent]:
    """The next events behind a position, oldest first. Raises `Damaged` when one is missing."""
    wanted = select(log_events).where(log_events.c.position > position).order_by(log_events.c.position).limit(limit)
    if types:
        wanted = wanted.where(log_events.c.type.in_(types))
    if stream is not None:
        wanted = wanted.where(log_events.c.stream == stream)
    found = _events(connection, wanted)
    if not types and stream is None:
        for expected, event in enumerate(found, start=position + 1):
            if event.position != expected:
                raise Damaged("LOG_HOLE", f"position {expected} is missing from the log; the next is {event.position}")
    return found


def stream_events(connection: Connection, stream: str) -> list[StoredEvent]:
    """The events of one stream, oldest first. Raises `Damaged` when one is missing."""
    return streams_events(connection, [stream]).get(stream, [])


def streams_events(connection: Connection, streams: Sequence[str]) -> dict[str, list[StoredEvent]]:
    """The events of many streams; a stream without events is left out. Raises `Damaged` when one is missing."""
    found: dict[str, list[StoredEvent]] = {}
    for chunk in _chunks(streams):
        wanted = select(log_events).where(log_events.c.stream.in_(chunk))
        for event in _events(connection, wanted.order_by(log_events.c.stream, log_events.c.version)):
            past = found.setdefault(event.stream, [])
            if event.version != len(past) + 1:
                message = f"version {len(past) + 1} of {event.stream} is missing from the log"
                raise Damaged("STREAM_HOLE", message)
            past.append(event)
    return found


def stream_versions(connection: Connection, streams: Sequence[str]) -> dict[str, int]:
    """The current version of each stream that has one."""
    found: dict[str, int] = {}
    for chunk in _chunks(streams):
        wanted = select(log_events.c.stream, func.max(log_events.c.version)).where(log_events.c.stream.in_(chunk))
        found.update((row[0], row[1]) for row in connection.execute(wanted.group_by(log_events.c.stream)))
    return found


def events_of_appends(connection: Connection, prefix: str) -> Iterator[StoredEvent]:
    """The events of all appends whose ids begin so, oldest first."""
    columns = (log_appends.c.first_position, log_appends.c.last_position)
    wanted = select(*columns).where(log_appends.c.append_id.startswith(prefix, autoescape=True)).order_by(columns[0])
    for first, last in connection.execute(wanted).all():
        yield from events_after(connection, first - 1, limit=last - first + 1) if last >= first else ()


def append_seen(connection: Connection, append_id: str) -> tuple[bytes, int, int] | None:
    """Request digest, first and last position of an append, if there was one under this id."""
    row = connection.execute(select(log_appends).where(log_appends.c.append_id == append_id)).one_or_none()
    return None if row is None else (bytes(row.request_digest), row.first_position, row.last_position)


def position_at(connection: Connection, recorded_us: int) -> int:
    """The last position recorded at or before this time; 0 when nothing was."""
    wanted = select(func.max(log_events.c.position)).where(log_events.c.recorded_us <= recorded_us)
    return connection.execute(wanted).scalar() or 0


def _events(connection: Connection, wanted: Select[Any]) -> list[StoredEvent]:
    return [StoredEvent._make(row) for row in connection.execute(wanted)]


def _chunks(streams: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(streams), CHUNK):
        yield streams[at : at + CHUNK]
