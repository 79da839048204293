"""One query for all who ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
T = TypeVar("T")


class Together(Generic[Q, T]):
    """Asks the questions of all who wait as one. Nobody gets an answer that was asked for before the question came.

    While one asking is under way, all who come wait for it to end and share the next one. So under load a server asks
    as often as it gets answers, however many requests wait for them.
    """

    def __init__(self, ask: Callable[[Sequence[Q]], Awaitable[T]]) -> None:
        self._ask = ask
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[tuple[Q, asyncio.Future[T]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def answer(self, question: Q) -> T:
        """The answer to this question and those beside it, asked for after this call."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._waiting, self._asking = loop, [], None
        # One who gives up takes the answer from nobody else: each waits for a future of their own.
        mine: asyncio.Future[T] = loop.create_future()
        self._waiting.append((question, mine))
        if self._asking is None:
            self._asking = loop.create_task(self._answer_all())
        return await mine

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                await self._answer_each(waiting)
        finally:
            self._asking = None

    async def _answer_each(self, waiting: list[tuple[Q, asyncio.Future[T]]]) -> None:
        try:
            found = await self._ask([question for question, _ in waiting])
        except Exception as error:
            for _, each in waiting:
                if not each.done():
                    each.set_exception(error)
        else:
            for _, each in waiting:
                if not each.done():
                    each.set_result(found)
