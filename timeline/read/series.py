"""Series: all meetings of one exact set of parties, in order, and how long passed between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from timeline.errors import Invalid
from timeline.read.conditions import occurrence_query
from timeline.read.cursors import key_of
from timeline.read.documents import Document, dates_of
from timeline.read.filters import OccurrenceFilter, Page, size_of
from timeline.read.snapshot import Snapshot
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
    # One more than asked: it is the neighbour of the last.
    found = await snapshot.occurrences(filter, replace(page, first=size + 1))
    earlier, before = (0, []) if page.after is None else await _before(snapshot, filter, page.after)
    around: list[Document | None] = [before[0] if before else None, *found.documents, None]
    entries = [
        Entry(document, cursor, earlier + place, previous, following, _gap(previous, document))
        for place, (previous, document, following, cursor) in enumerate(
            zip(around, found.documents[:size], around[2:], found.cursors, strict=False), start=1
        )
    ]
    return Entries(entries, has_next=len(found.documents) > size, has_previous=earlier > 0)


async def figures(snapshot: Snapshot, filter: OccurrenceFilter) -> Figures:
    """The whole series in figures, read without documents."""
    query = occurrence_query(await snapshot.query(), filter)
    rows = await snapshot.rows(
        query,
        f"SELECT r.id, r.es, r.ls, r.ee, r.le, r.uncertain FROM {query.records} WHERE {query.condition} "
        "ORDER BY r.es, r.le, r.id",
    )
    dated = [(row[0], Bounds(row[1], row[2], row[3], row[4], bool(row[5]))) for row in rows if row[1] < INFINITY]
    gaps = [(gap(a, b), (one, other)) for (one, a), (other, b) in pairwise(dated)]
    finite = [(found.at_least, found, between) for found, between in gaps if found.at_least is not None]
    _, longest, between = max(finite, key=lambda each: each[0], default=(None, None, None))
    return Figures(
        count=len(rows),
        dated=len(dated),
        first=dated[0][0] if dated else None,
        last=dated[-1][0] if dated else None,
        median_gap=median(days for days, _, _ in finite) if finite else None,
        longest=longest,
        longest_between=between,
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
        f"END AS silence FROM {query.records} WHERE {query.condition}) s "
        f"GROUP BY parties HAVING COUNT(*) >= {query.put(min_count)} ORDER BY {ORDERS[order]} "
        f"LIMIT {query.put(first + 1)} OFFSET {query.put(offset)}",
    )
    found = [SeriesRow(row[0].split("|"), row[1], _day(row[2]), _day(row[3]), _silence(row[4])) for row in rows[:first]]
    return found, len(rows) > first


async def _before(snapshot: Snapshot, filter: OccurrenceFilter, cursor: str) -> tuple[int, list[Document]]:
    """How many stand up to this cursor, and the last of them."""
    key = key_of(cursor, (int, int, str))
    query = occurrence_query(await snapshot.query(), filter)
    query.where.append(f"(r.es, r.le, r.id) <= ({', '.join(query.put(part) for part in key)})")
    table = f"{query.records} WHERE {query.condition}"
    rows = await snapshot.rows(
        query,
        f"SELECT (SELECT COUNT(*) FROM {table}), r.doc FROM {table} ORDER BY r.es DESC, r.le DESC, r.id DESC LIMIT 1",
    )
    return (rows[0][0], [snapshot.read(rows[0][1])]) if rows else (0, [])


def _gap(previous: Document | None, meeting: Document) -> Gap | None:
    """The gap between two meetings; None for the first, and when one has no date."""
    a, b = dates_of(previous["when"] if previous else None), dates_of(meeting["when"])
    return None if a is None or b is None else gap(a, b)


def _day(day: int | None) -> int | None:
    return None if day is None or abs(day) >= INFINITY else day


def _silence(days: int) -> int | None:
    return None if days < 0 or days >= INFINITY // 2 else days
