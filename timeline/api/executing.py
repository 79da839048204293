"""Running what a client asks, whatever it came over: documents found, limits checked, answers without traces."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
    execute,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.execution import (
    Executor,
    execute_subscription_event,
    map_source_to_response_event,
)

from timeline.api.compiled import DocumentExecutor
from timeline.api.context import Context, View
from timeline.api.denials import errors_of, status_of
from timeline.api.errors import Refusal, passed, refusal, shown
from timeline.api.gathering import Unplannable
from timeline.api.limits import Limits
from timeline.api.measuring import Measured, NoIntrospection, named
from timeline.api.persisted import Persisted
from timeline.api.schema import SCHEMA
from timeline.api.straight import Straight
from timeline.api.usage import Rates, Seats, count_fields
from timeline.database import Database
from timeline.errors import Denied, Unavailable
from timeline.log.follow import Watcher
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.rights.gate import ANYBODY, Caller, Gate

DOCUMENT_BYTES = 64_000_000
"""How much memory the parsed documents may take."""
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks: the parameters of GraphQL over HTTP."""

    query: str
    variables: dict[str, Any]
    operation: str | None


@dataclass(slots=True)
class Ready:
    """What is known of an operation once its document is."""

    measured: Measured
    straight: Straight | None
    """The steps that answer it if it is a query."""
    is_signed: bool
    """Whether its answer may move with the last checkpoint. Whatever else has such a name is taken for that, too."""


@dataclass(slots=True)
class Parsed:
    """A document, or what is wrong with it."""

    document: DocumentNode | None
    errors: list[dict[str, Any]]
    ready: dict[str | None, Ready] = field(default_factory=dict)
    """Its operations by the name that asks for them."""


class Documents:
    """Parsed and validated documents by their text, the least recently used dropped first."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, introspection: bool = True) -> None:
        self.schema = schema
        self.limits = limits
        self.introspection = introspection
        self._known: OrderedDict[str, Parsed] = OrderedDict()
        self._bytes = 0

    def find(self, query: str) -> Parsed:
        """The document of this text."""
        found = self._known.get(query)
        if found is not None:
            self._known.move_to_end(query)
            return found
        found = self._parse(query)
        self._known[query] = found
        self._bytes += _bytes_of(query, found)
        while self._bytes > DOCUMENT_BYTES and len(self._known) > 1:
            self._bytes -= _bytes_of(*self._known.popitem(last=False))
        return found

    def _parse(self, query: str) -> Parsed:
        try:
            document = parse(query, max_tokens=self.limits.tokens)
        except GraphQLSyntaxError as error:
            return Parsed(None, [shown(named(error), "GRAPHQL_PARSE_FAILED")])
        rules = specified_rules if self.introspection else [*specified_rules, NoIntrospection]
        errors = validate(self.schema, document, rules, hide_suggestions=not self.introspection)
        if errors:
            return Parsed(None, [shown(named(error), "GRAPHQL_VALIDATION_FAILED") for error in errors])
        return Parsed(document, [])


def _bytes_of(query: str, parsed: Parsed) -> int:
    """About how much a document takes: nodes and tokens of dense text 250 bytes a character, each error 1,500."""
    return 2_500 + (250 * len(query) if parsed.document else len(query) + 1_500 * len(parsed.errors))


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that may run, and for whom: its document is valid and within the limits."""

    document: DocumentNode
    ready: Ready
    asked: Asked
    caller: Caller = ANYBODY
    client: str = ""

    @property
    def node(self) -> OperationDefinitionNode:
        """Where it stands in its document."""
        return self.ready.measured.operation

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation

    @property
    def name(self) -> str | None:
        """Its name, if it has one."""
        return self.node.name.value if self.node.name else None

    @property
    def writes(self) -> int:
        """How many fields a mutation has: each of them is a write."""
        fragments = [each for each in self.document.definitions if isinstance(each, FragmentDefinitionNode)]
        return count_fields(self.node.selection_set, {each.name.value: each for each in fragments})


