"""Pages of a series: whichever way they are read, each meeting has the number and neighbours it has in the whole."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.read.test_series import known, meeting
from timeline.database import Database
from timeline.read import numbering
from timeline.read.cursors import cursor_of
from timeline.read.entries import Entries, Place, entries
from timeline.read.filters import OccurrenceFilter, Page
from timeline.read.numbering import Numbering
from timeline.read.series import exact_set, figures
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.values.facts import Name, Organization
from timeline.values.vocabulary import Level
from timeline.write.commands import AnyCommand, Correct, Merge, Report, Retract

PAIR = exact_set(["KR", "US"], OccurrenceFilter())
FORMS = ["", "2001-01-{}", "2001-01-{}", "2001-01-{}?", "2001-01", "2001-01-{}/2001-01-20", "[2001-01-{}..2001-01-17]"]
Told = tuple[str, int, str | None, str | None]
"""A meeting with its number and its neighbours."""


@pytest.fixture
def ask(database: Database) -> Iterator[Callable[[Awaitable[Entries]], Entries]]:
    with asyncio.Runner() as runner:

        async def awaited(question: Awaitable[Entries]) -> Entries:
            return await question

        yield lambda question: runner.run(awaited(question))
        runner.run(database.close())


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was counted in the database."""
    asked: list[object] = []
    between = numbering._between

    async def noted(snapshot: Snapshot, filter: OccurrenceFilter, *keys: object) -> int:
        asked.append(keys)
        return await between(snapshot, filter, *keys)  # type: ignore[arg-type]

    monkeypatch.setattr(numbering, "_between", noted)
    return asked


async def page(database: Database, position: int | None = None, **wanted: object) -> Entries:
    return await entries(await open_snapshot(database, position), PAIR, Page(**wanted))  # type: ignore[arg-type]


def days(database: Database, *numbers: int, append: str = "a") -> None:
    known(database, *(meeting(f"on-{n:02}", "KR|US", f"2001-01-{n:02}") for n in numbers), append=append)


def numbered(found: Entries) -> list[tuple[str, int]]:
    return [(told[0], told[1]) for told in told_of(found)]


def told_of(found: Entries) -> list[Told]:
    def name(place: Place | None) -> str | None:
        return None if place is None else place.key[2].removeprefix("meeting/")

    assert all(f'"id":"{each.place.key[2]}"' in each.place.text for each in found.entries)
    return [(name(each.place) or "", each.ordinal, name(each.previous), name(each.next)) for each in found.entries]


def cursors(found: Entries) -> list[str]:
    return [cursor_of(each.place.key) for each in found.entries]


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("cold", [False, True], ids=["numbers kept", "nothing kept"])
def test_pages_forward_and_backward_are_pieces_of_the_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch, size: int, cold: bool
) -> None:
    chance = random.Random(size)
    monkeypatch.setattr(numbering, "MARKS", 4)
    for append in ("a", "b"):
        dates = [chance.choice(FORMS).format(chance.randint(10, 14)) for _ in range(11)]
        known(
            database,
            *(meeting(f"{append}{n}", "KR|US", edtf or None) for n, edtf in enumerate(dates)),
            append=append,
        )

    async def walk(position: int) -> int:
        snapshot = await open_snapshot(database, position)
        whole = await entries(snapshot, PAIR, Page(first=200))
        expected, seen, back = told_of(whole), [], []
        assert [ordinal for _, ordinal, _, _ in expected] == list(range(1, len(expected) + 1))
        after, before = None, None
        while True:
            numbering.forget(database) if cold else None
            found = await entries(snapshot, PAIR, Page(first=size, after=after))
            seen += told_of(found)
            assert found.has_previous == (after is not None)
            if not found.has_next:
                break
            after = cursors(found)[-1]
        while True:
            numbering.forget(database) if cold else None
            found = await entries(snapshot, PAIR, Page(last=size, before=before))
            back = told_of(found) + back
            assert found.has_next == (before is not None)
            if not found.has_previous:
                break
            before = cursors(found)[0]
        assert seen == back == expected
        return len(expected)

    async def now_and_then() -> list[int]:
        lengths = [await walk(position) for position in (22, 11, 22, 15)]
        await database.close()
        return lengths

    assert asyncio.run(now_and_then()) == [22, 11, 22, 15]


