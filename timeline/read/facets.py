"""How often each value occurs in a list.

Of a short list the columns that tell are read once, for all facets together, and counted here; a long one is counted in
the database, facet by facet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from timeline.errors import Invalid
from timeline.read.conditions import Query
from timeline.values.dates import year_of

if TYPE_CHECKING:
    from timeline.read.snapshot import Snapshot

SHORT = 2_000
"""A list of so many is counted here."""
Counts = list[tuple[str, int]]
Values = Callable[[Any], Iterable[str]]


def _itself(value: Any) -> Iterator[str]:
    if value is not None:
        yield value


def _parties(key: str) -> Iterable[str]:
    return key.split("|") if key else ()


def _year(day: int) -> Iterator[str]:
    year = year_of(day)
    if year is not None:
        yield str(year)


def _linked_as(*asked: str) -> Values:
    def values(links: str) -> Iterator[str]:
        return (value for role, value, _ in orjson.loads(links) if role in asked)

    return values


FACETS: dict[str, tuple[str, Values]] = {
    "KIND": ("kind", _itself),
    "PARTY": ("party_key", _parties),
    "PLACE": ("place", _itself),
    "LEVEL": ("level", _itself),
    "FORMAT": ("format", _itself),
    "YEAR": ("es", _year),
    "SOURCE": ("links", _linked_as("SOURCE")),
    "TOPIC": ("links", _linked_as("TOPIC")),
    "ATTRIBUTION": ("attribution", _itself),
    "STATUS": ("status", _itself),
}
"""Per facet the column of a record that tells its values, and how."""
COLUMNS = tuple(dict.fromkeys(column for column, _ in FACETS.values()))
ROLES = {"PARTY": ("PARTY", "MEMBER")}
"""Roles that are one to who asks. No kind of record has links in both."""
BELONGING = {**FACETS, "PARTY": ("links", _linked_as(*ROLES["PARTY"]))}
"""The same for lists of people and the like, who are of a party."""


@dataclass(frozen=True, slots=True)
class Faceted:
    """Per facet the values and their counts; and how long the list is, if it is short."""

    values: dict[str, Counts]
    length: int | None


async def facets(
    snapshot: Snapshot,
    query: Query,
    table: str,
    names: Sequence[str],
    limit: int,
    told_by: dict[str, tuple[str, Values]] = FACETS,
) -> Faceted:
    """Per facet the values and their counts in what is asked of the table, the most frequent first.

    Ids of what was merged count for the survivor. Raises `Invalid` for a facet that there is not.
    """
    check(names, told_by)
    columns = [f"r.{told_by[name][0]}" for name in names]
    most = query.put(SHORT + 1)
    rows = await snapshot.rows(query, f"SELECT {', '.join(columns)} FROM {table} WHERE {query.condition} LIMIT {most}")
    if len(rows) > SHORT:
        counted = [await _counted(snapshot, query, table, name, *told_by[name]) for name in names]
    else:
        told = zip(*rows, strict=True) if rows else ((),) * len(names)
        counted = [_weighed(told_by[name][1], Counter(column)) for name, column in zip(names, told, strict=True)]
    return await faceted(snapshot, names, counted, limit, len(rows) if len(rows) <= SHORT else None)


def check(names: Sequence[str], told_by: dict[str, tuple[str, Values]] = FACETS) -> None:
    """Raises `Invalid` for a facet that there is not."""
    for name in names:
        if name not in told_by:
            message = f"there is no facet {name!r}; there are {', '.join(sorted(told_by))}"
            raise Invalid("FACET_UNKNOWN", message, ("facets",))


async def faceted(
    snapshot: Snapshot, names: Sequence[str], counted: Iterable[dict[str, int]], limit: int, length: int | None
) -> Faceted:
    """The most frequent values of each facet, as whoever asks may see them."""
    shown = [await _shown(snapshot, counts) for counts in counted]
    return Faceted({name: _most(counts, limit) for name, counts in zip(names, shown, strict=True)}, length)


async def _counted(
    snapshot: Snapshot, query: Query, table: str, name: str, column: str, values: Values
) -> Counter[str]:
    """The counts of one facet of a long list."""
    where, told = query.condition, f"r.{column}"
    if column == "links":
        # Parsing the links of each record here would take longer.
        table, told, values = f"{table} JOIN {query.shelf}_links l ON l.id = r.id", "l.value", _itself
        where = f"{where} AND {query.among('l.role', ROLES.get(name, (name,)))} AND {query.valid('l')}"
    rows = await snapshot.rows(query, f"SELECT {told}, COUNT(*) FROM {table} WHERE {where} GROUP BY {told}")
    return _weighed(values, {row[0]: row[1] for row in rows})


def _weighed(values: Values, counts: dict[Any, int]) -> Counter[str]:
    """How often each value occurs, from how often each content of a column does."""
    found: Counter[str] = Counter()
    for content, number in counts.items():
        for value in values(content):
            found[value] += number
    return found


async def _shown(snapshot: Snapshot, counts: dict[str, int]) -> dict[str, int]:
    """Without what is hidden; what was merged counts for the survivor."""
    if snapshot.veil is None and not snapshot.merges:
        return counts
    found: Counter[str] = Counter()
    seen = await snapshot.seen(list(counts))
    for value, survivor in zip(counts, await snapshot.survivors(list(counts)), strict=True):
        if value in seen:
            found[survivor] += counts[value]
    return found


def _most(counts: dict[str, int], limit: int) -> Counts:
    """The most frequent ones; equally frequent ones by value."""
    if len(counts) > limit > 0:  # Most values are rare: comparing numbers first leaves few to be sorted.
        least = sorted(counts.values(), reverse=True)[limit - 1]
        counts = {value: number for value, number in counts.items() if number >= least}
    return sorted(sorted(counts.items()), key=itemgetter(1), reverse=True)[:limit]
