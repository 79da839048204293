"""What a database's driver says when it cannot serve, as an error of ours that a caller can act on.

Drivers differ in classes and agree in codes: SQLSTATE on PostgreSQL, result codes on SQLite.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from timeline.errors import Damaged, TimelineError, Unavailable

AGAIN = "what was acknowledged is safe; send the request again with the same append id"
GONE = ("08", "28", "3D", "53", "57P", "55P03", "25006")
"""How the SQLSTATEs begin of a server that is away, starting, stopping, full of connections, locked or a standby."""
PRIMARY = 0xFF
"""SQLite's extended result codes hold the primary one in their lowest byte."""


ENDED = asyncpg.InternalClientError
"""What asyncpg also raises on a connection that the server has just ended: it hears of that in a state of its own."""
DRIVERS = (DBAPIError, NoneFree, sqlite3.Error, psycopg.Error, asyncpg.PostgresError, asyncpg.InterfaceError, ENDED)


@contextmanager
def outages_told(*more: type[Exception]) -> Iterator[None]:
    """Raise `Unavailable` or `Damaged` where a driver, or `more`, says that the database cannot serve."""
    try:
        yield
    except (*DRIVERS, *more) as error:
        told = outage(error)
        if told is None:
            raise
        raise told from error


def outage(error: BaseException) -> TimelineError | None:
    """What this error of a driver means; None when the database can serve and something else is wrong."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(getattr(cause, "sqlite_errorcode", None))
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return _of_postgresql(state)
    return _away() if _is_lost(error, cause) else None


def said(error: BaseException) -> str:
    """The driver's own words in one line, without SQL."""
    return " ".join(str(_cause(error)).split()) or type(_cause(error)).__name__


def _cause(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _is_lost(error: BaseException, cause: BaseException) -> bool:
    """Whether no connection could be had, or the one at hand has ended."""
    if isinstance(cause, asyncpg.InterfaceError):  # Wrong use of the driver is one, too.
        return "clos" in str(cause)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(cause, psycopg.OperationalError | NoneFree | OSError | ENDED)


def _of_postgresql(state: str) -> TimelineError | None:
    if state == "53100":
        return _full()
    if state.startswith("58"):
        return _unwritable()
    if state.startswith("XX00") and state != "XX000":
        return _damaged()
    return _away() if state.startswith(GONE) else None


def _of_sqlite(code: int | None) -> TimelineError | None:
    match None if code is None else code & PRIMARY:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_CANTOPEN:
            return _away()
        case sqlite3.SQLITE_FULL:
            return _full()
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return _unwritable()
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged()
    return None


def _away() -> Unavailable:
    return Unavailable("DATABASE_UNAVAILABLE", f"the database does not answer now; {AGAIN}")


def _full() -> Unavailable:
    return Unavailable("DATABASE_FULL", f"the database's disk is full, so nothing can be recorded; {AGAIN}")


def _unwritable() -> Unavailable:
    return Unavailable("DATABASE_UNWRITABLE", f"the database's disk refuses to be read or written; {AGAIN}")


def _damaged() -> Damaged:
    return Damaged("DATABASE_DAMAGED", "the database's files are damaged; restore the record from a backup")
