"""Series: all meetings of one exact set of parties, in order, and how long passed between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Any

from timeline.errors import Invalid
from timeline.read.conditions import Query, occurrence_query
from timeline.read.cursors import cursor_of, key_of, size_of
from timeline.read.filters import Document, OccurrenceFilter, Page
from timeline.read.snapshot import Snapshot, bounds_of_when, where
from timeline.values.dates import INFINITY, Bounds
from timeline.values.gaps import Gap, gap

ORDERS = {
    "COUNT": "number DESC, parties",
    "LAST": "last DESC, parties",
    "SILENT_LONGEST": "last, parties",
    "LONGEST_SILENCE": "silence DESC, parties",
    "FIRST": "first, parties",
}
"""How all series can be sorted; each order is total."""
MAX_SERIES = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A meeting in its series. `ordinal` counts from 1; undated ones come last."""

    document: Document
    cursor: str
    ordinal: int
    previous: Document | None
    next: Document | None
    since_previous: Gap | None


@dataclass(frozen=True, slots=True)
class Entries:
    """A page of a series."""

    entries: list[Entry]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """A series in figures. Days are from the end of one meeting to the start of the next, at least and at most."""

    count: int
    dated: int
    first: str | None
    last: str | None
    median_gap: float | None
    """Of the least number of days between neighbours."""
    longest: Gap | None
    longest_between: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One set of parties that met. Days are day numbers; an infinite one is None."""

    parties: list[str]
    count: int
    first: int | None
    last: int | None
    longest_silence: int | None


def exact_set(parties: Sequence[str], filter: OccurrenceFilter) -> OccurrenceFilter:
    """The filter for the meetings of exactly these parties."""
    if not parties:
        raise Invalid("SERIES_INVALID", "a series needs its parties", ("parties",))
    return replace(filter, kinds=("meeting",), exactly=tuple(parties))


async def entries(snapshot: Snapshot, filter: OccurrenceFilter, page: Page) -> Entries:
    """A page of the series with its neighbours: one query for the page, one for what stands before it."""
    size = size_of(page)
    if page.last is not None or page.before is not None or page.descending:
        raise Invalid("PAGE_INVALID", "a series is read forward: use first and after", ("last",))
    query = occurrence_query(await snapshot.query(), filter)
    before: list[Document] = []
    earlier = 0
    if page.after is not None:
        key = key_of(page.after, (int, int, str))
        earlier, before = await _before(snapshot, filter, key)
        query.where.append(f"(r.es, r.le, r.id) > ({', '.join(query.put(part) for part in key)})")
    rows = await snapshot.rows(
        query,
        f"SELECT r.es, r.le, r.id, r.doc FROM {snapshot.shelf}_records r WHERE {where(query)} "
        f"ORDER BY r.es, r.le, r.id LIMIT {query.put(size + 1)}",
    )
    documents = [snapshot.read(row[3]) for row in rows]
    around = [*before, *documents]
    shift = len(before)
    found = [
        Entry(
            document=document,
            cursor=cursor_of(list(rows[index])[:3]),
            ordinal=earlier + index + 1,
            previous=around[index + shift - 1] if index + shift > 0 else None,
            next=around[index + shift + 1] if index + shift + 1 < len(around) else None,
            since_previous=_gap(around[index + shift - 1], document) if index + shift > 0 else None,
        )
        for index, document in enumerate(documents[:size])
    ]
    return Entries(found, has_next=len(rows) > size, has_previous=earlier > 0)


async def figures(snapshot: Snapshot, filter: OccurrenceFilter) -> Figures:
    """The whole series in figures, read without documents."""
    query = occurrence_query(await snapshot.query(), filter)
    rows = await snapshot.rows(
        query,
        f"SELECT r.id, r.es, r.ls, r.ee, r.le, r.uncertain FROM {snapshot.shelf}_records r WHERE {where(query)} "
        "ORDER BY r.es, r.le, r.id",
    )
    dated = [(row[0], Bounds(row[1], row[2], row[3], row[4], bool(row[5]))) for row in rows if row[1] < INFINITY]
    gaps = [(gap(a, b), (one, other)) for (one, a), (other, b) in pairwise(dated)]
    finite = [found for found, _ in gaps if found.at_least is not None]
    longest = max(
        (each for each in gaps if each[0].at_least is not None), key=lambda each: each[0].at_least or 0, default=None
    )
    return Figures(
        count=len(rows),
        dated=len(dated),
        first=dated[0][0] if dated else None,
        last=dated[-1][0] if dated else None,
        median_gap=median(each.at_least or 0 for each in finite) if finite else None,
        longest=longest[0] if longest else None,
        longest_between=longest[1] if longest else None,
    )


async def all_series(
    snapshot: Snapshot,
    filter: OccurrenceFilter,
    *,
    party_count: int | None = None,
    min_count: int = 1,
    order: str = "COUNT",
    first: int = 50,
    offset: int = 0,
) -> tuple[list[SeriesRow], bool]:
    """Every set of parties that met, and whether more follow. Meetings without a date count and have no gaps."""
    query = occurrence_query(await snapshot.query(), replace(filter, kinds=("meeting",)))
    query.where.append("r.party_key <> ''")
    if party_count is not None:
        size = "LENGTH(r.party_key) - LENGTH(REPLACE(r.party_key, '|', '')) + 1"
        query.where.append(f"{size} = {query.put(party_count)}")
    infinity = query.put(INFINITY)
    rows = await snapshot.rows(
        query,
        "SELECT parties, COUNT(*) AS number, "
        f"MIN(CASE WHEN es < {infinity} THEN es END) AS first, MAX(CASE WHEN es < {infinity} THEN le END) AS last, "
        "COALESCE(MAX(silence), -1) AS silence FROM (SELECT r.party_key AS parties, r.es, r.le, "
        f"CASE WHEN r.es < {infinity} THEN r.es - LAG(r.le) OVER (PARTITION BY r.party_key ORDER BY r.es, r.le, r.id) "
        f"END AS silence FROM {snapshot.shelf}_records r WHERE {where(query)}) s "
        f"GROUP BY parties HAVING COUNT(*) >= {query.put(min_count)} ORDER BY {ORDERS[order]} "
        f"LIMIT {query.put(first + 1)} OFFSET {query.put(offset)}",
    )
    found = [SeriesRow(row[0].split("|"), row[1], _day(row[2]), _day(row[3]), _silence(row[4])) for row in rows[:first]]
    return found, len(rows) > first


async def _before(snapshot: Snapshot, filter: OccurrenceFilter, key: list[Any]) -> tuple[int, list[Document]]:
    """How many stand up to this key, and the last of them."""
    query: Query = occurrence_query(await snapshot.query(), filter)
    query.where.append(f"(r.es, r.le, r.id) <= ({', '.join(query.put(part) for part in key)})")
    table = f"{snapshot.shelf}_records r WHERE {where(query)}"
    rows = await snapshot.rows(
        query,
        f"SELECT (SELECT COUNT(*) FROM {table}), r.doc FROM {table} ORDER BY r.es DESC, r.le DESC, r.id DESC LIMIT 1",
    )
    return (rows[0][0], [snapshot.read(rows[0][1])]) if rows else (0, [])


def _gap(a: Document, b: Document) -> Gap | None:
    """The gap between two meetings; None when one has no date."""
    if not a["when"] or not b["when"] or not a["when"]["dated"] or not b["when"]["dated"]:
        return None
    return gap(bounds_of_when(a["when"]), bounds_of_when(b["when"]))


def _day(day: int | None) -> int | None:
    return None if day is None or abs(day) >= INFINITY else day


def _silence(days: int) -> int | None:
    return None if days < 0 or days >= INFINITY // 2 else days
