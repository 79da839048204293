"""Pages of what touches days: near ones and long ones are found apart, and come as one list."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from timeline.database import Database
from timeline.handle import Request, handle
from timeline.read import tables
from timeline.read.conditions import Query
from timeline.read.filters import OccurrenceFilter, Page, TimeFilter, TimeRelation
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.values.dates import bounds
from timeline.values.facts import Meeting, When
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


async def walked(snapshot: Snapshot, filter: OccurrenceFilter, *, descending: bool, backward: bool) -> list[Any]:
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


@pytest.mark.parametrize("relation", ["during", "overlaps"])
def test_near_and_long_ones_come_as_one_list_in_order(
    dated: Database, relation: TimeRelation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        snapshot, long = await open_snapshot(dated), 0
        for asked in ASKED:
            for kinds in KINDS:
                filter = OccurrenceFilter(kinds=kinds, times=(TimeFilter(relation, bounds(asked)),))
                for descending, backward in ((False, False), (True, False), (False, True), (True, True)):
                    apart = await walked(snapshot, filter, descending=descending, backward=backward)
                    with monkeypatch.context() as patch:
                        patch.setattr(Query, "touching", property(lambda _: None, lambda *_: None), raising=False)
                        whole = await walked(snapshot, filter, descending=descending, backward=backward)
                    assert apart == whole, (asked, kinds, descending, backward)
                    long += any(id in LONG for part in apart for id in part)
        assert long > 10
        await dated.close()

    asyncio.run(play())


def test_only_long_ones_stand_in_the_indexes_of_long_ones(dated: Database) -> None:
    with dated.read() as connection:
        ids = connection.exec_driver_sql(f"SELECT r.id FROM a_records r WHERE {tables.LONG}").scalars().all()
    assert set(ids) == set(LONG)
