"""The log for machines: lines of JSON from a position, waiting for more if asked, or as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from timeline.api.denials import errors_of, headers_of, status_of
from timeline.api.executing import Service
from timeline.api.streaming import EVENT_STREAM, KEEP_ALIVE_SECONDS, is_event_stream
from timeline.errors import Denied
from timeline.log.follow import next_events
from timeline.log.transfer import event_line
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
        except Denied as denied:
            answer = orjson.dumps({"errors": errors_of(denied)})
            return Response(answer, status_of(denied), {**SAFE, **headers_of(denied)}, "application/json")
        numbers = {}
        for name, default, least, most in (
            ("after", request.headers.get("last-event-id", "0"), 0, 2**62),
            ("limit", "1000", 1, MAX_LIMIT),
            ("wait", "0", 0, MAX_WAIT),
        ):
            text = request.query_params.get(name, default)
            if not (text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most):
                message = f"{name} is {text!r}; it must be a number from {least} to {most}"
                error = {"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST", "inputPath": [name]}}]}
                return Response(orjson.dumps(error), 400, SAFE, "application/json")
            numbers[name] = int(text)
        if is_event_stream(request.headers.get("accept")):
            return StreamingResponse(_events(service, caller, numbers["after"]), headers=SAFE, media_type=EVENT_STREAM)
        return await _lines(service, numbers["after"], numbers["limit"], numbers["wait"])

    return [Route("/log", log, name="log")]


async def _lines(service: Service, after: int, limit: int, wait: int) -> Response:
    """The next events; when there are none yet, those that come while it waits."""
    events = await next_events(service.database, after, limit)
    if not events and wait and await service.watcher.beyond(after, wait):
        events = await next_events(service.database, after, limit)
    last = events[-1].position if events else after
    body = b"".join(event_line(event) + b"\n" for event in events)
    return Response(body, 200, {**SAFE, "Timeline-Position": str(last)}, NDJSON)


async def _events(service: Service, caller: Caller, after: int) -> AsyncIterator[bytes]:
    """Every event behind a position and then live; its id is the position, which a browser sends when it returns."""
    position = after
    while True:
        try:
            caller = await caller.again()
        except Denied as denied:
            yield b"event: error\ndata: %s\n\n" % orjson.dumps({"errors": errors_of(denied)})
            return
        events = await next_events(service.database, position)
        for event in events:
            yield b"id: %d\nevent: recorded\ndata: %s\n\n" % (event.position, event_line(event))
        if events:
            position = events[-1].position
        elif not await service.watcher.beyond(position, KEEP_ALIVE_SECONDS):
            yield b":\n\n"
        await asyncio.sleep(0)
