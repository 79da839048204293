"""Work in threads for requests: once nobody waits for it any more, what it runs in a database ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any, TypeVar

STOPPED_AGAIN_SECONDS = 0.05
"""After how long a query that was stopped and still runs is stopped again."""
T = TypeVar("T")


class Work:
    """What a thread does for a request. Once it is given up, what it runs in a database ends."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._stop: Callable[[], object] | None = None
        self._is_given_up = False

    @contextmanager
    def stopped_by(self, stop: Callable[[], object]) -> Iterator[None]:
        """While a connection is used: how its query is stopped."""
        with self._turn:
            if self._is_given_up:
                raise TimeoutError("nobody waits for this any more")
            self._stop = stop
        try:
            yield
        finally:
            # Under the lock: the connection may run another's query next, which must not be stopped.
            with self._turn:
                self._stop = None
                self._turn.notify_all()

    def give_up(self) -> None:
        """Stop the query that runs, and any that would follow. It returns once nothing runs any more."""
        with self._turn:
            self._is_given_up = True
            pause = STOPPED_AGAIN_SECONDS
            while self._stop is not None:
                # Of a query that is only about to begin neither engine takes notice, and it would run to its end.
                self._stop()
                self._turn.wait(pause)
                pause = min(2 * pause, 1.0)


_work: ContextVar[Work | None] = ContextVar("work", default=None)


async def in_thread(work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """The result of work done in a thread. If nobody waits for it any more, its query is stopped in the database."""
    return await in_threads(None, partial(work, *arguments, **named))


async def in_threads(threads: Executor | None, work: Callable[[], T]) -> T:
    """The same in one of these threads."""
    mine = Work()
    before = _work.set(mine)
    try:
        return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, work)
    except asyncio.CancelledError:
        # In a thread of its own: all others may be busy, and PostgreSQL is told over a connection of its own.
        threading.Thread(target=mine.give_up, daemon=True).start()
        raise
    finally:
        _work.reset(before)


@contextmanager
def stoppable(stop: Callable[[], object]) -> Iterator[None]:
    """While a thread works for a request: how it is stopped once nobody waits for that any more."""
    mine = _work.get()
    if mine is None:
        yield
        return
    with mine.stopped_by(stop):
        yield
