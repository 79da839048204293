"""Queries compiled from the root: from resolver to resolver, without what the executor has to keep for errors.

The executor of graphql-core notes for every field where it stands, wraps whatever is awaited in a task, and Strawberry
translates each argument by name; for one small answer that costs more than finding it. Here an operation becomes steps,
once for its document: each calls a resolver of ours with its arguments and completes what comes back, documents by
their plans. Steps know only the good case. Whatever they do not foresee, a null where none may be, a value of another
type, an exception, raises, and the whole query is asked anew of the executor: queries change nothing, and it tells
errors as the specification wants them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import CollectedFields, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.utilities import coerce_input_value

from timeline.api.arguments import Arguments
from timeline.api.compiled import complete, nodes_below, variables_of
from timeline.api.context import Doc, View, read_field
from timeline.api.gathering import Surprise, Unplannable
from timeline.api.plans import Asking, Branch, converter, unwrapped

VARIANTS = 8
"""For how many values of the variables in @skip and @include the steps of an operation are kept."""
Complete = Callable[[Asking, Any], Any]
"""Completes a value, or gives what completes it once it is awaited."""
Step = Callable[[Asking, Any], Any]


@dataclass(slots=True)
class OneAsking:
    """An operation as one request asks it."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]
    variable_values: VariableValues
    as_json: bool


