"""Limits and errors: each says what is wrong and where, and what is ours to repair is not shown."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import pytest
from graphql import get_introspection_query
from starlette.applications import Starlette

from tests.api.conftest import GRAPHQL_JSON, Client, client_on
from timeline.api import executing
from timeline.api.executing import Service
from timeline.api.http import GraphQL, graphql_routes
from timeline.api.limits import Limits
from timeline.api.schema import SCHEMA
from timeline.database import Database, open_database

SECRET = "SELECT password FROM secrets"
WIDE = "{ meetings(first: %s) { nodes { statements(first: 200) { about { statements(first: 200) { id } } } } } }"
TYPES = "__schema { types { fields { name type { name } } } }"
LONELY = "fragment f60 on Query { position }"
BOMB = "{ ...f0 }" + "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60)) + LONELY


@contextmanager
def limited(client: Client, **limits: Any) -> Iterator[Client]:
    database = open_database(client.url)
    with client_on(Starlette(routes=graphql_routes(GraphQL(Service(database, Limits(**limits)))))) as other:
        yield other
        other.portal.call(database.close)
    database.dispose()


@pytest.mark.parametrize(
    ("limit", "query"),
    [
        ("tokens", "{" + " position" * 10_001 + "}"),
        ("depth", "{ meetings { nodes {" + "sameDayAs {" * 30 + "id" + "}" * 33),
        ("depth", "{" + "a {" * 3000 + "a" + "}" * 3001),
        ("depth", "{ nodes(ids: " + "[" * 3000 + "]" * 3000 + ") { id } }"),
        ("aliases", "{" + " ".join(f"a{n}: position" for n in range(101)) + "}"),
        ("cost", WIDE % 200),
        ("cost", "query($n: Int = 200) " + WIDE.replace("200", "50") % "$n"),
        ("cost", "{ countries { meetings(first: 200) { statements(first: 200) { id } } } }"),
        ("breadth", "{" + " position" * 3000 + "}"),
        (
            "cost",
            "{"
            + " ".join(f"a{n}: __schema {{ types {{ fields {{ name type {{ name }} }} }} }}" for n in range(99))
            + "}",
        ),
        ("aliases", "{ __schema { " + " ".join(f"a{n}: description" for n in range(101)) + "} }"),
        ("breadth", "{" + " position" * 301 + "}"),
        ("breadth", BOMB),
        ("page", "{ meetings(first: 201) { totalCount } }"),
        ("page", '{ place(id: "x") { meetings(first: 999) { id } } }'),
    ],
)
def test_a_query_that_asks_too_much_is_refused_quickly_and_the_limit_is_named(
    client: Client, limit: str, query: str
) -> None:
    started = time.process_time()
    answer = client.post(query)
    assert time.process_time() - started < 2, "of the processor, however busy the machine is"
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]) == (400, {"code": "LIMIT_PASSED", "limit": limit})


@pytest.mark.parametrize(
    "query", ["{ log(first: %s) { position } }", "query($n: Int = %s) { log(first: $n) { position } }"]
)
def test_a_number_of_too_many_digits_is_the_clients_fault(client: Client, query: str) -> None:
    assert client.fault(query % ("9" * 5000))["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


def test_parsed_documents_take_no_more_than_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "DOCUMENT_BYTES", 100_000)
    documents = executing.Documents(SCHEMA._schema, Limits())
    for number in range(100):
        documents.find(f"{{ a{number}: position }}")
        documents.find(f"{{ a{number} }}")
    assert list(documents._known)[-1] == "{ a99 }"
    assert 15 < len(documents._known) < 25
    documents.find("{" + " position" * 290 + "}")
    assert len(documents._known) == 1


def test_the_whole_schema_can_be_asked_as_tools_do(client: Client) -> None:
    assert "errors" not in client.post(get_introspection_query()).json()


def test_nested_introspection_is_refused_quickly(client: Client) -> None:
    assert client.post("{ __schema { types {" + "fields { type {" * 8 + "name" + "} }" * 8 + "} } }").status_code == 400


def test_a_page_size_given_as_a_variable_counts(client: Client) -> None:
    query = "query($n: Int!) { meetings(first: $n) { nodes { statements(first: $n) { about { id } } } } }"
    with limited(client, cost=500) as other:
        assert other.fault(query, n=20)["extensions"]["limit"] == "cost"
        assert "errors" not in other.post(query, n=5).json()


def test_a_large_request_is_413(client: Client) -> None:
    answer = client.post("{ position }" + " " * 1_000_000)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]) == (413, {"code": "LIMIT_PASSED", "limit": "body_bytes"})
    assert "1000000 bytes" in error["message"]


def test_a_request_that_does_not_come_is_given_up(client: Client) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"query": '
        await anyio.sleep(30)

    with limited(client, seconds=0.05) as other:
        answer = other.request("POST", "/graphql", content=slowly(), headers={"content-type": "application/json"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]) == (408, {"code": "LIMIT_PASSED", "limit": "seconds"})


def test_an_answer_that_takes_too_long_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(*_: Any, **__: Any) -> None:
        await anyio.sleep(5)

    for name in ("fetch", "fetch_by_key", "fetch_soon"):
        monkeypatch.setattr(Database, name, slow)
    with limited(client, seconds=0.05) as other:
        answer = other.post("{ meetings { nodes { id } } }")
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"] == {"code": "LIMIT_PASSED", "limit": "seconds"}


def test_each_field_of_a_mutation_is_a_write_and_only_what_may_run_is_counted(client: Client) -> None:
    wish = 'retract(input: {appendId: "a", id: "place/none", expectedVersion: 1, reason: "r"}) { position }'
    two, headers = f"mutation {{ a: {wish} ...F }} fragment F on Mutation {{ b: {wish} }}", {"accept": GRAPHQL_JSON}
    with limited(client, writes_per_minute=3) as other:
        for _ in range(5):
            assert other.request("GET", "/graphql", params={"query": two}).status_code == 405
        assert other.request("POST", "/graphql", json={"query": two}, headers=headers).status_code == 200
        refused = other.request("POST", "/graphql", json={"query": two}, headers=headers)
        (error,) = refused.json()["errors"]
        assert error["extensions"] == {"code": "LIMIT_PASSED", "limit": "writes_per_minute"}
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "20")
        assert other.request("POST", "/graphql", json={"query": two}).status_code == 429
        assert "errors" not in other.post("{ position }").json()


@pytest.mark.parametrize("succeeding", [0, 1])
def test_what_is_ours_to_repair_is_masked_and_logged_under_the_id_that_the_client_sees(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, succeeding: int
) -> None:
    fetch, calls = Database.fetch, []

    async def failing(*given: Any, **named: Any) -> Any:
        calls.append(given)
        if len(calls) > succeeding:
            raise RuntimeError(SECRET)
        return await fetch(*given, **named)

    for name in ("fetch", "fetch_by_key", "fetch_soon"):
        monkeypatch.setattr(Database, name, failing)
    answer = client.post("{ meetings { nodes { statements { id } } } }")
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secrets" not in answer.text
    assert "Traceback" not in answer.text
    assert f"unexpected error {error['extensions']['id']}" in caplog.text
    assert SECRET in caplog.text


@pytest.mark.parametrize(
    ("query", "code", "path"),
    [
        ("{ meetings(first: -1) { totalCount } }", "PAGE_INVALID", ["first"]),
        ("{ meetings(last: -1) { totalCount } }", "PAGE_INVALID", ["last"]),
        ("{ people(first: 1, last: 1) { nodes { id } } }", "PAGE_INVALID", ["last"]),
        ("{ meetings { facets(by: [KIND], limit: 999) { facet } } }", "PAGE_INVALID", ["limit"]),
        ('{ timeline(after: "x") { nodes { id } } }', "CURSOR_INVALID", ["after"]),
        ('{ people(after: "WzEsMiwieCJd") { nodes { id } } }', "CURSOR_INVALID", ["after"]),
        ('{ meetings(filter: { during: "2025-13" }) { totalCount } }', "EDTF_INVALID", ["filter", "during"]),
        (
            '{ meetings(filter: { publishedBefore: "x" }) { totalCount } }',
            "EDTF_INVALID",
            ["filter", "publishedBefore"],
        ),
        ("{ timeline(filter: { kinds: [PERSON] }) { totalCount } }", "KIND_INVALID", ["filter", "kinds"]),
        ("{ asOf { position } }", "AS_OF_INVALID", ["position"]),
        ('{ asOf(position: 1, recordedAt: "2026-01-01T00:00:00Z") { position } }', "AS_OF_INVALID", ["position"]),
        ("{ asOf(position: 48) { position } }", "POSITION_INVALID", ["position"]),
        ("{ asOf(position: -1) { position } }", "POSITION_INVALID", ["position"]),
        ('{ asOf(recordedAt: "yesterday") { position } }', "MOMENT_INVALID", ["recordedAt"]),
        ('{ asOf(recordedAt: "2026-01-01T00:00:00") { position } }', "MOMENT_INVALID", ["recordedAt"]),
        ("{ changes(from: 9, to: 3) { id } }", "POSITION_INVALID", ["from"]),
        ("{ changes(from: -1) { id } }", "POSITION_INVALID", ["from"]),
    ],
)
def test_a_wrong_argument_is_named_with_a_code(client: Client, query: str, code: str, path: list[str]) -> None:
    error = client.fault(query)
    assert (error["extensions"]["code"], error["extensions"]["inputPath"]) == (code, path)


def test_lists_in_an_argument_are_bounded_and_the_error_names_the_list(client: Client) -> None:
    filtered = client.fault("query($f: MeetingFilter) { meetings(filter: $f) { totalCount } }", f=long_filter("allOf"))
    assert filtered["extensions"]["inputPath"] == ["filter", "parties", "allOf"]
    assert filtered["message"] == "allOf has 101 values; at most 100 are allowed"
    ids = client.fault("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["KR"] * 101)
    assert ids["extensions"] == {"code": "TOO_MANY_IDS", "inputPath": ["ids"]}


def long_filter(name: str) -> dict[str, Any]:
    return {"parties": {name: ["KR"] * 101}}


def test_a_mistyped_filter_value_is_named_with_its_place(client: Client) -> None:
    query = "query($filter: MeetingFilter) { meetings(filter: $filter) { totalCount } }"
    assert "at .levels[1]: Value 'KING'" in client.fault(query, filter={"levels": ["MINISTER", "KING"]})["message"]
    error = client.fault("{ meetings(filter: { level: MINISTER }) { totalCount } }")
    assert "unknown field 'level'" in error["message"]
    assert error["locations"] == [{"line": 1, "column": 22}]


def test_an_unknown_id_is_no_error_but_no_record(client: Client) -> None:
    query = """{
      node(id: "person/nobody") { id }
      nodes(ids: ["meeting/none", "KR", "", "person/"]) { id }
      meeting(id: "person/cho-hyun") { id }
      meetings(filter: { place: "place/nowhere" }) { totalCount }
    }"""
    assert client.ask(query) == {
        "node": None,
        "nodes": [None, {"id": "KR"}, None, None],
        "meeting": None,
        "meetings": {"totalCount": 0},
    }
