"""Many rows in or out of a database at once, below SQLAlchemy, by the fastest way that the driver of each engine has.

It belongs to the transaction of the connection that is given, like everything else that is done with that.
"""

from __future__ import annotations

import gc
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, Select
from sqlalchemy.exc import DBAPIError

COPIED_ROWS = 20
"""From so many rows on PostgreSQL's COPY, which takes a round trip more, is faster than inserting."""
Row = Sequence[Any]


def insert_rows(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Rows for one table, in this order."""
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite" or len(rows) < COPIED_ROWS:
        execute_many(connection, f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)
        return
    statement = f"COPY {table} ({names}) FROM STDIN"
    with _faults(connection, statement), _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def execute_many(connection: Connection, statement: str, rows: Sequence[Row]) -> None:
    """A statement with `?` for each value, once for each row."""
    if rows:
        written = statement if connection.dialect.name == "sqlite" else statement.replace("?", "%s")
        connection.exec_driver_sql(written, [tuple(row) for row in rows])


def stream(connection: Connection, wanted: Select[Any], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a query without parameters, as the driver gives them, in lists of this size but for the last."""
    driver, is_sqlite = _driver(connection), connection.dialect.name == "sqlite"
    # A named cursor of PostgreSQL leaves the rows with the server until they are fetched.
    cursor = driver.cursor() if is_sqlite else driver.cursor(f"stream_{uuid.uuid4().hex}", binary=True)
    statement = str(wanted.compile(dialect=connection.dialect))
    with _faults(connection, statement), closing(cursor):
        cursor.execute(statement)
        while rows := cursor.fetchmany(size):
            yield rows


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Without the collector of cyclic garbage: among the many values of a batch, none of them in a cycle, it would look
    at all of them again and again, for a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


@contextmanager
def _faults(connection: Connection, statement: str) -> Iterator[None]:
    """Faults of the driver as SQLAlchemy raises them, so that callers need to know one kind only."""
    error = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except error as fault:
        raise DBAPIError.instance(statement, None, fault, error, dialect=connection.dialect) from fault
