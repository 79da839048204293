"""Connections that go from query to query: none is lost, whatever becomes of those who ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from timeline import readers
from timeline.readers import Readers

MOST = 2
SLEEP = "SELECT pg_sleep(3600)"
PID = "SELECT pg_backend_pid() FROM pg_sleep(0.001)"
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
ACTIVE = "SELECT count(*) FROM pg_stat_activity WHERE query = $1 AND state = 'active'"


@pytest.fixture
def play(another_postgres: str) -> Callable[[Callable[[Readers], Awaitable[None]]], None]:
    """Does something with readers of an empty database."""

    async def alone(work: Callable[[Readers], Awaitable[None]]) -> None:
        found = Readers(await asyncpg.create_pool(plain(another_postgres), min_size=0, max_size=MOST))
        try:
            await asyncio.wait_for(work(found), 60)
        finally:
            await found.close()

    return lambda work: asyncio.run(alone(work))


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def pids(found: Readers, number: int) -> set[int]:
    """The connections that answer so many who ask at once."""
    answers = await asyncio.gather(*(found.fetch(PID, []) for _ in range(number)))
    return {row[0] for rows in answers for row in rows}


def test_many_share_few_and_each_gets_its_own_answer(play: Any) -> None:
    async def work(found: Readers) -> None:
        answers = await asyncio.gather(*(found.fetch("SELECT $1::int", [number]) for number in range(50)))
        assert [rows[0][0] for rows in answers] == list(range(50))
        assert len(await pids(found, 20)) <= MOST

    play(work)


def test_the_next_one_who_asks_has_the_same_connection(play: Any) -> None:
    async def work(found: Readers) -> None:
        assert await pids(found, 1) == await pids(found, 1)

    play(work)


def test_those_who_give_up_or_fail_leave_as_many_connections_as_there_were(play: Any) -> None:
    async def work(found: Readers) -> None:
        sleeping = [asyncio.create_task(found.fetch(SLEEP, [])) for _ in range(MOST)]
        waiting = [asyncio.create_task(found.fetch(PID, [])) for _ in range(5)]
        await asyncio.sleep(0.2)
        for task in [*sleeping, *waiting[:3]]:
            task.cancel()
        ended = await asyncio.gather(*sleeping, *waiting, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in ended] == [True] * (MOST + 3) + [False] * 2
        with pytest.raises(asyncpg.UndefinedTableError):
            await found.fetch("SELECT * FROM nowhere", [])
        assert len(await pids(found, 20)) == MOST
        assert await found.fetch(ACTIVE, [SLEEP]) == [(0,)]

    play(work)


def test_given_up_in_the_moment_in_which_a_connection_came(play: Any) -> None:
    async def work(found: Readers) -> None:
        await pids(found, MOST)
        held = [await found._take() for _ in range(MOST)]
        waiting = asyncio.create_task(found.fetch(PID, []))
        await asyncio.sleep(0)
        for each in held:
            found._hand_on(each)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(await pids(found, 20)) == MOST

    play(work)


def test_closing_waits_for_those_who_ask_and_leaves_no_connection_behind(play: Any) -> None:
    async def work(found: Readers) -> None:
        asking = [asyncio.create_task(found.fetch("SELECT 1 FROM pg_sleep(0.2)", [])) for _ in range(3 * MOST)]
        await asyncio.sleep(0.1)
        await found.close()
        assert [await each for each in asking] == [[(1,)]] * len(asking)

    play(work)


def test_one_that_was_idle_for_long_is_replaced(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "IDLE_SECONDS", 0.0)

    async def work(found: Readers) -> None:
        assert await pids(found, 1) != await pids(found, 1)

    play(work)


def test_those_that_the_server_ended_are_replaced(play: Any, another_postgres: str) -> None:
    """In the middle of a query, and all of them between two, again and again: as many are there as before."""

    async def work(found: Readers) -> None:
        for _ in range(2 * MOST):
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                await found.fetch("SELECT pg_terminate_backend(pg_backend_pid())", [])
            before = await pids(found, 20)
            other = await asyncpg.connect(plain(another_postgres))
            await other.execute(END_OTHERS)
            await other.close()
            await asyncio.sleep(0.2)  # Time to notice.
            after = await pids(found, 20)
            assert (len(before), len(after), before & after) == (MOST, MOST, set())

    play(work)
