"""Pages and counts that links alone tell: the same as records tell, in every past, with merges and under a veil."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.journeys.histories import MEETINGS
from tests.read.test_kept_bitmaps import FILTERS, MORE, moved, played, populate, put_down
from timeline.database import Database
from timeline.read import kept_bitmaps
from timeline.read.conditions import Query
from timeline.read.filters import OccurrenceFilter, Page
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.read.veil import Veil

PAGES = [Page(first=3), Page(last=4), Page(first=200, descending=True)]
HIDDEN = Veil(frozenset(["person/p1", *MEETINGS[:2]]), f'["person/p1", "{MEETINGS[0]}", "{MEETINGS[1]}"]', "x")


def asked_of_records(query: Query) -> bool:
    """Never; and what links are said to tell is asked of records, too."""
    if query.leads and "NOT r.hidden AND r.kind = d.kind" not in query.where:
        query.where.append("NOT r.hidden AND r.kind = d.kind")
    return False


async def answers(snapshot: Snapshot, filter: OccurrenceFilter) -> list[Any]:
    pages = [await snapshot.occurrences(filter, page) for page in PAGES]
    beyond = [Page(first=2, after=page.cursors[0], descending=page is pages[2]) for page in pages if page.cursors]
    pages += [await snapshot.occurrences(filter, page) for page in beyond]
    told = [[(each["id"], each["version"]) for each in page.documents] for page in pages]
    return [told, [(page.has_next, page.has_previous) for page in pages], await snapshot.count(filter)]


@pytest.mark.parametrize("seed", range(2))
def test_links_tell_what_records_do(database: Database, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else counts would come from there.
    monkeypatch.setattr(kept_bitmaps, "select", nothing)

    async def play() -> None:
        historian, told = populate(database, seed), 0
        for number in range(60):
            await asyncio.to_thread(put_down, database, number, moved(historian))
        head = await open_snapshot(database)
        for position in [*range(1, head.head, head.head // 12), head.head]:
            seen = await open_snapshot(database, position)
            for snapshot in (seen, replace(seen, veil=HIDDEN)):
                for filter in FILTERS:
                    told += (await snapshot.asked(filter)).is_told_by_links
                    by_links = await answers(snapshot, filter)
                    with monkeypatch.context() as patch:
                        patch.setattr(Query, "is_told_by_links", property(asked_of_records))
                        assert await answers(snapshot, filter) == by_links, (position, filter)
        assert told > 100

    assert len(MORE) > 50
    played(database, play)


async def nothing(*_: Any) -> None:
    """No index is kept."""
