"""Where a person was and what became of a post, in order of time and in pages: read from the links alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from timeline.errors import Invalid
from timeline.read.conditions import Query
from timeline.read.cursors import cursor_of, key_of
from timeline.read.documents import Document
from timeline.read.filters import Page, size_of
from timeline.read.snapshot import Snapshot

PRESENT, ABSENT = "PERSON", "ABSENT"
KEY = "l.es, l.le, l.id"


@dataclass(frozen=True, slots=True)
class Stop:
    """A meeting of an itinerary. Who takes part is present, whoever else is said to be absent."""

    document: Document
    cursor: str
    is_present: bool


@dataclass(frozen=True, slots=True)
class Stops:
    """A page of an itinerary, or of the history of a post."""

    stops: list[Stop]
    has_next: bool


async def itinerary(snapshot: Snapshot, person: str, page: Page) -> Stops:
    """The meetings that a person took part in, or where somebody stood in: by earliest start, latest end, id."""
    return await _linked(snapshot, (PRESENT, ABSENT), person, ("meeting",), page)


async def post_history(snapshot: Snapshot, post: str, page: Page) -> tuple[Stops, Document | None]:
    """Tenures of a post and nominations to it, in the same order, and the last tenure before the page."""
    kinds = ("tenure", "nomination")
    if page.after is None:
        return await _linked(snapshot, ("POST",), post, kinds, page), None
    query = await _links(snapshot, ("POST",), post, ("tenure",))
    query.where.append(f"({KEY}) <= ({_key(query, page.after)})")
    rows = await snapshot.rows(
        query,
        f"SELECT l.id FROM {snapshot.shelf}_links l WHERE {query.condition} "
        f"ORDER BY {', '.join(f'{part} DESC' for part in KEY.split(', '))} LIMIT 1",
    )
    before = await snapshot.documents([row[0] for row in rows])
    return await _linked(snapshot, ("POST",), post, kinds, page), next(iter(before.values()), None)


async def _linked(snapshot: Snapshot, roles: Sequence[str], value: str, kinds: Sequence[str], page: Page) -> Stops:
    if page.last is not None or page.before is not None or page.descending:
        raise Invalid("PAGE_INVALID", "this list is read forward: use first and after", ("last",))
    size = size_of(page)
    query = await _links(snapshot, roles, value, kinds)
    if page.after is not None:
        query.where.append(f"({KEY}) > ({_key(query, page.after)})")
    rows = await snapshot.rows(
        query,
        f"SELECT {KEY}, MAX(CASE WHEN l.role = '{ABSENT}' THEN 0 ELSE 1 END) FROM {snapshot.shelf}_links l "
        f"WHERE {query.condition} GROUP BY {KEY} ORDER BY {KEY} LIMIT {query.put(size + 1)}",
    )
    documents = await snapshot.documents([row[2] for row in rows[:size]])
    stops = [Stop(documents[row[2]], cursor_of(list(row[:3])), bool(row[3])) for row in rows[:size]]
    return Stops(stops, has_next=len(rows) > size)


async def _links(snapshot: Snapshot, roles: Sequence[str], value: str, kinds: Sequence[str]) -> Query:
    """The links of a value, or of what was merged into it, in these roles."""
    query = await snapshot.query()
    query.where += [
        query.among("l.value", query.expand([value])),
        query.among("l.role", roles),
        query.among("l.kind", kinds),
        query.valid("l"),
    ]
    return query


def _key(query: Query, cursor: str) -> str:
    return ", ".join(query.put(part) for part in key_of(cursor, (int, int, str)))
