"""Following the log: whoever waits is told, also when he begins to wait while the last watch is being ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.log.appending import batch, store
from timeline.database import Database, open_database
from timeline.log import follow
from timeline.log.follow import Watcher

PATIENCE_SECONDS = 60
"""Who is told at all is told in a moment; a busy machine may take longer."""


class Slow(Database):
    """A database that takes its time to end notifications."""

    ending: asyncio.Event
    ended: asyncio.Event

    @asynccontextmanager
    async def listening(self, *told: Any) -> AsyncIterator[None]:
        async with super().listening(*told):
            yield
        self.ending.set()
        await self.ended.wait()


class Deaf(Database):
    """A database that refuses notifications."""

    @asynccontextmanager
    async def listening(self, *told: Any) -> AsyncIterator[None]:
        raise RuntimeError("no notifications")
        yield


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL_SECONDS", {"sqlite": 0.05, "postgresql": 0.05})


def test_who_waits_while_a_watch_is_being_ended_is_told(engine_url: str) -> None:
    async def play() -> bool:
        database = Slow(open_database(engine_url).url)
        database.ending, database.ended = asyncio.Event(), asyncio.Event()
        watcher = Watcher(database)
        assert not await watcher.beyond(0, 0.1)
        await asyncio.wait_for(database.ending.wait(), PATIENCE_SECONDS)
        waiting = asyncio.create_task(watcher.beyond(0, PATIENCE_SECONDS))
        await asyncio.sleep(0.05)
        database.ended.set()
        return await told(database, waiting)

    assert asyncio.run(play())


def test_without_notifications_it_polls(engine_url: str) -> None:
    async def play() -> bool:
        database = Deaf(open_database(engine_url).url)
        waiting = asyncio.create_task(Watcher(database).beyond(0, PATIENCE_SECONDS))
        await asyncio.sleep(0.1)
        return await told(database, waiting)

    assert asyncio.run(play())


async def told(database: Database, waiting: asyncio.Task[bool]) -> bool:
    """Whether who waits is told of an event."""
    store(database, batch("a", "person/x"))
    try:
        return await waiting
    finally:
        await database.close()
        database.dispose()
