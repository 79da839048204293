"""Two engines behind one door: transactions for writers, snapshots for readers, and the schema's version.

It knows how to talk to SQLite and PostgreSQL and nothing of what is stored in them. Writers use SQLAlchemy and one
synchronous driver each; queries of the API go straight to the fastest driver of each engine, as plain SQL with
`:name` parameters, because building statement objects would cost more than running them.
"""

from __future__ import annotations

import asyncio
import re
import select
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import alembic.command
import asyncpg
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from timeline.errors import Invalid, Refused, Unavailable
from timeline.outages import outages_told
from timeline.readers import Readers
from timeline.threads import in_thread, in_threads, stoppable

ANALYZED = 10_000
"""How many entries of each index SQLite looks at to know what it holds."""
BUSY_MS = 30_000
"""How long a writer on SQLite waits for its turn."""
CACHE_KIB = 64 * 1024
"""How much of a SQLite database a writer keeps in memory: index pages are touched all over with each append."""
MIGRATION_LOCK = 7_011_2025
"""The advisory lock on PostgreSQL under which migrations run, one process at a time."""
CONNECT_SECONDS = 5
"""How long a connection to PostgreSQL may take to be made, and how long a writer waits for a free one."""
LOST_MS = 15_000
"""After how long without an answer to what was sent a connection counts as lost: PostgreSQL went without a word."""
TRUSTED_SECONDS = 5.0
"""How long a connection to PostgreSQL that says nothing is taken for whole: a router may forget it silently."""
SHORT_QUERIES = {"jit": "off", "max_parallel_workers_per_gather": "0", "plan_cache_mode": "force_custom_plan"}
"""Compiling a query, or starting workers for it (5 ms), costs more than it saves in short ones. A plan for any value
serves none well: some parties met three times, some thirty thousand times."""
BY_KEY = {
    **SHORT_QUERIES,
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_sort": "off",
    "enable_incremental_sort": "off",
}
"""What is found by keys alone is found by an index, whatever the keys: planning it each time took a third of its time.
A plan made while a table was empty would read the whole table, and one for a value with few links sort thousands."""
POOLS = {"by value": (8, SHORT_QUERIES), "by key": (4, BY_KEY)}
"""Connections of the event loop: how many at most, and how they plan."""
WRITERS = 4
"""How many requests write, or wait for their turn to, at once. They have one lock to pass anyway."""
_PARAMETER = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|(?<![:\w\[]):([a-z_][a-z0-9_]*)""")
"""A parameter, or a literal, a quoted name or a comment, in which a colon means nothing."""

Row = Sequence[Any]
T = TypeVar("T")


class Database:
    """An open database. `write` and `read` are for commands and the command line, `fetch` for the API's event loop."""

    def __init__(self, url: URL) -> None:
        self.dialect: Literal["sqlite", "postgresql"] = "sqlite" if url.drivername == "sqlite" else "postgresql"
        self.url = url
        self.engine: Engine = _sqlite_engine(url) if self.dialect == "sqlite" else _postgresql_engine(url)
        self._readers = threading.local()
        self._open_readers: list[sqlite3.Connection] = []
        self._pools: dict[str, Readers] = {}
        self._pool_lock = asyncio.Lock()
        self._idle_writers: list[tuple[Connection, float]] = []
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="writer")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction; committed at the end, rolled back on any exception. Raises `Unavailable`."""
        with outages_told(), self._writer() as connection, stoppable(_stop(connection)), connection.begin():
            if self.dialect == "sqlite":
                _driver(connection).execute("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _writer(self) -> Iterator[Connection]:
        """A connection, for the next writer too unless this one fails: to take one from the pool asks the server."""
        connection = self._writer_at_hand() or self.engine.connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if connection.invalidated or len(self._idle_writers) >= WRITERS:
            connection.close()
        else:
            self._idle_writers.append((connection, time.monotonic()))

    def _writer_at_hand(self) -> Connection | None:
        while self._idle_writers:
            with suppress(IndexError):  # Another thread took the last one.
                connection, since = self._idle_writers.pop()
                if self.dialect == "sqlite" or (time.monotonic() - since < TRUSTED_SECONDS and _is_quiet(connection)):
                    return connection
                connection.close()
        return None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot, for reading only. Raises `Unavailable`."""
        with outages_told(), self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with stoppable(_stop(connection)), connection.begin(), self._only_reading(connection):
                yield connection

    @contextmanager
    def _only_reading(self, connection: Connection) -> Iterator[None]:
        if self.dialect == "postgresql":
            yield
            return
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("BEGIN")
        try:
            yield
        finally:
            # The pool hands this connection to the next writer.
            connection.exec_driver_sql("PRAGMA query_only=OFF")

    def gather_statistics(self, tables: Sequence[str] = ()) -> None:
        """Let the planner know what these tables, or all, hold now; after bulk writes it would guess for a minute.

        For so long PostgreSQL would also look up each row that an index alone could answer, so these tables are
        vacuumed.
        """
        if tables and self.dialect == "postgresql":
            with suppress(Unavailable), outages_told(), self.engine.connect() as connection:
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql(f"VACUUM (ANALYZE) {', '.join(tables)}")
            return
        with suppress(Unavailable), outages_told(), self.engine.begin() as connection:
            if self.dialect == "sqlite":
                # Not all of an index: writers wait meanwhile. `PRAGMA optimize` sees only what this connection asked.
                connection.exec_driver_sql(f"PRAGMA analysis_limit={ANALYZED}")
            for table in tables or [""]:
                connection.exec_driver_sql(f"ANALYZE {table}")

    def rewrite_files(self) -> None:
        """Write all tables anew, without the bytes of what was deleted or replaced. It may take as long as a backup."""
        with outages_told(), self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM FULL")
                return
            connection.exec_driver_sql("VACUUM")
            (is_busy, _, _) = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if is_busy:
            message = "the write-ahead log is being read by others and still holds old pages; stop them and try again"
            raise Refused("DATABASE_BUSY", message)

    async def fetch(self, sql: str, **parameters: Any) -> Sequence[Row]:
        """All rows of one query with `:name` parameters, without blocking the event loop. Raises `Unavailable`."""
        with outages_told(OSError):
            if self.dialect == "sqlite":
                return await in_thread(self._fetch_sqlite, sql, parameters)
            return await self._fetch_postgresql("by value", sql, parameters)

    async def fetch_by_key(self, sql: str, **parameters: Any) -> Sequence[Row]:
        """The same for a query that finds rows by keys alone: PostgreSQL plans it once, whatever the values."""
        if self.dialect == "sqlite":
            return await self.fetch(sql, **parameters)
        with outages_told(OSError):
            return await self._fetch_postgresql("by key", sql, parameters)

    async def writing(self, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """The result of work that writes, done in a thread as by `in_thread`.

        It has threads of its own: however many wait for their turn to write, whoever reads finds one.
        """
        return await in_threads(self._writers, partial(work, *arguments, **named))

    async def fetch_soon(self, sql: str, **parameters: Any) -> Sequence[Row]:
        """The same for a query that finds few rows by a key: on SQLite that is quicker than handing it to a thread."""
        if self.dialect == "sqlite":
            with outages_told(OSError):
                return self._fetch_sqlite(sql, parameters)
        return await self.fetch_by_key(sql, **parameters)

    async def _fetch_postgresql(self, kind: str, sql: str, parameters: dict[str, Any]) -> Sequence[Row]:
        numbered, names = _numbered(sql)
        readers = self._pools.get(kind) or await self._open_pool(kind)
        return await readers.fetch(numbered, [parameters[name] for name in names])

    def _fetch_sqlite(self, sql: str, parameters: dict[str, Any]) -> Sequence[Row]:
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            path = Path(self.url.database or "").resolve().as_uri()
            connection = sqlite3.connect(
                f"{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000
            )
            self._readers.connection = connection
            self._open_readers.append(connection)
        with stoppable(connection.interrupt):
            return connection.execute(sql, parameters).fetchall()

    async def _open_pool(self, kind: str) -> Readers:
        async with self._pool_lock:
            if kind not in self._pools:
                most, settings = POOLS[kind]
                pool = await asyncpg.create_pool(
                    self._dsn(),
                    min_size=0,  # Of a least number it would tell, with traces, for as long as the database is away.
                    max_size=most,
                    timeout=CONNECT_SECONDS,
                    reset=_as_it_was,
                    statement_cache_size=500,
                    max_cached_statement_lifetime=0,
                    server_settings=settings,
                )
                self._pools[kind] = Readers(pool)
            return self._pools[kind]

    @asynccontextmanager
    async def listening(
        self, channel: str, heard: Callable[[], None], lost: Callable[[], None] = lambda: None
    ) -> AsyncIterator[None]:
        """Call `heard` on every notification of a channel of PostgreSQL; on SQLite there are none.

        `lost` is called when no more will come: the connection has ended.
        """
        if self.dialect == "sqlite":
            yield
            return
        connection = await asyncpg.connect(self._dsn(), timeout=CONNECT_SECONDS)
        try:
            connection.add_termination_listener(lambda *_: lost())
            await connection.add_listener(channel, lambda *_: heard())
            yield
        finally:
            with suppress(TimeoutError):
                await connection.close(timeout=CONNECT_SECONDS)

    def _dsn(self) -> str:
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def close(self) -> None:
        """Close what the event loop holds."""
        while self._pools:
            await self._pools.popitem()[1].close()

    def dispose(self) -> None:
        """Close everything else."""
        while self._idle_writers:
            self._idle_writers.pop()[0].close()
        self.engine.dispose()
        for connection in self._open_readers:
            connection.close()
        self._open_readers.clear()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _is_quiet(connection: Connection) -> bool:
    """Whether the server has said nothing since, as it does when it ends a connection: so no question is needed."""
    driver = _driver(connection)
    if driver is None or driver.closed:
        return False
    said = select.poll()
    said.register(driver.pgconn.socket, select.POLLIN)
    return not said.poll(0)


def _stop(connection: Connection) -> Callable[[], object]:
    """How the query of a connection is stopped from another thread."""
    driver = _driver(connection)
    return driver.interrupt if isinstance(driver, sqlite3.Connection) else driver.cancel_safe


async def _as_it_was(_: asyncpg.Connection) -> None:
    """Nothing: our queries leave no state in a session, and to reset it would be one more question for each."""


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """The query with $1, $2 … in place of names, and the names in that order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}" if found[1] else found[0]

    return _PARAMETER.sub(number, sql), tuple(names)


def open_database(url: str) -> Database:
    """The database at this URL. Raises `Invalid` for a URL of another kind; connects on first use."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is not None and parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return Database(parsed.set(drivername="postgresql+psycopg"))
    if parsed is not None and parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return Database(parsed)
    message = "a database URL is sqlite:///file.db or postgresql://user:password@host/name"
    raise Invalid("DATABASE_URL_INVALID", message, ("TIMELINE_DATABASE_URL",))


def _postgresql_engine(url: URL) -> Engine:
    # What the URL says itself goes before.
    bounds = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": LOST_MS}
    return create_engine(
        url,
        # Named, because a server may have another default: an append must see what was committed while it waited.
        isolation_level="READ COMMITTED",
        connect_args={name: bound for name, bound in bounds.items() if name not in url.query},
        # A server that was restarted has ended all connections; the first request after it must not be lost to that.
        pool_pre_ping=True,
        pool_timeout=CONNECT_SECONDS,
    )


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        # Transactions are begun by us: the driver's own BEGIN is deferred and would let two writers deadlock.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            f"busy_timeout={BUSY_MS}",
            f"cache_size=-{CACHE_KIB}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


# The schema's version -----------------------------------------------------------------------------------------------


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to a revision, under a lock, in one transaction."""
    _migrate(database, alembic.command.upgrade, revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema down to a revision, under a lock, in one transaction."""
    _migrate(database, alembic.command.downgrade, revision)


def is_current(database: Database) -> bool:
    """Whether the schema is the one that this software needs. Raises `Unavailable`."""
    with outages_told(), database.engine.connect() as connection:
        found = schema_version(connection)
    return found == ScriptDirectory.from_config(_alembic()).get_current_head()


def schema_version(connection: Connection) -> str | None:
    """The revision to which the schema was brought; None for a database without one."""
    return MigrationContext.configure(connection).get_current_revision()


def knows_schema(revision: str) -> bool:
    """Whether a revision is one of this software, and not of a newer one."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}


def _migrate(database: Database, step: Any, revision: str) -> None:
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '60s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config = _alembic()
        config.attributes["connection"] = connection
        step(config, revision)


def _alembic() -> Config:
    package = Path(__file__).parent
    inside = package / "_shipped" / "migrations"
    config = Config()
    config.set_main_option("script_location", str(inside if inside.is_dir() else package.parent / "migrations"))
    return config
