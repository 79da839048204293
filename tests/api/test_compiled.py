"""The compiled and the stock executor give byte-equal answers: errors, nulls and order of fields included."""

from __future__ import annotations

import asyncio
import random
import re
from contextlib import suppress
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
)
from sqlalchemy import select, update

from tests.journeys.histories import Historian
from timeline.api.compiled import DocumentExecutor
from timeline.api.executing import Asked, Refusal, Service
from timeline.api.schema import SCHEMA
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database, open_database
from timeline.errors import Several, TimelineError
from timeline.handle import Request, handle
from timeline.read.tables import SHELF
from timeline.write.commands import Correct, Merge, Put, Retract

GRAPH = SCHEMA._schema
IDS = [
    *("meeting/kuala-lumpur-trilateral", "meeting/seoul-trichod", "statement/s8-wi-relays-request", "person/cho-hyun"),
    *("nomination/cho-hyun-foreign-minister", "post/kr-foreign-minister", "place/seoul", "KR", "organization/nato"),
    *("source/2025-07-11-korea-herald", "speaker/kh-official-a", "milestone/lee-administration", "meeting/none", "XX"),
    *("person/merged", "statement/s5-us-defines-modernization"),
]
VALUES: dict[str, list[str]] = {
    "first": ["0", "1", "3", "10", "500"],
    "last": ["2"],
    "limit": ["3"],
    "position": ["20", "47", "49", "999"],
    "from": ["10"],
    "to": ["40"],
    "after": ["null"],
    "before": ["null"],
    "on": ['"2025-07-11"', '"nonsense"'],
    "text": ['"seoul"', '"wi seongrak"', '""'],
    "language": ['"ko"', '"xx"'],
    "recordedAt": ["null"],
    "filter": ["{}", "null", '{ during: "2025-07" }', '{ ids: ["meeting/seoul-trichod"] }', '{ during: "bad" }'],
    "steps": ['[{ filter: { kinds: [MEETING] } }, { filter: {}, within: "P2D", sameDay: true }]'],
    "parties": ['["KR", "US"]'],
    "types": ["null"],
}


