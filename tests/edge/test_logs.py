"""The log tells what went wrong and where, under the id that the client sees, and nothing of what was asked."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.served import served
from timeline.edge.guard import request_id
from timeline.edge.logs import configure

PLANTED = "planted-7431"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("timeline")
    before = [*root.handlers], root.level, ours.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])


def failing() -> None:
    try:
        raise ValueError(f"the value {PLANTED}")
    except ValueError as error:
        raise RuntimeError(f"because of {PLANTED}") from error


def logged(capsys: pytest.CaptureFixture[str], **how: bool) -> str:
    configure(**how)  # type: ignore[arg-type]
    request_id.set("request-12345")
    try:
        failing()
    except RuntimeError:
        logging.getLogger("timeline.test").exception("unexpected error %s", "abc")
    return capsys.readouterr().err


@pytest.mark.parametrize("as_json", [True, False])
def test_an_exception_is_told_by_its_types_and_places(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    said = logged(capsys, as_json=as_json, with_details=False)
    assert PLANTED not in said
    for word in ("unexpected error abc", "request-12345", "RuntimeError", "ValueError", "in failing"):
        assert word in said
    if as_json:
        (line,) = map(json.loads, said.splitlines())
        assert {"time", "level", "logger", "message", "request_id", "exception"} <= set(line)
        assert (line["level"], line["logger"], line["request_id"]) == ("ERROR", "timeline.test", "request-12345")


@pytest.mark.parametrize("as_json", [True, False])
def test_what_an_exception_says_is_told_where_details_are_wanted(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    assert logged(capsys, as_json=as_json, with_details=True).count(PLANTED) == 2


def test_a_task_that_fails_unseen_says_no_more_than_others(capsys: pytest.CaptureFixture[str]) -> None:
    configure(as_json=True, with_details=False)

    async def forget() -> None:
        async def fail() -> None:
            failing()

        task = asyncio.create_task(fail())
        await asyncio.wait([task])
        del task

    asyncio.run(forget())
    said = capsys.readouterr().err
    assert "Task exception was never retrieved" in said
    assert PLANTED not in said


# On a server as users start it ---------------------------------------------------------------------------------------


def test_nothing_planted_in_requests_comes_into_the_log(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "timeline.db"
    path.write_bytes(sqlite_template.read_bytes())
    query = "query($text: String!) { search(text: $text) { totalCount } }"
    settings = {"TIMELINE_LOG": "json", "TIMELINE_LOG_REQUESTS": "on"}
    with served("serve", f"sqlite:///{path}", tmp_path, {**os.environ, **settings}) as (client, process):

        def ask_in_every_way(time: str) -> list[Any]:
            asked = f'{{ {time}: meeting(id: "meeting/{PLANTED}") {{ id }} }}'
            answers = [
                client.get("/graphql", params={"query": asked}),
                client.post("/graphql", json={"query": asked}),
                client.post("/graphql", json={"query": query, "variables": {"text": PLANTED}}),
                client.post("/graphql", json={"query": PLANTED}),
                client.post("/graphql", content=PLANTED, headers={"content-type": "application/json"}),
                client.get("/log", params={"after": PLANTED}),
                client.get("/healthz", params={"x": PLANTED}),
                client.get("/healthz", headers={"x-request-id": f"{PLANTED} x", "authorization": f"Bearer {PLANTED}"}),
                client.get("/graphql", params={"query": asked}, headers={"authorization": f"Bearer {PLANTED}"}),
                client.get("/no%0a%7B%22level%22:%20%22forged%22%7D"),
            ]
            url = f"ws://{client.base_url.netloc.decode()}/graphql?{PLANTED}"
            with connect(url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
                socket.send(json.dumps({"type": "connection_init"}))
                socket.recv(10)
                socket.send(json.dumps({"type": "subscribe", "id": PLANTED, "payload": {"query": asked}}))
                socket.recv(10)
                socket.send(PLANTED)
            return answers

        ask_in_every_way("first")
        with sqlite3.connect(path) as connection:
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '_\\_records' ESCAPE '\\'"
            ).fetchall():
                connection.execute(f"DROP TABLE {name}")
        broken = ask_in_every_way("second")
        ids = [answer.json()["errors"][0]["extensions"]["id"] for answer in broken if '"INTERNAL"' in answer.text]
        process.terminate()
        assert process.stdout is not None
        said = process.stdout.read()
    assert PLANTED not in said
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert len(ids) >= 2
    for id in ids:
        (line,) = [line for line in lines if line["message"] == f"unexpected error {id}"]
        assert (line["level"], len(line["request_id"])) == ("ERROR", 32)
        assert "OperationalError" in line["exception"]
    told = [line for line in lines if line["logger"] == "timeline.requests"]
    assert [line for line in lines if line.get("level") == "forged"] == []
    assert {(line["method"], line["path"], line["status"]) for line in told} >= {
        ("GET", "/graphql", 200),
        ("POST", "/graphql", 400),
        ("GET", "/graphql", 401),
        ("WEBSOCKET", "/graphql", 101),
    }
    assert all(line["took_ms"] >= 0 and len(line["request_id"]) == 32 for line in told)
