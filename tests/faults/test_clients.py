"""Clients that hold what others need: all connections, the lock of the log, an answer that they do not read."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.faults.acknowledged import REGISTER, Told, check_whole, codes, seconds_to_answer, writer_token
from tests.faults.conftest import Tell
from tests.faults.postgres import Postgres
from tests.log.appending import store
from tests.served import served
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database
from timeline.log.append import Append, NewEvent
from timeline.log.tables import log_head

ASK = {"query": "{ position meetings { totalCount } }"}
CROWD = 30
OWN = 12
"""How many connections to PostgreSQL a server opens for itself as it needs them."""
VANISHING = 10
NOTES = 200
"""How many events a slow subscriber is behind: several times what the buffers of its connection hold."""
WORDS = b'{"words":"' + b"word " * 20_000 + b'"}'


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that answers within three seconds, and waits no longer for what goes on when it is ended."""
    monkeypatch.setenv("TIMELINE_LIMIT_SECONDS", "3")


def head_of(url: httpx.URL, method: str, path: str, *lines: str) -> tuple[socket.socket, bytes]:
    """A connection of a client that does as it likes, and the head of its request."""
    assert url.port is not None
    connection = socket.create_connection(("127.0.0.1", url.port), timeout=60)
    return connection, "\r\n".join(
        [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{url.port}", *lines, "", ""]
    ).encode()


def asked(client: httpx.Client, secret: str, id: str) -> httpx.Response:
    """One place is to be recorded."""
    variables = {"id": id, "name": f"Place {id}"}
    headers = {"Authorization": f"Bearer {secret}"}
    return client.post("/graphql", json={"query": REGISTER, "variables": variables}, headers=headers, timeout=60)


def asked_until_recorded(client: httpx.Client, secret: str, id: str) -> None:
    """As clients do: the same request again, until it is answered."""
    while (answer := asked(client, secret, id)).status_code != 200:
        assert answer.status_code == 503


def test_while_the_log_is_locked_readers_are_served_and_writers_are_told_to_come_again(
    database: Database, engine_url: str, tmp_path: Path, impatient: None, tell: Tell
) -> None:
    load_seeds(database, seed_files(()), None)
    secret, ids = writer_token(database), [f"w{number}" for number in range(CROWD)]
    with served("serve", engine_url, tmp_path) as (client, process), ThreadPoolExecutor(CROWD) as crowd:
        told = Told(process)
        with database.write() as connection:
            connection.execute(log_head.select().with_for_update())
            waiting = [crowd.submit(asked, client, secret, id) for id in ids]
            reading = [client.post("/graphql", json=ASK, timeout=60) for _ in range(CROWD)]
            refused = [each.result() for each in waiting]
        assert {answer.json()["data"]["meetings"]["totalCount"] for answer in reading} == {5}
        assert codes(refused) <= {(503, "LIMIT_PASSED"), (503, "DATABASE_UNAVAILABLE")}
        seconds = seconds_to_answer(client)
        for each in [crowd.submit(asked_until_recorded, client, secret, id) for id in ids]:
            each.result()
    assert "Traceback" not in told.everything()
    check_whole(database, ids)
    tell(refused=CROWD, acknowledged=CROWD, seconds_to_answer=seconds)


def test_a_database_without_a_free_connection_is_unavailable_and_serves_as_soon_as_it_has_one(
    postgres: Postgres, tmp_path: Path, tell: Tell
) -> None:
    with served("serve", postgres.url, tmp_path) as (client, process):
        told = Told(process)
        taken: list[psycopg.Connection[Any]] = []
        with suppress(psycopg.OperationalError):
            while True:
                taken.append(psycopg.connect(postgres.url))
        refused = [client.post("/graphql", json=ASK, timeout=60) for _ in range(CROWD)]
        for connection in taken:
            connection.close()
        seconds = seconds_to_answer(client)
    assert codes(refused) == {(503, "DATABASE_UNAVAILABLE")}
    assert "Traceback" not in told.everything()
    tell(refused=CROWD, seconds_to_answer=seconds)


def sockets(pid: int) -> int:
    """How many connections a process has open; files of a database are not among them."""
    folder = Path(f"/proc/{pid}/fd")
    links = []
    for name in os.listdir(folder):
        with suppress(OSError):  # Closed meanwhile.
            links.append(os.readlink(folder / name))
    return sum(link.startswith("socket:") for link in links)


def test_clients_that_vanish_leave_nothing_behind(
    database: Database, engine_url: str, tmp_path: Path, impatient: None, times: int, tell: Tell
) -> None:
    load_seeds(database, seed_files(()), None)
    with served("serve", engine_url, tmp_path) as (client, process):
        told = Told(process)
        assert client.post("/graphql", json=ASK).status_code == 200
        before = sockets(process.pid)
        for _ in range(VANISHING * times):
            for method, path, lines, body in (
                ("POST", "/graphql", ["Content-Type: application/json", "Content-Length: 500"], b'{"query": "{ pos'),
                ("GET", "/log?wait=30&after=47", [], b""),
                ("GET", "/log", ["Accept: text/event-stream"], b""),
                ("GET", "/graphql?query={position}", ["Accept: text/event-stream"], b""),
            ):
                connection, head = head_of(client.base_url, method, path, *lines)
                connection.sendall(head + body)
                # Reset, not closed: nobody will ever read what is still to come.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()
        seconds = seconds_to_answer(client)
        deadline = time.monotonic() + 60
        while sockets(process.pid) > before + OWN:
            assert time.monotonic() < deadline, "connections stay open"
            time.sleep(0.05)
    assert "Traceback" not in told.everything()
    check_whole(database, [])
    tell(vanished=4 * VANISHING * times, seconds_to_answer=seconds)


def is_before_the_end(line: bytes) -> bool:
    """Whether the last note is still to come."""
    return line != b"id: %d\n" % NOTES


def test_a_slow_subscriber_misses_nothing_and_holds_nobody_up(
    database: Database, engine_url: str, tmp_path: Path, impatient: None, tell: Tell
) -> None:
    with served("serve", engine_url, tmp_path) as (client, process):
        told = Told(process)
        slow, head = head_of(client.base_url, "GET", "/log", "Accept: text/event-stream")
        slow.sendall(head)
        store(database, Append("notes", b"d", "test", [NewEvent("place/x", "Noted", 1, WORDS)] * NOTES))
        assert [client.get("/log", params={"after": NOTES - 1}).headers["timeline-position"]] == [str(NOTES)]
        with slow.makefile("rb") as lines:
            positions = [int(line[4:]) for line in takewhile(is_before_the_end, lines) if line.startswith(b"id: ")]
        slow.close()
    assert positions == list(range(1, NOTES))
    assert "Traceback" not in told.everything()
    tell(behind=NOTES)
