"""Connections of the event loop to PostgreSQL that go from one query straight to the next.

A pool of asyncpg makes a task, two timers and a wrapper whenever a connection is taken from it and given back, which
costs as much as a small query. Here the pool makes and ends connections, and looks after those with which something
went wrong; one that is well stays out of it, for whoever asks next.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import asyncpg

IDLE_SECONDS = 60.0
"""How long a connection that nobody uses is taken for whole: a router may forget it silently."""


class Readers:
    """At most so many connections of a pool, which nobody else takes from."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._most = pool.get_max_size()
        self._taken = 0
        self._idle: list[tuple[Any, float]] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()

    async def fetch(self, sql: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """All rows of a query with `$1`, `$2` …"""
        connection = await self._take()
        try:
            rows: Sequence[Sequence[Any]] = await connection.fetch(sql, *values)
        except BaseException:
            await self._give_back(connection)
            raise
        self._hand_on(connection)
        return rows

    async def close(self) -> None:
        """Close all, once their queries have ended and those of all who wait."""
        while self._taken:
            connection = self._idle.pop()[0] if self._idle else await self._turn()
            if connection is None:
                self._hand_on(None)  # That there is room matters to others.
            else:
                await self._give_back(connection)
        await self._pool.close()

    async def _take(self) -> Any:
        while self._idle:
            connection, since = self._idle.pop()
            if _is_open(connection):
                if time.monotonic() - since < IDLE_SECONDS:
                    return connection
                connection.terminate()
            await self._give_back(connection)
        while self._taken >= self._most:
            handed = await self._turn()
            if handed is not None:
                return handed
        self._taken += 1
        try:
            return await self._pool.acquire()
        except BaseException:
            self._make_room()
            raise

    async def _turn(self) -> Any:
        """A connection that somebody has done with; None when there is room for another one."""
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            return await mine
        except asyncio.CancelledError:
            # It may have come in the very moment in which this was given up.
            if mine.done() and not mine.cancelled():
                self._hand_on(mine.result())
            raise

    def _hand_on(self, connection: Any) -> None:
        while self._waiting:
            next = self._waiting.popleft()
            if not next.done():
                next.set_result(connection)
                return
        if connection is not None:
            self._idle.append((connection, time.monotonic()))

    async def _give_back(self, connection: Any) -> None:
        """Whatever state it is in: the pool waits until a query that was given up has ended, and ends what is lost."""
        try:
            await self._pool.release(connection)
        finally:
            self._make_room()

    def _make_room(self) -> None:
        self._taken -= 1
        self._hand_on(None)


def _is_open(connection: Any) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # The server ended it, and the pool has taken it back by itself.
        return False
