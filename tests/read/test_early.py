"""What was recorded early in a long log is read without walking past all that followed, to the same answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.journeys.histories import Historian, record
from timeline.database import Database
from timeline.read import snapshot
from timeline.read.filters import EntityFilter, OccurrenceFilter, Page
from timeline.read.snapshot import open_snapshot

FILTERS = [
    OccurrenceFilter(),
    OccurrenceFilter(kinds=("meeting",), levels=("MINISTER",)),
    OccurrenceFilter(all_of=("KR",)),
    OccurrenceFilter(none_of=("KR",)),
    OccurrenceFilter(any_of=("KR", "US")),
    OccurrenceFilter(exactly=("KR", "US")),
    OccurrenceFilter(text="talks"),
]


def answers(database: Database, positions: range) -> list[Any]:
    async def ask() -> list[Any]:
        found: list[Any] = []
        for position in positions:
            then = await open_snapshot(database, position)
            for filter in FILTERS:
                pages = [Page(), Page(first=2), Page(last=2), Page(descending=True)]
                found += [(await then.occurrences(filter, page)).keys for page in pages]
                found += [await then.count(filter), await then.facets(filter, ["PARTY", "YEAR"])]
                found.append(await then.density(filter, "MONTH"))
            people = EntityFilter(kinds=("person",))
            found += [(await then.entities(people, Page())).keys, await then.count_entities(people)]
        await database.close()
        return found

    return asyncio.run(ask())


def test_early_and_late_positions_are_answered_alike(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    last = record(database, Historian(5).history(90))[-1]
    positions = range(1, last, 7)
    told = []
    for early in (False, True):
        monkeypatch.setattr(snapshot.Snapshot, "is_early", lambda self, _, early=early: early)
        told.append(answers(database, positions))
    assert told[0] == told[1]


@pytest.mark.parametrize(("position", "head", "is_early"), [(100, 10**6, True), (10**5, 10**6, False), (5, 5, False)])
def test_a_position_is_early_in_a_log_that_is_long_beside_it(
    database: Database, position: int, head: int, is_early: bool
) -> None:
    then = snapshot.Snapshot(database, position, 0, "a", 0, head=head)
    assert then.is_early(snapshot.EARLY) is is_early


def test_sqlite_reads_early_positions_by_their_own_index(database: Database) -> None:
    async def plan() -> str:
        then = snapshot.Snapshot(database, 3, 0, "a", 0, head=10**6)
        query = await then.asked(OccurrenceFilter(kinds=("meeting",)))
        order = "ORDER BY r.es, r.le, r.id LIMIT 51"
        asked = f"EXPLAIN QUERY PLAN SELECT r.id FROM {query.records} WHERE {query.condition} {order}"
        return str([tuple(row) for row in await then.rows(query, asked)])

    if database.dialect == "sqlite":
        assert "USING INDEX a_records_from" in asyncio.run(plan())
