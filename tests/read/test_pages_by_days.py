"""Pages of what touches days: near ones and long ones are found apart, and come as one list."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import Any

import pytest

from timeline.database import Database
from timeline.handle import Request, handle
from timeline.read import paging, tables
from timeline.read.filters import OccurrenceFilter, Page, TimeFilter, TimeRelation, Wanted
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.values.dates import bounds
from timeline.values.facts import Meeting, When
from timeline.values.relations import Certainty, after, before, overlaps, within
from timeline.write.commands import Report

WHEN = [
    *("1990/2020", "199X", "19XX", "1994/..", "../1995", "../1980", "2021/..", "1993/1994", "1994", "1994-05"),
    *("1994-05-01", "1994-12-31/1995-01-01", "1993-06/1994-06", "1992-12-31", "1995-01-01", "1900/1994-01-01"),
    *("1993-12-31/1995-01-01", "1994-01-01/1995-01-02", "1994-01-01/1995-01-03", "1800", "2024-02-29"),
]
ASKED = ["1994", "1994-05-01", "1900", "2024", "../1960", "2022/..", "199X", "1994-01-01/1995-01-02"]
LONG = [f"meeting/m{number}" for number in (0, 1, 2, 3, 4, 5, 6, 7, 12, 15, 18)]
"""Those that span more than 366 days."""
KINDS = [("meeting",), ("meeting", "statement"), ()]


@pytest.fixture
def dated(database: Database) -> Database:
    """Meetings of an hour and of a century, open at either end, and one without any date."""
    contents = [Meeting(title=edtf, when=When(edtf=edtf)) for edtf in WHEN] + [Meeting(title="undated")]
    reports = [Report(id=f"meeting/m{number}", content=content) for number, content in enumerate(contents)]
    handle(database, Request(append_id="a", actor="t", commands=list(reports)), now_us=1)
    return database


def by_relation(filter: OccurrenceFilter) -> list[int]:
    """The numbers of the meetings of which the filter's time holds, as the relations of dates say."""
    (time,) = filter.times
    judge = {"during": within, "overlaps": overlaps, "before": before, "after": after}[time.relation]
    wanted = {Certainty.CERTAIN} if time.certainty == "CERTAIN" else {Certainty.CERTAIN, Certainty.POSSIBLE}
    return [number for number, edtf in enumerate(WHEN) if judge(bounds(edtf), time.bounds) in wanted]


async def walked(snapshot: Snapshot, filter: OccurrenceFilter, descending: bool, backward: bool) -> list[Any]:
    """All pages of two, one after the other."""
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = Page(last=2, before=cursor) if backward else Page(first=2, after=cursor)
        part = await snapshot.occurrences(filter, Page(page.first, page.last, page.after, page.before, descending))
        found.append([each["id"] for each in part.documents])
        if not (part.has_previous if backward else part.has_next):
            return found
        cursor = part.cursors[0] if backward else part.cursors[-1]


@pytest.mark.parametrize("certainty", ["POSSIBLE", "CERTAIN"])
@pytest.mark.parametrize("relation", ["during", "overlaps", "before", "after"])
def test_near_and_long_ones_come_as_one_list_in_order(
    dated: Database, relation: TimeRelation, certainty: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        snapshot, found = await open_snapshot(dated), 0
        for asked in ASKED:
            for kinds in KINDS:
                filter = OccurrenceFilter(kinds=kinds, times=(TimeFilter(relation, bounds(asked), certainty),))
                for way in product((False, True), (False, True)):
                    apart = await walked(snapshot, filter, *way), await snapshot.count(filter)
                    with monkeypatch.context() as patch:
                        patch.setattr(paging, "_apart", lambda *_: None)
                        whole = await walked(snapshot, filter, *way), await snapshot.count(filter)
                    assert apart == whole, (asked, kinds, way)
                ids = sorted(id for part in whole[0] for id in part)
                assert ids == [f"meeting/m{number}" for number in sorted(by_relation(filter), key=str)]
                found += len(ids)
        assert found > 3
        await dated.close()

    asyncio.run(play())


def test_only_long_ones_stand_in_the_indexes_of_long_ones(dated: Database) -> None:
    with dated.read() as connection:
        ids = connection.exec_driver_sql(f"SELECT r.id FROM a_records r WHERE {tables.LONG}").scalars().all()
    assert set(ids) == set(LONG)
