"""What is asked of every peer: the same answers, each in the words of its own schema, about thousands of things."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import psycopg

from bench.relational import plain
from timeline.read.cursors import cursor_of

Case = dict[str, Any]
"""The values of one request, under the names that the queries of all peers give to their variables."""
MANY = 5000
MANY_IDS = 100_000
"""More records than a process of ours keeps, and than are asked for in all rounds: each is read from the database."""
DEEP = 0.75
"""How far into the list a deep page lies: record 150,000 of 200,000."""
MEETING = (
    "id title when { label } place { name } parties { party { id name } person { id name } role } "
    "citations { source { title } locator }"
)
POSTGRAPHILE_MEETING = (
    "id: rowId title when_label: whenLabel place: placeByPlaceId { name } parties: participationsByMeetingIdList "
    "{ party: partyByPartyCode { id: code name } person: personByPersonId { id: rowId name } role } "
    "citations: citationsByMeetingIdList { source: sourceBySourceId { title } locator }"
)
STRAWBERRY_MEETING = f"id title when_label: whenLabel {MEETING.partition('} ')[2]}"
DATASETTE_MEETING = (
    "id title when_label place: place_id { name } parties: participations_list(sort: place_in_list) "
    "{ nodes { party: party_code { id: code name } person: person_id { id name } role } } "
    "citations: citations_list(sort: place_in_list) { nodes { source: source_id { title } locator } }"
)
BY_DATE = "orderBy: [EARLIEST_ASC, LATEST_ASC, ROW_ID_ASC]"


@dataclass(frozen=True)
class Question:
    """One row of the table."""

    title: str
    bar: float | None
    cases: Callable[[Sample], list[Case]]
    queries: dict[str, str]
    """By peer; one that cannot answer is left out."""
    compared: bool = True
    """Whether the answers of all peers must have the same content."""


class Sample:
    """Draws what to ask for from the record, the same for every peer and in every run."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(plain(url), autocommit=True)
        self.chance = random.Random(7)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """The rows of a query on the normalised tables."""
        return self.connection.execute(query.encode(), values).fetchall()

    def ids(self) -> list[Case]:
        """Meetings here and there, each once."""
        ids = [id for (id,) in self.rows("SELECT id FROM meetings ORDER BY id")]
        return [{"id": id} for id in self.chance.sample(ids, min(MANY_IDS, len(ids)))]

    def sets(self) -> list[Case]:
        """Sets of parties that met 50 times or more: their first page is full."""
        found = self.rows(
            "SELECT party_key FROM meetings GROUP BY 1 HAVING count(*) >= 50 ORDER BY count(*) DESC, 1 LIMIT %s", MANY
        )
        return self._shuffled([{"key": key, "parties": key.split("|")} for (key,) in found])

    def triples(self) -> list[Case]:
        """Three parties that met 50 times or more, perhaps with others: the hundred that did so most often."""
        counted: Counter[tuple[str, ...]] = Counter()
        for key, count in self.rows("SELECT party_key, count(*) FROM meetings GROUP BY 1"):
            for three in combinations(key.split("|"), 3):
                counted[three] += count
        often = [three for three, count in counted.most_common(100) if count >= 50]
        return self._shuffled([{"parties": list(three), **dict(zip("abc", three, strict=True))} for three in often])

    def places(self) -> list[Case]:
        """Places where 100 meetings or more were held."""
        found = self.rows("SELECT place_id FROM meetings GROUP BY 1 HAVING count(*) >= 100 ORDER BY 1")
        return self._shuffled([{"place": place} for (place,) in found])

    def levels_at_places(self) -> list[Case]:
        """Levels of meetings at places."""
        found = self.rows("SELECT DISTINCT place_id, level FROM meetings WHERE level IS NOT NULL ORDER BY 1, 2")
        return self._shuffled([{"place": place, "level": level} for place, level in found])

    def deep(self) -> list[Case]:
        """Places in the list of all meetings, three quarters of the way in, as the cursors of every peer."""
        (count,) = self.rows("SELECT count(*) FROM meetings")[0]
        found = self.rows(
            "SELECT earliest, latest, id FROM meetings ORDER BY earliest, latest, id OFFSET %s LIMIT %s",
            int(count * DEEP),
            min(MANY, count // 10),
        )
        return self._shuffled(
            [{"after": cursor_of(key), "after_row": list(key), "words": " ".join(map(str, key))} for key in found]
        )

    def _shuffled(self, cases: list[Case]) -> list[Case]:
        self.chance.shuffle(cases)
        return cases


def body(query: str, case: Case) -> Case:
    """A request: the query with those values that it has variables for."""
    return {"query": query, "variables": {name: case[name] for name in case if re.search(rf"\${name}\b", query)}}


def content(answer: Any) -> Any:
    """An answer without what differs between schemas: `when { label }` is `when_label`, `nodes` are a list."""
    if isinstance(answer, list):
        return [content(part) for each in answer for part in _values(each)]
    if not isinstance(answer, dict):
        return answer
    if "nodes" in answer:
        return content(answer["nodes"])
    plain: Case = {}
    for name, value in answer.items():
        value = content(value)
        parts = {f"{name}_{each}": part for each, part in value.items()} if isinstance(value, dict) else {name: value}
        plain |= {each: part for each, part in parts.items() if part is not None}
    return plain


def _values(part: Any) -> list[Any]:
    """The values of a facet, each with the facet's name; anything else as it is."""
    if isinstance(part, dict) and "values" in part:
        return [{"facet": part["facet"], **value} for value in part["values"]]
    return [part]


QUESTIONS = {
    "by-id": Question(
        "one meeting by id, nested",
        2,
        Sample.ids,
        {
            "timeline": f"query ($id: ID!) {{ meeting(id: $id) {{ {MEETING} }} }}",
            "postgraphile": f"query ($id: String!) {{ meeting: meetingByRowId(rowId: $id) "
            f"{{ {POSTGRAPHILE_MEETING} }} }}",
            "strawberry": f"query ($id: ID!) {{ meeting(id: $id) {{ {STRAWBERRY_MEETING} }} }}",
            "datasette": f"query ($id: String!) {{ meeting: meetings_row(id: $id) {{ {DATASETTE_MEETING} }} }}",
        },
    ),
    "exact-set": Question(
        "a page of 50 by exact party set, nested",
        5,
        Sample.sets,
        {
            "timeline": "query ($parties: [ID!]!) { page: meetings(first: 50, "
            f"filter: {{ parties: {{ exactly: $parties }} }}) {{ nodes {{ {MEETING} }} }} }}",
            "postgraphile": "query ($key: String!) { page: allMeetingsList(first: 50, condition: { partyKey: $key }, "
            f"{BY_DATE}) {{ {POSTGRAPHILE_MEETING} }} }}",
            "strawberry": "query ($key: String!) { page: meetings(first: 50, key: $key) "
            f"{{ {STRAWBERRY_MEETING} }} }}",
            "datasette": "query ($key: String!) { "
            "page: meetings(first: 50, sort: rank, filter: { party_key: { eq: $key } }) "
            f"{{ nodes {{ {DATASETTE_MEETING} }} }} }}",
        },
    ),
    "statements": Question(
        "a page of 100 of a place, with statements nested",
        3.5,
        Sample.places,
        {
            "timeline": "query ($place: ID!) { page: meetings(first: 100, filter: { place: $place }) "
            f"{{ nodes {{ {MEETING} statements {{ id title when {{ label }} attribution }} }} }} }}",
            "postgraphile": "query ($place: String!) { page: allMeetingsList(first: 100, "
            f"condition: {{ placeId: $place }}, {BY_DATE}) {{ {POSTGRAPHILE_MEETING} "
            f"statements: statementsByMeetingIdList({BY_DATE}) "
            "{ id: rowId title when_label: whenLabel attribution } } }",
            "strawberry": "query ($place: ID!) { page: meetings(first: 100, place: $place) "
            f"{{ {STRAWBERRY_MEETING} statements {{ id title when_label: whenLabel attribution }} }} }}",
            "datasette": "query ($place: String!) { "
            "page: meetings(first: 100, sort: rank, filter: { place_id: { eq: $place } }) "
            f"{{ nodes {{ {DATASETTE_MEETING} statements: statements_list(sort: rank) "
            "{ nodes { id title when_label attribution } } } } }",
        },
    ),
    "all-of": Question(
        "allOf three parties, ordered by date, page of 50",
        3,
        Sample.triples,
        {
            "timeline": "query ($parties: [ID!]!) { page: meetings(first: 50, "
            f"filter: {{ parties: {{ allOf: $parties }} }}) {{ nodes {{ {MEETING} }} }} }}",
            "postgraphile": "query ($a: String!, $b: String!, $c: String!) { "
            "page: meetingsOfThreeList(a: $a, b: $b, c: $c, most: 50) "
            f"{{ {POSTGRAPHILE_MEETING} }} }}",
            "strawberry": "query ($a: String!, $b: String!, $c: String!) { "
            "page: meetingsOfThree(a: $a, b: $b, c: $c, first: 50) "
            f"{{ {STRAWBERRY_MEETING} }} }}",
        },
    ),
    "facets": Question(
        "count and facets over a filtered set",
        1.5,
        Sample.levels_at_places,
        {
            "timeline": "query ($place: ID!, $level: Level!) { "
            "page: meetings(filter: { place: $place, levels: [$level] }) "
            "{ totalCount facets(by: [FORMAT, PARTY]) { facet values { value count } } } }",
            "postgraphile": "query ($place: String!, $level: String!) { page: allMeetings(condition: "
            "{ placeId: $place, level: $level }) { totalCount } "
            "page_facets: facetsOfList(place: $place, level: $level) { facet value count } }",
            "strawberry": "query ($place: ID!, $level: String!) { page_totalCount: count(place: $place, level: $level) "
            "page_facets: facets(place: $place, level: $level) { facet value count } }",
        },
    ),
    "first-page": Question(
        "the first page of 50 of all meetings",
        None,
        lambda sample: [{}],
        {
            "timeline": f"{{ page: meetings(first: 50) {{ nodes {{ {MEETING} }} }} }}",
            "postgraphile": f"{{ page: allMeetings(first: 50, {BY_DATE}) {{ nodes {{ {POSTGRAPHILE_MEETING} }} }} }}",
            "strawberry": f"{{ page: meetings(first: 50) {{ {STRAWBERRY_MEETING} }} }}",
            "datasette": f"{{ page: meetings(first: 50, sort: rank) {{ nodes {{ {DATASETTE_MEETING} }} }} }}",
        },
    ),
    "deep-page": Question(
        "a page of 50 by cursor, three quarters of the way in",
        None,
        Sample.deep,
        {
            "timeline": "query ($after: String!) { page: meetings(first: 50, after: $after) "
            f"{{ nodes {{ {MEETING} }} }} }}",
            "postgraphile": "query ($cursor: Cursor!) { page: allMeetings(first: 50, after: $cursor, "
            f"{BY_DATE}) {{ nodes {{ {POSTGRAPHILE_MEETING} }} }} }}",
            "strawberry": "query ($words: String!) { page: meetings(first: 50, after: $words) "
            f"{{ {STRAWBERRY_MEETING} }} }}",
        },
    ),
    "series": Question(
        "a page of 50 of a series, numbered, beside the same page of meetings",
        0.67,
        Sample.sets,
        {
            "timeline": "query ($parties: [ID!]!) { page: series(first: 50, parties: { exactly: $parties }) "
            f"{{ page {{ entries {{ ordinal sincePrevious {{ label }} meeting {{ {MEETING} }} }} }} }} }}",
            "timeline-plain": "query ($parties: [ID!]!) { page: meetings(first: 50, "
            f"filter: {{ parties: {{ exactly: $parties }} }}) {{ nodes {{ {MEETING} }} }} }}",
        },
        compared=False,
    ),
    "repeated": Question(
        "the same page of 50 again, kept, beside a plain hello",
        0.5,
        lambda sample: [{}],
        {
            "timeline-kept": f"{{ page: meetings(first: 50) {{ nodes {{ {MEETING} }} }} }}",
            "timeline-hello": "{ __typename }",
        },
        compared=False,
    ),
}
