"""What drivers say when a database cannot serve, as one of our errors; what is another fault passes unchanged."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import psycopg
import pytest
import sqlalchemy as sa

from timeline.database import open_database
from timeline.errors import Damaged, TimelineError, Unavailable
from timeline.outages import outage, outages_told, said


def of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode = code
    return error


def of_postgresql(state: str) -> psycopg.Error:
    return psycopg.errors.lookup(state)("words")


def wrapped(error: BaseException, is_lost: bool = False) -> sa.exc.DBAPIError:
    return sa.exc.DBAPIError("SELECT secret", {}, error, connection_invalidated=is_lost)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), "DATABASE_UNAVAILABLE"),
        (of_sqlite(sqlite3.SQLITE_CANTOPEN), "DATABASE_UNAVAILABLE"),
        (of_sqlite(sqlite3.SQLITE_FULL), "DATABASE_FULL"),
        (of_sqlite(sqlite3.SQLITE_IOERR_FSYNC), "DATABASE_UNWRITABLE"),
        (of_sqlite(sqlite3.SQLITE_READONLY), "DATABASE_UNWRITABLE"),
        (of_sqlite(sqlite3.SQLITE_CORRUPT), "DATABASE_DAMAGED"),
        (of_postgresql("57P01"), "DATABASE_UNAVAILABLE"),
        (of_postgresql("53300"), "DATABASE_UNAVAILABLE"),
        (of_postgresql("25006"), "DATABASE_UNAVAILABLE"),
        (of_postgresql("53100"), "DATABASE_FULL"),
        (of_postgresql("58030"), "DATABASE_UNWRITABLE"),
        (of_postgresql("XX001"), "DATABASE_DAMAGED"),
        (psycopg.OperationalError("connection refused"), "DATABASE_UNAVAILABLE"),
        (asyncpg.CannotConnectNowError("words"), "DATABASE_UNAVAILABLE"),
        (asyncpg.InterfaceError("connection is closed"), "DATABASE_UNAVAILABLE"),
        (asyncpg.InternalClientError("cannot switch to state 12"), "DATABASE_UNAVAILABLE"),
        (ConnectionRefusedError(111, "Connection refused"), "DATABASE_UNAVAILABLE"),
    ],
)
def test_that_a_database_cannot_serve_has_a_code(error: BaseException, code: str) -> None:
    for each in (error, wrapped(error)):
        told = outage(each)
        assert isinstance(told, Damaged if code == "DATABASE_DAMAGED" else Unavailable)
        assert told.code == code
        assert "SELECT" not in said(each)


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite(sqlite3.SQLITE_CONSTRAINT),
        of_sqlite(sqlite3.SQLITE_INTERRUPT),
        of_postgresql("57014"),
        of_postgresql("23505"),
        of_postgresql("42P01"),
        asyncpg.InterfaceError("the server expects 1 argument for this query, 0 were passed"),
    ],
)
def test_what_is_wrong_with_a_query_is_no_outage(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, outages_told():
        raise error
    assert raised.value is error


def test_a_connection_that_was_lost_is_an_outage_whatever_its_driver_says() -> None:
    told = outage(wrapped(psycopg.InterfaceError("the connection is closed"), is_lost=True))
    assert told is not None
    assert told.code == "DATABASE_UNAVAILABLE"


def test_a_failure_of_what_is_done_with_the_rows_passes_unchanged(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/t.db")
    with pytest.raises(BrokenPipeError), database.read():
        raise BrokenPipeError


@pytest.mark.parametrize("url", ["sqlite:///no/such/folder/t.db", "postgresql://nobody@127.0.0.1:9/nothing"])
def test_every_door_to_a_database_that_is_away_says_so(url: str) -> None:
    database = open_database(url)
    for door in (database.read, database.write):
        with pytest.raises(TimelineError, match="does not answer now"), door():
            pass
    with pytest.raises(TimelineError, match="does not answer now"):
        asyncio.run(database.fetch("SELECT 1"))
