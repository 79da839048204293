"""The statements that read a page in order, so that an index leads to what is shown and past little else."""

from __future__ import annotations

from collections.abc import Sequence

from timeline.read.conditions import Query
from timeline.read.tables import LONG, LONG_DAYS
from timeline.values.dates import INFINITY


def page(query: Query, table: str, names: Sequence[str], shown: Sequence[str], way: str, size: int) -> str:
    """The statement for so many rows in order of these names, the columns shown of their records beside them."""
    columns = ", ".join([*names, *(f"r.{column}" for column in shown)])
    order, limit = f"ORDER BY {', '.join(name + way for name in names)}", f"LIMIT {query.put(size)}"
    if query.dialect == "postgresql" and query.is_told_by_links:
        return _from_links(query, columns, names, order, limit)
    if (parts := _apart(query, table, names[0])) is None:
        return f"SELECT {columns} FROM {table} WHERE {query.condition} {order} {limit}"
    each = (f"SELECT * FROM (SELECT {columns} FROM {part} {order} {limit}) p{n}" for n, part in enumerate(parts))
    return f"{' UNION ALL '.join(each)} ORDER BY {', '.join(f'{n + 1}{way}' for n in range(len(names)))} {limit}"


def counted(query: Query, table: str) -> str:
    """What tells how many rows there are: one for each."""
    if query.is_told_by_links:
        return f"SELECT 1 AS one FROM {query.links}"
    parts = _apart(query, table, "r.es") or _apart(query, table, "r.le") or (f"{table} WHERE {query.condition}",)
    return " UNION ALL ".join(f"SELECT 1 AS one FROM {part}" for part in parts)


def _from_links(query: Query, columns: str, names: Sequence[str], order: str, limit: str) -> str:
    """PostgreSQL is told to look at records only once a page of links is full.

    It expects far fewer links of a value than some have, and would look up the records of all and sort them.
    """
    links, joined = f"SELECT {', '.join(names)} FROM {query.links} {order} {limit}", " AND ".join(query.joined)
    return f"SELECT {columns} FROM ({links}) d JOIN {query.shelf}_records r ON {joined} {order}"


def _apart(query: Query, table: str, by: str) -> tuple[str, ...] | None:
    """What touches days in two parts: what begins and ends near them, and the few long ones, which have own indexes.

    Else an index would be walked from the first record of all, since what began long before may last. None where the
    days have no end on the side on which the order begins, or something else leads to the records.
    """
    first, last = query.touching
    if table != f"{query.shelf}_records r":
        return None
    if by == "r.es" and first > -INFINITY:
        near, far, index = ">=", "<", "long_up"
        day = query.put(first - LONG_DAYS)
    elif by == "r.le" and last < INFINITY:
        near, far, index = "<=", ">", "long_down"
        day = query.put(last + LONG_DAYS)
    else:
        return None
    told = f"{table} INDEXED BY {query.shelf}_records_{index}" if query.dialect == "sqlite" else table
    asked = f"WHERE {query.condition} AND {by}"
    return f"{table} {asked} {near} {day}", f"{told} {asked} {far} {day} AND {LONG}"