def test_the_next_page_and_the_one_before_count_nothing(
    database: Database, ask: Callable[[Awaitable[Entries]], Entries], counts: list[object]
) -> None:
    days(database, *range(1, 13))
    first = ask(page(database, first=3))
    second = ask(page(database, first=3, after=cursors(first)[-1]))
    known(database, meeting("of-others", "DE|FR", "2001-01-02"), append="b")
    third = ask(page(database, first=3, after=cursors(second)[-1]))
    again = ask(page(database, last=3, before=cursors(third)[0]))
    assert counts == []
    assert numbered(third) == [("on-07", 7), ("on-08", 8), ("on-09", 9)]
    assert told_of(again) == told_of(second)
    assert numbered(ask(page(database, last=2))) == [("on-11", 11), ("on-12", 12)]
    assert len(counts) == 1
    days(database, 13, 14, append="c")
    assert numbered(ask(page(database, first=1, after=cursors(third)[-1]))) == [("on-10", 10)]
    assert len(counts) == 1, "what was recorded stands behind the cursor"
    known(database, meeting("before", "KR|US", "2001-01-08"), append="d")
    assert numbered(ask(page(database, first=1, after=cursors(third)[-1]))) == [("on-10", 11)]
    assert len(counts) == 2


@pytest.mark.parametrize("cold", [False, True], ids=["numbers kept", "nothing kept"])
def test_numbers_follow_what_is_recorded_moved_and_withdrawn_between_two_pages(
    database: Database, ask: Callable[[Awaitable[Entries]], Entries], cold: bool
) -> None:
    days(database, *range(3, 9))
    cursor = cursors(ask(page(database, first=3)))[-1]
    steps = [
        ([meeting("on-01", "KR|US", "2001-01-01")], [("on-06", 5), ("on-07", 6), ("on-08", 7)]),
        ([Retract(id="meeting/on-03", reason="never was")], [("on-06", 4), ("on-07", 5), ("on-08", 6)]),
        ([Retract(id="meeting/on-05", reason="never was")], [("on-06", 3), ("on-07", 4), ("on-08", 5)]),
    ]
    for number, (commands, expected) in enumerate(steps):
        known(database, *commands, append=f"step-{number}")  # type: ignore[arg-type]
        numbering.forget(database) if cold else None
        found = ask(page(database, after=cursor))
        assert numbered(found) == expected
        assert told_of(found)[0][2] == ("on-05" if number < 2 else "on-04")
    assert numbered(ask(page(database, position=6, after=cursor))) == [("on-06", 4), ("on-07", 5), ("on-08", 6)]
    assert numbered(ask(page(database, after=cursor))) == steps[-1][1]


def test_whatever_is_recorded_in_between_kept_numbers_are_those_of_the_whole(
    database: Database, ask: Callable[[Awaitable[Entries]], Entries], counts: list[object]
) -> None:
    chance = random.Random(11)
    days(database, *range(1, 13))
    cursor = cursors(ask(page(database)))[5]
    for number in range(60):
        known(database, change(chance, number), append=f"change-{number}")
        whole = told_of(ask(page(database, first=200)))
        ordinal = {id: told for id, *told in whole}
        size = chance.randint(1, 3)
        wanted = {"first": size, "after": cursor} if chance.random() < 0.6 else {"last": size, "before": cursor}
        found = ask(page(database, **wanted))
        assert told_of(found) == [(id, *ordinal[id]) for id, *_ in told_of(found)]
        cursor = chance.choice([cursor, *cursors(found)])
    assert 10 < len(counts) < 50, "some are counted, some are known"


def change(chance: random.Random, number: int) -> AnyCommand:
    """A new meeting, one that is moved, one of other parties."""
    when = {"edtf": chance.choice(FORMS[1:]).format(chance.randint(10, 14))}
    parties = chance.choice(["KR|US", "KR|US", "JP|KR"])
    if number % 3 == 0:
        return meeting(f"new-{number}", parties, when["edtf"])
    changes = {"when": when} if number % 3 == 1 else {"parties": [{"party": each} for each in parties.split("|")]}
    return Correct(id=f"meeting/on-{chance.randint(1, 12):02}", changes=changes, reason="known better")


