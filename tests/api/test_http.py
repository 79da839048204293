"""GraphQL over HTTP: media types, status codes, methods, and the form of a request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.conftest import GRAPHQL_JSON, Client

JSON = "application/json"
QUERY = "{ position }"
DATA = {"data": {"position": 47}}
MUTATION = (
    'mutation { retract(input: { appendId: "a", id: "place/seoul", expectedVersion: 1, reason: "r" }) { position } }'
)


def posted(client: Client, body: Any = None, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body or {"query": QUERY}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request("POST", "/graphql", content=content, headers={"content-type": JSON, **named})


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{JSON};q=0.5, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}; charset=utf-8, {JSON};q=0.9", GRAPHQL_JSON),
        (f"text/html, */*;q=0.1, {JSON};q=0", GRAPHQL_JSON),
    ],
)
def test_the_answer_is_in_the_media_type_that_the_client_prefers(client: Client, accept: str, answered: str) -> None:
    answer = posted(client, accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{answered}; charset=utf-8")
    assert answer.json() == DATA


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", "image/*", f"{GRAPHQL_JSON};q=none"])
def test_a_client_that_accepts_neither_media_type_is_told_so_and_nothing_runs(own_client: Client, accept: str) -> None:
    answer = posted(own_client, {"query": MUTATION}, accept=accept)
    assert answer.status_code == 406
    assert GRAPHQL_JSON in answer.json()["errors"][0]["message"]
    assert own_client.ask(QUERY) == DATA["data"]


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", f"{JSON}; charset=latin1"]
)
def test_only_json_in_utf_8_is_read_so_that_no_plain_form_can_send_a_mutation(client: Client, media: str) -> None:
    assert posted(client, {"query": MUTATION}, content_type=media).status_code == 415


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "no valid JSON"),
        (b"", "no valid JSON"),
        (b"\xff", "no valid JSON"),
        (b"[" * 5000, "no valid JSON"),
        ([{"query": QUERY}], "batches are not supported"),
        ("text", "one JSON object"),
        ({"variables": {}}, "'query' is missing"),
        ({"query": 1}, "'query' must be the GraphQL document as a string"),
        ({"query": QUERY, "variables": []}, "'variables' must be a JSON object"),
        ({"query": QUERY, "extensions": "x"}, "'extensions' must be a JSON object"),
        ({"query": QUERY, "operationName": 1}, "'operationName' must be a string"),
        ({"query": '{ node(id: "a\\u0000") { id } }'}, "U+0000"),
        ({"query": QUERY, "variables": {"text": "\0"}}, "U+0000"),
    ],
)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
def test_a_malformed_request_is_refused_with_what_is_wrong(client: Client, body: Any, said: str, accept: str) -> None:
    answer = posted(client, body, accept=accept)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert said in error["message"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query($n: Int!) { log(first: $n) { position } }"}, "BAD_USER_INPUT"),
        ({"query": "query A { position } query B { position }"}, "OPERATION_UNKNOWN"),
        ({"query": QUERY, "operationName": "A"}, "OPERATION_UNKNOWN"),
    ],
)
def test_what_cannot_run_is_400_in_graphqls_own_media_type_and_200_in_plain_json(
    client: Client, asked: dict[str, Any], code: str
) -> None:
    for accept, status in ((GRAPHQL_JSON, 400), (JSON, 200)):
        answer = posted(client, asked, accept=accept)
        assert answer.status_code == status
        assert "data" not in answer.json()
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == [code]


def test_the_operation_named_runs_with_its_variables(client: Client) -> None:
    query = "query A { position } query B($after: Int!) { log(after: $after, first: 1) { position } }"
    for variables in ({"after": 6}, {"after": 6, "unused": None}):
        asked = {"query": query, "variables": variables, "operationName": "B", "extensions": {}}
        assert posted(client, asked).json() == {"data": {"log": [{"position": 7}]}}
    assert posted(client, {"query": query, "variables": None, "operationName": "A"}).json() == DATA


def test_queries_can_be_sent_by_get(client: Client) -> None:
    query = "query A($id: ID!) { place(id: $id) { name } } query B { position }"
    parameters = {"query": query, "variables": '{"id": "place/seoul"}', "operationName": "A"}
    answer = client.request("GET", "/graphql", params=parameters)
    assert (answer.status_code, answer.json()) == (200, {"data": {"place": {"name": "Seoul"}}})
    assert answer.headers["vary"] == "Accept, Authorization"
    assert client.request("HEAD", "/graphql", params=parameters).status_code == 200


@pytest.mark.parametrize("parameters", [{}, {"query": QUERY, "variables": "{"}, {"query": "{\0}"}])
def test_a_malformed_get_is_400(client: Client, parameters: dict[str, str]) -> None:
    assert client.request("GET", "/graphql", params=parameters).status_code == 400


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON, "text/event-stream"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_mutation_runs_by_get_or_head(own_client: Client, method: str, accept: str) -> None:
    headers = {"accept": accept, "content-type": JSON}
    answer = own_client.request(method, "/graphql", params={"query": MUTATION}, headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert own_client.ask(QUERY) == DATA["data"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405_and_no_other_origin_is_let_in(client: Client, method: str) -> None:
    answer = client.request(method, "/graphql", headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_field_that_fails_has_a_path_and_leaves_the_rest_of_the_answer(client: Client) -> None:
    query = '{ position post(id: "post/kr-foreign-minister") { holder(on: "someday") { known } } }'
    answer = client.post(query)
    assert (answer.status_code, answer.json()["data"]) == (200, {"position": 47, "post": None})
    (error,) = answer.json()["errors"]
    assert (error["path"], error["extensions"]["inputPath"]) == (["post", "holder"], ["on"])


def test_the_schema_can_be_read_as_text(client: Client) -> None:
    answer = client.request("GET", "/schema.graphql")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "type Query {" in answer.text
