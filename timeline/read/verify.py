"""The read tables against the log: they are made anew in a scratch database and compared row by row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, create_engine, select
from sqlalchemy.exc import DatabaseError

from timeline.database import Database
from timeline.log.read import head
from timeline.read import tables
from timeline.read.projector import BATCH, last_embargo, replay
from timeline.read.tables import SHELF, read_state

SHOWN = 20
"""How many differing rows are told one by one."""
WRONG = {(True, True): "is not as the log makes it", (False, True): "is missing", (True, False): "is not of the log"}
"""(it is here, the log makes it) to what is wrong."""


def verify_tables(connection: Connection) -> list[str]:
    """What in the live read tables is not as the log makes it. Nothing is written to the database.

    The shelf that is not live is not looked at: the next rebuild empties it before anybody reads it.
    """
    state = connection.execute(select(read_state)).one()
    end = head(connection).position
    if state.shelf not in SHELF:
        return [f"the read tables name a shelf {state.shelf!r}, which does not exist"]
    if state.position != end:
        return [f"the read tables are at position {state.position} and the log at {end}; 'timeline rebuild' mends it"]
    if state.outdated:
        return ["an earlier release made the read tables, which read alike; 'timeline rebuild' makes them anew"]
    with tempfile.TemporaryDirectory() as folder, _scratch(Path(folder)) as scratch:
        merges = replay(connection, scratch, SHELF[state.shelf])
        faults = _faults(connection, scratch, state.shelf)
        embargoed = last_embargo(scratch, SHELF[state.shelf])
    if merges != state.merges:
        faults.append(f"the read tables say that the last merge was at {state.merges}; it was at {merges}")
    if embargoed != state.embargoed_us:
        faults.append(f"the read tables say that the last embargo ends at {state.embargoed_us}; it ends at {embargoed}")
    return faults


def verify_index(database: Database) -> list[str]:
    """What of SQLite's own structures is damaged: pages, indexes, the search index against its texts.

    PostgreSQL's indexes are its own affair (amcheck); they hold nothing that the tables do not.
    """
    if database.dialect != "sqlite":
        return []
    with database.read() as connection:
        found = [row[0] for row in connection.exec_driver_sql(f"PRAGMA integrity_check({SHOWN})")]
        shelf = connection.execute(select(read_state.c.shelf)).scalar_one()
    faults = [f"SQLite: {message}" for message in found if message != "ok"]
    with database.write() as connection:
        try:
            # The check is an INSERT by its form; it writes nothing.
            check = f"INSERT INTO {shelf}_words ({shelf}_words, rank) VALUES ('integrity-check', 1)"
            connection.exec_driver_sql(check)
        except DatabaseError:
            faults.append("the search index is not that over the texts; 'timeline rebuild' mends it")
    return faults


@contextmanager
def _scratch(folder: Path) -> Iterator[Connection]:
    """An empty database in a folder that goes away, with the read tables and nothing that makes it safe or slow."""
    engine = create_engine(f"sqlite:///{folder / 'scratch.db'}")
    try:
        with engine.begin() as connection:
            for pragma in ("journal_mode=OFF", "synchronous=OFF"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            tables.metadata.create_all(connection)
            for shelf in SHELF:
                # Nobody searches here, so no words are indexed; an erasure tells this table which to take out.
                connection.exec_driver_sql(f"CREATE TABLE {shelf}_words ({shelf}_words, rowid, words)")
            yield connection
    finally:
        engine.dispose()


def _ordered(connection: Connection, table: Table) -> Iterator[Row[Any]]:
    """The rows of a table of a shelf in the order of their keys."""
    shown = [column for column in table.c if column.name != "n"]
    wanted = select(*shown).order_by(*_key_of(table))
    yield from connection.execute(wanted.execution_options(yield_per=BATCH))


def _key_of(table: Table) -> list[Column[Any]]:
    """What tells two rows apart, without the number that a text happens to have."""
    return [table.c.id, table.c.rank, table.c.from_position] if "rank" in table.c else list(table.primary_key)


def _faults(live: Connection, made: Connection, shelf: str) -> list[str]:
    faults: list[str] = []
    for table in SHELF[shelf].tables:
        names = [column.name for column in _key_of(table)]
        for found, is_live, is_made in _differences(_ordered(live, table), _ordered(made, table), names):
            where = " ".join(f"{name} {value}" for name, value in zip(names, found, strict=True))
            what = (
                "is not as the log makes it"
                if is_live and is_made
                else "is missing"
                if is_made
                else "is not of the log"
            )
            faults.append(f"{table.name}: the row {where} {what}; 'timeline rebuild' mends it")
            if len(faults) >= SHOWN:
                return [*faults, "there may be more of these"]
    return faults


def _differences(
    live: Iterator[Row[Any]], made: Iterator[Row[Any]], names: list[str]
) -> Iterator[tuple[tuple[Any, ...], bool, bool]]:
    """Keys of rows that are not the same on both sides, with whether each side has them."""

    def key(row: Row[Any] | None) -> tuple[Any, ...] | None:
        return None if row is None else tuple(getattr(row, name) for name in names)

    here, there = next(live, None), next(made, None)
    while here is not None or there is not None:
        at, due = key(here), key(there)
        if at is not None and (due is None or at < due):
            yield at, True, False
            here = next(live, None)
        elif due is not None and (at is None or due < at):
            yield due, False, True
            there = next(made, None)
        else:
            assert at is not None, "one of them has a row"
            if tuple(here or ()) != tuple(there or ()):
                yield at, True, True
            here, there = next(live, None), next(made, None)
