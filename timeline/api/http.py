"""GraphQL over HTTP, as the GraphQL Foundation specifies it: POST for all, GET for queries only."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from timeline.api.answers import CHECK_FIRST, Answers, cache_control, key_of, may_keep, tag_of
from timeline.api.asking import asked_of
from timeline.api.denials import errors_of, headers_of, status_of
from timeline.api.errors import Refusal, refusal
from timeline.api.executing import Asked, Operation, Service, holds_nul, unexpected
from timeline.api.schema import print_schema
from timeline.api.streaming import EVENT_STREAM, event_stream, is_event_stream, websocket_endpoint
from timeline.api.usage import client_of
from timeline.errors import Denied, Invalid, Unavailable

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
AGAIN = {"Retry-After": "1"}
PATH = "/graphql"
METHODS = ("GET", "HEAD", "POST")
VARY = "Accept, Authorization"
SAFE = {"X-Content-Type-Options": "nosniff"}
WANTED = frozenset((b"accept", b"authorization", b"content-type", b"if-none-match"))
Headers = list[tuple[bytes, bytes]]
_ALWAYS: dict[str, Headers] = {
    media: [
        (b"content-type", f"{media}; charset=utf-8".encode()),
        (b"vary", VARY.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    for media in (JSON, GRAPHQL_JSON)
}


class HttpFault(Exception):
    """The request is not well formed as HTTP or as a GraphQL request."""

    def __init__(self, status: int, message: str, limit: str | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        extensions = {"code": "LIMIT_PASSED", "limit": limit} if limit else {"code": "BAD_REQUEST"}
        self.answer = {"errors": [{"message": message, "extensions": extensions}]}


class Reply:
    """A whole answer as an ASGI application: headers as they are sent, and a body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = self.headers
        if self.status != 304:
            headers = [*headers, (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class GraphQL:
    """The endpoint."""

    def __init__(self, service: Service, answers: Answers | None = None) -> None:
        self.service = service
        self.answers = Answers() if answers is None else answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The endpoint as an ASGI application: nothing that it raises is left to the router."""
        reply = await self.respond(scope, receive)
        await reply(scope, receive, send)

    async def respond(self, scope: Scope, receive: Receive) -> ASGIApp:
        """The response to one HTTP request."""
        told = _told(scope)
        accept = told.get(b"accept")
        media = _accepted(accept)
        try:
            streamed = is_event_stream(accept)
            if media is None and not streamed:
                raise HttpFault(406, f"answers are {GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}")
            if scope["method"] not in METHODS:
                raise HttpFault(405, "send this by POST, or queries by GET", Allow=", ".join(METHODS))
            caller = await self.service.gate.caller(told.get(b"authorization"))
            asked = await self._asked(scope, told, receive)
            operation = self.service.prepare(asked, caller, client_of(scope, caller.viewer))
            by_get = (OperationType.QUERY, OperationType.SUBSCRIPTION) if streamed else (OperationType.QUERY,)
            if scope["method"] != "POST" and operation.type not in by_get:
                raise HttpFault(405, "GET is for queries only; send this by POST", Allow="POST")
            if streamed:
                return event_stream(self.service, operation)
            if operation.type is OperationType.SUBSCRIPTION:
                message = f"a subscription is answered as {EVENT_STREAM}, or over a WebSocket (graphql-transport-ws)"
                raise refusal("SUBSCRIPTION_OVER_HTTP", message)
            if may_keep(operation):
                async with self.service.in_time():
                    return await self._kept(operation, told.get(b"if-none-match"), media or JSON)
            return _reply(await self.service.run(operation), 200, media or JSON)
        except Denied as denied:
            return _reply({"errors": errors_of(denied)}, status_of(denied), media or JSON, headers_of(denied))
        except Refusal as refused:
            # In plain JSON proxies might take a 400 for a failure of theirs; the specification wants 200 there.
            status = 200 if refused.status == 400 and media != GRAPHQL_JSON else refused.status
            return _reply({"errors": refused.errors}, status, media or JSON, refused.headers)
        except HttpFault as fault:
            return _reply(fault.answer, fault.status, media or JSON, fault.headers)
        except Unavailable as outage:
            return _reply(unexpected(outage), 503, media or JSON, AGAIN)
        except ClientDisconnect:
            return Reply(400, [])  # Nobody will read it.
        except Exception as error:
            return _reply(unexpected(error), 500, media or JSON)

    async def _kept(self, operation: Operation, known: str | None, media: str) -> Reply:
        """The answer to a query: none if the client has it, one that was kept, or a new one."""
        snapshot = await self.service.open(operation.caller)
        tag = tag_of(snapshot, operation, media)
        headers = [
            *_ALWAYS[media],
            (b"cache-control", cache_control(operation, snapshot).encode()),
            (b"etag", b'"%b"' % tag.encode()),
        ]
        if _names(known, tag):
            return Reply(304, headers)
        key = key_of(snapshot, tag)
        self.answers.drop_before(snapshot.live_since_us)
        body = self.answers.find(key)
        if body is None:
            answer = await self.service.answer(operation, snapshot, as_json=True)
            if "errors" in answer:
                return _reply(answer, 200, media)
            body = orjson.dumps(answer)
            self.answers.keep(key, body)
        return Reply(200, headers, body)

    async def _asked(self, scope: Scope, told: dict[bytes, str], receive: Receive) -> Asked:
        if scope["method"] != "POST":  # GET, and HEAD with it
            _check_text(scope["query_string"])
            parameters: Any = dict(Request(scope).query_params)
            for name in ("variables", "extensions"):
                if name in parameters:
                    parameters[name] = _json(parameters[name].encode(), name)
            return self._checked(parameters)
        media, _, rest = told.get(b"content-type", "").partition(";")
        if media.strip().lower() != JSON:
            raise HttpFault(415, f"send the request as {JSON}")
        if "charset=" in rest.lower() and "utf-8" not in rest.lower():
            raise HttpFault(415, "send the request in UTF-8")
        body = await self._body(receive)
        _check_text(body)
        return self._checked(_json(body, "the request"))

    def _checked(self, parameters: Any) -> Asked:
        try:
            return asked_of(parameters, self.service.persisted)
        except Invalid as invalid:
            raise HttpFault(400, invalid.message) from None

    async def _body(self, receive: Receive) -> bytes:
        limits = self.service.limits
        body = bytearray()
        try:
            async with asyncio.timeout(limits.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientDisconnect
                    body += message.get("body", b"")
                    if len(body) > limits.body_bytes:
                        told = f"the request is larger than {limits.body_bytes} bytes; send less at once"
                        raise HttpFault(413, told, "body_bytes", Connection="close")
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            told = f"the request took longer than {limits.seconds:g} seconds to come"
            raise HttpFault(408, told, "seconds", Connection="close") from None


def graphql_routes(endpoint: GraphQL, origins: Collection[str] = ()) -> list[BaseRoute]:
    """The endpoint over HTTP and WebSocket, and the schema as text. Pages of these other origins may open a socket."""
    service = endpoint.service

    async def schema(request: Request) -> Response:
        if not service.introspection:
            closed = refusal("INTROSPECTION_CLOSED", "the schema is not shown here; ask the operator for it", 404)
            return _response({"errors": closed.errors}, closed.status)
        return PlainTextResponse(print_schema(), headers={"Cache-Control": "no-cache", **SAFE})

    return [
        Route(PATH, endpoint, name="graphql"),
        WebSocketRoute(PATH, websocket_endpoint(service, origins), name="graphql-ws"),
        Route("/schema.graphql", schema, name="schema"),
    ]


async def unavailable(request: Request, outage: Exception) -> Response:
    """The answer outside GraphQL when the database cannot serve."""
    return _response(unexpected(outage), 503, AGAIN)


def _response(answer: Any, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The same as `_reply`, for what the router answers."""
    always = {"Content-Type": f"{JSON}; charset=utf-8", "Vary": VARY, "Cache-Control": CHECK_FIRST, **SAFE}
    return Response(orjson.dumps(answer), status, {**always, **(headers or {})})


def _reply(answer: Any, status: int, media: str, headers: Mapping[str, str] | None = None) -> Reply:
    more = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
    return Reply(status, [*_ALWAYS[media], (b"cache-control", CHECK_FIRST.encode()), *more], orjson.dumps(answer))


def _told(scope: Scope) -> dict[bytes, str]:
    """The headers that matter here, by name; of one that came several times the first."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in WANTED:
            found.setdefault(name, value.decode("latin-1"))
    return found


def _names(asked: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names this tag; a weak one does, too."""
    return asked is not None and any(each.strip().removeprefix("W/") in ("*", f'"{tag}"') for each in asked.split(","))


@lru_cache(maxsize=256)
def _accepted(accept: str | None) -> str | None:
    """The media type to answer in; None when the client accepts neither."""
    offers: dict[str, float] = {}
    for part in (accept or "*/*").split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            offers[media] = float(weight)
        except ValueError:
            offers[media] = 0.0
    anything = max(offers.get("*/*", 0.0), offers.get("application/*", 0.0))
    weights = {media: offers.get(media, anything) for media in (JSON, GRAPHQL_JSON)}
    best = max(weights, key=weights.__getitem__)
    return best if weights[best] > 0 else None


def _check_text(text: bytes) -> None:
    if holds_nul(text):
        raise HttpFault(400, "the character U+0000 can stand in no text; leave it out")


def _json(text: bytes, name: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise HttpFault(400, f"{name}: no valid JSON ({error})") from None
