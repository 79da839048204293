"""The occurrences that may fill a step of a pattern, without their documents: id, bounds and parties.

Meetings that columns tell apart are read from an index that holds these columns, those of one level together. Only
where a party leads to few of them are its links read, and what they lead to looked up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from operator import itemgetter
from typing import Any

from timeline.errors import Refused
from timeline.read.conditions import Query, occurrence_query
from timeline.read.filters import OccurrenceFilter
from timeline.read.rarity import MOST, links_of
from timeline.read.snapshot import Snapshot
from timeline.read.tables import LONG_DAYS
from timeline.values.dates import INFINITY

COLUMNS = {"kinds", "levels", "formats", "statuses", "all_of", "any_of", "none_of", "times"}
"""Fields of a filter that the index of steps answers."""
OF_MEETINGS = ("levels", "formats")
"""What only meetings have."""
SCANNED = 12
"""In the time of one look-up so many entries of the index are read: 2 microseconds on PostgreSQL 18."""
LEVELS = 6
"""Of so many events one is a meeting of a certain level, roughly."""
DEFAULTS = {each.name: each.default for each in fields(OccurrenceFilter)}
Row = Sequence[Any]
ES, LS, EE, LE, PARTIES = 1, 2, 3, 4, 6
"""Where columns stand in a row of `read_step`."""
IN_ORDER = itemgetter(ES, LE, 0)
Window = tuple[int, int]
MAX_CANDIDATES = 50_000
"""How many candidates a step may have once the steps beside it bound it in time."""
CHUNK = 50
"""How many windows one query asks for."""


async def read_step(
    snapshot: Snapshot, filter: OccurrenceFilter, limit: int, near: Callable[[Query], str] | None = None
) -> Sequence[Row]:
    """Id, earliest and latest start and end, doubt and parties of dated occurrences."""
    query = await snapshot.query()
    if await _is_narrow(snapshot, filter):
        query.index, filter = "steps", replace(filter, kinds=("meeting",))
    query = occurrence_query(query, filter)
    query.where.append(f"{query.dated}.es < {query.put(INFINITY)}")
    if near is not None:
        query.where.append(near(query))
    return await snapshot.rows(
        query,
        "SELECT r.id, r.es, r.ls, r.ee, r.le, r.uncertain, r.party_key FROM "
        f"{query.records} WHERE {query.condition} LIMIT {query.put(limit)}",
    )


async def _is_narrow(snapshot: Snapshot, filter: OccurrenceFilter) -> bool:
    """Whether reading the index takes less than looking up what links lead to."""
    asked = {name for name, default in DEFAULTS.items() if getattr(filter, name) != default}
    is_of_meetings = filter.kinds == ("meeting",) or (not filter.kinds and not asked.isdisjoint(OF_MEETINGS))
    if not (is_of_meetings and asked <= COLUMNS):
        return False
    numbers = [
        await links_of(snapshot.database, snapshot.shelf, snapshot.position, "PARTY", party) for party in filter.all_of
    ]
    scanned = snapshot.head / (LEVELS if filter.levels else 1)
    return min(numbers, default=MOST) * SCANNED >= min(scanned, MOST * SCANNED)


async def near_windows(
    snapshot: Snapshot,
    filter: OccurrenceFilter,
    rows: Sequence[Row] | None,
    windows: list[Window] | None,
    path: tuple[str | int, ...],
) -> Sequence[Row]:
    """The dated occurrences that touch a window; all of them when nothing bounds them. Without rows they are read."""
    merged = None if windows is None else _merged(windows)
    if rows is None and merged is None:
        rows = await read_step(snapshot, filter, MAX_CANDIDATES + 1)
    elif rows is None and merged is not None:
        rows = await _read_near(snapshot, filter, merged)
    near = [row for row in rows or () if merged is None or _touches(merged, row[ES], row[LE])]
    if len(near) > MAX_CANDIDATES:
        raise too_many(MAX_CANDIDATES, path)
    return near


def too_many(most: int, path: tuple[str | int, ...]) -> Refused:
    """What a pattern is answered with of which a step may be filled by more than so many."""
    message = f"more than {most:,} occurrences may fill this step; narrow it, or bound the time"
    return Refused("PATTERN_TOO_WIDE", message, path)


async def _read_near(snapshot: Snapshot, filter: OccurrenceFilter, windows: list[Window]) -> list[Row]:
    """Occurrences that touch a window, piece of time by piece; and all of the few long ones."""
    found: dict[str, Row] = {}

    def long(query: Query) -> str:
        return f"{query.dated}.le - {query.dated}.es > {query.put(LONG_DAYS)}"

    for row in await read_step(snapshot, filter, MAX_CANDIDATES + 1, long):
        found[row[0]] = row
    for at in range(0, len(windows), CHUNK):
        chunk = windows[at : at + CHUNK]

        def touching(query: Query, chunk: list[Window] = chunk) -> str:
            es, le = f"{query.dated}.es", f"{query.dated}.le"
            each = (f"({es} <= {query.put(last)} AND {le} >= {query.put(first)})" for first, last in chunk)
            whole = f"{es} >= {query.put(chunk[0][0] - LONG_DAYS)} AND {es} <= {query.put(chunk[-1][1])}"
            return f"{whole} AND ({' OR '.join(each)})"

        for row in await read_step(snapshot, filter, MAX_CANDIDATES + 1, touching):
            found[row[0]] = row
        if len(found) > MAX_CANDIDATES:
            break
    return list(found.values())


def _touches(windows: list[Window], first: int, last: int) -> bool:
    """Whether days touch one of these windows, which are sorted and apart."""
    at = bisect_right(windows, (last, INFINITY))
    return at > 0 and windows[at - 1][1] >= first


def _merged(windows: list[Window]) -> list[Window]:
    """Windows that touch become one; each within the days that a database can hold."""
    merged: list[Window] = []
    for first, last in sorted((max(first, -INFINITY), min(last, INFINITY)) for first, last in windows):
        if first > last:
            continue
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
