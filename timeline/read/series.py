"""Series: all meetings of one exact set of parties, in order, and how long passed between them.

A series is of the meetings that were held, unless its filter names other statuses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from timeline.errors import Invalid
from timeline.read.conditions import Query, occurrence_query
from timeline.read.cursors import cursor_of, key_of
from timeline.read.figures import Figures, figures_of_rows
from timeline.read.filters import OccurrenceFilter
from timeline.read.numbering import numbering
from timeline.read.snapshot import Snapshot
from timeline.values.dates import INFINITY

RANKS = {
    "COUNT": "-COUNT(*)",
    "LAST": "-MAX(r.le)",
    # What has no date ends at -INFINITY.
    "SILENT_LONGEST": f"CASE WHEN MAX(r.le) = -{INFINITY} THEN {INFINITY} ELSE MAX(r.le) END",
    "LONGEST_SILENCE": "-MAX(r.silence)",
    "FIRST": "MIN(r.es)",
}
"""How all series can be sorted, the least rank first, then by the parties; each order is total."""
SILENCE = f"CASE WHEN r.es < {INFINITY} AND r.es >= %(before)s THEN r.es - %(before)s ELSE -1 END"
WALKED = {"kinds", "exactly", "levels", "formats", "statuses", "all_of", "any_of", "none_of", "times"}
"""Filters for which nothing is better than to walk along the index of series; all else leads to few meetings."""
EARLIER = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One set of parties that met. Days are day numbers; an infinite one is None."""

    key: str
    cursor: str
    count: int
    first: int | None
    last: int | None


def of_series(filter: OccurrenceFilter) -> OccurrenceFilter:
    """The filter for the meetings of a series."""
    return replace(filter, kinds=("meeting",), statuses=filter.statuses or ("HELD",))


def exact_set(parties: Sequence[str], filter: OccurrenceFilter) -> OccurrenceFilter:
    """The filter for the series of exactly these parties."""
    if not parties:
        raise Invalid("SERIES_INVALID", "a series needs its parties", ("parties",))
    return replace(of_series(filter), exactly=tuple(parties))


async def figures(snapshot: Snapshot, filter: OccurrenceFilter) -> Figures:
    """The whole series in figures, read without documents, and kept until something of it changes."""
    known = await numbering(snapshot, filter)
    if known.figures is None:
        known.figures = figures_of_rows(await _dates(snapshot, await _series_query(snapshot, filter)))
    return known.figures


async def figures_of(snapshot: Snapshot, filter: OccurrenceFilter, keys: Sequence[str]) -> dict[str, Figures]:
    """The series of several sets in figures, by their keys."""
    query = await _series_query(snapshot, of_series(filter))
    merged = await _merged_sets(snapshot)
    raw = [*keys, *(key for key, survivor in merged.items() if survivor in keys)]
    query.where.append(query.among("r.party_key", raw))
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in await _dates(snapshot, query):
        key: str = row[6]
        rows[merged.get(key, key)].append(row)
    return {each: figures_of_rows(rows[each]) for each in keys}


async def all_series(
    snapshot: Snapshot,
    filter: OccurrenceFilter,
    *,
    party_count: int | None = None,
    min_count: int = 1,
    order: str = "COUNT",
    first: int = 50,
    after: str | None = None,
) -> tuple[list[SeriesRow], bool]:
    """Every set of parties that met, and whether more follow. Meetings without a date count and have no gaps."""
    query = await _series_query(snapshot, of_series(filter))
    query.where.append("r.party_key <> ''")
    query.whole()
    key = _survivors(query, await _merged_sets(snapshot))
    source, condition = query.records, query.condition
    if order == "LONGEST_SILENCE":
        # The latest end so far: a long meeting may outlast those that began after it.
        before = f"MAX(r.le) OVER (PARTITION BY {key} ORDER BY r.es, r.le, r.id {EARLIER})"
        silence = SILENCE % {"before": before}
        source = f"(SELECT {key} AS party_key, r.es, r.le, {silence} AS silence FROM {source} WHERE {condition}) r"
        key, condition = "r.party_key", "1 = 1"
    wanted = [f"number >= {query.put(min_count)}"]
    if party_count is not None:
        wanted.append(f"LENGTH(parties) - LENGTH(REPLACE(parties, '|', '')) + 1 = {query.put(party_count)}")
    if after is not None:
        rank, parties = key_of(after, (int, str))
        wanted.append(f"(rank, parties) > ({query.put(rank)}, {query.put(parties)})")
    rows = await snapshot.rows(
        query,
        "SELECT parties, rank, number, first, last FROM "
        f"(SELECT {key} AS parties, {RANKS[order]} AS rank, COUNT(*) AS number, MIN(r.es) AS first, MAX(r.le) AS last "
        f"FROM {source} WHERE {condition} GROUP BY 1) sets "
        f"WHERE {' AND '.join(wanted)} ORDER BY rank, parties LIMIT {query.put(first + 1)}",
    )
    found = [SeriesRow(row[0], cursor_of([row[1], row[0]]), row[2], _day(row[3]), _day(row[4])) for row in rows[:first]]
    return found, len(rows) > first


async def _series_query(snapshot: Snapshot, filter: OccurrenceFilter) -> Query:
    """The filter's conditions on records `r`, in the words of the index that holds what figures ask."""
    query = occurrence_query(await snapshot.query(), filter)
    asked = {each.name for each in fields(filter) if getattr(filter, each.name) != each.default}
    query.from_series(forced=asked <= WALKED)
    return query


async def _merged_sets(snapshot: Snapshot) -> dict[str, str]:
    """Sets of parties, by their keys in the tables, that are other sets since some parties were merged."""
    query = await snapshot.query()
    merged = await snapshot.merged_ids("organization/", "state/")
    if not merged:
        return {}
    links = f"{query.shelf}_links l JOIN {query.shelf}_records r ON r.id = l.id"
    rows = await snapshot.rows(
        query,
        f"SELECT DISTINCT r.party_key FROM {links} WHERE l.role = 'PARTY' AND {query.among('l.value', merged)} "
        f"AND l.kind = 'meeting' AND {query.valid('l')} AND {query.valid('r')}",
    )
    keys = [row[0] for row in rows]
    parties = [await snapshot.survivors(key.split("|")) for key in keys]
    return {key: "|".join(sorted(set(survivors))) for key, survivors in zip(keys, parties, strict=True)}


def _survivors(query: Query, merged: Mapping[str, str]) -> str:
    """The set of a record's parties, as they are found now, in SQL."""
    if not merged:
        return "r.party_key"
    cases = " ".join(f"WHEN {query.put(key)} THEN {query.put(survivor)}" for key, survivor in merged.items())
    return f"CASE r.party_key {cases} ELSE r.party_key END"


def _day(day: int | None) -> int | None:
    return None if day is None or abs(day) >= INFINITY else day


async def _dates(snapshot: Snapshot, query: Query) -> Sequence[Row]:
    """Id, bounds, doubt and set of the meetings, set by set."""
    return await snapshot.rows(
        query,
        f"SELECT r.id, r.es, r.ls, r.ee, r.le, r.uncertain, r.party_key FROM {query.records} "
        f"WHERE {query.condition} ORDER BY r.party_key, r.es, r.le, r.id",
    )
