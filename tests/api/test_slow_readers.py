"""A reader who does not read makes nothing be read for him: what he was not sent stays in the log."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from tests.log.appending import batch, store
from timeline.app import create_app
from timeline.database import open_database
from timeline.log import follow
from timeline.settings import Settings

EVENTS = 3 * follow.BATCH
STREAM = [(b"accept", b"text/event-stream"), (b"content-type", b"application/json"), (b"host", b"timeline.test")]
QUERY = orjson.dumps({"query": "subscription { recorded(after: 0) { position } }"})


class Stuck:
    """A client who takes the headers and a few pieces, and then reads no more."""

    def __init__(self, body: bytes) -> None:
        self.asked = [{"type": "http.request", "body": body}]
        self.pieces = 0
        self.is_stuck = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.asked:
            return self.asked.pop()
        return await asyncio.Future()

    async def send(self, message: Any) -> None:
        self.pieces += message["type"] == "http.response.body"
        if self.pieces > 3:
            self.is_stuck.set()
            await asyncio.Future()


@pytest.mark.parametrize(("method", "path", "body"), [("GET", "/log", b""), ("POST", "/graphql", QUERY)])
def test_for_a_reader_who_is_stuck_one_batch_is_read_and_no_more(
    engine_url: str, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: bytes
) -> None:
    database = open_database(engine_url)
    store(database, batch("many", *[f"person/p{number}" for number in range(EVENTS)]))
    database.dispose()
    events_after, batches = follow.events_after, []

    def counted(*asked: Any, **how: Any) -> Any:
        batches.append(asked)
        return events_after(*asked, **how)

    monkeypatch.setattr(follow, "events_after", counted)
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": STREAM}

    async def play() -> None:
        app, client = create_app(Settings(database_url=engine_url)), Stuck(body)
        async with app.router.lifespan_context(app):
            serving = asyncio.create_task(app({**scope, "client": ("127.0.0.1", 1)}, client.receive, client.send))
            await client.is_stuck.wait()
            await asyncio.sleep(0.3)  # Time in which a server that buffers would read on.
            serving.cancel()
            await asyncio.wait([serving])

    asyncio.run(play())
    assert len(batches) == 1
