"""Documents asked by their hash, trusted documents alone, and a schema that is shown to nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query
from starlette.testclient import TestClient

from timeline.api.errors import Refusal
from timeline.api.persisted import ENTRY, KEPT_CHARACTERS, Persisted, digest, read_documents
from timeline.api.schema import SCHEMA
from timeline.app import create_app
from timeline.errors import Invalid
from timeline.settings import Settings

QUERY = "query Head { position }"
ID = digest(QUERY)
ANOTHER = "{ position __typename }"
DATA = {"data": {"position": 0}}
GRAPHQL_JSON = {"accept": "application/graphql-response+json"}
MUTATION = 'mutation { retract(input: {appendId: "a", id: "x", expectedVersion: 1, reason: "r"}) { position } }'


@contextmanager
def serving(folder: Path, template: Path, **settings: Any) -> Iterator[TestClient]:
    (folder / "timeline.db").write_bytes(template.read_bytes())
    with TestClient(create_app(Settings(database_url=f"sqlite:///{folder / 'timeline.db'}", **settings))) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "head.graphql").write_text(QUERY + "\n")
    (documents / "retract.graphql").write_text(MUTATION)
    (documents / "relay.json").write_text(json.dumps({"0123abcd": ANOTHER}))
    return documents


@pytest.fixture
def client(tmp_path: Path, sqlite_template: Path, folder: Path) -> Iterator[TestClient]:
    with serving(tmp_path, sqlite_template, documents=folder) as client:
        yield client


@pytest.fixture
def strict(tmp_path: Path, sqlite_template: Path, folder: Path) -> Iterator[TestClient]:
    with serving(tmp_path, sqlite_template, documents=folder, documents_only=True) as client:
        yield client


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


def apollo(hashed: Any) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashed}}


@pytest.mark.parametrize(
    "asked",
    [
        {"documentId": f"sha256:{ID}"},
        {"documentId": ID},
        {"documentId": digest(QUERY + "\n")},
        {"extensions": apollo(ID)},
        {"documentId": f"sha256:{ID}", "operationName": "Head", "variables": {}},
    ],
)
def test_a_document_of_the_folder_is_asked_by_its_hash(client: TestClient, asked: dict[str, Any]) -> None:
    assert client.post("/graphql", json=asked).json() == DATA
    parameters = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
    answer = client.get("/graphql", params=parameters)
    assert (answer.json(), "etag" in answer.headers) == (DATA, True)
    unchanged = client.get("/graphql", params=parameters, headers={"if-none-match": answer.headers["etag"]})
    assert unchanged.status_code == 304


def test_a_document_of_a_manifest_is_asked_by_its_own_id_and_by_its_hash(client: TestClient) -> None:
    for id in ("0123abcd", f"sha256:{digest(ANOTHER)}"):
        assert client.get("/graphql", params={"documentId": id}).json()["data"]["__typename"] == "Query"


def test_a_persisted_mutation_does_not_run_by_get(client: TestClient) -> None:
    assert client.get("/graphql", params={"documentId": digest(MUTATION)}).status_code == 405


def test_what_a_client_sent_with_its_hash_is_known_by_it_afterwards(client: TestClient) -> None:
    query = "query Mine { position }"
    by_hash = {"extensions": apollo(digest(query))}
    assert code(client.post("/graphql", json=by_hash, headers=GRAPHQL_JSON)) == (400, "PERSISTED_QUERY_NOT_FOUND")
    assert code(client.post("/graphql", json=by_hash)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert client.post("/graphql", json={"query": query, **by_hash}).json() == DATA
    assert client.post("/graphql", json=by_hash).json() == DATA


@pytest.mark.parametrize(
    "asked",
    [
        {"query": QUERY, "extensions": apollo(digest(ANOTHER))},
        {"query": QUERY, "documentId": "mine"},
        {"extensions": apollo(1)},
        {"documentId": 1},
        {"extensions": {"persistedQuery": []}},
    ],
)
def test_a_hash_that_is_not_that_of_the_document_is_400(client: TestClient, asked: dict[str, Any]) -> None:
    assert code(client.post("/graphql", json=asked)) == (400, "BAD_REQUEST")


def test_where_only_trusted_documents_run_others_do_not_whatever_they_come_over(strict: TestClient) -> None:
    assert strict.post("/graphql", json={"query": QUERY}).json() == DATA
    assert strict.post("/graphql", json={"documentId": ID}).json() == DATA
    sent = {"query": "{ position }", "extensions": apollo(digest("{ position }"))}
    assert code(strict.post("/graphql", json=sent)) == (403, "DOCUMENT_NOT_TRUSTED")
    assert code(strict.get("/graphql", params={"query": "{ position }"})) == (403, "DOCUMENT_NOT_TRUSTED")
    assert code(strict.post("/graphql", json={"documentId": "x"})) == (200, "PERSISTED_QUERY_NOT_FOUND")
    with strict.websocket_connect("/graphql", ["graphql-transport-ws"]) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}
        socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": "{ position }"}})
        refused = socket.receive_json()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "DOCUMENT_NOT_TRUSTED")
        socket.send_json({"type": "subscribe", "id": "2", "payload": {"documentId": ID}})
        assert socket.receive_json()["payload"] == DATA


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.graphql", "{ nothing }", "Cannot query field 'nothing'"),
        ("a.graphql", "{", "Syntax Error"),
        ("a.json", "{", "no valid JSON"),
        ("a.json", '{"id": 1}', "neither {id: document}"),
        ("a.json", '{"operations": [{"id": "a"}]}', "neither {id: document}"),
        ("a.json", json.dumps({"0" * 64: QUERY}), "the SHA-256 of another document"),
    ],
)
def test_a_document_that_nobody_could_be_served_by_is_told_with_its_file_at_the_start(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(Invalid) as refused:
        read_documents(tmp_path, SCHEMA._schema)
    assert (refused.value.code, str(tmp_path / name) in refused.value.message) == ("DOCUMENT_INVALID", True)
    assert said in refused.value.message


def test_apollos_manifest_is_read(tmp_path: Path) -> None:
    operations = [{"id": ID, "body": QUERY, "name": "Head", "type": "query"}]
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert read_documents(tmp_path, SCHEMA._schema) == {ID: QUERY}


def test_what_clients_sent_takes_no_more_than_its_room_and_the_trusted_ones_stay() -> None:
    persisted = Persisted({ID: QUERY})
    sent = ["#" * 100_000 + str(number) for number in range(30)]
    for text in sent:
        persisted.remember(digest(text), text)
    known = [text for text in sent if digest(text) in persisted._sent]
    assert known == sent[-len(known) :]
    assert KEPT_CHARACTERS - 100_000 - 2 * ENTRY < sum(map(len, known)) < KEPT_CHARACTERS
    assert persisted.find(ID) == QUERY
    with pytest.raises(Refusal):
        persisted.find(digest(sent[0]))


def test_a_closed_schema_is_shown_by_no_way(tmp_path: Path, sqlite_template: Path) -> None:
    with serving(tmp_path, sqlite_template, introspection=False) as client:
        for query in ('{ __type(name: "Query") { name } }', "{ __schema { types { name } } }"):
            assert code(client.post("/graphql", json={"query": query})) == (200, "INTROSPECTION_CLOSED")
        assert "errors" in client.post("/graphql", json={"query": get_introspection_query()}).json()
        assert code(client.get("/schema.graphql")) == (404, "INTROSPECTION_CLOSED")
        assert client.post("/graphql", json={"query": ANOTHER}).json()["data"]["__typename"] == "Query"
        for query, variables in (
            ("{ meeting { id } }", {}),
            ("{ meetin(id: 1) { id } }", {}),
            ("query($f: MeetingFilter) { meetings(filter: $f) { totalCount } }", {"f": {"leve": 1}}),
            ("query($f: MeetingFilter) { meetings(filter: $f) { totalCount } }", {"f": {"levels": ["MINISTE"]}}),
            ("{ meetings(filter: { levels: [MINISTE] }) { totalCount } }", {}),
        ):
            told = client.post("/graphql", json={"query": query, "variables": variables}).text
            assert "errors" in told
            assert "Did you mean" not in told