def test_a_snapshot_that_was_opened_before_a_change_goes_on_with_its_own_numbers(
    database: Database, ask: Callable[[Awaitable[Entries]], Entries]
) -> None:
    days(database, 3, 4, 5, 6)

    async def both() -> Entries:
        old = await open_snapshot(database)
        cursor = cursors(await entries(old, PAIR, Page(first=2)))[-1]
        days(database, 1, append="b")
        new = await entries(await open_snapshot(database), PAIR, Page(after=cursor))
        assert numbered(new) == [("on-05", 4), ("on-06", 5)]
        return await entries(old, PAIR, Page(after=cursor))

    assert numbered(ask(both())) == [("on-05", 3), ("on-06", 4)]


def test_numbers_and_figures_follow_a_merge_of_parties(database: Database) -> None:
    union = exact_set(["organization/eu", "US"], OccurrenceFilter())
    known(
        database,
        *(
            Report(id=f"organization/{name}", content=Organization(names=[Name(text=name)]))
            for name in ("eu", "the-union")
        ),
        meeting("late", "US|organization/eu", "2001-01-09"),
        meeting("early", "US|organization/the-union", "2001-01-01"),
    )

    async def numbers() -> list[tuple[list[tuple[str, int]], int]]:
        found = []
        for _ in range(2):
            snapshot = await open_snapshot(database)
            last = await entries(snapshot, union, Page(last=1))
            found.append((numbered(last), (await figures(snapshot, union)).count))
            merge = Merge(id="organization/the-union", into="organization/eu", reason="the same")
            known(database, merge, append="b")
        await database.close()
        return found

    assert asyncio.run(numbers()) == [([("late", 1)], 1), ([("late", 2)], 2)]


def test_figures_are_worked_out_once_until_the_series_changes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    days(database, 1, 2)

    async def ask_thrice() -> list[int]:
        found = [await figures(await open_snapshot(database), PAIR)]
        monkeypatch.setattr("timeline.read.series.figures_of_rows", lambda rows: pytest.fail("it was kept"))
        known(database, meeting("of-others", "DE|FR", "2001-01-02"), append="b")
        found.append(await figures(await open_snapshot(database), PAIR))
        monkeypatch.undo()
        days(database, 3, append="c")
        found.append(await figures(await open_snapshot(database), PAIR))
        await database.close()
        return [each.count for each in found]

    assert asyncio.run(ask_thrice()) == [2, 2, 3]


def test_a_cursor_of_anywhere_is_a_place_in_the_series(
    database: Database, ask: Callable[[Awaitable[Entries]], Entries]
) -> None:
    days(database, 1, 3, 5)
    first, _, last = cursors(ask(page(database)))
    between = cursor_of([11326, 11326, "z"])  # 4 January 2001
    assert told_of(ask(page(database, after=between))) == [("on-05", 3, "on-03", None)]
    assert told_of(ask(page(database, last=1, before=between))) == [("on-03", 2, "on-01", "on-05")]
    assert told_of(ask(page(database, after=first, before=last))) == [("on-03", 2, "on-01", "on-05")]
    nothing = ask(page(database, after=last))
    assert (nothing.entries, nothing.has_previous, nothing.has_next) == ([], True, False)


def test_what_is_kept_of_a_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Numbering(1, 1)
    for number in range(1, 1001):
        kept.mark((number, number, "m"), number)
        kept.mark((number, number, "m"), number)
    assert len(kept.keys) <= numbering.MARKS
    assert all(key[0] == number for key, number in zip(kept.keys, kept.numbers, strict=True))


def test_another_level_is_another_series(database: Database, ask: Callable[[Awaitable[Entries]], Entries]) -> None:
    known(
        database,
        meeting("a", "KR|US", "2001-01-01", level=Level.MINISTER),
        meeting("b", "KR|US", "2001-01-02"),
        meeting("c", "KR|US", "2001-01-03", level=Level.MINISTER),
    )
    ministers = exact_set(["KR", "US"], OccurrenceFilter(levels=("MINISTER",)))

    async def last(filter: OccurrenceFilter) -> Entries:
        return await entries(await open_snapshot(database), filter, Page(last=1))

    assert [numbered(ask(last(filter))) for filter in (PAIR, ministers)] == [[("c", 3)], [("c", 2)]]
