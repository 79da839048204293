"""One query for all who ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Asks once for all who wait. Nobody gets an answer that was asked for before the question came.

    While one asking is under way, all who come wait for it to end and share the next one. So under load a server asks
    as often as it gets answers, however many requests wait for them.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def answer(self) -> T:
        """An answer that was asked for after this call."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._running, self._next = loop, None, None
        if self._next is None:
            self._next = loop.create_task(self._after(self._running))
        # One who gives up must not take the answer from the others.
        return await asyncio.shield(self._next)

    async def _after(self, running: asyncio.Task[T] | None) -> T:
        if running is not None and not running.done():
            await asyncio.wait([running])
        self._running, self._next = self._next, None
        return await self._ask()
