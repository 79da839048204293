"""The log for machines: lines of JSON from a position, waiting for more if asked, or as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import nullcontext
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from timeline.api.denials import errors_of, headers_of, status_of
from timeline.api.errors import Refusal
from timeline.api.executing import Service
from timeline.api.streaming import KEEP_ALIVE_SECONDS, HeldOpen, is_event_stream
from timeline.api.usage import client_of
from timeline.errors import Denied, Invalid, Unavailable
from timeline.log.follow import AWAY_SECONDS, events_beyond, next_events
from timeline.log.stored import StoredEvent
from timeline.log.transfer import event_line
from timeline.read.snapshot import open_snapshot
from timeline.read.veil import seen
from timeline.rights.gate import Caller

NDJSON = "application/x-ndjson"
MAX_LIMIT = 5000
MAX_WAIT = 60
SAFE = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Content-Type-Options": "nosniff"}


def feed_routes(service: Service) -> list[Route]:
    """`/log?after=0&limit=1000&wait=0`."""

    async def log(request: Request) -> Response:
        try:
            caller = await service.gate.caller(request.headers.get("authorization"))
            return await _answer(service, request, caller)
        except Denied as denied:
            return _failed(errors_of(denied), status_of(denied), headers_of(denied))
        except Refusal as refused:
            return _failed(refused.errors, refused.status, refused.headers)
        except Invalid as invalid:
            extensions = {"code": invalid.code, "inputPath": list(invalid.path)}
            return _failed([{"message": invalid.message, "extensions": extensions}], 400, {})

    return [Route("/log", log, name="log")]


async def _answer(service: Service, request: Request, caller: Caller) -> Response:
    after = _number(request, "after", request.headers.get("last-event-id", "0"), 0, 2**62)
    limit = _number(request, "limit", "1000", 1, MAX_LIMIT)
    wait = _number(request, "wait", "0", 0, MAX_WAIT)
    client = client_of(request.scope, caller.viewer)
    if is_event_stream(request.headers.get("accept")):
        return HeldOpen(service, client, _events(service, caller, after), SAFE)
    with service.seats.taken(client) if wait else nullcontext():
        return await _lines(service, caller, after, limit, wait)


def _number(request: Request, name: str, default: str, least: int, most: int) -> int:
    text = request.query_params.get(name, default)
    if not (text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most):
        raise Invalid("BAD_REQUEST", f"{name} is {text[:40]!r}; it must be a number from {least} to {most}", (name,))
    return int(text)


def _failed(errors: list[dict[str, Any]], status: int, headers: Mapping[str, str]) -> Response:
    return Response(orjson.dumps({"errors": errors}), status, {**SAFE, **headers}, "application/json")


async def _lines(service: Service, caller: Caller, after: int, limit: int, wait: int) -> Response:
    """The next events; when there are none yet, those that come while it waits."""
    async with service.in_time():
        events = await next_events(service.database, after, limit)
    if not events and wait and await service.watcher.beyond(after, wait):
        async with service.in_time():
            caller = await caller.again()
            events = await next_events(service.database, after, limit)
    last = events[-1].position if events else after
    async with service.in_time():
        body = b"".join(event_line(event) + b"\n" for event in await _seen(service, caller, events))
    return Response(body, 200, {**SAFE, "Timeline-Position": str(last)}, NDJSON)


async def _seen(service: Service, caller: Caller, events: list[StoredEvent]) -> list[StoredEvent]:
    """The events that exist for whoever asks. Read first, judged then: what was hidden with them is hidden."""
    if not events:
        return []
    now = await open_snapshot(service.database, rank=caller.viewer.rank, now_us=service.gate.now_us())
    return seen(now.veil, events)


async def _events(service: Service, caller: Caller, after: int) -> AsyncIterator[bytes]:
    """Every event behind a position and then live; its id is the position, which a browser sends when it returns."""
    position = after
    while True:
        events = await events_beyond(service.watcher, position, KEEP_ALIVE_SECONDS)
        try:
            # Whether it may still be told is asked when there is something to tell, not before it is waited for.
            caller = await caller.again()
            shown = await _seen(service, caller, events)
        except Denied as denied:
            yield b"event: error\ndata: %s\n\n" % orjson.dumps({"errors": errors_of(denied)})
            return
        except Unavailable:
            yield b":\n\n"
            await asyncio.sleep(AWAY_SECONDS)
            continue
        for event in shown:
            yield b"id: %d\nevent: recorded\ndata: %s\n\n" % (event.position, event_line(event))
        if events:
            position = events[-1].position
        else:
            yield b":\n\n"
