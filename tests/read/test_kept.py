"""Documents that a process keeps: never another than a fresh look would give, whatever is recorded meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import orjson
import pytest

from tests.journeys.histories import MEETINGS, PEOPLE, SOURCES, STATEMENTS, Historian
from timeline.database import Database
from timeline.errors import Several, TimelineError
from timeline.handle import Request, handle
from timeline.read import kept
from timeline.read.kept import Kept
from timeline.read.projector import rebuild
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.read.together import Together
from timeline.write.commands import AnyCommand

IDS = [*MEETINGS, *PEOPLE, *STATEMENTS, *SOURCES, "place/seoul", "meeting/none"]


def record(database: Database, number: int, command: AnyCommand) -> None:
    with suppress(TimelineError, Several):
        handle(database, Request(append_id=f"k{number}", actor="t", commands=[command]), now_us=number)


async def agrees(snapshot: Snapshot, chance: random.Random) -> bool:
    ids = chance.sample(IDS, 5)
    anew = replace(snapshot, kept=Kept())
    texts = await snapshot.texts(ids)
    assert {id: (doc["kind"], doc) for id, doc in (await anew.documents(ids)).items()} == {
        id: (kind, orjson.loads(text)) for id, (kind, text) in texts.items()
    }
    return await snapshot.documents(ids) == await anew.documents(ids) and texts == await anew.texts(ids)


@pytest.mark.parametrize("seed", range(4))
def test_kept_documents_are_those_of_the_snapshot_while_others_write(database: Database, seed: int) -> None:
    chance = random.Random(seed)

    async def play() -> None:
        snapshots: list[Snapshot] = []
        for number, command in enumerate(Historian(seed).history(60)):
            await asyncio.to_thread(record, database, number, command)
            snapshots.append(await open_snapshot(database))
            if chance.random() < 0.3:
                snapshots.append(await open_snapshot(database, chance.randint(0, snapshots[-1].position)))
            for snapshot in [snapshots[-1], *chance.sample(snapshots, min(3, len(snapshots)))]:
                assert await agrees(snapshot, chance)
        await database.close()

    asyncio.run(play())


def test_so_many_new_versions_that_all_is_let_go_of(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_CHANGES", 3)
    test_kept_documents_are_those_of_the_snapshot_while_others_write(database, 7)


def test_what_was_read_before_a_later_version_came_is_not_kept(database: Database) -> None:
    async def play() -> None:
        for number, command in enumerate(Historian(1).history(0)):
            record(database, number, command)
        early = await open_snapshot(database)
        record(database, 100, Historian(2).command())
        late = await open_snapshot(database)
        early.kept.keep("person/p0", 1, {"id": "person/p0", "names": []}, 1, early.position)
        assert late.kept is early.kept
        assert (late.at_hand("person/p0") is None) == (late.position > early.position)
        await database.close()

    asyncio.run(play())


def test_after_a_rebuild_nothing_is_kept_of_the_tables_before(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeline.read.projector.READERS_SECONDS", 0)

    async def play() -> None:
        for number, command in enumerate(Historian(1).history(0)):
            record(database, number, command)
        before = await open_snapshot(database)
        await before.documents(["person/p0"])
        await asyncio.to_thread(rebuild, database)
        after = await open_snapshot(database)
        assert before.at_hand("person/p0") is not None
        assert after.at_hand("person/p0") is None
        await database.close()

    asyncio.run(play())


def test_what_is_not_used_for_long_is_dropped() -> None:
    one = Kept(most=40)
    one.position = 5
    for number in range(100):
        one.keep(f"a/{number}", 1, {"id": number}, 5, 5)
        assert one.find("a/0", 5) == {"id": 0}
    left = [number for number in range(100) if one.find(f"a/{number}", 5) is not None]
    assert 4 <= len(left) <= 8
    assert left[0] == 0
    assert left[-1] == 99


def test_those_who_ask_at_once_share_a_question_and_late_comers_get_the_next() -> None:
    async def play() -> None:
        begun = 0
        go_on = asyncio.Event()

        async def ask(_: Sequence[None]) -> int:
            nonlocal begun
            begun += 1
            mine = begun
            await go_on.wait()
            return mine

        together = Together(ask)
        first = [asyncio.ensure_future(together.answer(None)) for _ in range(3)]
        await asyncio.sleep(0.01)
        late = [asyncio.ensure_future(together.answer(None)) for _ in range(3)]
        late[0].cancel()
        await asyncio.sleep(0.01)
        assert begun == 1
        go_on.set()
        assert await asyncio.gather(*first) == [1, 1, 1]
        assert await asyncio.gather(*late[1:]) == [2, 2]

    asyncio.run(play())


def test_a_question_that_fails_fails_for_those_who_shared_it_only() -> None:
    async def play() -> None:
        answers = iter([RuntimeError("down"), 7])

        async def ask(_: Sequence[None]) -> int:
            found = next(answers)
            if isinstance(found, RuntimeError):
                raise found
            return found

        together = Together(ask)
        failed = await asyncio.gather(*(together.answer(None) for _ in range(2)), return_exceptions=True)
        assert [str(each) for each in failed] == ["down", "down"]
        assert await together.answer(None) == 7

    asyncio.run(play())
