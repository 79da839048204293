"""Following the log: everything behind a position, then what is recorded, in order, nothing missed and nothing twice.

Whoever follows reads the log itself from a position of its own, so a slow reader waits on nobody and nothing is kept
for it. One watcher a process asks how far the log is; a notification on PostgreSQL only makes it ask sooner.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from timeline.database import Database, in_thread
from timeline.log.read import events_after
from timeline.log.stored import StoredEvent

BATCH = 500
IDLE_SECONDS = 30.0
POLL_SECONDS = {"sqlite": 0.1, "postgresql": 1.0}


class Watcher:
    """How far the log is, for all who follow it in this process."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.position = 0
        self._waiting = 0
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def beyond(self, position: int, seconds: float) -> bool:
        """Wait until the log is beyond a position; False when it is not within so many seconds."""
        self._waiting += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self.position > position)
            return True
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    async def _watch(self) -> None:
        """Ask as long as somebody waits."""
        # Twice, because somebody may begin to wait while the notifications are being ended.
        while self._waiting:
            wake = asyncio.Event()
            async with contextlib.AsyncExitStack() as stack:
                with contextlib.suppress(Exception):  # Without notifications it polls.
                    await stack.enter_async_context(self.database.listening("timeline_log", wake.set))
                while self._waiting:
                    wake.clear()
                    await self._ask()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS[self.database.dialect]):
                            await wake.wait()

    async def _ask(self) -> None:
        with contextlib.suppress(Exception):  # A database that comes back is asked again.
            ((position,),) = await self.database.fetch("SELECT position FROM log_head")
            if position != self.position:
                async with self._moved:
                    self.position = position
                    self._moved.notify_all()


async def follow(
    watcher: Watcher, after: int, wants: Callable[[StoredEvent], bool] = lambda event: True
) -> AsyncIterator[list[StoredEvent]]:
    """Batches of wanted events behind a position, for ever. Raises `Damaged` at a hole in the log."""
    position = after
    while True:
        events = await next_events(watcher.database, position)
        if not events:
            await watcher.beyond(position, IDLE_SECONDS)
            continue
        position = events[-1].position
        wanted = [event for event in events if wants(event)]
        if wanted:
            yield wanted


async def next_events(database: Database, position: int, limit: int = BATCH) -> list[StoredEvent]:
    """The next events behind a position, read without blocking the event loop."""

    def read() -> list[StoredEvent]:
        with database.read() as connection:
            return events_after(connection, position, limit=limit)

    return await in_thread(read)
