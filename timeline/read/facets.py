"""How often each value occurs in a list of occurrences.

Of a short list the columns that tell are read once, for all facets together, and counted here; a long one is counted in
the database, facet by facet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
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


def _linked_as(asked: str) -> Values:
    def values(links: str) -> Iterator[str]:
        return (value for role, value, _ in orjson.loads(links) if role == asked)

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


async def facets(snapshot: Snapshot, query: Query, names: Sequence[str], limit: int) -> dict[str, Counts]:
    """Per facet the values and their counts, the most frequent first. Raises `Invalid` for one that there is not."""
    for name in names:
        if name not in FACETS:
            message = f"there is no facet {name!r}; there are {', '.join(sorted(FACETS))}"
            raise Invalid("FACET_UNKNOWN", message, ("facets",))
    columns = [f"r.{FACETS[name][0]}" for name in names]
    most = query.put(SHORT + 1)
    rows = await snapshot.rows(
        query, f"SELECT {', '.join(columns)} FROM {query.records} WHERE {query.condition} LIMIT {most}"
    )
    if len(rows) > SHORT:
        return {name: (await _counted(snapshot, query, name))[:limit] for name in names}
    told = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {
        name: _by_count(_weighed(FACETS[name][1], Counter(column)))[:limit]
        for name, column in zip(names, told, strict=True)
    }


async def _counted(snapshot: Snapshot, query: Query, name: str) -> Counts:
    """The counts of one facet of a long list."""
    column, values = FACETS[name]
    table, where, told = query.records, query.condition, f"r.{column}"
    if column == "links":
        # Parsing the links of each record here would take longer.
        table, told, values = f"{table} JOIN {query.shelf}_links l ON l.id = r.id", "l.value", _itself
        where = f"{where} AND l.role = '{name}' AND {query.valid('l')}"
    rows = await snapshot.rows(query, f"SELECT {told}, COUNT(*) FROM {table} WHERE {where} GROUP BY {told}")
    return _by_count(_weighed(values, {row[0]: row[1] for row in rows}))


def _weighed(values: Values, counts: dict[Any, int]) -> Counter[str]:
    """How often each value occurs, from how often each content of a column does."""
    found: Counter[str] = Counter()
    for content, number in counts.items():
        for value in values(content):
            found[value] += number
    return found


def _by_count(counts: Counter[str]) -> Counts:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
