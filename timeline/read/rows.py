"""What every request asks first, the state of the record, and records by id: each asked once for all who wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from weakref import WeakKeyDictionary, ref

from timeline.database import Database
from timeline.read.conditions import Query
from timeline.read.together import Together

CHUNK = 400
T = TypeVar("T")


def chunks(items: Sequence[T]) -> list[Sequence[T]]:
    """Parts that are not too long for one query."""
    return [items[at : at + CHUNK] for at in range(0, len(items), CHUNK)]


State = tuple[str, int, int, int, int, int, int]
"""Shelf, head, last merge, since when the shelf is live, when the last embargo ends; the position asked for and when
that was recorded."""
_now: WeakKeyDictionary[Database, Together[None, State]] = WeakKeyDictionary()
Version = tuple[str, int]
"""The text of a record and since which position it holds."""
Place = tuple[str, int, int]
"""A shelf, since when it is live, and a position of the log."""
_reading: WeakKeyDictionary[Database, tuple[Place, Together[Sequence[str], dict[str, Version]]]] = WeakKeyDictionary()


async def state_now(database: Database) -> State:
    """The same now, asked once for all who ask at the same time."""
    return await _now_of(database).answer(None)


async def versions_of(database: Database, at: Place, ids: Sequence[str], *, is_head: bool) -> dict[str, Version]:
    """The records under these ids there; of those unknown nothing. At the head who ask at once are read together."""
    # SQLite answers at once, so nobody else comes meanwhile; of old positions each request has its own.
    if database.dialect == "sqlite" or not is_head:
        return await _versions(database, at, ids)
    return await _reading_of(database, at).answer(ids)


def _now_of(database: Database) -> Together[None, State]:
    found = _now.get(database)
    if found is None:
        held = ref(database)  # Kept by the database itself, it would never go.

        async def ask(_: Sequence[None]) -> State:
            return await state_at(_there(held), None, None)

        found = _now[database] = Together(ask)
    return found


def _reading_of(database: Database, at: Place) -> Together[Sequence[str], dict[str, Version]]:
    found = _reading.get(database)
    if found is None or found[0] != at:
        held = ref(database)

        async def ask(wanted: Sequence[Sequence[str]]) -> dict[str, Version]:
            return await _versions(_there(held), at, sorted({id for ids in wanted for id in ids}))

        found = _reading[database] = (at, Together(ask))
    return found[1]


def _there(held: ref[Database]) -> Database:
    database = held()
    assert database is not None, "whoever asks holds the database"
    return database


async def _versions(database: Database, at: Place, ids: Sequence[str]) -> dict[str, Version]:
    shelf, _, position = at
    found: dict[str, Version] = {}
    for chunk in chunks(ids):
        query = Query(shelf, database.dialect, list, parameters={"at": position})
        rows = await database.fetch_soon(
            f"SELECT r.id, r.doc, r.from_position FROM {shelf}_records r "
            f"WHERE {query.among('r.id', chunk)} AND {query.valid('r')}",
            **query.parameters,
        )
        found |= {id: (doc, since) for id, doc, since in rows}
    return found


async def state_at(database: Database, position: int | None, recorded_us: int | None) -> State:
    """The state of the read tables, and where a position or a time lies; where the log ends without either."""
    asked: dict[str, int] = {}
    at = "s.position"
    if position is not None:
        at, asked = "CAST(:position AS bigint)", {"position": position}
    elif recorded_us is not None:
        at = "COALESCE((SELECT MAX(position) FROM log_events WHERE recorded_us <= :recorded_us), 0)"
        asked = {"recorded_us": recorded_us}
    ((*state, found, us),) = await database.fetch_soon(
        "SELECT v.shelf, v.position, v.merges, v.swapped_us, v.embargoed_us, v.at, COALESCE(e.recorded_us, 0) FROM "
        f"(SELECT s.*, {at} AS at FROM read_state s WHERE s.id = 1) v LEFT JOIN log_events e ON e.position = v.at",
        **asked,
    )
    shelf, head, merges, since_us, embargoed_us = state
    return shelf, head, merges, since_us, embargoed_us, found, us
