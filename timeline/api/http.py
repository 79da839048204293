"""GraphQL over HTTP, as the GraphQL Foundation specifies it: POST for all, GET for queries only."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

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


class HttpFault(Exception):
    """The request is not well formed as HTTP or as a GraphQL request."""

    def __init__(self, status: int, message: str, limit: str | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        extensions = {"code": "LIMIT_PASSED", "limit": limit} if limit else {"code": "BAD_REQUEST"}
        self.answer = {"errors": [{"message": message, "extensions": extensions}]}


class GraphQL:
    """The endpoint."""

    def __init__(self, service: Service, answers: Answers | None = None) -> None:
        self.service = service
        self.answers = Answers() if answers is None else answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The endpoint as an ASGI application: nothing that it raises is left to the router."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """The response to one HTTP request."""
        accept = request.headers.get("accept")
        media = _accepted(accept)
        try:
            streamed = is_event_stream(accept)
            if media is None and not streamed:
                raise HttpFault(406, f"answers are {GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}")
            caller = await self.service.gate.caller(request.headers.get("authorization"))
            client = client_of(request, caller.viewer)
            operation = self.service.prepare(await self._asked(request), caller, client)
            by_get = (OperationType.QUERY, OperationType.SUBSCRIPTION) if streamed else (OperationType.QUERY,)
            if request.method != "POST" and operation.type not in by_get:
                raise HttpFault(405, "GET is for queries only; send this by POST", Allow="POST")
            if streamed:
                return event_stream(self.service, operation)
            if operation.type is OperationType.SUBSCRIPTION:
                message = f"a subscription is answered as {EVENT_STREAM}, or over a WebSocket (graphql-transport-ws)"
                raise refusal("SUBSCRIPTION_OVER_HTTP", message)
            if may_keep(operation):
                return await self._kept(operation, request, media or JSON)
            return _response(await self.service.run(operation), 200, media or JSON)
        except Denied as denied:
            return _response({"errors": errors_of(denied)}, status_of(denied), media or JSON, headers_of(denied))
        except Refusal as refused:
            # In plain JSON proxies might take a 400 for a failure of theirs; the specification wants 200 there.
            status = 200 if refused.status == 400 and media != GRAPHQL_JSON else refused.status
            return _response({"errors": refused.errors}, status, media or JSON, refused.headers)
        except HttpFault as fault:
            return _response(fault.answer, fault.status, media or JSON, fault.headers)
        except Unavailable as outage:
            return _response(unexpected(outage), 503, media or JSON, AGAIN)
        except ClientDisconnect:
            return Response(status_code=400)  # Nobody will read it.
        except Exception as error:
            return _response(unexpected(error), 500, media or JSON)

    async def _kept(self, operation: Operation, request: Request, media: str) -> Response:
        """The answer to a query: none if the client has it, one that was kept, or a new one."""
        snapshot = await self.service.snapshot(operation.caller)
        tag = tag_of(snapshot, operation, media)
        headers = {**_headers(media), "Cache-Control": cache_control(operation, snapshot), "ETag": f'"{tag}"'}
        if _names(request.headers.get("if-none-match"), tag):
            return Response(b"", 304, headers)
        key = key_of(snapshot, tag)
        self.answers.drop_before(snapshot.live_since_us)
        body = self.answers.find(key)
        if body is None:
            answer = await self.service.run(operation, snapshot)
            if "errors" in answer:
                return _response(answer, 200, media)
            body = orjson.dumps(answer)
            self.answers.keep(key, body)
        return Response(body, 200, headers)

    async def _asked(self, request: Request) -> Asked:
        if request.method != "POST":  # GET, and HEAD with it
            _check_text(request.url.query.encode())
            parameters: Any = dict(request.query_params)
            for name in ("variables", "extensions"):
                if name in parameters:
                    parameters[name] = _json(parameters[name].encode(), name)
            return self._checked(parameters)
        media, _, rest = request.headers.get("content-type", "").partition(";")
        if media.strip().lower() != JSON:
            raise HttpFault(415, f"send the request as {JSON}")
        if "charset=" in rest.lower() and "utf-8" not in rest.lower():
            raise HttpFault(415, "send the request in UTF-8")
        body = await self._body(request)
        _check_text(body)
        return self._checked(_json(body, "the request"))

    def _checked(self, parameters: Any) -> Asked:
        try:
            return asked_of(parameters, self.service.persisted)
        except Invalid as invalid:
            raise HttpFault(400, invalid.message) from None

    async def _body(self, request: Request) -> bytes:
        limits = self.service.limits
        body = bytearray()
        try:
            async with asyncio.timeout(limits.seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > limits.body_bytes:
                        message = f"the request is larger than {limits.body_bytes} bytes; send less at once"
                        raise HttpFault(413, message, "body_bytes", Connection="close")
        except TimeoutError:
            message = f"the request took longer than {limits.seconds:g} seconds to come"
            raise HttpFault(408, message, "seconds", Connection="close") from None
        return bytes(body)


def graphql_routes(service: Service, origins: Collection[str] = (), answers: Answers | None = None) -> list[BaseRoute]:
    """The endpoint over HTTP and WebSocket, and the schema as text. Pages of these other origins may open a socket."""
    endpoint = GraphQL(service, answers)

    async def schema(request: Request) -> Response:
        if not service.introspection:
            closed = refusal("INTROSPECTION_CLOSED", "the schema is not shown here; ask the operator for it", 404)
            return _response({"errors": closed.errors}, closed.status, JSON)
        return PlainTextResponse(print_schema(), headers={"Cache-Control": "no-cache", **SAFE})

    return [
        Route("/graphql", endpoint, methods=["GET", "POST"], name="graphql"),
        WebSocketRoute("/graphql", websocket_endpoint(service, origins), name="graphql-ws"),
        Route("/schema.graphql", schema, name="schema"),
    ]


async def unavailable(request: Request, outage: Exception) -> Response:
    """The answer outside GraphQL when the database cannot serve."""
    return _response(unexpected(outage), 503, JSON, AGAIN)


VARY = "Accept, Authorization"
SAFE = {"X-Content-Type-Options": "nosniff"}


def _response(answer: Any, status: int, media: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(answer), status, {**_headers(media), **(headers or {})})


def _headers(media: str) -> dict[str, str]:
    return {"Content-Type": f"{media}; charset=utf-8", "Vary": VARY, "Cache-Control": CHECK_FIRST, **SAFE}


def _names(asked: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names this tag; a weak one does, too."""
    return asked is not None and any(each.strip().removeprefix("W/") in ("*", f'"{tag}"') for each in asked.split(","))


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
