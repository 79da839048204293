"""GraphQL over HTTP, as the GraphQL Foundation specifies it: POST for all, GET for queries only."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_operation_ast,
    parse,
    validate,
)
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from timeline.api.context import Context, View
from timeline.api.errors import shown
from timeline.api.limits import Limits, check_limits
from timeline.api.schema import SCHEMA, print_schema
from timeline.database import Database
from timeline.read.snapshot import open_snapshot

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
CACHE_CHARACTERS = 2_000_000
"""How much query text the cache of parsed documents holds; a document takes about thirty times its text."""


class HttpFault(Exception):
    """The request is not well formed as HTTP or as a GraphQL request."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks: the parameters of GraphQL over HTTP."""

    query: str
    variables: dict[str, Any]
    operation: str | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document, or what is wrong with it."""

    document: DocumentNode | None
    errors: list[dict[str, Any]]


class Documents:
    """Parsed and validated documents by their text, the least recently used dropped first."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self.schema = schema
        self.limits = limits
        self._known: OrderedDict[str, Parsed] = OrderedDict()
        self._characters = 0

    def find(self, query: str) -> Parsed:
        """The document of this text."""
        found = self._known.get(query)
        if found is not None:
            self._known.move_to_end(query)
            return found
        found = self._parse(query)
        self._known[query] = found
        self._characters += len(query)
        while self._characters > CACHE_CHARACTERS and len(self._known) > 1:
            self._characters -= len(self._known.popitem(last=False)[0])
        return found

    def _parse(self, query: str) -> Parsed:
        try:
            document = parse(query, max_tokens=self.limits.tokens)
        except GraphQLSyntaxError as error:
            return Parsed(None, [shown(error, "GRAPHQL_PARSE_FAILED")])
        errors = validate(self.schema, document)
        if errors:
            return Parsed(None, [shown(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])
        return Parsed(document, [])


class GraphQL:
    """The endpoint. One schema and one database for the life of the process."""

    def __init__(self, database: Database, limits: Limits = Limits()) -> None:
        self.database = database
        self.limits = limits
        self.schema: GraphQLSchema = SCHEMA._schema
        self.documents = Documents(self.schema, limits)

    async def respond(self, request: Request) -> Response:
        """The response to one HTTP request."""
        media = _accepted(request.headers.get("accept"))
        try:
            asked = await self._asked(request)
            status, answer = await self._answer(asked, only_query=request.method == "GET")
        except HttpFault as fault:
            answer = {"errors": [{"message": fault.message, "extensions": {"code": "BAD_REQUEST"}}]}
            return _response(answer, fault.status, media or JSON, fault.headers)
        except Exception as error:
            answer = {"errors": [shown(GraphQLError(str(error), original_error=error))]}
            return _response(answer, 500, media or JSON)
        if media is None:
            return _response({"errors": [{"message": f"answers are {GRAPHQL_JSON} or {JSON}"}]}, 406, JSON)
        return _response(answer, status if media == GRAPHQL_JSON or status == 405 else 200, media)

    async def _asked(self, request: Request) -> Asked:
        if request.method == "GET":
            parameters: Any = dict(request.query_params)
            for name in ("variables", "extensions"):
                if name in parameters:
                    parameters[name] = _json(parameters[name].encode(), name)
            return _checked(parameters)
        media, _, rest = request.headers.get("content-type", "").partition(";")
        if media.strip().lower() != JSON:
            raise HttpFault(415, f"send the request as {JSON}")
        if "charset=" in rest.lower() and "utf-8" not in rest.lower():
            raise HttpFault(415, "send the request in UTF-8")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.limits.body_bytes:
                raise HttpFault(413, f"the request is larger than {self.limits.body_bytes} bytes")
        return _checked(_json(body, "the request"))

    async def _answer(self, asked: Asked, *, only_query: bool) -> tuple[int, dict[str, Any]]:
        """Status for GraphQL's own media type, and the answer."""
        parsed = self.documents.find(asked.query)
        if parsed.document is None:
            return 400, {"errors": parsed.errors}
        operation = get_operation_ast(parsed.document, asked.operation)
        if operation is None:
            message = "name the operation to run: the document has several, or none of that name"
            return 400, {"errors": [{"message": message, "extensions": {"code": "OPERATION_UNKNOWN"}}]}
        if only_query and operation.operation is not OperationType.QUERY:
            raise HttpFault(405, "GET is for queries only; send this by POST", Allow="POST")
        if operation.operation is OperationType.SUBSCRIPTION:
            message = "subscriptions run over a WebSocket (graphql-transport-ws) or as server-sent events"
            return 400, {"errors": [{"message": message, "extensions": {"code": "SUBSCRIPTION_OVER_HTTP"}}]}
        passed = check_limits(self.schema, parsed.document, operation, asked.variables, self.limits)
        if passed is not None:
            return 400, {"errors": [shown(passed)]}
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self._execute(parsed.document, operation, asked)
        except TimeoutError:
            message = f"the answer took longer than {self.limits.seconds:g} seconds; ask for less at once"
            extensions = {"code": "LIMIT_PASSED", "limit": "seconds"}
            return 503, {"errors": [{"message": message, "extensions": extensions}]}

    async def _execute(
        self, document: DocumentNode, operation: OperationDefinitionNode, asked: Asked
    ) -> tuple[int, dict[str, Any]]:
        now = View(await open_snapshot(self.database))
        result = execute(
            self.schema,
            document,
            root_value=now,
            context_value=Context(self.database, now, lambda: time.time_ns() // 1000),
            variable_values=asked.variables,
            operation_name=operation.name.value if operation.name else None,
        )
        if isawaitable(result):
            result = await result
        errors = [shown(error) for error in result.errors or ()]
        # Without a path the request itself was wrong, such as a variable of another type: nothing was executed.
        if errors and result.data is None and all("path" not in error for error in errors):
            return 400, {"errors": errors}
        return 200, {"errors": errors, "data": result.data} if errors else {"data": result.data}


def graphql_routes(database: Database, limits: Limits = Limits()) -> list[Route]:
    """The endpoint and the schema as text."""
    endpoint = GraphQL(database, limits)

    async def graphql(request: Request) -> Response:
        return await endpoint.respond(request)

    async def schema(request: Request) -> Response:
        return PlainTextResponse(print_schema(), headers={"Cache-Control": "no-cache", **SAFE})

    return [
        Route("/graphql", graphql, methods=["GET", "POST"], name="graphql"),
        Route("/schema.graphql", schema, name="schema"),
    ]


SAFE = {"X-Content-Type-Options": "nosniff"}


def _response(answer: Any, status: int, media: str, headers: Mapping[str, str] | None = None) -> Response:
    kept = {"Content-Type": f"{media}; charset=utf-8", "Vary": "Accept", "Cache-Control": "no-cache", **SAFE}
    return Response(orjson.dumps(answer), status, {**kept, **(headers or {})})


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


def _json(text: bytes, name: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise HttpFault(400, f"{name}: no valid JSON ({error})") from None


def _checked(parameters: Any) -> Asked:
    if not isinstance(parameters, dict):
        raise HttpFault(400, "a request is one JSON object with 'query'; batches are not supported")
    query, variables = parameters.get("query"), parameters.get("variables")
    operation, extensions = parameters.get("operationName"), parameters.get("extensions")
    if not isinstance(query, str):
        raise HttpFault(400, "'query' is missing; it is the GraphQL document as a string")
    for name, value, kind in (("variables", variables, dict), ("extensions", extensions, dict)):
        if value is not None and not isinstance(value, kind):
            raise HttpFault(400, f"'{name}' must be a JSON object")
    if operation is not None and not isinstance(operation, str):
        raise HttpFault(400, "'operationName' must be a string")
    return Asked(query, variables or {}, operation or None)
