"""Selections on documents, compiled: what a query picks from a list of documents is picked for the whole list at once.

The executor of graphql-core completes every field of every object by itself; for a page of 50 meetings that costs more
than the database. Here a selection set becomes a plan, once for each operation and type, and the plan runs over all
documents of a list: plain fields are read from the dictionaries, and the records that a level leads to are loaded
together. Whatever a plan does not foresee, a null where none may be, a value of another type, an exception in a field,
is left to the executor: it completes the value anew, with the errors and nulls of the specification.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    Node,
    VariableNode,
    is_leaf_type,
)
from graphql.execution.collect_fields import collect_subfields
from graphql.execution.executor import Executor
from graphql.execution.values import get_argument_values

from timeline.api.context import Doc, View
from timeline.api.fields import Linked, Ref, Refs, Told, page_size
from timeline.api.records import TYPE_NAMES

PLANS = 2000
"""How many plans are kept."""
PLAIN: dict[str, type] = {
    GraphQLString.name: str,
    GraphQLID.name: str,
    GraphQLInt.name: int,
    GraphQLBoolean.name: bool,
    GraphQLFloat.name: float,
}
Documents = Sequence[dict[str, Any]]
Convert = Callable[[Any], Any]


class Surprise(Exception):
    """The plan does not fit the data: the executor has to complete the value."""


class Unplannable(Exception):
    """The selection has a field for which there is no plan: the executor has to complete it, now and always."""


@dataclass
class Branch:
    """The plans for a selection, one for each type that its documents are of. `named` is the type as declared."""

    compiler: Compiler
    named: Any
    details: Any
    plans: dict[str, Plan] = field(default_factory=dict)
    is_plannable: bool = True

    def plan(self, data: dict[str, Any]) -> Plan:
        """The plan for one document."""
        if isinstance(self.named, GraphQLObjectType):
            name = self.named.name
            if self.named.is_type_of is not None and TYPE_NAMES.get(data.get("kind", "")) != name:
                raise Surprise
        else:
            name = TYPE_NAMES[data["kind"]]
        found = self.plans.get(name)
        if found is None:
            found = self.plans[name] = self.compiler.plan(self.named, name, self.details)
        return found

    async def build(self, view: View, documents: Documents) -> list[dict[str, Any]]:
        """What the selection picks from these documents, in their order."""
        plans = [self.plan(data) for data in documents]
        await view.ensure({id for plan, data in zip(plans, documents, strict=True) for id in plan.ids(data)})
        first = plans[0] if plans else None
        if all(plan is first for plan in plans):
            return await first.build(view, documents) if first is not None else []
        built: list[dict[str, Any]] = [{} for _ in documents]
        for one in {id(plan): plan for plan in plans}.values():
            places = [index for index, plan in enumerate(plans) if plan is one]
            for index, answer in zip(places, await one.build(view, [documents[at] for at in places]), strict=True):
                built[index] = answer
        return built

    def ids(self, data: dict[str, Any]) -> Iterator[str]:
        """The ids of the records that a part of a document leads to."""
        yield from self.plan(data).ids(data)


@dataclass
class Plan:
    """What is picked from documents of one type, field by field in the order of the answer."""

    steps: list[Step] = field(default_factory=list)

    async def build(self, view: View, documents: Documents) -> list[dict[str, Any]]:
        """What is picked from these documents. The records they lead to are loaded already."""
        built: list[dict[str, Any]] = [{} for _ in documents]
        for step in self.steps:
            values = await step.values(view, documents)
            for answer, value in zip(built, values, strict=True):
                if value is None and step.required:
                    raise Surprise
                answer[step.name] = value
        return built

    def ids(self, data: dict[str, Any]) -> Iterator[str]:
        """The ids of the records that the document leads to."""
        for step in self.steps:
            yield from step.ids(data)


@dataclass
class Step:
    """One field of the answer."""

    name: str
    required: bool

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        """Its values in these documents, in their order."""
        raise NotImplementedError

    def ids(self, data: dict[str, Any]) -> Iterator[str]:
        """The ids that the field leads to in a document."""
        return iter(())


@dataclass
class Constant(Step):
    """`__typename`."""

    value: str

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        return [self.value] * len(documents)


@dataclass
class Leaf(Step):
    """A value that stands in the document."""

    key: str
    convert: Convert

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        key, convert = self.key, self.convert
        return [None if (value := data.get(key)) is None else convert(value) for data in documents]


@dataclass
class Worked(Step):
    """A value that is worked out from the document."""

    work: Callable[..., Any]
    arguments: dict[str, Any]
    convert: Convert

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        found = [self.work(Doc(view, data), **self.arguments) for data in documents]
        return [None if value is None else self.convert(value) for value in found]


@dataclass
class Part(Step):
    """A part of the document."""

    key: str
    branch: Branch

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        parts = [data.get(self.key) for data in documents]
        built = iter(await self.branch.build(view, [part for part in parts if part is not None]))
        return [None if part is None else next(built) for part in parts]

    def ids(self, data: dict[str, Any]) -> Iterator[str]:
        part = data.get(self.key)
        if part is not None:
            yield from self.branch.ids(part)


@dataclass
class Parts(Step):
    """A list of parts of the document."""

    key: str
    branch: Branch

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        lists = [data[self.key] for data in documents]
        built = iter(await self.branch.build(view, [part for parts in lists for part in parts]))
        return [[next(built) for _ in parts] for parts in lists]

    def ids(self, data: dict[str, Any]) -> Iterator[str]:
        for part in data[self.key]:
            yield from self.branch.ids(part)


@dataclass
class One(Step):
    """Another record."""

    find: Callable[[dict[str, Any]], str | None]
    branch: Branch

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        found = [view.known(self.find(data)) for data in documents]
        # A record that many lead to is picked once.
        distinct = {id(record): record for record in found if record is not None}
        picked = await self.branch.build(view, list(distinct.values()))
        built = dict(zip(distinct, picked, strict=True))
        return [None if record is None else built[id(record)] for record in found]

    def ids(self, data: dict[str, Any]) -> Iterator[str]:
        found = self.find(data)
        if found is not None:
            yield found


@dataclass
class Many(Step):
    """A list of other records."""

    key: str
    branch: Branch

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        lists = [[found for id in data[self.key] if (found := view.known(id)) is not None] for data in documents]
        built = iter(await self.branch.build(view, [record for records in lists for record in records]))
        return [[next(built) for _ in records] for records in lists]

    def ids(self, data: dict[str, Any]) -> Iterator[str]:
        yield from data[self.key]


@dataclass
class Named(Step):
    """The records that name this one."""

    link: Linked
    first: int
    branch: Branch

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        asked = [view.linked(self.link.role, data["id"], self.link.kinds, self.first) for data in documents]
        lists = await asyncio.gather(*asked)
        built = iter(await self.branch.build(view, [record.data for records in lists for record in records]))
        return [[next(built) for _ in records] for records in lists]


@dataclass
class Given(Step):
    """What a function of ours makes of the document: one document or a list, perhaps after a load."""

    work: Callable[..., Any]
    arguments: dict[str, Any]
    is_list: bool
    branch: Branch

    async def values(self, view: View, documents: Documents) -> Sequence[Any]:
        made = [self.work(Doc(view, data), **self.arguments) for data in documents]
        waiting = [each for each in made if isinstance(each, Awaitable)]
        if waiting:
            loaded = iter(await asyncio.gather(*waiting))
            made = [next(loaded) if isinstance(each, Awaitable) else each for each in made]
        flat = [doc for each in made for doc in (each if self.is_list else [each] if each is not None else [])]
        if any(doc.view is not view for doc in flat):
            raise Surprise
        built = iter(await self.branch.build(view, [doc.data for doc in flat]))
        if self.is_list:
            return [[next(built) for _ in each] for each in made]
        return [None if each is None else next(built) for each in made]


class Compiler:
    """Makes plans from the fragments and variables of one operation. It keeps nothing of the request."""

    def __init__(self, executor: Executor[Any]) -> None:
        self.schema = executor.schema
        self.operation = executor.operation
        self.fragments = executor.fragments
        self.variables = executor.variable_values

    def plan(self, named: Any, name: str, details: Any) -> Plan:
        """The plan of a selection on a type. Raises `Unplannable` when one of its fields can only be executed."""
        type_ = self.schema.get_type(name)
        assert isinstance(type_, GraphQLObjectType)
        if type_ is not named and not self.schema.is_sub_type(named, type_):
            raise Surprise
        collected = collect_subfields(self.schema, self.fragments, self.variables, self.operation, type_, details)
        if collected.new_defer_usages:
            raise Unplannable
        return Plan([self.step(key, type_, nodes) for key, nodes in collected.grouped_field_set.items()])

    def step(self, key: str, parent: GraphQLObjectType, details: Any) -> Step:
        """The step of one field."""
        node: FieldNode = details[0].node
        declared = self.schema.get_field(parent, node.name.value)
        if node.name.value == "__typename":
            return Constant(key, True, parent.name)
        if declared is None:
            raise Unplannable
        made = declared.extensions["strawberry-definition"]
        how = made.metadata.get("plan")
        required, type_ = _unwrapped(declared.type)
        if isinstance(how, Told) and is_leaf_type(type_):
            return Worked(key, required, how.work, self.arguments(declared, details), _converter(type_))
        is_list = isinstance(type_, GraphQLList)
        inner = _unwrapped(type_.of_type)[1] if is_list else type_
        if how is None and made.is_basic_field:
            if is_leaf_type(inner):
                convert = _converter(inner)
                return Leaf(key, required, made.python_name, _each(convert) if is_list else convert)
            return (Parts if is_list else Part)(key, required, made.python_name, Branch(self, inner, details))
        branch = Branch(self, inner, details)
        match how:
            case Ref():
                return One(key, required, how.find, branch)
            case Refs():
                return Many(key, required, how.key, branch)
            case Linked():
                return Named(key, required, how, page_size(self.arguments(declared, details)["first"]), branch)
            case Told():
                return Given(key, required, how.work, self.arguments(declared, details), is_list, branch)
        raise Unplannable

    def arguments(self, declared: GraphQLField, details: Any) -> dict[str, Any]:
        """The values of a field's arguments."""
        node, inner = details[0].node, details[0].fragment_variable_values
        return get_argument_values(declared, node, self.variables, inner)


