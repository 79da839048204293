"""Series from the read tables: the same sets in the same order on both engines, page by page, merged parties as one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from tests.journeys.histories import Historian, record
from timeline.database import Database
from timeline.handle import Request, handle
from timeline.read import series
from timeline.read.filters import OccurrenceFilter, Page, TimeFilter
from timeline.read.itineraries import itinerary, post_history
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.values.dates import bounds
from timeline.values.facts import (
    Meeting,
    Name,
    Nomination,
    Organization,
    Participation,
    Person,
    Post,
    StandIn,
    Step,
    Tenure,
    When,
)
from timeline.values.vocabulary import Holding, MeetingStatus, StepKind
from timeline.write.commands import AnyCommand, Merge, Report

T = TypeVar("T")
HELD = {
    "KR|US": ["1999-01-01", "1999-03-01", "2001-02-03", "2001-02-10/2001-03-10", "2001-02-12", "2001-03-14"],
    "JP|KR|US": ["2000-01-01", "2002", "2003-05"],
    "JP|KR": ["1998-01-01", "1998-01-02"],
    "FR|JP": ["2005"],
    "DE|FR": [None, None],
    "CN|JP|KR": ["2001-05", "2008-01-01"],
}
SINCE_2000 = OccurrenceFilter(times=(TimeFilter("after", bounds("1999", throughout=True)),))


def known(database: Database, *commands: AnyCommand, append: str = "a") -> None:
    handle(database, Request(append_id=append, actor="t", commands=list(commands)), now_us=1)


def meeting(id: str, parties: str, edtf: str | None, **more: object) -> Report:
    when = None if edtf is None else When(edtf=edtf)
    taking_part = [Participation(party=party) for party in parties.split("|")]
    return Report(id=f"meeting/{id}", content=Meeting(title=id, when=when, parties=taking_part, **more))  # type: ignore[arg-type]


@pytest.fixture
def held(database: Database) -> Database:
    known(
        database,
        *(
            meeting(f"{parties.lower().replace('|', '-')}-{number}", parties, edtf)
            for parties, dates in HELD.items()
            for number, edtf in enumerate(dates)
        ),
        meeting("called-off", "DE|FR", "2001-01-01", status=MeetingStatus.CANCELLED),
        meeting("to-come", "FR|JP", "2031-01-01", status=MeetingStatus.SCHEDULED),
    )
    return database


def ask(database: Database, question: Callable[[Snapshot], Awaitable[T]]) -> T:
    async def answer() -> T:
        try:
            return await question(await open_snapshot(database))
        finally:
            await database.close()

    return asyncio.run(answer())


def listed(database: Database, order: str = "COUNT", filter: OccurrenceFilter | None = None, **more: int) -> list[str]:
    async def pages(snapshot: Snapshot) -> list[str]:
        seen: list[str] = []
        after = None
        while True:
            rows, has_next = await series.all_series(
                snapshot, filter or OccurrenceFilter(), order=order, first=2, after=after, **more
            )
            seen += [row.key for row in rows]
            if not has_next:
                return seen
            after = rows[-1].cursor

    return ask(database, pages)


@pytest.mark.parametrize(
    ("order", "sets"),
    [
        ("COUNT", ["KR|US", "JP|KR|US", "CN|JP|KR", "DE|FR", "JP|KR", "FR|JP"]),
        ("LAST", ["CN|JP|KR", "FR|JP", "JP|KR|US", "KR|US", "JP|KR", "DE|FR"]),
        ("SILENT_LONGEST", ["JP|KR", "KR|US", "JP|KR|US", "FR|JP", "CN|JP|KR", "DE|FR"]),
        ("LONGEST_SILENCE", ["CN|JP|KR", "JP|KR|US", "KR|US", "JP|KR", "DE|FR", "FR|JP"]),
        ("FIRST", ["JP|KR", "KR|US", "JP|KR|US", "CN|JP|KR", "FR|JP", "DE|FR"]),
    ],
)
def test_each_order_is_total_and_its_pages_follow_one_another(held: Database, order: str, sets: list[str]) -> None:
    assert listed(held, order) == sets


def test_the_three_that_met_most_often_since_2000_and_the_pair_that_has_been_silent_longest(held: Database) -> None:
    assert listed(held, "COUNT", SINCE_2000, party_count=3)[0] == "JP|KR|US"
    assert listed(held, "SILENT_LONGEST", party_count=2)[0] == "JP|KR"
    assert listed(held, "COUNT", min_count=3) == ["KR|US", "JP|KR|US"]


def test_what_was_called_off_or_is_to_come_is_no_meeting_of_a_series_unless_asked_for(held: Database) -> None:
    def counts(filter: OccurrenceFilter) -> dict[str, int]:
        rows, _ = ask(held, lambda snapshot: series.all_series(snapshot, filter))
        return {row.key: row.count for row in rows}

    assert counts(OccurrenceFilter())["FR|JP"] == 1
    assert counts(OccurrenceFilter(statuses=("CANCELLED",))) == {"DE|FR": 1}


def test_figures_of_several_sets_are_those_of_each(held: Database) -> None:
    async def both(snapshot: Snapshot) -> tuple[dict[str, series.Figures], dict[str, series.Figures]]:
        one_by_one = {
            key: await series.figures(snapshot, series.exact_set(key.split("|"), OccurrenceFilter())) for key in HELD
        }
        return one_by_one, await series.figures_of(snapshot, OccurrenceFilter(), list(HELD))

    one_by_one, together = ask(held, both)
    assert one_by_one == together
    found = together["KR|US"]
    assert found.longest is not None
    assert (found.count, found.longest.days, found.longest_between) == (6, 705, ("meeting/kr-us-1", "meeting/kr-us-2"))
    assert found.span is not None
    assert found.span.days == 803


def test_parties_that_were_merged_are_one_party_in_every_set(database: Database) -> None:
    names = ("organization/eu", "organization/the-union")
    known(
        database,
        *(Report(id=id, content=Organization(names=[Name(text=id)])) for id in names),
        meeting("one", "US|organization/eu", "2001-01-01"),
        meeting("two", "US|organization/the-union", "2001-01-11"),
        meeting("three", "US|organization/eu|organization/the-union", "2002-01-01"),
    )
    assert len(listed(database)) == 3
    known(database, Merge(id=names[1], into=names[0], reason="the same"), append="b")
    assert listed(database) == ["US|organization/eu"]
    assert listed(database, "LONGEST_SILENCE", party_count=2) == ["US|organization/eu"]

    async def figures(snapshot: Snapshot) -> Sequence[series.Figures]:
        key = "US|organization/eu"
        together = await series.figures_of(snapshot, OccurrenceFilter(), [key])
        return together[key], await series.figures(snapshot, series.exact_set(key.split("|"), OccurrenceFilter()))

    several, exact = ask(database, figures)
    assert (several.count, several.longest) == (3, exact.longest)
    assert several == exact


def test_companions_of_a_day_are_found_by_whatever_id_of_a_merged_party_they_name(database: Database) -> None:
    names = ("organization/eu", "organization/the-union")
    known(
        database,
        *(Report(id=id, content=Organization(names=[Name(text=id)])) for id in names),
        meeting("one", "US|organization/eu", "2001-01-01"),
        meeting("two", "JP|organization/the-union", "2001-01-01"),
        meeting("three", "KR", "2001-01-01"),
    )
    ids = ("meeting/one", "meeting/two")
    assert ask(database, lambda snapshot: snapshot.same_day(ids)) == {"meeting/one": [], "meeting/two": []}
    known(database, Merge(id=names[1], into=names[0], reason="the same"), append="b")
    assert ask(database, lambda snapshot: snapshot.same_day(ids)) == {
        "meeting/one": ["meeting/two"],
        "meeting/two": ["meeting/one"],
    }


def test_sets_of_a_random_record_are_those_of_its_documents(database: Database) -> None:
    record(database, Historian(5).history(150))

    async def compare(snapshot: Snapshot) -> tuple[dict[str, int], dict[str, int]]:
        everything = await snapshot.occurrences(series.of_series(OccurrenceFilter()), Page(first=200))
        counted: dict[str, int] = {}
        for document in everything.documents:
            key = "|".join(sorted(set(await snapshot.survivors(document["party_set"]))))
            if key:
                counted[key] = counted.get(key, 0) + 1
        rows, _ = await series.all_series(snapshot, OccurrenceFilter(), first=200)
        return counted, {row.key: row.count for row in rows}

    counted, found = ask(database, compare)
    assert found == counted
    assert counted


def test_an_itinerary_is_read_to_its_end_page_by_page(database: Database) -> None:
    person = "person/p"
    known(
        database,
        Report(id=person, content=Person(names=[Name(text="P")])),
        *(
            Report(id=f"meeting/{day:02}", content=Meeting(
                title="M", when=When(edtf=f"2001-01-{day:02}"), parties=[
                    Participation(party="US", in_place_of=StandIn(person=person)) if day % 3 == 0
                    else Participation(party="US", person=person)
                ],
            ))
            for day in range(1, 8)
        ),
    )  # fmt: skip

    async def pages(snapshot: Snapshot) -> list[tuple[str, bool]]:
        seen: list[tuple[str, bool]] = []
        after = None
        while True:
            page = await itinerary(snapshot, person, Page(first=3, after=after))
            seen += [(stop.document["id"][-2:], stop.is_present) for stop in page.stops]
            if not page.has_next:
                return seen
            after = page.stops[-1].cursor

    assert ask(database, pages) == [(f"{day:02}", day % 3 != 0) for day in range(1, 8)]


def test_the_history_of_a_post_tells_on_each_page_who_held_it_before(database: Database) -> None:
    post, person = "post/p", "person/p"
    known(
        database,
        Report(id=post, content=Post(names=[Name(text="Post")], party="US")),
        *(Report(id=id, content=Person(names=[Name(text=id)])) for id in (person, "person/other")),
        *(
            Report(
                id=f"tenure/{year}",
                content=Tenure(
                    person=person, post=post, holding=Holding.SUBSTANTIVE, when=When(edtf=f"{year}/{year + 1}")
                ),
            )
            for year in (1900, 1910, 1920)
        ),
        Report(
            id="nomination/n",
            content=Nomination(
                title="N",
                nominee="person/other",
                post=post,
                steps=[Step(step=StepKind.NOMINATED, when=When(edtf="1909"))],
            ),
        ),
    )

    async def pages(snapshot: Snapshot) -> list[tuple[str, str | None]]:
        seen: list[tuple[str, str | None]] = []
        after = None
        while True:
            page, before = await post_history(snapshot, post, Page(first=1, after=after))
            seen += [(stop.document["id"], before and before["id"]) for stop in page.stops]
            if not page.has_next:
                return seen
            after = page.stops[-1].cursor

    assert ask(database, pages) == [
        ("tenure/1900", None),
        ("nomination/n", "tenure/1900"),
        ("tenure/1910", "tenure/1900"),
        ("tenure/1920", "tenure/1910"),
    ]
