"""A query that nobody waits for any more ends in the database, on both engines, and only that query."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from typing import Any

import pytest
import sqlalchemy as sa

from timeline.api.executing import Asked, Refusal, Service
from timeline.api.limits import Limits
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database
from timeline.errors import Refused
from timeline.read.matching import Candidate, Matcher, Step
from timeline.read.sequences import _matched
from timeline.threads import Work, in_thread
from timeline.values.dates import Bounds

LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(3600)",
}
PATIENCE_SECONDS = 20


def running(database: Database) -> bool:
    """Whether the database is running the long query."""
    if database.dialect == "sqlite":
        # SQLite runs in our own threads; their stacks say where they are.
        stacks = [traceback.extract_stack(frame) for frame in sys._current_frames().values()]
        return any(call.name in ("_fetch_sqlite", "read_long") for stack in stacks for call in stack)
    asked = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = :query"
    with database.engine.connect() as connection:
        return bool(connection.execute(sa.text(asked), {"query": LONG["postgresql"]}).scalar_one())


async def until(condition: Any) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if await asyncio.to_thread(condition):
            return True
        await asyncio.sleep(0.02)
    return False


def on_the_event_loop(database: Database) -> Any:
    return database.fetch(LONG[database.dialect])


def in_a_thread_of_reading(database: Database) -> Any:
    def read_long() -> None:
        with database.read() as connection:
            connection.execute(sa.text(LONG[database.dialect])).all()

    return in_thread(read_long)


@pytest.mark.parametrize("ask", [on_the_event_loop, in_a_thread_of_reading])
def test_a_query_that_is_given_up_ends_in_the_database_which_then_answers_others(database: Database, ask: Any) -> None:
    async def give_up() -> list[Any]:
        asked = asyncio.ensure_future(ask(database))
        assert await until(lambda: running(database))
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await until(lambda: not running(database))
        answers = [await database.fetch("SELECT 1") for _ in range(20)]
        await database.close()
        return [tuple(map(tuple, rows)) for rows in answers]

    assert asyncio.run(give_up()) == [((1,),)] * 20


def test_what_is_given_up_just_before_its_query_begins_is_stopped_all_the_same() -> None:
    stops, began = [], threading.Event()
    work = Work()

    def run() -> None:
        with work.stopped_by(lambda: stops.append(began.is_set())):
            time.sleep(0.2)  # The first stop comes here, and is lost: nothing runs yet.
            began.set()
            while True not in stops:
                time.sleep(0.01)

    thread = threading.Thread(target=run)
    thread.start()
    while work._stop is None:
        time.sleep(0.001)
    work.give_up()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert stops[0] is False


def test_giving_up_one_query_stops_no_other(database: Database) -> None:
    """Many short queries beside many that are given up: whatever thread or connection they share."""

    async def mix() -> set[int]:
        async def given_up() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await database.fetch(LONG[database.dialect])

        async def short(number: int) -> int:
            ((found,),) = await database.fetch("SELECT CAST(:number AS bigint)", number=number)
            return int(found)

        found = await asyncio.gather(*[short(n) if n % 3 else given_up() for n in range(150)])
        await database.close()
        return {each for each in found if each is not None}

    assert asyncio.run(mix()) == {n for n in range(150) if n % 3}


def test_what_is_given_up_before_it_began_never_runs(database: Database) -> None:
    ran = []

    def work() -> None:
        with database.write() as connection:
            ran.append(connection)

    async def give_up() -> None:
        hold = threading.Event()
        block = [asyncio.ensure_future(in_thread(hold.wait)) for _ in range(64)]
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(in_thread(work))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        hold.set()
        await asyncio.gather(*block)

    asyncio.run(give_up())
    assert ran == []


def test_a_write_that_is_given_up_while_it_runs_leaves_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE tried (n integer)")

    def write_long() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO tried VALUES (1)")
            started.set()
            connection.execute(sa.text(LONG[database.dialect])).all()

    started = threading.Event()

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await in_thread(write_long)
        assert started.is_set()

    asyncio.run(give_up())
    with database.write() as connection:  # Waits until the other has let go.
        assert connection.exec_driver_sql("SELECT count(*) FROM tried").scalar_one() == 0


@pytest.mark.parametrize("slow", [1, 2])
def test_an_answer_that_takes_too_long_is_503_and_the_database_is_idle(
    database: Database, monkeypatch: pytest.MonkeyPatch, slow: int
) -> None:
    """Whichever of its questions takes long: the page, or what all its records are asked for together."""
    load_seeds(database, seed_files(()), None)
    fetch, calls = Database.fetch, []

    async def slowed(self: Database, sql: str, **parameters: Any) -> Any:
        if "read_state" not in sql:
            calls.append(sql)
        if len(calls) == slow:
            return await fetch(self, LONG[self.dialect])
        return await fetch(self, sql, **parameters)

    monkeypatch.setattr(Database, "fetch", slowed)
    monkeypatch.setattr(Database, "fetch_by_key", slowed)
    service = Service(database, Limits(seconds=0.5))

    async def ask() -> Refusal:
        operation = service.prepare(Asked("{ meetings { nodes { statements { id } } } }", {}, None))
        with pytest.raises(Refusal) as refused:
            await service.run(operation)
        assert await until(lambda: not running(database))
        await database.close()
        return refused.value

    refusal = asyncio.run(ask())
    assert (refusal.status, refusal.errors[0]["extensions"]["limit"]) == (503, "seconds")
    assert len(calls) == slow


def test_an_event_of_a_subscription_has_the_time_of_an_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_seeds(database, seed_files(()), None)
    fetch = Database.fetch

    async def slowed(self: Database, sql: str, **parameters: Any) -> Any:
        return await fetch(self, LONG[self.dialect] if "_links" in sql else sql, **parameters)

    monkeypatch.setattr(Database, "fetch", slowed)
    monkeypatch.setattr(Database, "fetch_by_key", slowed)
    service = Service(database, Limits(seconds=0.5))
    query = "subscription { recorded(after: 0) { record { ... on Meeting { statements { id } } } position } }"

    async def follow() -> Refusal:
        answers = service.stream(service.prepare(Asked(query, {}, None)))
        with pytest.raises(Refusal) as refused:
            async for _ in answers:
                pass
        assert await until(lambda: not running(database))
        await answers.aclose()  # type: ignore[attr-defined]
        await database.close()
        return refused.value

    assert asyncio.run(follow()).errors[0]["extensions"]["limit"] == "seconds"


def test_a_pattern_that_is_given_up_is_matched_no_further_and_meanwhile_others_are_answered() -> None:
    def days(party: str) -> list[Candidate]:
        shared = (frozenset([party]),)
        return [Candidate(f"{party}{day}", Bounds(day, day, day, day), shared) for day in range(20_000)]

    matcher = Matcher([Step(days("KR")), Step(days("US"))], work=10**12)
    ended = threading.Event()

    def look() -> None:
        try:
            _matched(matcher, None, 1, only_certain=False)
        except Refused:
            ended.set()

    async def give_up() -> bool:
        looking = asyncio.ensure_future(in_thread(look))
        assert await until(lambda: matcher.work < 10**12)
        looking.cancel()
        return await until(ended.is_set)

    assert asyncio.run(give_up())
