"""Subscriptions: every subscriber gets every position once and in order, whatever drops and whoever writes."""

from __future__ import annotations

import contextlib
import json
import os
import random
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.api.conftest import bearer, give_tokens
from tests.facts import CHO
from tests.served import served
from timeline.database import open_database
from timeline.handle import Request, handle
from timeline.values.roles import Role
from timeline.write.commands import Report

WRITES = 15
PATIENCE_SECONDS = 120
"""How long a test waits for what comes in a moment on a machine that is not busy."""
RECORDED = "subscription($after: Int) { recorded(after: $after) { position stream record { id version } } }"
REGISTER = "mutation($input: RegisterPersonInput!) { registerPerson(input: $input) { userErrors { code } } }"


@pytest.fixture
def two_servers(engine_url: str, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two processes on one database."""
    database = open_database(engine_url)
    give_tokens(database)
    database.dispose()
    with served("serve", engine_url, tmp_path) as (one, _), served("serve", engine_url, tmp_path) as (other, _):
        yield one.base_url.netloc.decode(), other.base_url.netloc.decode()


def ask(server: str, query: str, **variables: Any) -> Any:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(
        f"http://{server}/graphql", body, {"Content-Type": "application/json", **bearer(Role.EDITOR)}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
        return json.load(answer)


def write(server: str, name: str, times: int = WRITES) -> None:
    for number in range(times):
        person = {"names": [{"text": f"{name} {number}"}]}
        written = ask(server, REGISTER, input={"appendId": f"{name}-{number}", "person": person})
        assert written == {"data": {"registerPerson": {"userErrors": []}}}


def opened(server: str) -> ClientConnection:
    return connect(f"ws://{server}/graphql", subprotocols=["graphql-transport-ws"], open_timeout=PATIENCE_SECONDS)


@contextlib.contextmanager
def talking(server: str) -> Iterator[ClientConnection]:
    with opened(server) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(timeout=PATIENCE_SECONDS)) == {"type": "connection_ack"}
        yield socket


def subscribe(socket: ClientConnection, query: str, id: str = "1", **variables: Any) -> None:
    socket.send(json.dumps({"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}}))


def received(servers: tuple[str, str], until: int, seed: int) -> list[int]:
    """The positions that a subscriber saw who drops now and then and comes back, perhaps to the other server."""
    chance = random.Random(seed)
    seen: list[int] = []
    while not seen or seen[-1] < until:
        with talking(chance.choice(servers)) as socket:
            subscribe(socket, RECORDED, after=seen[-1] if seen else 0)
            for _ in range(chance.randint(1, 12)):
                message = json.loads(socket.recv(timeout=PATIENCE_SECONDS))
                assert message["type"] == "next", message
                seen.append(message["payload"]["data"]["recorded"]["position"])
                if seen[-1] == until:
                    break
    return seen


def heard(servers: tuple[str, str], until: int, seed: int) -> list[int]:
    """The same by server-sent events: of a subscription or of the log, as it comes."""
    chance = random.Random(seed)
    seen: list[int] = []
    while not seen or seen[-1] < until:
        after = seen[-1] if seen else 0
        asked = json.dumps({"query": RECORDED, "variables": {"after": after}}).encode()
        path, body, more = chance.choice(
            [("/graphql", asked, {"Content-Type": "application/json"}), ("/log", None, {"Last-Event-ID": str(after)})]
        )
        with stream(chance.choice(servers), path, body, Accept="text/event-stream", **more) as events:
            data = (json.loads(line.removeprefix(b"data: ")) for line in events if line.startswith(b"data: {"))
            for told in islice(data, chance.randint(1, 12)):
                seen.append(told["data"]["recorded"]["position"] if "data" in told else told["position"])
                if seen[-1] == until:
                    break
    return seen


def test_nothing_is_missed_or_seen_twice_over_two_servers_that_both_write(two_servers: tuple[str, str]) -> None:
    total = 4 * WRITES
    with ThreadPoolExecutor(8) as threads:
        how = (received, heard, received, heard)
        readers = [threads.submit(read, two_servers, total, number) for number, read in enumerate(how)]
        writers = [threads.submit(write, two_servers[number % 2], f"writer{number}") for number in range(4)]
        for each in writers:
            each.result()
        for each in readers:
            assert each.result() == list(range(1, total + 1))


@pytest.fixture
def server(engine_url: str, tmp_path: Path) -> Iterator[str]:
    """One process on a record of three persons."""
    database = open_database(engine_url)
    for number in range(3):
        commands = [Report(id=f"person/p{number}", content=CHO)]
        handle(database, Request(append_id=f"a{number}", actor="t", commands=commands), now_us=number)
    give_tokens(database)
    database.dispose()
    with served("serve", engine_url, tmp_path) as (client, _):
        yield client.base_url.netloc.decode()


def test_without_a_position_a_subscription_begins_with_what_comes_next(server: str) -> None:
    with talking(server) as socket:
        subscribe(socket, RECORDED)
        subscribe(socket, "{ position }", id="2")
        assert json.loads(socket.recv(timeout=PATIENCE_SECONDS))["payload"] == {"data": {"position": 3}}
        assert json.loads(socket.recv(timeout=PATIENCE_SECONDS)) == {"type": "complete", "id": "2"}
        write(server, "new", 1)
        recorded = json.loads(socket.recv(timeout=PATIENCE_SECONDS))["payload"]["data"]["recorded"]
        assert (recorded["position"], recorded["record"]["version"]) == (4, 1)


def test_the_example_of_a_live_feed_tells_what_was_recorded_and_then_what_is(server: str) -> None:
    example = (Path(__file__).parents[2] / "docs" / "queries" / "10-live-feed.graphql").read_text(encoding="utf-8")
    with talking(server) as socket:
        subscribe(socket, example, after=1)
        told = [json.loads(socket.recv(timeout=PATIENCE_SECONDS))["payload"]["data"]["recorded"] for _ in range(2)]
        assert [each["record"] for each in told] == [{"id": f"person/p{n}", "version": 1} for n in (1, 2)]
        write(server, "live", 1)
        assert json.loads(socket.recv(timeout=PATIENCE_SECONDS))["payload"]["data"]["recorded"]["position"] == 4


def test_a_filter_lets_only_its_events_pass(server: str) -> None:
    with talking(server) as socket:
        subscribe(socket, 'subscription { recorded(after: 0, filter: { records: ["person/p2"] }) { position } }')
        assert json.loads(socket.recv(timeout=PATIENCE_SECONDS))["payload"] == {"data": {"recorded": {"position": 3}}}


def test_an_operation_that_may_not_run_is_an_error_and_the_others_go_on(server: str) -> None:
    with talking(server) as socket:
        subscribe(socket, "subscription { nothing }", id="bad")
        assert json.loads(socket.recv(timeout=PATIENCE_SECONDS))["type"] == "error"
        subscribe(socket, RECORDED, id="good", after=2)
        assert json.loads(socket.recv(timeout=PATIENCE_SECONDS))["payload"]["data"]["recorded"]["position"] == 3


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["no json"], 4400),
        ([{"type": "subscribe", "id": "1", "payload": {"query": "{ position }"}}], 4401),
        ([{"type": "connection_init"}, {"type": "connection_init"}], 4429),
        ([{"type": "connection_init"}, *[{"type": "subscribe", "id": "1", "payload": {"query": RECORDED}}] * 2], 4409),
    ],
)
def test_what_breaks_the_protocol_closes_with_its_code(server: str, messages: list[Any], code: int) -> None:
    with opened(server) as socket:
        for message in messages:
            socket.send(message if isinstance(message, str) else json.dumps(message))
        with contextlib.suppress(ConnectionClosed):
            while socket.recv(timeout=PATIENCE_SECONDS):
                pass
    assert socket.close_code == code


def test_a_page_of_another_origin_cannot_open_a_socket(server: str) -> None:
    with pytest.raises(InvalidStatus):
        connect(f"ws://{server}/graphql", origin="http://elsewhere.example", subprotocols=["graphql-transport-ws"])


def stream(server: str, path: str, body: bytes | None = None, **headers: str) -> Any:
    request = urllib.request.Request(f"http://{server}{path}", body, headers)
    return urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)


def test_a_subscription_is_answered_as_server_sent_events(server: str) -> None:
    body = json.dumps({"query": RECORDED, "variables": {"after": 1}}).encode()
    with stream(server, "/graphql", body, Accept="text/event-stream", **{"Content-Type": "application/json"}) as events:
        lines = [events.readline().decode() for _ in range(6)]
    assert lines[0] == lines[3] == "event: next\n"
    found = [json.loads(line.removeprefix("data: "))["data"]["recorded"]["position"] for line in (lines[1], lines[4])]
    assert found == [2, 3]


def test_the_feed_gives_lines_from_a_position_and_waits_for_more(server: str) -> None:
    with stream(server, "/log?after=1&limit=1") as answer:
        (line,) = answer.read().splitlines()
        assert (json.loads(line)["position"], answer.headers["Timeline-Position"]) == (2, "2")
    later = threading.Timer(0.5, write, (server, "later", 1))
    later.start()
    with stream(server, "/log?after=3&wait=60") as answer:
        assert [json.loads(line)["position"] for line in answer.read().splitlines()] == [4]


def test_the_feed_as_events_goes_on_after_the_last_id(server: str) -> None:
    with stream(server, "/log", Accept="text/event-stream", **{"Last-Event-ID": "2"}) as events:
        assert events.readline() == b"id: 3\n"


def test_a_wrong_number_in_the_feed_is_named(server: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        stream(server, "/log?after=-1")
    assert json.load(refused.value)["errors"][0]["extensions"] == {"code": "BAD_REQUEST", "inputPath": ["after"]}


def test_a_server_that_is_told_to_end_cuts_off_who_follows_the_log(engine_url: str, tmp_path: Path) -> None:
    briefly = {**os.environ, "TIMELINE_LIMIT_SECONDS": "1"}
    with (
        served("serve", engine_url, tmp_path, briefly) as (client, process),
        stream(client.base_url.netloc.decode(), "/log", Accept="text/event-stream"),
    ):
        process.terminate()
        process.wait(PATIENCE_SECONDS)
