"""Indexes that a process keeps: never another count than the database gives, whatever is recorded meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from tests.journeys.histories import MEETINGS, Historian
from timeline.database import Database
from timeline.errors import Several, TimelineError
from timeline.handle import Request, handle
from timeline.read import bitmaps, kept_bitmaps
from timeline.read.facets import FACETS
from timeline.read.filters import OccurrenceFilter, Page
from timeline.read.projector import rebuild
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.read.veil import Veil
from timeline.values.facts import Meeting
from timeline.write.commands import AnyCommand, Merge, Report, Retract, Unmerge

FILTERS = [
    OccurrenceFilter(place="KR"),
    OccurrenceFilter(place="place/seoul", kinds=("meeting",)),
    OccurrenceFilter(place="place/seoul", levels=("MINISTER", "VICE_MINISTER"), statuses=("HELD",)),
    OccurrenceFilter(place="place/seoul", formats=("BILATERAL",)),
    OccurrenceFilter(place="place/nowhere"),
    OccurrenceFilter(source="source/a", attributions=("DIRECT", "PARAPHRASE")),
    OccurrenceFilter(source="source/b", none_of=("US",)),
    OccurrenceFilter(source="source/a", any_of=("JP", "organization/nato"), all_of=("KR",)),
    OccurrenceFilter(about="meeting/m1"),
    OccurrenceFilter(all_of=("KR",)),
    OccurrenceFilter(all_of=("KR", "US"), none_of=("JP",)),
    OccurrenceFilter(all_of=("organization/nato",), kinds=("statement", "meeting")),
    OccurrenceFilter(any_of=("JP",), none_of=("KR",)),
    OccurrenceFilter(topics=("Defense",), all_of=("US",)),
    OccurrenceFilter(topics=("defense", "trade")),
    OccurrenceFilter(people=("person/p1",), kinds=("meeting",)),
    OccurrenceFilter(people=("person/p2",), kinds=("statement",)),
    OccurrenceFilter(people=("person/p3",)),
    OccurrenceFilter(voices=("person/p0",)),
    OccurrenceFilter(wordings=("PARAPHRASE",)),
    OccurrenceFilter(steps=("HEARING",)),
    OccurrenceFilter(post="post/minister"),
    OccurrenceFilter(place="KR", kinds=("person", "meeting")),
    OccurrenceFilter(place="KR", source="source/a"),
    OccurrenceFilter(place="KR", has_stand_in=True),
    OccurrenceFilter(has_stand_in=True),
    OccurrenceFilter(published_before=10**6, kinds=("meeting",)),
]
MORE = [f"meeting/x{number}" for number in range(60)]
Play = Callable[[], Awaitable[None]]


def put_down(database: Database, number: int, *commands: AnyCommand) -> None:
    with suppress(TimelineError, Several):
        handle(database, Request(append_id=f"k{number}", actor="t", commands=list(commands)), now_us=number)


def populate(database: Database, seed: int) -> Historian:
    """A world with so many meetings and statements that most filters find several."""
    historian = Historian(seed)
    put_down(database, 10_000, *historian.history(0))
    put_down(
        database,
        10_001,
        *(Report(id=id, content=historian.meeting()) for id in [*MEETINGS, *MORE]),
        *(Report(id=f"statement/x{number}", content=historian.statement()) for number in range(20)),
    )
    return historian


def moved(historian: Historian) -> AnyCommand:
    """A command; now and then one that moves a place with all that was held there."""
    moves: list[AnyCommand] = [
        Merge(id="place/kuala-lumpur", into="place/seoul", reason="same"),
        Unmerge(id="place/kuala-lumpur", reason="not the same"),
        Retract(id=historian.chance.choice(MORE), reason="wrong"),
    ]
    return historian.chance.choice(moves) if historian.chance.random() < 0.2 else historian.command()


def played(database: Database, play: Play) -> None:
    async def run() -> None:
        await play()
        await database.close()

    asyncio.run(run())


async def answer(snapshot: Snapshot, filter: OccurrenceFilter, names: Sequence[str]) -> Any:
    return (await snapshot.facets(filter, names, limit=100)).values, await snapshot.count(filter)


async def agrees(snapshot: Snapshot, filter: OccurrenceFilter, names: Sequence[str]) -> bool:
    by_database = replace(snapshot, head=snapshot.position + 1, veil=snapshot.veil)
    assert await kept_bitmaps.select(by_database, filter, names) is None
    expected = await answer(by_database, filter, names)
    return all([await answer(snapshot, filter, names) == expected for _ in range(2)])


@pytest.mark.parametrize("seed", range(3))
def test_indexes_count_as_the_database_does_while_others_write(database: Database, seed: int) -> None:
    chance = random.Random(seed)

    async def play() -> None:
        snapshots: list[Snapshot] = []
        historian = populate(database, seed)
        for number in range(40):
            await asyncio.to_thread(put_down, database, number, moved(historian))
            snapshots.append(await open_snapshot(database))
            for snapshot in (snapshots[-1], chance.choice(snapshots)):
                for filter in chance.sample(FILTERS, 5):
                    names = chance.sample(sorted(FACETS), chance.randint(1, 4))
                    assert await agrees(snapshot, filter, names), (filter, names)

    played(database, play)


@pytest.mark.parametrize("bound", ["ROWS", "VALUES", "CHANGES", "BYTES", "ASKED"])
def test_whatever_does_not_fit_is_asked_of_the_database(
    database: Database, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bitmaps if bound == "VALUES" else kept_bitmaps, bound, 2)
    test_indexes_count_as_the_database_does_while_others_write(database, 7)


@pytest.fixture
def told(database: Database) -> Database:
    populate(database, 11)
    return database


@pytest.fixture
def asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the database is asked, as it comes."""
    statements: list[str] = []
    fetch = database.fetch

    async def noted(sql: str, **parameters: Any) -> Any:
        statements.append(sql)
        return await fetch(sql, **parameters)

    monkeypatch.setattr(database, "fetch", noted)
    return statements


