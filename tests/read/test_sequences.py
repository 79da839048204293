"""Sequences from the read tables: narrowed by the rarest step or not, the matches are those of all candidates."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from tests.journeys.histories import Historian, record
from tests.read.test_series import known, meeting
from timeline.database import Database
from timeline.errors import Refused
from timeline.read import sequences, steps
from timeline.read.documents import Document, dates_of
from timeline.read.filters import OccurrenceFilter, Page
from timeline.read.matching import Candidate, Matcher, Step
from timeline.read.sequences import StepAsked, find_sequences
from timeline.read.shared import people
from timeline.read.snapshot import Snapshot, open_snapshot

FILTERS = [
    OccurrenceFilter(),
    OccurrenceFilter(kinds=("meeting",)),
    OccurrenceFilter(kinds=("statement", "milestone")),
    OccurrenceFilter(any_of=("KR",)),
    OccurrenceFilter(kinds=("meeting",), place="place/seoul"),
    OccurrenceFilter(people=("person/p0",)),
    OccurrenceFilter(kinds=("meeting",), all_of=("US",)),
    OccurrenceFilter(levels=("MINISTER", "WORKING"), any_of=("KR", "JP")),
]


def pattern(seed: int) -> list[StepAsked]:
    chance = random.Random(seed)
    return [
        StepAsked(
            filter=chance.choice(FILTERS),
            at_most=chance.choice([None, 1, 10, 40, 200]),
            at_least=chance.choice([None, None, 3]),
            same_day=chance.random() < 0.5,
            optional=index > 0 and chance.random() < 0.3,
            without=chance.choice([None, None, *FILTERS[1:4]]) if index else None,
        )
        for index in range(chance.randint(1, 3))
    ]


async def naive(snapshot: Snapshot, asked: Sequence[StepAsked], sharing: Sequence[str]) -> list[Any]:
    """The matcher over everything that the filters let pass, read from whole documents."""

    async def all_of(filter: OccurrenceFilter | None, sharing: Sequence[str]) -> list[Candidate]:
        if filter is None:
            return []
        found = (await snapshot.occurrences(filter, Page(first=200))).documents
        dated = [each for each in found if when_of(each) is not None]
        return [Candidate(each["id"], dates_of(when_of(each)), await shared(each, sharing)) for each in dated]

    async def shared(document: Document, sharing: Sequence[str]) -> tuple[frozenset[str], ...]:
        own = {
            "PARTIES": document.get("party_set") or (document["parties"] if document["kind"] == "milestone" else []),
            "PLACE": [place for place in (document.get("place"), *document.get("also_at", ())) if place],
            "PEOPLE": people(document),
        }
        return tuple([frozenset(await snapshot.survivors(own[what])) for what in sharing])

    steps = [
        Step(
            await all_of(step.filter, sharing), step.least, step.most, step.margin, step.optional,
            await all_of(step.without, ()),
        )
        for step in asked
    ]  # fmt: skip
    return [(match.ids, match.certain) for match in Matcher(steps).matches()]


def when_of(document: Document) -> Any:
    when = document.get("when")
    if when is None and document["kind"] == "nomination":
        taken = (step.get("when") for step in document["steps"] if step["status"] == "DONE")
        when = next((day for day in taken if day), None)
    return when if when and when["dated"] else None


@pytest.mark.parametrize("whole", [sequences.WHOLE, 5, 0], ids=["all candidates", "some by windows", "by windows"])
def test_matches_are_those_of_all_candidates(database: Database, monkeypatch: pytest.MonkeyPatch, whole: int) -> None:
    record(database, Historian(12).history(130))
    monkeypatch.setattr("timeline.read.shared.DOCUMENTS", 3)
    if whole < sequences.WHOLE:
        monkeypatch.setattr(sequences, "WHOLE", whole)
        monkeypatch.setattr(steps, "LONG_DAYS", 3)
        monkeypatch.setattr(steps, "CHUNK", 2)

    async def compare() -> int:
        snapshot = await open_snapshot(database)
        matched = 0
        for seed in range(150):
            asked, sharing = pattern(seed), random.Random(seed).choice([(), (), ("PARTIES",), ("PEOPLE",), ("PLACE",)])
            if any(step.most < step.least for step in asked):
                continue
            expected = await naive(snapshot, asked, sharing)
            found = await find_sequences(snapshot, asked, sharing=sharing, first=10_000)
            assert [(match.ids, match.certain) for match in found.matches] == expected, (seed, asked, sharing)
            matched += len(expected)
        await database.close()
        return matched

    assert asyncio.run(compare()) > 300


@pytest.mark.parametrize(
    ("limit", "sharing", "path"),
    [
        ("MAX_ROWS", (), ("steps",)),
        ("MAX_CANDIDATES", ("PARTIES",), ("steps", 1, "filter")),
        ("MAX_DOCUMENTS", ("PLACE",), ("steps", 1, "filter")),
    ],
)
def test_a_pattern_is_refused_that_needs_too_many_occurrences_at_hand(
    database: Database, monkeypatch: pytest.MonkeyPatch, limit: str, sharing: tuple[str, ...], path: tuple[object, ...]
) -> None:
    monkeypatch.setattr(steps if limit == "MAX_CANDIDATES" else sequences, limit, 20)
    if limit == "MAX_CANDIDATES":
        monkeypatch.setattr(sequences, "WHOLE", 20)
    rare = [meeting(f"r{number}", "KR", "2001-01-01") for number in range(3)]
    known(database, *rare, *(meeting(f"m{number:02}", "US", "2001-01-02") for number in range(21)))
    filters = [OccurrenceFilter(kinds=("meeting",), exactly=(party,)) for party in ("KR", "US")]

    async def ask() -> None:
        try:
            await find_sequences(await open_snapshot(database), [StepAsked(each) for each in filters], sharing=sharing)
        finally:
            await database.close()

    with pytest.raises(Refused) as refused:
        asyncio.run(ask())
    assert (refused.value.code, refused.value.path) == ("PATTERN_TOO_WIDE", path)


def test_a_rare_step_narrows_the_one_behind_it_and_that_one_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequences, "WHOLE", 20)
    monkeypatch.setattr(steps, "MAX_CANDIDATES", 20)
    days = [f"2001-{1 + day // 28:02}-{1 + day % 28:02}" for day in range(60)]
    known(
        database,
        meeting("rare", "KR", days[9]),
        *(meeting(f"middle-{number:02}", "US", days[number]) for number in range(0, 60, 4)),
        *(meeting(f"many-{number:02}", "JP", days[number]) for number in range(60)),
    )
    asked = [
        StepAsked(OccurrenceFilter(kinds=("meeting",), exactly=(party,)), at_most=3) for party in ("KR", "US", "JP")
    ]

    async def ask() -> list[Any]:
        found = await find_sequences(await open_snapshot(database), asked)
        await database.close()
        return [match.ids for match in found.matches]

    assert asyncio.run(ask()) == [
        ("meeting/rare", "meeting/middle-12", f"meeting/many-{number}") for number in (13, 14, 15)
    ]


def test_pages_follow_one_another_and_the_past_is_asked_like_the_present(database: Database) -> None:
    positions = record(database, Historian(12).history(120))
    asked = [
        StepAsked(OccurrenceFilter(kinds=("meeting",))),
        StepAsked(OccurrenceFilter(), same_day=True, optional=True),
    ]

    async def walk() -> None:
        for position in (positions[-1], positions[len(positions) // 2]):
            snapshot = await open_snapshot(database, position)
            whole = await find_sequences(snapshot, asked, first=10_000)
            seen, after = [], None
            while True:
                page = await find_sequences(snapshot, asked, first=3, after=after)
                seen += [match.ids for match in page.matches]
                if not page.has_next:
                    break
                after = page.cursors[-1]
            assert seen == [match.ids for match in whole.matches]
            assert {id for ids in seen for id in ids if id} <= set(whole.documents)
        await database.close()

    asyncio.run(walk())