class Service:
    """One schema and one database for the life of the process."""

    def __init__(
        self,
        database: Database,
        limits: Limits = Limits(),
        *,
        stock: bool = False,
        gate: Gate | None = None,
        introspection: bool = True,
        persisted: Persisted | None = None,
    ) -> None:
        self.database = database
        self.gate = gate or Gate(database)
        self.executor = None if stock else DocumentExecutor
        self.limits = limits
        self.schema: GraphQLSchema = SCHEMA._schema
        self.introspection = introspection
        self.documents = Documents(self.schema, limits, introspection=introspection)
        self.persisted = persisted or Persisted()
        self.seats = Seats(limits)
        self.rates = Rates(limits)
        self.watcher = Watcher(database)

    def prepare(self, asked: Asked, caller: Caller = ANYBODY, client: str = "") -> Operation:
        """The operation that is asked, by whom, counted as which client. Raises `Refusal` when it may not run."""
        parsed = self.documents.find(asked.query)
        if parsed.document is None:
            raise Refusal(parsed.errors)
        ready = parsed.ready.get(asked.operation)
        if ready is None:
            ready = parsed.ready[asked.operation] = self._ready(parsed.document, asked.query, asked.operation)
        too_much = ready.measured.passed(asked.variables)
        if too_much is not None:
            raise Refusal([shown(too_much)])
        return Operation(parsed.document, ready, asked, caller, client)

    def _ready(self, document: DocumentNode, text: str, name: str | None) -> Ready:
        node = get_operation_ast(document, name)
        if node is None:
            message = "name the operation to run: the document has several, or none of that name"
            raise refusal("OPERATION_UNKNOWN", message)
        is_straight = self.executor is not None and node.operation is OperationType.QUERY
        straight = Straight(self.schema, document, node) if is_straight else None
        return Ready(Measured(self.schema, document, node, self.limits), straight, _SIGNED.search(text) is not None)

    async def run(self, operation: Operation, snapshot: Snapshot | None = None) -> Answer:
        """The answer to a query or mutation, asked now or of a snapshot.

        Raises `Refusal` when nothing was executed, and `Unavailable`, not half an answer, when the database went away.
        """
        if operation.type is OperationType.MUTATION:
            self.rates.take(operation.client, operation.writes)
        async with self.in_time():
            return await self.answer(operation, snapshot or await self.open(operation.caller))

    async def answer(self, operation: Operation, snapshot: Snapshot, *, as_json: bool = False) -> Answer:
        """The same, for whoever looks after the time and how much is written.

        For those who do nothing but send it with orjson, parts may be JSON already.
        """
        now = View(snapshot)
        data = await self._straight(operation, now, as_json=as_json)
        if data is not None:
            return {"data": data}
        result = await self._executed(operation, now)
        for error in result.errors or ():
            if isinstance(error.original_error, Unavailable):
                raise error.original_error
        answer = _answer(result)
        # Without a path the request itself was wrong, such as a variable of another type: nothing was executed.
        if result.data is None and all("path" not in error for error in answer.get("errors", [{"path": ()}])):
            raise Refusal(answer["errors"])
        return answer

    async def _straight(self, operation: Operation, now: View, *, as_json: bool) -> dict[str, Any] | None:
        """The data of a query by its steps; None where it has to be executed, anew or at all."""
        straight = operation.ready.straight
        if straight is None or not straight.is_plannable:
            return None
        try:
            return await straight.answer(now, operation.asked.variables, as_json=as_json)
        except Unavailable:
            raise
        except Exception as surprise:  # Whatever it was, the executor meets it again and says where.
            straight.is_plannable = not isinstance(surprise, Unplannable)
            return None

    async def _executed(self, operation: Operation, now: View) -> ExecutionResult:
        result = execute(
            self.schema,
            operation.document,
            now,
            *self._with(operation, now),
            executor_class=self.executor,
            hide_suggestions=not self.introspection,
        )
        return await result if isawaitable(result) else result

    async def open(self, caller: Caller = ANYBODY) -> Snapshot:
        """The record now, for whoever asks."""
        return await open_snapshot(self.database, rank=caller.viewer.rank, now_us=self.gate.now_us())

    def in_time(self) -> InTime:
        """Raises `Refusal` when what is done within it takes longer than an answer may."""
        return InTime(self.limits.seconds)

    async def stream(self, operation: Operation) -> AsyncIterator[Answer]:
        """The answers to a subscription, or the one to anything else. Raises `Refusal`."""
        if operation.type is not OperationType.SUBSCRIPTION:
            yield await self.run(operation)
            return
        async for result in await self._results(operation):
            # A credential may have been revoked, or have expired, since the answer before.
            await self._still_allowed(operation)
            yield _answer(result)

    async def _results(self, operation: Operation) -> AsyncIterator[ExecutionResult]:
        """What becomes of each event, within the time that an answer may take."""
        async with self.in_time():
            now = View(await self.open(operation.caller))
            asked = self._with(operation, now)
            executor = Executor.build(
                self.schema, operation.document, now, *asked, hide_suggestions=not self.introspection
            )
            if isinstance(executor, list):
                raise Refusal([shown(error) for error in executor])
            source: Any = create_source_event_stream(executor)
            if isawaitable(source):
                source = await source
        if isinstance(source, ExecutionResult):
            raise Refusal(_answer(source)["errors"])
        return map_source_to_response_event(executor, source, self._of_one_event)

    async def _of_one_event(self, executor: Any) -> Any:
        async with self.in_time():
            result = execute_subscription_event(executor)
            return await result if isawaitable(result) else result

    async def _still_allowed(self, operation: Operation) -> None:
        try:
            await operation.caller.again()
        except Denied as denied:
            raise Refusal(errors_of(denied), status_of(denied)) from None

    def _with(self, operation: Operation, now: View) -> tuple[Context, dict[str, Any], str | None]:
        context = Context(self.database, now, self.gate.now_us, self.watcher, operation.caller)
        return context, operation.asked.variables, operation.name


class InTime:
    """Ends what is done within it after so many seconds, and raises `Refusal` then."""

    __slots__ = ("_timeout", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *raised: Any) -> None:
        try:
            await self._timeout.__aexit__(*raised)
        except TimeoutError:
            message = (
                f"the answer took longer than {self.seconds:g} seconds; ask for less at once, "
                "and send a mutation again under its appendId: it may have been recorded"
            )
            raise passed("seconds", message, 503) from None


def _answer(result: ExecutionResult) -> Answer:
    errors = [shown(error) for error in result.errors or ()]
    return {"errors": errors, "data": result.data} if errors else {"data": result.data}


def unexpected(error: Exception) -> Answer:
    """The answer when something went wrong on our side: masked if it is a defect."""
    return {"errors": [shown(GraphQLError(str(error), original_error=error))]}


_SIGNED = re.compile(r"\b(?:checkpoint|proof|consistency)\b")
_NUL = re.compile(rb"(?:\\|%5[Cc])u(?:0000|(?:\{|%7[Bb])0+(?:\}|%7[Dd]))|%00")


def holds_nul(text: bytes) -> bool:
    """Whether a request holds the character U+0000: PostgreSQL holds no text with it, so no record has it."""
    return _NUL.search(text) is not None
