"""Facets and sets of parties on both engines, against the documents of the whole list."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.journeys.histories import Historian, record
from timeline.database import Database
from timeline.errors import Invalid
from timeline.read import facets
from timeline.read.documents import Document
from timeline.read.facets import FACETS
from timeline.read.filters import OccurrenceFilter, Page
from timeline.read.snapshot import Snapshot, open_snapshot

FILTERS = [
    OccurrenceFilter(),
    OccurrenceFilter(kinds=("meeting",)),
    OccurrenceFilter(kinds=("meeting",), all_of=("KR",)),
    OccurrenceFilter(all_of=("US", "KR")),
    OccurrenceFilter(all_of=("KR", "US", "organization/nato")),
    OccurrenceFilter(any_of=("JP", "KR"), none_of=("US",)),
    OccurrenceFilter(none_of=("KR", "JP")),
    OccurrenceFilter(people=("person/p1",), all_of=("KR", "US")),
    OccurrenceFilter(place="KR"),
    OccurrenceFilter(any_of=("JP", "US"), topics=("defense", "trade")),
    OccurrenceFilter(any_of=("JP", "US"), has_stand_in=False),
    OccurrenceFilter(has_stand_in=True, kinds=("meeting",)),
    OccurrenceFilter(kinds=("meeting",), exactly=("KR", "US")),
    OccurrenceFilter(kinds=("meeting",), statuses=("HELD", "SCHEDULED"), none_of=("organization/nato",)),
]


@pytest.fixture
def told(database: Database) -> Database:
    record(database, Historian(11).history(120))
    return database


def ask(database: Database, question: object) -> object:
    async def run() -> object:
        try:
            return await question(await open_snapshot(database))  # type: ignore[operator]
        finally:
            await database.close()

    return asyncio.run(run())


def values(document: Document, facet: str) -> Iterator[str]:
    match facet:
        case "PARTY":
            yield from document.get("party_set", document.get("parties", []) if document["kind"] == "milestone" else [])
        case "FORMAT":
            if found := document.get("format_declared") or document.get("format_computed"):
                yield found
        case "TOPIC":
            yield from document.get("topics", [])
        case _:
            if found := document.get(facet.lower()):
                yield found


@pytest.mark.parametrize("asked", FILTERS, ids=range(len(FILTERS)))
def test_facets_count_what_the_documents_say(told: Database, asked: OccurrenceFilter) -> None:
    names = ["KIND", "PARTY", "PLACE", "LEVEL", "FORMAT", "TOPIC", "ATTRIBUTION", "STATUS"]

    async def question(snapshot: Snapshot) -> None:
        documents = (await snapshot.occurrences(asked, Page(first=200))).documents
        found = (await snapshot.facets(asked, names, limit=100)).values
        for name in names:
            counts = Counter(value for document in documents for value in values(document, name))
            assert found[name] == sorted(counts.items(), key=lambda item: (-item[1], item[0])), name
        assert (await snapshot.count(asked))[0] == len(documents)
        assert (await snapshot.facets(asked, ["KIND"])).length == len(documents)

    ask(told, question)


@pytest.mark.parametrize("asked", FILTERS, ids=range(len(FILTERS)))
def test_long_lists_are_counted_as_short_ones(
    told: Database, asked: OccurrenceFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def question(snapshot: Snapshot) -> object:
        return (await snapshot.facets(asked, list(FACETS), limit=100)).values

    short = ask(told, question)
    monkeypatch.setattr(facets, "SHORT", -1)
    assert ask(told, question) == short


def parties(document: Document) -> set[str]:
    return set(values(document, "PARTY"))


@pytest.mark.parametrize("wanted", [("KR", "US"), ("US", "JP"), ("organization/nato", "KR", "JP"), ("JP", "XX")])
def test_all_of_and_none_of_ask_for_the_set_whatever_leads(told: Database, wanted: tuple[str, ...]) -> None:
    async def question(snapshot: Snapshot) -> None:
        every = (await snapshot.occurrences(OccurrenceFilter(), Page(first=200))).documents
        for leading in ({}, {"ids": tuple(each["id"] for each in every)}, {"source": "source/a"}):
            some = (await snapshot.occurrences(OccurrenceFilter(**leading), Page(first=200))).documents
            for name, holds in (
                ("all_of", lambda found: set(wanted) <= found),
                ("none_of", lambda found: not set(wanted) & found),
                ("any_of", lambda found: bool(set(wanted) & found)),
            ):
                page = await snapshot.occurrences(OccurrenceFilter(**leading, **{name: wanted}), Page(first=200))
                assert page.documents == [each for each in some if holds(parties(each))], (name, leading)

    ask(told, question)


def test_a_facet_that_there_is_not_is_refused_by_name(told: Database) -> None:
    async def question(snapshot: Snapshot) -> None:
        with pytest.raises(Invalid, match="no facet 'COLOUR'; there are ATTRIBUTION, FORMAT, KIND"):
            await snapshot.facets(OccurrenceFilter(), ["COLOUR"])

    ask(told, question)


def test_sqlite_reads_the_links_of_several_values_once_to_count(told: Database) -> None:
    async def question(snapshot: Snapshot) -> str:
        query = await snapshot.asked(OccurrenceFilter(kinds=("meeting",), any_of=("KR", "US")), counting=True)
        counted = f"EXPLAIN QUERY PLAN SELECT COUNT(*) FROM {query.records} WHERE {query.condition}"
        return str([tuple(row) for row in await snapshot.rows(query, counted)])

    if told.dialect == "sqlite":
        plan = str(ask(told, question))
        assert "LIST SUBQUERY" in plan
        assert "CORRELATED" not in plan


def test_sqlite_counts_meetings_without_looking_at_them(told: Database) -> None:
    async def question(snapshot: Snapshot) -> str:
        filter = OccurrenceFilter(kinds=("meeting",), none_of=("KR",))
        query = await snapshot.asked(filter)
        query.count_series(filter)
        counted = f"EXPLAIN QUERY PLAN SELECT COUNT(*) FROM {query.records} WHERE {query.condition}"
        return str([tuple(row) for row in await snapshot.rows(query, counted)])

    if told.dialect == "sqlite":
        assert "USING COVERING INDEX a_records_series" in str(ask(told, question))
