"""The occurrences that may fill a step of a pattern, without their documents: id, bounds and parties.

Meetings that columns tell apart are read from an index that holds these columns, those of one level together. Only
where a party leads to few of them are its links read, and what they lead to looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from timeline.read.conditions import Query, occurrence_query
from timeline.read.filters import OccurrenceFilter
from timeline.read.rarity import MOST, links_of
from timeline.read.snapshot import Snapshot
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
