"""What a backup holds beside the log: tables that the log does not tell again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, select

from timeline.errors import Invalid

KEPT = ("log_checkpoints", "tokens", "import_quarantine")
"""Their names, in the order in which they are written. A test asks of every table whether it belongs here."""
Row = dict[str, Any]


def kept_rows(connection: Connection) -> Iterator[tuple[str, Row]]:
    """Table and row of everything that is kept beside the log, in order of the tables' keys."""
    for name in KEPT:
        table = _table(connection, name)
        for row in connection.execute(select(table).order_by(*table.primary_key)).mappings():
            yield name, {str(column): _plain(value) for column, value in row.items()}


def count_kept(connection: Connection) -> int:
    """How many rows there are."""
    counts = (select(func.count()).select_from(_table(connection, name)) for name in KEPT)
    return sum(connection.execute(count).scalar_one() for count in counts)


def put_kept(connection: Connection, rows: Iterable[tuple[str, Row]]) -> int:
    """Write rows as `kept_rows` gave them. How many there were. Raises `Invalid` for a table or column unknown here."""
    found: dict[str, list[Row]] = defaultdict(list)
    for name, row in rows:
        found[name].append({column: _stored(value) for column, value in row.items()})
    for name, values in found.items():
        if name not in KEPT:
            raise Invalid("BACKUP_DAMAGED", f"the backup has rows of {name}, which is no table of this software")
        connection.execute(insert(_table(connection, name)), values)
    return sum(map(len, found.values()))


def _table(connection: Connection, name: str) -> Table:
    # As the database has it: the rooms that own these tables lie above and beside this one.
    return Table(name, MetaData(), autoload_with=connection)


def _plain(value: Any) -> Any:
    return {"hex": bytes(value).hex()} if isinstance(value, bytes | memoryview) else value


def _stored(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