class DocumentExecutor(Executor[Any]):
    """graphql-core's executor, which completes documents by plans and everything else by itself."""

    _plans: ClassVar[OrderedDict[tuple[Any, ...], tuple[Any, Branch]]] = OrderedDict()

    def complete_list_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        def stock() -> Any:
            return super(DocumentExecutor, self).complete_list_value(
                return_type, field_details_list, info, path, result, position_context
            )

        if type(result) is not list or not result or any(type(each) is not Doc for each in result):
            return stock()
        return self._completed(_unwrapped(return_type.of_type)[1], field_details_list, result, list, stock)

    def complete_object_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        def stock() -> Any:
            return super(DocumentExecutor, self).complete_object_value(
                return_type, field_details_list, info, path, result, position_context
            )

        if type(result) is not Doc:
            return stock()
        return self._completed(return_type, field_details_list, [result], lambda built: built[0], stock)

    def complete_abstract_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        def stock() -> Any:
            return super(DocumentExecutor, self).complete_abstract_value(
                return_type, field_details_list, info, path, result, position_context
            )

        if type(result) is not Doc:
            return stock()
        return self._completed(return_type, field_details_list, [result], lambda built: built[0], stock)

    def _completed(
        self, named: Any, details: Any, docs: list[Doc], shape: Callable[[Any], Any], stock: Callable[[], Any]
    ) -> Any:
        """By a plan if there can be one; anew by the executor if the plan meets what it does not foresee."""
        view = docs[0].view
        if any(doc.view is not view for doc in docs):
            return stock()
        branch = self._branch(named, details)
        documents = [doc.data for doc in docs]
        if not branch.is_plannable:
            return stock()

        async def run() -> Any:
            try:
                return shape(await branch.build(view, documents))
            except Unplannable:
                branch.is_plannable = False
            except Exception:  # noqa: S110  Whatever it was, the executor meets it again and says where.
                pass
            completed = stock()
            return await completed if isinstance(completed, Awaitable) else completed

        return run()

    def _branch(self, named: Any, details: Any) -> Branch:
        """The branch of a selection, kept for the next request with the same document and variables."""
        nodes = tuple(each.node for each in details)
        variables = self.variable_values.coerced
        used = [(name, repr(variables.get(name))) for name in _variables(nodes, self.fragments)] if variables else []
        key = (named.name, *map(id, nodes), *used)
        kept = self._plans.get(key)
        if kept is not None:
            self._plans.move_to_end(key)
            return kept[1]
        branch = Branch(Compiler(self), named, details)
        # The nodes are kept with the plan, so that none of another document can have the same id.
        self._plans[key] = (nodes, branch)
        if len(self._plans) > PLANS:
            self._plans.popitem(last=False)
        return branch


