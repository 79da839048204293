"""How PostgreSQL is told to plan: what was slow once for reasons that no answer shows."""

from __future__ import annotations

import asyncio

import pytest

from timeline.database import Database
from timeline.read.conditions import Query
from timeline.read.filters import OccurrenceFilter, TimeFilter
from timeline.read.paging import page
from timeline.read.snapshot import open_snapshot
from timeline.values.dates import bounds

LAWS = {
    "short queries start no workers": ("SHOW max_parallel_workers_per_gather", [("0",)]),
    "few words wait to enter the search index": (
        "SELECT relname, reloptions FROM pg_class WHERE relname IN ('a_words', 'b_words') ORDER BY relname",
        [("a_words", ["gin_pending_list_limit=256"]), ("b_words", ["gin_pending_list_limit=256"])],
    ),
    "no list of frequent pairs is read to plan a query of links": (
        "SELECT stxname, stxkind::text[] FROM pg_statistic_ext ORDER BY stxname",
        [("a_links_value_role", ["f"]), ("b_links_value_role", ["f"])],
    ),
}


@pytest.mark.parametrize("law", LAWS)
def test_postgresql_is_told(database: Database, law: str) -> None:
    asked, expected = LAWS[law]

    async def told() -> list[tuple[object, ...]]:
        rows = [tuple(row) for row in await database.fetch(asked)]
        await database.close()
        return rows

    if database.dialect == "postgresql":
        assert asyncio.run(told()) == expected


IN_ORDER = {
    "of a place": OccurrenceFilter(kinds=("meeting",), place="MY"),
    "of three parties": OccurrenceFilter(kinds=("meeting",), all_of=("JP", "KR", "US")),
    "of a set of parties": OccurrenceFilter(kinds=("meeting",), exactly=("JP", "KR", "US")),
    "of a kind": OccurrenceFilter(kinds=("meeting",)),
}


@pytest.mark.parametrize("asked", IN_ORDER)
def test_what_a_page_is_read_from_has_its_order(database: Database, asked: str) -> None:
    filter = IN_ORDER[asked]

    async def plan() -> list[str]:
        query = await (await open_snapshot(database)).asked(filter)
        names = [f"{query.dated}.{column}" for column in ("es", "le", "id")]
        statement = page(query, query.records, names, ["doc"], "", 50)
        assert query.is_planned_once
        explain = "EXPLAIN" if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
        rows = await database.fetch_by_key(f"{explain} {statement}", **query.parameters)
        await database.close()
        return [str(row[-1]) for row in rows]

    assert [step for step in asyncio.run(plan()) if "Sort" in step or "TEMP B-TREE" in step] == []


BY_VALUE = {
    "of some kinds": OccurrenceFilter(kinds=("meeting", "statement")),
    "of a place and a level": OccurrenceFilter(kinds=("meeting",), place="MY", levels=("MINISTER",)),
    "by days": OccurrenceFilter(kinds=("meeting",), place="MY", times=(TimeFilter("during", bounds("2025")),)),
}


@pytest.mark.parametrize("asked", BY_VALUE)
def test_what_depends_on_values_is_planned_for_them(database: Database, asked: str) -> None:
    async def query() -> Query:
        found = await (await open_snapshot(database)).asked(BY_VALUE[asked])
        await database.close()
        return found

    assert not asyncio.run(query()).is_planned_once