class Straight:
    """A query of one document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self.schema = schema
        self.operation = operation
        fragments = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
        self.fragments = {each.name.value: FragmentDetails(each) for each in fragments}
        self.is_plannable = not any(each.variable_definitions for each in fragments)
        switches = [each for each in nodes_below([operation], self.fragments) if isinstance(each, DirectiveNode)]
        self._switches = variables_of(nodes_below(switches, self.fragments))
        self._variants: dict[tuple[str, ...], Selected] = {}

    async def answer(self, view: View, inputs: dict[str, Any], *, as_json: bool) -> dict[str, Any]:
        """The data, parts of it perhaps as JSON.

        Raises whatever a resolver raises, `Surprise`, and `Unplannable` for what only executors answer.
        """
        values = self._given(inputs)
        asking = OneAsking(self.schema, self.operation, self.fragments, values, as_json)
        found = self._selected(values)(asking, view)
        data: dict[str, Any] = await found if isinstance(found, Coroutine) else found
        return data

    def _given(self, inputs: dict[str, Any]) -> VariableValues:
        """The values of the variables. Those that leave a choice, such as objects, are read as graphql-core does."""
        if self._simple is None or not self._simple.keys() <= inputs.keys():
            values = get_variable_values(self.schema, self.operation.variable_definitions or (), inputs)
            if isinstance(values, list):
                raise Surprise
            return values
        coerced = {name: coerce_input_value(inputs[name], each.type) for name, each in self._simple.items()}
        if Undefined in coerced.values():
            raise Surprise
        sources = {name: VariableValueSource(each, inputs[name]) for name, each in self._simple.items()}
        return VariableValues(sources, coerced)

    @cached_property
    def _simple(self) -> dict[str, GraphQLVariableSignature] | None:
        """The variables by name, if each is a value or a list of values; None if any is more."""
        found = {}
        for each in self.operation.variable_definitions or ():
            signature = get_variable_signature(self.schema, each)
            if isinstance(signature, GraphQLError) or not is_leaf_type(get_named_type(signature.type)):
                return None
            found[signature.name] = signature
        return found

    def _selected(self, values: VariableValues) -> Selected:
        key = tuple([repr(values.coerced.get(name)) for name in self._switches])
        found = self._variants.get(key)
        if found is None:
            if len(self._variants) >= VARIANTS:
                self._variants.clear()
            query = self.schema.query_type
            assert query is not None, "our schema has queries"
            found = self._variants[key] = Selected(
                query, lambda one: collect_fields(one.schema, one.fragments, one.variable_values, query, one.operation)
            )
        return found


class Selected:
    """What is selected of an object that is no document: one step for each field. Made when it is first met."""

    __slots__ = ("collect", "steps", "type_")

    def __init__(self, type_: GraphQLObjectType, collect: Callable[[Asking], CollectedFields]) -> None:
        self.type_ = type_
        self.collect = collect
        self.steps: list[tuple[str, Step]] | None = None

    def __call__(self, asking: Asking, source: Any) -> Any:
        """The object of the answer, or what gives it once it is awaited."""
        if self.steps is None:
            self.steps = self._made(asking)
        data: dict[str, Any] = {}
        waiting: list[tuple[str, Any]] = []
        for key, step in self.steps:
            value = data[key] = _begun(step, asking, source)
            if isinstance(value, Coroutine):
                waiting.append((key, value))
        return _filled(data, waiting) if waiting else data

    def _made(self, asking: Asking) -> list[tuple[str, Step]]:
        collected = self.collect(asking)
        if collected.new_defer_usages:
            raise Unplannable
        return [(key, self._step(asking, details)) for key, details in collected.grouped_field_set.items()]

    def _step(self, asking: Asking, details: Any) -> Step:
        node, parent = details[0].node, self.type_
        if node.name.value == "__typename":
            return lambda asking, source: parent.name
        declared = asking.schema.get_field(parent, node.name.value)
        if declared is None or "strawberry-definition" not in declared.extensions:  # such as __schema
            raise Unplannable
        return _step(_resolver(declared, node), _completer(declared.type, details))


async def _filled(data: dict[str, Any], waiting: Sequence[tuple[str, Coroutine[Any, Any, Any]]]) -> dict[str, Any]:
    """The object with what its fields wait for; they wait together."""
    if len(waiting) == 1:
        key, coroutine = waiting[0]
        data[key] = await coroutine
        return data
    for (key, _), value in zip(waiting, await _all([each for _, each in waiting]), strict=True):
        data[key] = value
    return data


async def _all(coroutines: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """What each gives. To the end even if one fails: what was begun is not left behind."""
    found = await asyncio.gather(*coroutines, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return found


def _step(resolve: Callable[[Asking, Any], Any], completed: Complete) -> Step:
    def step(asking: Asking, source: Any) -> Any:
        value = resolve(asking, source)
        return awaited(asking, value) if isinstance(value, Awaitable) else completed(asking, value)

    async def awaited(asking: Asking, value: Awaitable[Any]) -> Any:
        found = completed(asking, await value)
        return await found if isinstance(found, Coroutine) else found

    return step


def _resolver(declared: GraphQLField, node: Any) -> Callable[[Asking, Any], Any]:
    """Calls our own function behind a field, with the arguments that it declares."""
    made = declared.extensions["strawberry-definition"]
    if made.is_basic_field:
        name = made.python_name
        return lambda asking, source: read_field(source, name)
    ours = made.base_resolver
    parent = ours and (ours.parent_parameter or ours.root_parameter)
    if made.extensions or not parent or ours.info_parameter or ours.self_parameter:
        raise Unplannable
    work, of = ours.wrapped_func, parent.name
    if not declared.args:
        return lambda asking, source: work(**{of: source})
    arguments = Arguments(declared, node, variables_of(nodes_below(node.arguments or (), {})))
    return lambda asking, source: work(**{of: source}, **arguments.given(asking.variable_values))


def _completer(type_: Any, details: Any) -> Complete:
    """Completes values of a type, null among them."""
    required, inner = unwrapped(type_)
    if is_leaf_type(inner):
        convert = converter(inner)
        some: Complete = lambda asking, value: convert(value)  # noqa: E731
    elif isinstance(inner, GraphQLList):
        some = _list_completer(inner, details)
    else:
        some = _composite_completer(inner, details)

    def completed(asking: Asking, value: Any) -> Any:
        if value is not None:
            return some(asking, value)
        if required:
            raise Surprise
        return None

    return completed


def _list_completer(type_: Any, details: Any) -> Complete:
    named, each = unwrapped(type_.of_type)[1], _completer(type_.of_type, details)
    is_leaf = is_leaf_type(named)

    def completed(asking: Asking, value: Any) -> Any:
        if type(value) is not list:
            raise Surprise
        if value and not is_leaf and all(isinstance(part, Doc) for part in value):
            return complete(asking, named, details, value, lambda branch: one_by_one(asking, value, branch))
        return _together(asking, each, value)

    def one_by_one(asking: Asking, value: list[Any], branch: Branch) -> Any:
        if branch.is_plannable:
            raise Surprise
        return _together(asking, each, value)

    return completed


def _together(asking: Asking, each: Complete, values: Sequence[Any]) -> Any:
    """Each value completed, or what gives the list once all is there that its parts wait for."""
    parts = [_begun(each, asking, value) for value in values]
    return _joined(parts) if any(isinstance(part, Coroutine) for part in parts) else parts


async def _joined(parts: Sequence[Any]) -> list[Any]:
    found = iter(await _all([part for part in parts if isinstance(part, Coroutine)]))
    return [next(found) if isinstance(part, Coroutine) else part for part in parts]


def _begun(step: Step, asking: Asking, of: Any) -> Any:
    """What a step gives. If it fails, that is told no sooner than others ended that were begun beside it."""
    try:
        return step(asking, of)
    except Exception as error:
        return _failed(error)


async def _failed(error: Exception) -> Any:
    raise error


def _composite_completer(type_: Any, details: Any) -> Complete:
    """Documents by their plans; what is none, or has no plan, by the steps of its type."""
    selected: Selected | None = None
    if isinstance(type_, GraphQLObjectType):
        selected = Selected(
            type_,
            lambda one: collect_subfields(
                one.schema, one.fragments, one.variable_values, one.operation, type_, details
            ),
        )

    def completed(asking: Asking, value: Any) -> Any:
        if isinstance(value, Doc):
            return complete(asking, type_, details, value, lambda branch: without_plan(asking, value, branch))
        return stepwise(asking, value)

    def without_plan(asking: Asking, value: Doc, branch: Branch) -> Any:
        if branch.is_plannable:
            raise Surprise
        return stepwise(asking, value)

    def stepwise(asking: Asking, value: Any) -> Any:
        if selected is None:
            raise Unplannable
        return selected(asking, value)

    return completed
