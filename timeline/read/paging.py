"""The statements that read a page in order, so that an index leads to what is shown and past little else."""

from __future__ import annotations

from collections.abc import Sequence

from timeline.read.conditions import Query
from timeline.read.tables import LONG, LONG_DAYS


def page(query: Query, table: str, names: Sequence[str], shown: Sequence[str], way: str, size: int) -> str:
    """The statement for so many rows in order of these names, the columns shown of their records beside them."""
    columns = ", ".join([*names, *(f"r.{column}" for column in shown)])
    order, limit = f"ORDER BY {', '.join(name + way for name in names)}", f"LIMIT {query.put(size)}"
    if query.dialect == "postgresql" and query.is_told_by_links:
        return _from_links(query, columns, names, order, limit)
    asked = f"SELECT {columns} FROM {table} WHERE {query.condition}"
    if query.touching is None or table != f"{query.shelf}_records r":
        return f"{asked} {order} {limit}"
    near, far, index = _near_and_far(query, *query.touching, by=names[0])
    told = f"{table} INDEXED BY {query.shelf}_records_{index}" if query.dialect == "sqlite" else table
    parts = (
        f"{asked} AND {near} {order} {limit}",
        f"SELECT {columns} FROM {told} WHERE {query.condition} AND {far} {order} {limit}",
    )
    either = " UNION ALL ".join(f"SELECT * FROM ({part}) p{number}" for number, part in enumerate(parts))
    return f"{either} ORDER BY {', '.join(f'{number + 1}{way}' for number in range(len(names)))} {limit}"


def _from_links(query: Query, columns: str, names: Sequence[str], order: str, limit: str) -> str:
    """PostgreSQL is told to look at records only once a page of links is full.

    It expects far fewer links of a value than some have, and would look up the records of all and sort them.
    """
    links, joined = f"SELECT {', '.join(names)} FROM {query.links} {order} {limit}", " AND ".join(query.joined)
    return f"SELECT {columns} FROM ({links}) d JOIN {query.shelf}_records r ON {joined} {order}"


def _near_and_far(query: Query, first: int, last: int, by: str) -> tuple[str, str, str]:
    """What touches days begins and ends near them, or lasts long: these few have indexes of their own.

    Else an index would be walked from the first record of all, since what began long before may last. Given are the two
    conditions, and which index has what may be far.
    """
    if by == "r.es":
        day = query.put(first - LONG_DAYS)
        return f"r.es >= {day}", f"r.es < {day} AND {LONG}", "long_up"
    day = query.put(last + LONG_DAYS)
    return f"r.le <= {day}", f"r.le > {day} AND {LONG}", "long_down"
