"""Many rows in or out of a database at once, below SQLAlchemy, by the fastest way that the driver of each engine has.

It belongs to the transaction of the connection that is given, like everything else that is done with that.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Select

COPIED_ROWS = 20
"""From so many rows on PostgreSQL's COPY, which takes a round trip more, is faster than inserting."""
Row = Sequence[Any]


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Rows for one table, in this order."""
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite" or len(rows) < COPIED_ROWS:
        execute_many(connection, f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
        return
    with _driver(connection).cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def execute_many(connection: Connection, statement: str, rows: Sequence[Row]) -> None:
    """A statement with `?` for each value, once for each row."""
    if connection.dialect.name == "sqlite":
        _driver(connection).executemany(statement, rows)
        return
    with _driver(connection).cursor() as cursor:
        cursor.executemany(statement.replace("?", "%s"), rows)


def stream(connection: Connection, wanted: Select[Any], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a query without parameters, as the driver gives them, in lists of this size but for the last."""
    driver, is_sqlite = _driver(connection), connection.dialect.name == "sqlite"
    # A named cursor of PostgreSQL leaves the rows with the server until they are fetched.
    cursor = driver.cursor() if is_sqlite else driver.cursor(f"stream_{uuid.uuid4().hex}", binary=True)
    with closing(cursor):
        cursor.execute(str(wanted.compile(dialect=connection.dialect)))
        while rows := cursor.fetchmany(size):
            yield rows


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