def _unwrapped(type_: GraphQLOutputType) -> tuple[bool, Any]:
    """Whether null is forbidden, and the type without that."""
    return (True, type_.of_type) if isinstance(type_, GraphQLNonNull) else (False, type_)


def _converter(type_: Any) -> Convert:
    """A value of the document as a value of the answer. Raises `Surprise` for one of another type."""
    if isinstance(type_, GraphQLEnumType):
        names = {value.value: name for name, value in type_.values.items()}

        def enum(value: Any) -> str:
            if value not in names:
                raise Surprise
            return names[value]

        return enum
    plain, coerced = PLAIN.get(type_.name), type_.coerce_output_value
    if plain is None or plain is int:
        return coerced

    def checked(value: Any) -> Any:
        return value if type(value) is plain else coerced(value)

    return checked


def _each(convert: Convert) -> Convert:
    def all_of(values: list[Any]) -> list[Any]:
        if None in values:
            raise Surprise
        return [convert(value) for value in values]

    return all_of


def _variables(nodes: Sequence[Node], fragments: Any) -> list[str]:
    """The names of the variables below these nodes, fragments included."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    rest: list[Any] = list(nodes)
    while rest:
        node = rest.pop()
        if isinstance(node, VariableNode):
            found[node.name.value] = None
        elif isinstance(node, Node):
            if isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                rest.append(fragments[node.name.value].definition)
            rest.extend(getattr(node, key) for key in node.keys)
        elif isinstance(node, (list, tuple)):
            rest.extend(node)
    return sorted(found)