def test_the_filters_find_something_to_count(told: Database) -> None:
    async def play() -> None:
        snapshot = await open_snapshot(told)
        assert sum([(await snapshot.count(filter))[0] > 3 for filter in FILTERS]) > 9

    played(told, play)


def test_a_third_question_about_a_place_asks_the_database_nothing(told: Database, asked: list[str]) -> None:
    async def play() -> None:
        snapshot = await open_snapshot(told)
        for _ in range(2):
            await snapshot.facets(OccurrenceFilter(place="KR", levels=("MINISTER",)), ["PARTY", "FORMAT"])
        asked.clear()
        levels = OccurrenceFilter(place="KR", levels=("VICE_MINISTER",), none_of=("US",))
        await snapshot.facets(levels, ["FORMAT", "PARTY"])
        await snapshot.count(levels)
        assert asked == []
        await snapshot.facets(levels, ["STATUS"])
        assert len(asked) == 1

    played(told, play)


def test_what_is_asked_once_after_each_change_is_not_indexed(told: Database, asked: list[str]) -> None:
    async def play() -> None:
        for number in range(3):
            here = Report(id=f"meeting/here{number}", content=Meeting(title="Talks", place="place/seoul"))
            await asyncio.to_thread(put_down, told, number, here)
            await (await open_snapshot(told)).facets(OccurrenceFilter(place="place/seoul"), ["FORMAT"])
        assert not any("COALESCE" in sql for sql in asked)

    played(told, play)


def test_a_long_list_is_read_once_for_all_who_come_meanwhile_even_if_the_first_gives_up(
    told: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_bitmaps, "SHORT", 0)
    begun, read, readings = asyncio.Event(), kept_bitmaps._read, []

    async def noted(*asked: Any) -> Any:
        readings.append(asked)
        begun.set()
        return await read(*asked)

    monkeypatch.setattr(kept_bitmaps, "_read", noted)

    async def play() -> None:
        snapshot = await open_snapshot(told)
        seoul = OccurrenceFilter(place="place/seoul")
        waiting = [asyncio.create_task(snapshot.facets(seoul, ["FORMAT"])) for _ in range(4)]
        await begun.wait()
        waiting[0].cancel()
        first, *others = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(first, asyncio.CancelledError)
        by_database = await replace(snapshot, head=snapshot.position + 1).facets(seoul, ["FORMAT"])
        assert others == [by_database] * 3
        assert len(readings) == 1

    played(told, play)


def test_what_links_alone_tell_of_a_long_list_is_counted_there(
    told: Database, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_bitmaps, "SHORT", 0)

    async def play() -> None:
        for _ in range(2):
            await (await open_snapshot(told)).count(OccurrenceFilter(place="place/seoul", kinds=("meeting",)))
        assert not any("COALESCE" in sql for sql in asked)
        assert not any("a_records r" in sql for sql in asked)

    played(told, play)


def test_what_is_recorded_elsewhere_leaves_an_index_in_place(told: Database, asked: list[str]) -> None:
    async def play() -> None:
        seoul = OccurrenceFilter(place="place/seoul")
        for _ in range(2):
            await (await open_snapshot(told)).count(seoul)
        elsewhere = Report(id="meeting/elsewhere", content=Meeting(title="Talks", place="place/kuala-lumpur"))
        await asyncio.to_thread(put_down, told, 1, elsewhere)
        later = await open_snapshot(told)
        asked.clear()
        await later.count(seoul)
        assert not any("a_links" in sql for sql in asked)

    played(told, play)


def test_of_what_an_embargo_hides_no_index_tells(told: Database) -> None:
    async def play() -> None:
        snapshot = await open_snapshot(told)
        everything = OccurrenceFilter(place="KR")
        before = [(await snapshot.count(everything))[0] for _ in range(2)][-1]
        assert await kept_bitmaps.select(snapshot, everything, ["KIND"]) is not None
        some = (await snapshot.occurrences(everything, Page(first=1))).documents[0]["id"]
        veiled = replace(snapshot, veil=Veil(frozenset([some]), f'["{some}"]', "x"))
        assert await kept_bitmaps.select(veiled, everything, ["KIND"]) is None
        assert (await veiled.count(everything))[0] == before - 1

    played(told, play)


def test_indexes_go_with_the_tables_that_they_tell_of(told: Database, asked: list[str]) -> None:
    async def play() -> None:
        for _ in range(2):
            await (await open_snapshot(told)).count(OccurrenceFilter(place="KR"))
        await asyncio.to_thread(rebuild, told)
        anew = await open_snapshot(told)
        asked.clear()
        assert await agrees(anew, OccurrenceFilter(place="KR"), ["PARTY"])
        assert any("b_links" in sql for sql in asked)

    played(told, play)
