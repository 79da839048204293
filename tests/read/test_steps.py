"""What may fill a step: the same whether an index of meetings is read or what links lead to."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.read.test_series import known, meeting
from timeline.database import Database
from timeline.read import steps
from timeline.read.filters import OccurrenceFilter, TimeFilter
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.read.steps import read_step
from timeline.values.dates import bounds
from timeline.values.facts import Name, Organization
from timeline.values.vocabulary import Level, MeetingStatus
from timeline.write.commands import Merge, Report, Retract

MEETINGS = ("meeting",)
EU, UNION = "organization/eu", "organization/the-union"
DATES = [None, "2024-01", "2025-03-01", "2025-03-01?", "2025", "2024-12-31/2025-01-02", "[2025-04-01..2025-04-09]"]


def history(database: Database) -> list[int]:
    """Sixty meetings at random; then a party is merged into another, and some meetings are withdrawn."""
    chance = random.Random(4)
    reports = [
        meeting(
            f"m{number}",
            "|".join(sorted(chance.sample(["KR", "US", "JP", EU, UNION], chance.randint(1, 3)))),
            chance.choice(DATES),
            level=chance.choice([None, *Level]),
            status=chance.choice([*MeetingStatus]),
        )
        for number in range(60)
    ]
    names = [Report(id=id, content=Organization(names=[Name(text=id)])) for id in (EU, UNION)]
    known(database, *names, *reports)
    withdrawn = [Retract(id=f"meeting/m{number}", reason="never was") for number in range(0, 60, 7)]
    known(database, Merge(id=UNION, into=EU, reason="the same"), *withdrawn, append="b")
    return [62, 63 + len(withdrawn)]


ASKED = [
    OccurrenceFilter(kinds=MEETINGS),
    OccurrenceFilter(levels=("MINISTER", "WORKING")),
    OccurrenceFilter(formats=("BILATERAL",)),
    OccurrenceFilter(kinds=MEETINGS, all_of=("KR",), none_of=("US",)),
    OccurrenceFilter(kinds=MEETINGS, any_of=("KR", "JP", UNION)),
    OccurrenceFilter(kinds=MEETINGS, all_of=(UNION,)),
    OccurrenceFilter(kinds=MEETINGS, statuses=("HELD", "SCHEDULED"), all_of=("US", "JP")),
    OccurrenceFilter(kinds=MEETINGS, times=(TimeFilter("during", bounds("2025", throughout=True)),)),
    OccurrenceFilter(kinds=MEETINGS, times=(TimeFilter("overlaps", bounds("2025", throughout=True), "CERTAIN"),)),
]


def test_the_index_of_steps_tells_what_records_and_links_tell(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    positions = history(database)

    async def read(snapshot: Snapshot, filter: OccurrenceFilter, is_narrow: bool) -> list[tuple[Any, ...]]:
        async def chosen(*_: object) -> bool:
            return is_narrow

        monkeypatch.setattr(steps, "_is_narrow", chosen)
        return sorted(map(tuple, await read_step(snapshot, filter, 1000)))

    async def compare() -> list[int]:
        found = []
        for position in positions:
            snapshot = await open_snapshot(database, position)
            for filter in ASKED:
                narrow = await read(snapshot, filter, True)
                assert narrow == await read(snapshot, filter, False)
                found.append(len(narrow))
        await database.close()
        return found

    assert min(asyncio.run(compare())) > 0


@pytest.mark.parametrize(
    ("filter", "is_narrow"),
    [
        (OccurrenceFilter(kinds=MEETINGS, levels=("MINISTER",)), True),
        (OccurrenceFilter(levels=("MINISTER",), all_of=("US", "KR")), True),
        (OccurrenceFilter(kinds=MEETINGS, all_of=("US", "FR")), False),
        (OccurrenceFilter(all_of=("US",)), False),
        (OccurrenceFilter(kinds=MEETINGS, people=("person/p",)), False),
    ],
)
def test_where_a_party_leads_to_few_its_links_are_read(
    database: Database, filter: OccurrenceFilter, is_narrow: bool
) -> None:
    days = [f"2001-01-{day:02}" for day in range(1, 29)]
    common = [meeting(f"m{number}", "KR|US", day, level=Level.MINISTER) for number, day in enumerate(days)]
    known(database, *common, meeting("rare", "FR", "2001-01-01"))

    async def ask() -> bool:
        found = await steps._is_narrow(await open_snapshot(database), filter)
        await database.close()
        return found

    assert asyncio.run(ask()) == is_narrow
