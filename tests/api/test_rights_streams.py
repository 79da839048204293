"""Credentials where an answer goes on: WebSocket, server-sent events and the feed of the log."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.api.conftest import bearer, give_tokens
from tests.facts import CHO
from tests.served import served
from timeline.database import Database
from timeline.handle import Request, handle
from timeline.rights import tokens
from timeline.values.roles import Role
from timeline.write.commands import Report

RECORDED = "subscription { recorded(after: 0) { position } }"
REGISTER = """mutation { registerPerson(input: { appendId: "ws", person: { names: [{ text: "A" }] } }) {
  position userErrors { code }
} }"""


def add(database: Database, number: int) -> None:
    commands = [Report(id=f"person/p{number}", content=CHO)]
    handle(database, Request(append_id=f"a{number}", actor="t", commands=commands), now_us=number)


@pytest.fixture
def server(database: Database, engine_url: str, tmp_path: Path, reading: str) -> Iterator[str]:
    """A process on a record of one person."""
    add(database, 1)
    give_tokens(database)
    environment = {"TIMELINE_READING": reading, "PYTHONPATH": str(Path(__file__).parents[2])}
    with served("serve", engine_url, tmp_path, environment) as (client, _):
        yield client.base_url.netloc.decode()


@contextlib.contextmanager
def talking(server: str, payload: Any = None, headers: dict[str, str] | None = None) -> Iterator[ClientConnection]:
    with connect(f"ws://{server}/graphql", subprotocols=["graphql-transport-ws"], additional_headers=headers) as socket:
        socket.send(json.dumps({"type": "connection_init", **({} if payload is None else {"payload": payload})}))
        yield socket


def heard(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=120))


def ask(socket: ClientConnection, query: str, id: str = "1") -> None:
    socket.send(json.dumps({"type": "subscribe", "id": id, "payload": {"query": query}}))


OPEN = pytest.mark.parametrize("reading", ["open"])
CLOSED = pytest.mark.parametrize("reading", ["closed"])


@OPEN
@pytest.mark.parametrize("name", ["Authorization", "authorization"])
def test_a_socket_takes_the_credential_that_it_opens_with(server: str, name: str) -> None:
    with talking(server, {name: bearer(Role.CONTRIBUTOR)["authorization"]}) as socket:
        assert heard(socket) == {"type": "connection_ack"}
        ask(socket, REGISTER)
        assert heard(socket)["payload"]["data"]["registerPerson"] == {"position": 2, "userErrors": []}


@CLOSED
def test_a_socket_takes_the_header_too(server: str) -> None:
    with talking(server, headers=bearer(Role.READER)) as socket:
        assert heard(socket) == {"type": "connection_ack"}
        ask(socket, REGISTER)
        assert heard(socket)["payload"]["data"]["registerPerson"]["userErrors"] == [{"code": "FORBIDDEN"}]


@CLOSED
@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, "CREDENTIAL_MISSING"),
        ({"Authorization": "Bearer timeline_wrong"}, "CREDENTIAL_INVALID"),
        ({"Authorization": "wrong"}, "CREDENTIAL_MALFORMED"),
    ],
)
def test_a_socket_without_a_good_credential_is_closed_before_it_says_anything(
    server: str, payload: Any, code: str
) -> None:
    with talking(server, payload) as socket, contextlib.suppress(ConnectionClosed):
        raise AssertionError(socket.recv(timeout=120))
    assert (socket.close_code, socket.close_reason) == (4403, f"forbidden: {code}")


@OPEN
def test_a_subscription_ends_before_its_next_answer_when_the_token_is_revoked(server: str, database: Database) -> None:
    with talking(server, {"Authorization": bearer(Role.READER)["authorization"]}) as socket:
        assert heard(socket) == {"type": "connection_ack"}
        ask(socket, RECORDED)
        assert heard(socket)["payload"]["data"]["recorded"]["position"] == 1
        tokens.revoke(database, "reader", now_us=1)
        add(database, 2)
        ended = heard(socket)
        assert (ended["type"], ended["payload"][0]["extensions"]) == ("error", {"code": "CREDENTIAL_REVOKED"})
        ask(socket, "{ position }", id="2")
        refused = heard(socket)
        assert (refused["type"], refused["payload"][0]["extensions"]) == ("error", {"code": "CREDENTIAL_REVOKED"})


@OPEN
@pytest.mark.parametrize("path", ["/log", "/graphql"])
def test_server_sent_events_end_before_the_next_one_when_the_token_is_revoked(
    server: str, database: Database, path: str
) -> None:
    headers = {"Accept": "text/event-stream", "Content-Type": "application/json", **bearer(Role.READER)}
    body = json.dumps({"query": RECORDED}).encode() if path == "/graphql" else None
    request = urllib.request.Request(f"http://{server}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=120) as events:
        for line in events:
            if line == b"\n":
                break
        tokens.revoke(database, "reader", now_us=1)
        add(database, 2)
        rest = events.read().decode()
    assert "CREDENTIAL_REVOKED" in rest
    assert "person/p2" not in rest
    assert '"position":2' not in rest


@CLOSED
def test_the_feed_as_events_needs_a_credential_where_reading_is_closed(server: str) -> None:
    request = urllib.request.Request(f"http://{server}/log", headers={"Accept": "text/event-stream"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=120)
    assert refused.value.code == 401
    assert json.load(refused.value)["errors"][0]["extensions"] == {"code": "CREDENTIAL_MISSING"}
