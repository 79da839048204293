"""What one client may hold open and write: told by name when it is too much, and given back when it ends."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.served import served
from timeline.api.errors import Refusal
from timeline.api.limits import Limits
from timeline.api.usage import CLIENTS, Rates, Seats, client_of
from timeline.values.roles import PUBLIC, Role, Viewer

RECORDED = "subscription { recorded { position } }"


def limit_of(refused: Refusal) -> str:
    return str(refused.errors[0]["extensions"]["limit"])


def seen_from(host: str | None, viewer: Viewer = PUBLIC) -> str:
    client = None if host is None else (host, 5000)
    return client_of({"type": "http", "client": client, "headers": []}, viewer)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        (None, "", True),
    ],
)
def test_a_client_is_an_address_or_a_network_of_ipv6(one: str | None, other: str | None, same: bool) -> None:
    assert (seen_from(one) == seen_from(other)) is same


def test_a_credential_is_one_client_wherever_it_comes_from() -> None:
    desk = Viewer("desk", Role.EDITOR)
    assert seen_from("192.0.2.1", desk) == seen_from("2001:db8::1", desk) != seen_from("192.0.2.1")


def test_seats_are_counted_for_each_client_and_in_all_and_given_back_once() -> None:
    seats = Seats(Limits(subscriptions=2, subscriptions_in_all=3))
    let_go = [seats.take("a"), seats.take("a"), seats.take("b")]
    with pytest.raises(Refusal) as each:
        seats.take("a")
    with pytest.raises(Refusal) as in_all:
        seats.take("b")
    assert [(limit_of(got.value), got.value.status) for got in (each, in_all)] == [
        ("subscriptions", 429),
        ("subscriptions_in_all", 503),
    ]
    for _ in range(2):
        let_go[0]()
    seats.take("a")
    with pytest.raises(Refusal):
        seats.take("a")


def test_a_minutes_worth_of_writes_may_come_at_once_and_more_as_time_goes_by() -> None:
    now = [0.0]
    rates = Rates(Limits(writes_per_minute=60), lambda: now[0])
    rates.take("a", 60)
    rates.take("b", 1)
    with pytest.raises(Refusal) as refused:
        rates.take("a", 3)
    assert (limit_of(refused.value), refused.value.status) == ("writes_per_minute", 429)
    assert refused.value.headers == {"Retry-After": "4"}
    now[0] = 4.0
    rates.take("a", 3)
    with pytest.raises(Refusal):
        rates.take("a", 2)
    now[0] = 1_000_000.0
    with pytest.raises(Refusal):
        rates.take("a", 61)
    rates.take("a", 60)


def test_how_much_each_wrote_is_kept_for_so_many_clients_and_no_more() -> None:
    rates = Rates(Limits())
    for number in range(CLIENTS + 100):
        rates.take(str(number), 1)
    assert len(rates._left) == CLIENTS


# On a server as users start it ---------------------------------------------------------------------------------------


@pytest.fixture
def server(sqlite_template: Path, tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "timeline.db").write_bytes(sqlite_template.read_bytes())
    limits = {"TIMELINE_LIMIT_SUBSCRIPTIONS": "3", "TIMELINE_LIMIT_OPERATIONS": "1"}
    with served("serve", f"sqlite:///{tmp_path / 'timeline.db'}", tmp_path, {**os.environ, **limits}) as (client, _):
        yield client


def socket_to(server: Any) -> ClientConnection:
    return connect(f"ws://{server.base_url.netloc.decode()}/graphql", subprotocols=["graphql-transport-ws"])


def asked_on(socket: ClientConnection, id: str) -> None:
    socket.send(json.dumps({"type": "subscribe", "id": id, "payload": {"query": RECORDED}}))


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 120
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_sockets_operations_and_streams_share_the_seats_of_a_client(server: Any) -> None:
    events = {"accept": "text/event-stream"}
    with contextlib.ExitStack() as stack:
        socket = stack.enter_context(socket_to(server))
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(10)) == {"type": "connection_ack"}
        asked_on(socket, "one")
        asked_on(socket, "two")
        refused = json.loads(socket.recv(10))
        assert (refused["id"], refused["payload"][0]["extensions"]["limit"]) == ("two", "operations")
        stack.enter_context(server.stream("GET", "/log", headers=events))
        for answer in (server.get("/log", headers=events), server.get("/log?wait=1")):
            assert answer.status_code == 429
            assert answer.json()["errors"][0]["extensions"] == {"code": "LIMIT_PASSED", "limit": "subscriptions"}
        assert server.post("/graphql", json={"query": RECORDED}, headers=events).status_code == 429
        with pytest.raises(InvalidStatus) as closed:
            socket_to(server)
        assert closed.value.response.status_code == 429
        assert server.get("/log").status_code == 200
        socket.send(json.dumps({"type": "complete", "id": "one"}))
        assert until(lambda: server.get("/log?wait=1").status_code == 200)
    assert until(lambda: all(server.get("/log?wait=1").status_code == 200 for _ in range(2)))
    with socket_to(server), socket_to(server), socket_to(server):
        pass


@pytest.mark.parametrize(("proxies", "second"), [("127.0.0.1", 200), ("", 429)])
def test_the_address_that_a_proxy_names_counts_only_where_the_proxy_is_trusted(
    sqlite_template: Path, tmp_path: Path, proxies: str, second: int
) -> None:
    (tmp_path / "timeline.db").write_bytes(sqlite_template.read_bytes())
    settings = {"TIMELINE_LIMIT_SUBSCRIPTIONS": "1", "TIMELINE_TRUSTED_PROXIES": proxies}
    environment = {**os.environ, **settings}
    events = {"accept": "text/event-stream"}
    with (
        served("serve", f"sqlite:///{tmp_path / 'timeline.db'}", tmp_path, environment) as (client, _),
        client.stream("GET", "/log", headers={**events, "x-forwarded-for": "192.0.2.1"}),
    ):
        assert client.get("/log?wait=1", headers={"x-forwarded-for": "192.0.2.2"}).status_code == second
        assert client.get("/log?wait=1", headers={"x-forwarded-for": "192.0.2.1"}).status_code == 429