class Writer:
    """Writes operations at random over the whole schema."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.fragments: list[str] = []

    def operation(self) -> str:
        chosen = self.selection(GRAPH.query_type, 0)
        text = f"{chosen} {' '.join(self.fragments)}"
        known = {"$yes": "Boolean! = true", "$no": "Boolean! = false", "$size": "Int = 2"}
        used = [f"{name}: {type_}" for name, type_ in known.items() if name in text]
        return f"query Q({', '.join(used)}) {text}" if used else f"query Q {text}"

    def selection(self, type_: Any, depth: int) -> str:
        parts = []
        if is_abstract_type(type_) and self.chance.random() < 0.7:
            inner = self.chance.choice([*GRAPH.get_possible_types(type_)])
            parts.append(f"... on {inner.name} {self.selection(inner, depth + 1)}")
        names = [*type_.fields] if not hasattr(type_, "types") else []
        for name in self.chance.sample(names, min(len(names), self.chance.randint(1, 5 if depth else 3))):
            found = self.field(name, type_.fields[name], depth)
            parts += [found] if found else []
        if self.chance.random() < 0.3 or not parts:
            parts.append("__typename")
        if depth and self.chance.random() < 0.15:
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {type_.name} {{ {' '.join(parts)} }}")
            return f"{{ ...{name} }}"
        return f"{{ {' '.join(parts)} }}"

    def field(self, name: str, field: Any, depth: int) -> str | None:
        inner = get_named_type(field.type)
        if not is_leaf_type(inner) and depth >= 4:
            return None
        alias = f"a{self.chance.randint(0, 99)}: " if self.chance.random() < 0.1 else ""
        flag = self.chance.choice([*[""] * 8, " @include(if: $yes)", " @skip(if: $yes)", " @include(if: $no)"])
        below = self.selection(inner, depth + 1) if is_object_type(inner) or is_abstract_type(inner) else ""
        # An alias of its own for each place: the same field with other arguments would be a conflict.
        alias = alias or (f"f{self.chance.randint(0, 10**9)}: " if field.args else "")
        return f"{alias}{name}{self.arguments(field.args)}{flag} {below}"

    def arguments(self, args: Any) -> str:
        given = []
        for name, argument in args.items():
            if (isinstance(argument.type, GraphQLNonNull) and argument.default_value is not None) or self.is_wanted():
                given.append(f"{name}: {self.value(name, argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def is_wanted(self) -> bool:
        return self.chance.random() < 0.3

    def value(self, name: str, type_: Any) -> str:
        required = isinstance(type_, GraphQLNonNull)
        bare = type_.of_type if required else type_
        named = get_named_type(bare)
        if isinstance(named, GraphQLEnumType):
            one = self.chance.choice([*named.values])
            return f"[{one}]" if isinstance(bare, GraphQLList) else one
        if named.name == "ID":
            one = f'"{self.chance.choice(IDS)}"'
            return f"[{one}, {one}]" if isinstance(bare, GraphQLList) else one
        if named.name == "SeriesParties":
            return '{ exactly: ["KR", "US", "JP"] }'
        if named.name == "Boolean":
            return "true"
        if name == "first" and self.chance.random() < 0.3 and not required:
            return "$size"
        known = [value for value in VALUES.get(name, ["null"]) if not required or value != "null"]
        if isinstance(named, GraphQLInputObjectType) and name == "filter" and named.name == "RecordedFilter":
            return "{}"
        return self.chance.choice(known or ["1"])


def answer(service: Service, query: str, variables: dict[str, Any] | None = None, *, as_json: bool = True) -> bytes:
    async def ask() -> Any:
        try:
            operation = service.prepare(Asked(query, variables or {}, None))
            return await service.answer(operation, await service.open(), as_json=as_json)
        except Refusal as refusal:
            return refusal.errors

    async def once() -> Any:
        found = await ask()
        await service.database.close()
        return found

    found = asyncio.run(once())
    if isinstance(found, dict) and "errors" in found:
        # The executor tells errors in the order in which loads came back.
        found["errors"] = sorted(found["errors"], key=lambda error: str(error["path"]))
        if found["data"] is None:
            # Of several errors that null the whole answer one is told: whichever came first.
            found["errors"] = []
    # What is masked is told under an id of its own each time.
    return re.sub(rb"logged as \w+|\"id\":\"[0-9a-f]{12}\"", b"masked", orjson.dumps(found))


@pytest.fixture
def services(database: Database) -> tuple[Service, Service]:
    """Both executors on the seeds, with a merge, a retraction and a correction."""
    load_seeds(database, seed_files(()), None)
    cho = handle_content(database)
    for number, command in enumerate(
        [
            Put(id="person/merged", content=cho),
            Merge(id="person/merged", into="person/cho-hyun", reason="same"),
            Retract(id="statement/s5-us-defines-modernization", reason="not said"),
            Correct(id="meeting/seoul-trichod", changes={"agenda": "x"}, reason="y"),
        ]
    ):
        handle(database, Request(append_id=f"c{number}", actor="t", commands=[command]), now_us=number)
    return Service(database), Service(database, stock=True)


def handle_content(database: Database) -> Any:
    from timeline.handle import load

    with database.read() as connection:
        return load(connection, {"person/cho-hyun"})["person/cho-hyun"].content


def test_generated_operations_over_the_whole_schema_have_equal_answers(services: tuple[Service, Service]) -> None:
    compiled, stock = services
    answered = refused = 0
    for seed in range(200):
        query = Writer(seed).operation()
        one, other = answer(compiled, query), answer(stock, query)
        assert one == other == answer(compiled, query, as_json=False), query
        answered, refused = answered + (b'"data"' in one), refused + (b'"data"' not in one)
    assert answered > 120, "most of what is written is a query that runs"


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", None), ("status", "NO_SUCH_STATUS"), ("version", "one"), ("topics", [None]), ("parties", None)],
)
def test_a_document_that_breaks_the_schema_has_the_same_errors(
    services: tuple[Service, Service], field: str, value: Any
) -> None:
    compiled, stock = services
    table = SHELF["a"].records
    with compiled.database.write() as connection:
        rows = connection.execute(
            select(table.c.id, table.c.from_position, table.c.doc).where(table.c.kind == "meeting")
        )
        for row in rows.all()[:2]:
            doc = orjson.dumps(orjson.loads(row.doc) | {field: value}).decode()
            connection.execute(
                update(table).where(table.c.id == row.id, table.c.from_position == row.from_position).values(doc=doc)
            )
    query = (
        "{ meetings { nodes { id title status version topics parties { party { name } } } } meeting(id: %s) { %s } }"
    )
    shown = {"parties": "parties { role }"}.get(field, field)
    asked = query % ('"meeting/alliance-consultations"', shown)
    assert answer(compiled, asked) == answer(stock, asked)


def test_a_selection_is_planned_once_and_without_falling_back(services: tuple[Service, Service]) -> None:
    query = (
        "{ meetings { nodes { title place { name } parties { party { name } person { name } } sameDayAs { id } } } }"
    )
    DocumentExecutor._plans.clear()
    document = services[0]
    asked = Asked(query, {}, None)

    async def twice() -> None:
        for _ in range(2):
            await document.run(document.prepare(asked))
        await document.database.close()

    asyncio.run(twice())
    (selection,) = DocumentExecutor._plans.values()
    (branch,) = selection.branches.values()
    assert branch.is_plannable
    assert set(branch.plans) == {"meeting"}


BY_PARTIES = "query ($p: [ID!]) { meetings(filter: { parties: { allOf: $p } }) { nodes { id } } }"
BY_PARTY = 'query ($a: ID!, $b: ID = "US") { meetings(filter: { parties: { anyOf: [$a, $b] } }) { nodes { id } } }'
BY_FILTER = """query ($f: MeetingFilter, $o: OccurrenceOrder! = LATEST_FIRST) {
  meetings(filter: $f, orderBy: $o) { nodes { id } } }"""
BY_LEVEL = """query ($l: [Level!], $n: Int = 3) {
  meetings(first: $n, filter: { levels: $l }) { totalCount nodes { id } } }"""
SWITCHED = """query ($y: Boolean!, $n: Boolean = true) {
  position @include(if: $y) meetings @skip(if: $n) { totalCount } }"""
PAST = 'query ($at: Int) { asOf(position: $at) { position meeting(id: "meeting/seoul-trichod") { title } } }'


VARIABLES: list[tuple[str, list[dict[str, Any]]]] = [
    (BY_PARTIES, [{"p": ["KR", "US"]}, {"p": "KR"}, {"p": []}, {"p": None}, {}, {"p": [None]}, {"p": ["KR", "US"]}]),
    (BY_PARTY, [{"a": "KR"}, {"a": "KR", "b": "JP"}, {"a": "KR", "b": None}, {"a": 7}, {}]),
    (BY_FILTER, [{}, {"f": {"parties": {"exactly": []}}, "o": None}, {"f": {"nothing": 1}}]),
    (BY_FILTER, [{"f": {"parties": {"exactly": ["KR", "US", "JP"]}, "during": "2025-07"}, "o": "EARLIEST_FIRST"}]),
    (BY_LEVEL, [{"l": ["MINISTER"]}, {"l": "MINISTER", "n": 1}, {"l": ["NONE"]}, {"n": None}, {}]),
    (SWITCHED, [{"y": True}, {"y": False, "n": False}, {"y": True, "n": None}, {}]),
    (PAST, [{"at": 20}, {"at": 49}, {"at": 9_999}, {"at": None}, {"at": "20"}, {}]),
]


def test_variables_stand_where_they_are_asked_for(services: tuple[Service, Service]) -> None:
    compiled, stock = services
    answered = 0
    for query, each in VARIABLES:
        for variables in [*each, *each]:  # The second time what was kept for the first ones is used.
            found = answer(compiled, query, variables)
            assert found == answer(stock, query, variables), (query, variables)
            answered += b'"data":{"' in found
    assert answered >= 30, "most of these are valid"


SHAPED = """query Q {
  meetings { nodes {
    __typename is: __typename id name: title partySet { name } status topics recordedAt
    when { label of: bounds { latestEnd } precision uncertain first: earliest }
    where: place { name } alsoAt { name }
    parties { role party { ... on Country { id name } } who: person { name } inPlaceOf { post { name } } }
    citations { source { title } page: locator }
    said: statements(first: 2) { name: title attribution voices { party { ... on Node { id } } person { name } } }
    version firstPosition corrections
  } edges { cursor node { title } } }
  timeline { nodes { __typename id title when { label } ... on Meeting { place { name } } } }
}"""


def test_what_is_read_into_shapes_is_what_plans_pick(services: tuple[Service, Service]) -> None:
    compiled, stock = services
    DocumentExecutor._plans.clear()
    found = answer(compiled, SHAPED)
    shapes = [s for each in DocumentExecutor._plans.values() for b in each.branches.values() for s in b.shapes.values()]
    assert len(shapes) > 3
    assert None not in shapes
    assert found == answer(stock, SHAPED) == answer(compiled, SHAPED, as_json=False)
    assert b'"data"' in found


@pytest.mark.parametrize(
    ("selection", "is_shaped"),
    [
        ("id title when { label } place { name } parties { party { name } role } citations { locator }", True),
        ("statements { title voices { person { name } } } named: title __typename", True),
        ("id is: id", False),  # One value of the text in two places.
        ("sameDayAs { id }", False),  # Worked out from the view.
    ],
)
def test_what_has_a_shape(services: tuple[Service, Service], selection: str, is_shaped: bool) -> None:
    DocumentExecutor._plans.clear()
    answer(services[0], f"{{ meetings {{ nodes {{ {selection} }} }} }}")
    (kept,) = DocumentExecutor._plans.values()
    (branch,) = kept.branches.values()
    assert [shape is not None for shape in branch.shapes.values()] == [is_shaped]


REFERRING = """{ meetings { nodes { title place { name } parties { party { name } person { id name version } }
  citations { source { title } } relations { target { id title } } } }
  statements { nodes { voices { person { name } } } }
}"""


def test_what_was_picked_before_is_picked_anew_once_its_record_changes(database: Database) -> None:
    async def play() -> None:
        kept = Service(database)
        for number, command in enumerate(Historian(5).history(100)):
            with suppress(TimelineError, Several):
                request = Request(append_id=f"p{number}", actor="t", commands=[command])
                await asyncio.to_thread(handle, database, request, now_us=number)
            anew = open_database(database.url.render_as_string(hide_password=False))
            answers = [
                await service.answer(service.prepare(Asked(REFERRING, {}, None)), await service.open(), as_json=as_json)
                for service, as_json in ((kept, True), (kept, False), (Service(anew, stock=True), True))
            ]
            assert orjson.dumps(answers[0]) == orjson.dumps(answers[1]) == orjson.dumps(answers[2])
            await anew.close()
            anew.dispose()
        await database.close()

    asyncio.run(play())
