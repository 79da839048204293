"""Our service under another server or over another driver, to see what the choice costs.

python -m bench.serve_with SERVER DRIVER PORT DATABASE_URL, in an environment with all of them (bench.install).
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette

from timeline.app import create_app, settle
from timeline.database import _PARAMETER, Database
from timeline.edge.wire import Protocol
from timeline.settings import from_environment

Fetch = Callable[..., Awaitable[Sequence[Any]]]
CONNECTIONS = 8


def application() -> Starlette:
    """The service over the driver that the environment names; for servers that make it themselves."""
    driver = os.environ.pop("BENCH_DRIVER")
    if driver != "own":
        fetch = DRIVERS[driver]()
        Database.fetch = Database.fetch_by_key = Database.fetch_soon = fetch  # type: ignore[assignment,method-assign]
    app = create_app(from_environment(os.environ))
    settle()
    return app


def main() -> None:
    """Serve until ended."""
    server, driver, port, url = sys.argv[1:]
    os.environ |= {"BENCH_DRIVER": driver, "TIMELINE_DATABASE_URL": url, "TIMELINE_KEPT_ANSWERS_MB": "0"}
    if server == "granian":
        _granian(int(port))
    else:
        _, loop, http = server.split("-")
        _uvicorn(int(port), loop, http)


def _uvicorn(port: int, loop: Any, http: Any) -> None:
    import uvicorn

    spoken = Protocol if http == "httptools" else http
    uvicorn.run(
        application(), port=port, loop=loop, http=spoken, log_config=None, access_log=False, server_header=False
    )


def _granian(port: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces, Loops

    target = "bench.serve_with:application"
    server = Granian(target, port=port, interface=Interfaces.ASGI, loop=Loops.uvloop, factory=True, log_enabled=False)
    server.serve()


def _psycopg() -> Fetch:
    """psycopg 3, statements prepared, values in binary."""
    from psycopg_pool import AsyncConnectionPool

    pools: list[AsyncConnectionPool[Any]] = []
    opening = asyncio.Lock()

    async def prepared(connection: Any) -> None:
        connection.prepare_threshold = 0

    async def fetch(self: Database, sql: str, **parameters: Any) -> Sequence[Any]:
        async with opening:
            if not pools:
                autocommit = {"autocommit": True, "options": "-c jit=off"}
                pool = AsyncConnectionPool(
                    self._dsn(), open=False, min_size=1, max_size=CONNECTIONS, kwargs=autocommit, configure=prepared
                )
                await pool.open()
                pools.append(pool)
        named = _PARAMETER.sub(lambda found: f"%({found[1]})s" if found[1] else found[0], sql.replace("%", "%%"))
        async with pools[0].connection() as connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(named.encode(), parameters)
            return await cursor.fetchall()

    return fetch


def _aiosqlite() -> Fetch:
    """aiosqlite: a thread for each connection, a queue in front of it."""
    import aiosqlite

    idle: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
    made = 0

    async def fetch(self: Database, sql: str, **parameters: Any) -> Sequence[Any]:
        nonlocal made
        if idle.empty() and made < CONNECTIONS:
            made += 1
            connection = await aiosqlite.connect(f"file:{self.url.database}?mode=ro", uri=True)
        else:
            connection = await idle.get()
        try:
            return list(await connection.execute_fetchall(sql, parameters))
        finally:
            idle.put_nowait(connection)

    return fetch


def _apsw(*, in_thread: bool) -> Fetch:
    """apsw, in threads as the standard module is, or on the event loop itself."""
    import apsw

    held = threading.local()

    def run(path: str, sql: str, parameters: dict[str, Any]) -> Sequence[Any]:
        if not hasattr(held, "connection"):
            held.connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
        return held.connection.execute(sql, parameters).fetchall()  # type: ignore[no-any-return]

    async def fetch(self: Database, sql: str, **parameters: Any) -> Sequence[Any]:
        path = self.url.database or ""
        return await asyncio.to_thread(run, path, sql, parameters) if in_thread else run(path, sql, parameters)

    return fetch


def _loop() -> Fetch:
    """The standard module on the event loop itself: quickest for one, and nobody else is served meanwhile."""

    async def fetch(self: Database, sql: str, **parameters: Any) -> Sequence[Any]:
        return self._fetch_sqlite(sql, parameters)

    return fetch


DRIVERS: dict[str, Callable[[], Fetch]] = {
    "psycopg": _psycopg,
    "aiosqlite": _aiosqlite,
    "apsw": lambda: _apsw(in_thread=True),
    "apsw-loop": lambda: _apsw(in_thread=False),
    "sqlite3-loop": _loop,
}


if __name__ == "__main__":
    main()
