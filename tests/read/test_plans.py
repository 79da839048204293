"""How PostgreSQL is told to plan: what was slow once for reasons that no answer shows."""

from __future__ import annotations

import asyncio

import pytest

from timeline.database import Database

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
