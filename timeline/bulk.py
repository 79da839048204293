"""Many rows in or out of a database at once, below SQLAlchemy, by the fastest way that the driver of each engine has.

It belongs to the transaction of the connection that is given, like everything else that is done with that.
"""

from __future__ import annotations

import gc
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import psycopg
from psycopg import pq
from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

COPIED_ROWS = 20
"""From so many rows on PostgreSQL's COPY, which takes a round trip more, is faster than inserting."""
GROUPS = (500, 20)
"""How many rows one statement inserts on SQLite: the search index is written out after each, and that took longer than
all else of a row of words. Two sizes, for statements are kept. It takes 32,766 parameters at most."""
Row = Sequence[Any]
Statement = tuple[str, Row]
"""SQL with `?` for each value, and the values."""


class Rows(NamedTuple):
    """Rows for one table. They may still be made while the first ones are on their way; then `number` says how many."""

    table: Table
    columns: Sequence[str]
    rows: Iterable[Row]
    number: int | None = None

    def how_many(self) -> int:
        """How many they are, said or counted."""
        if self.number is not None:
            return self.number
        assert isinstance(self.rows, Sequence), "it is said how many rows there are that are still made"
        return len(self.rows)


def insert_all(connection: Connection, tables: Sequence[Rows], then: Sequence[Statement]) -> None:
    """Rows for several tables in this order, then statements: few of them in one round trip."""
    if sum(each.how_many() for each in tables) < COPIED_ROWS:
        inserts = ((_insert(each.table, tuple(each.columns)), row) for each in tables for row in each.rows)
        execute_all(connection, [*inserts, *then])
        return
    for each in tables:
        _insert_rows(connection, each)
    execute_all(connection, then)


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Rows for one table, in this order."""
    _insert_rows(connection, Rows(table, columns, rows))


def _insert_rows(connection: Connection, wanted: Rows) -> None:
    table, columns, rows, number = wanted.table, tuple(wanted.columns), wanted.rows, wanted.how_many()
    if not number:
        return
    if connection.dialect.name == "sqlite":
        _insert_in_groups(connection, table, columns, list(rows))
        return
    if number < COPIED_ROWS:
        execute_many(connection, _insert(table, columns), rows)
        return
    statement, types = _copy(table, columns)
    with _faults(connection, statement), _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _insert_in_groups(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    driver, one, begin = _driver(connection), _insert(table, columns), 0
    with _faults(connection, one):  # The statement of a group is longer than anybody would read.
        for group in GROUPS:
            while len(rows) - begin >= group:
                driver.execute(_insert(table, columns, group), list(chain.from_iterable(rows[begin : begin + group])))
                begin += group
    execute_many(connection, one, rows[begin:])


def execute_all(connection: Connection, statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
    """Several statements one after the other, and the rows that each gives; on PostgreSQL in one round trip."""
    driver, is_sqlite = _driver(connection), connection.dialect.name == "sqlite"
    with _faults(connection, "; ".join(statement for statement, _ in statements)):
        if is_sqlite:
            return [driver.execute(statement, values).fetchall() for statement, values in statements]
        with driver.pipeline():
            cursors = [driver.execute(statement.replace("?", "%s"), values) for statement, values in statements]
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


def call(connection: Connection, function: str, values: Row, *, alone: bool) -> list[bytes | None]:
    """What a function of PostgreSQL gives, in binary: by libpq itself, in half the time that the driver takes.

    `alone` it is a transaction of its own, unless one was begun: the server commits when the function ends.
    """
    driver = _driver(connection)
    libpq = driver.pgconn
    if libpq.transaction_status == pq.TransactionStatus.IDLE:
        _begin(connection, libpq, alone=alone)
    sent = [value if value is None or isinstance(value, bytes) else str(value).encode() for value in values]
    formats = [isinstance(value, bytes) for value in values]
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    # Not prepared: psycopg drops what is, whenever a transaction is rolled back.
    statement = f"SELECT * FROM {function}({places})"
    result = libpq.exec_params(statement.encode(), sent, None, formats, pq.Format.BINARY)
    _checked(connection, result, statement)
    return [result.get_value(0, column) for column in range(result.nfields)]


def _begin(connection: Connection, libpq: Any, *, alone: bool) -> None:
    """Begin a transaction, or say once what those will be like that begin of themselves: the server may differ."""
    level = "TRANSACTION ISOLATION LEVEL READ COMMITTED"
    if not alone:
        _checked(connection, libpq.exec_(f"BEGIN {level.removeprefix('TRANSACTION ')}".encode()), "BEGIN")
    elif level not in connection.info:
        _checked(connection, libpq.exec_(f"SET SESSION CHARACTERISTICS AS {level}".encode()), "SET")
        connection.info[level] = True


def _checked(connection: Connection, result: Any, statement: str) -> Any:
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        with _faults(connection, statement):
            raise psycopg.errors.error_from_result(result)
    return result


def execute_many(connection: Connection, statement: str, rows: Iterable[Row]) -> None:
    """A statement with `?` for each value, once for each row."""
    driver, is_sqlite = _driver(connection), connection.dialect.name == "sqlite"
    with _faults(connection, statement):
        if is_sqlite:
            driver.executemany(statement, rows)
            return
        with driver.cursor() as cursor:
            cursor.executemany(statement.replace("?", "%s"), rows)


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


@contextmanager
def beside() -> Iterator[Executor]:
    """A thread to write to a database while this one computes. It ends before what it is for does."""
    patience = sys.getswitchinterval()
    # The thread gets its turn soon whenever the server has taken what it sent, else the server would wait for us.
    sys.setswitchinterval(patience / 10)
    try:
        with ThreadPoolExecutor(1) as thread:
            yield thread
    finally:
        sys.setswitchinterval(patience)


@lru_cache
def _insert(table: Table, columns: tuple[str, ...], rows: int = 1) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"


@lru_cache
def _copy(table: Table, columns: tuple[str, ...]) -> tuple[str, list[str]]:
    """The statement and what PostgreSQL calls the types. Binary, for text is longer to write and to read."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    types = [table.c[name].type.compile(dialect).partition(" ")[0].lower() for name in columns]
    return f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)", types


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
