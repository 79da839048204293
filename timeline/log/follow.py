"""Following the log: everything behind a position, then what is recorded, in order, nothing missed and nothing twice.

Whoever follows reads the log itself from a position of its own, so a slow reader waits on nobody and nothing is kept
for it. One watcher a process asks how far the log is; a notification on PostgreSQL only makes it ask sooner.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable

from timeline.database import Database
from timeline.errors import Unavailable
from timeline.log.read import events_after
from timeline.log.stored import StoredEvent
from timeline.threads import in_thread

BATCH = 500
IDLE_SECONDS = 30.0
ASK_SECONDS = 10.0
"""How long the database may take to say how far the log is."""
AWAY_SECONDS = 0.5
"""After how long a database that is away is asked again."""
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
            wake, lost = asyncio.Event(), asyncio.Event()

            def end(wake: asyncio.Event = wake, lost: asyncio.Event = lost) -> None:
                lost.set()
                wake.set()

            async with contextlib.AsyncExitStack() as stack:
                until = math.inf
                try:
                    await stack.enter_async_context(self.database.listening("timeline_log", wake.set, end))
                except Exception:  # Without notifications it polls, and asks for them again after a while.
                    until = time.monotonic() + IDLE_SECONDS
                while self._waiting and not lost.is_set() and time.monotonic() < until:
                    wake.clear()
                    await self._ask()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS[self.database.dialect]):
                            await wake.wait()

    async def _ask(self) -> None:
        with contextlib.suppress(Exception):  # A database that comes back is asked again.
            async with asyncio.timeout(ASK_SECONDS):
                ((position,),) = await self.database.fetch("SELECT position FROM log_head")
            if position != self.position:
                async with self._moved:
                    self.position = position
                    self._moved.notify_all()


async def follow(
    watcher: Watcher, after: int, wants: Callable[[StoredEvent], bool] = lambda event: True
) -> AsyncIterator[list[StoredEvent]]:
    """Batches of wanted events behind a position, for ever. Raises `Damaged` at a hole in the log.

    While the database is away it waits: whoever follows need not come back for that.
    """
    position = after
    while True:
        events = await events_beyond(watcher, position, IDLE_SECONDS)
        if not events:
            continue
        position = events[-1].position
        wanted = [event for event in events if wants(event)]
        if wanted:
            yield wanted


async def events_beyond(watcher: Watcher, position: int, seconds: float) -> list[StoredEvent]:
    """The next events behind a position, as soon as there are any; none after so many seconds."""
    try:
        events = await next_events(watcher.database, position)
        if not events and await watcher.beyond(position, seconds):
            events = await next_events(watcher.database, position)
    except Unavailable:
        await asyncio.sleep(AWAY_SECONDS)
        return []
    return events


async def next_events(database: Database, position: int, limit: int = BATCH) -> list[StoredEvent]:
    """The next events behind a position, read without blocking the event loop."""

    def read() -> list[StoredEvent]:
        with database.read() as connection:
            return events_after(connection, position, limit=limit)

    return await in_thread(read)
