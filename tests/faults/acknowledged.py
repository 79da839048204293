"""Clients that write through the API until they are told that it is recorded, and what must hold afterwards."""

from __future__ import annotations

import subprocess
import threading
import time
import uuid
from collections import Counter
from typing import Any

import httpx
import sqlalchemy as sa

from timeline.database import Database
from timeline.log.read import events_after
from timeline.log.tables import log_appends
from timeline.log.verify import verify_log
from timeline.read import projector
from timeline.rights import tokens
from timeline.values.roles import Role

REGISTER = """mutation ($id: ID!, $name: String!) {
  registerPlace(input: {appendId: $id, place: {names: [{text: $name}]}}) { position replayed userErrors { code } }
}"""
PAUSE_SECONDS = 0.03
PATIENCE_SECONDS = 5.0
"""After how long a client takes a request for lost; it sends it again under the same id."""


class Client:
    """Records one place after another. One that is not acknowledged is asked for again, unchanged."""

    def __init__(self, url: str, secret: str) -> None:
        headers = {"Authorization": f"Bearer {secret}"}
        self.http = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=PATIENCE_SECONDS)
        self.acknowledged: list[str] = []
        self.refused: list[httpx.Response] = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.write)
        self.thread.start()

    def write(self) -> None:
        while not self.done.is_set():
            id = str(uuid.uuid4())
            while not self.is_recorded(id):
                time.sleep(PAUSE_SECONDS)
            self.acknowledged.append(id)

    def is_recorded(self, id: str) -> bool:
        variables = {"id": id, "name": f"Place {id}"}
        try:
            answer = self.http.post("/graphql", json={"query": REGISTER, "variables": variables})
        except httpx.TransportError:
            return False
        if answer.status_code != 200:
            self.refused.append(answer)
            return False
        payload = answer.json()["data"]["registerPlace"]
        assert payload["userErrors"] == []
        return True

    def finish(self) -> list[str]:
        """Stop after what is being asked for, and say what was acknowledged."""
        self.done.set()
        self.thread.join()
        self.http.close()
        return self.acknowledged


def seconds_to_answer(client: httpx.Client) -> float:
    """After how long a service answers again, and is ready."""
    began = time.monotonic()
    while not _answers(client):
        time.sleep(0.005)
    return time.monotonic() - began


def _answers(client: httpx.Client) -> bool:
    try:
        asked = client.post("/graphql", json={"query": "{ position }"})
        return (asked.status_code, client.get("/readyz").status_code) == (200, 200)
    except httpx.TransportError:
        return False


class Told:
    """What a server says while it runs; unread, it would wait for its reader one day."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self.thread = threading.Thread(target=self.listen, args=(process,))
        self.thread.start()

    def listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.lines += process.stdout

    def everything(self) -> str:
        """All of it, once it has ended."""
        self.thread.join()
        return "".join(self.lines)


def writer_token(database: Database) -> str:
    """A token with which places may be recorded."""
    return tokens.create(database, f"writer-{uuid.uuid4().hex[:8]}", Role.CONTRIBUTOR, now_us=1)


def codes(answers: list[httpx.Response]) -> set[tuple[int, str]]:
    """Status and code of each answer."""
    return {(answer.status_code, _code(answer.json())) for answer in answers}


def _code(answer: Any) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


def check_whole(database: Database, acknowledged: list[str]) -> None:
    """Whatever was acknowledged is there once, positions are dense, and the read tables are what the log says."""
    with database.read() as connection:
        assert verify_log(connection) == []
        stored = Counter(connection.execute(sa.select(log_appends.c.append_id)).scalars())
        assert {id: stored[id] for id in acknowledged} == dict.fromkeys(acknowledged, 1)
        assert len(set(acknowledged)) == len(acknowledged)
    events = recorded(database)
    assert {id: events[id] for id in acknowledged} == dict.fromkeys(acknowledged, 1)
    assert projector.rebuild(database).equal


def recorded(database: Database) -> Counter[str]:
    """How many events each append has."""
    found: Counter[str] = Counter()
    position = 0
    with database.read() as connection:
        while events := events_after(connection, position):
            found.update(event.append_id for event in events)
            position = events[-1].position
    return found
