"""How much an operation asks, measured before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from timeline.api.limits import Limits

DEFAULT_PAGE = 50
WHOLE = {"countries": 250, "nodes": 100, "changes": 250}
"""How many entries the lists that have no pages are counted as."""
INTROSPECTED = {"types": 300, "fields": 6, "inputFields": 3, "args": 2, "enumValues": 3, "possibleTypes": 2}
"""The same for the lists of introspection: by them the whole schema, as tools ask it, costs half of the limit."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much a selection asks: its fields, those of the widest below it, the largest page in it."""

    depth: int = 0
    aliases: int = 0
    cost: int = 0
    fields: int = 0
    breadth: int = 0
    page: int = 0


def check_limits(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    limits: Limits,
) -> GraphQLError | None:
    """The error that names the first limit an operation passes, if it passes one."""
    roots = {
        OperationType.QUERY: schema.query_type,
        OperationType.MUTATION: schema.mutation_type,
        OperationType.SUBSCRIPTION: schema.subscription_type,
    }
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    defaults = {
        each.variable.name.value: int(each.default_value.value)
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, IntValueNode)
    }
    size = _Measure(schema, fragments, {**defaults, **variables}).selections(
        operation.selection_set, roots[operation.operation]
    )
    for name, words, asked, allowed, remedy in (
        ("depth", "depth", size.depth, limits.depth, "ask in fewer levels"),
        ("aliases", "number of aliases", size.aliases, limits.aliases, "send several requests"),
        ("breadth", "number of fields in one selection", size.breadth, limits.breadth, "select fewer in one place"),
        ("page", "largest page", size.page, limits.page, "ask for smaller pages and follow their cursors"),
        ("cost", "cost", size.cost, limits.cost, "ask for smaller pages or fewer levels"),
    ):
        if asked > allowed:
            message = f"the query's {words} is {asked}; at most {allowed} is allowed; {remedy}"
            return GraphQLError(message, nodes=operation, extensions={"code": "LIMIT_PASSED", "limit": name})
    return None


def named(error: GraphQLError) -> GraphQLError:
    """The error itself, or, where the parser or the validation gave up, one that names the limit."""
    for words, limit, message in (
        (" tokens. Parsing aborted.", "tokens", "{}; send several requests"),
        ("nested too deeply", "depth", "{}; ask in fewer levels"),
        ("Validation aborted.", "breadth", "the query repeats its fields too often to be checked; ask for each once"),
    ):
        if error.message.endswith("error limit reached. Validation aborted."):
            break
        if words in error.message:
            told = message.format(error.message.removeprefix("Syntax Error: ").partition(".")[0])
            return GraphQLError(told, extensions={"code": "LIMIT_PASSED", "limit": limit})
    return error


class _Measure:
    """Measures selections. Each fragment is measured once, so nested fragments cannot make the measuring costly."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
    ) -> None:
        self.schema = schema
        self.fragments = fragments
        self.variables = variables
        self.known: dict[str, Size] = {}

    def selections(self, selections: SelectionSetNode | None, of: Any) -> Size:
        depth = aliases = cost = fields = breadth = page = 0
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                found = self.field(selection, of)
            elif isinstance(selection, InlineFragmentNode):
                on = selection.type_condition
                found = self.selections(selection.selection_set, self.schema.get_type(on.name.value) if on else of)
            else:
                assert isinstance(selection, FragmentSpreadNode)
                found = self.fragment(selection.name.value)
            depth = max(depth, found.depth)
            aliases, cost = aliases + found.aliases, cost + found.cost
            fields, breadth, page = fields + found.fields, max(breadth, found.breadth), max(page, found.page)
        return Size(depth, aliases, cost, fields, max(breadth, fields), page)

    def fragment(self, name: str) -> Size:
        if name not in self.known:
            found = self.fragments[name]
            on = self.schema.get_type(found.type_condition.name.value)
            self.known[name] = self.selections(found.selection_set, on)
        return self.known[name]

    def field(self, node: FieldNode, of: Any) -> Size:
        alias = 1 if node.alias else 0
        assert is_composite_type(of)  # A valid document selects on nothing else.
        field = self.schema.get_field(of, node.name.value)
        assert field is not None
        inner = self.selections(node.selection_set, get_named_type(field.type))
        asked = self.page(node) if "first" in field.args else None
        many = _whole(of.name, node.name.value, field)
        if "first" in field.args:
            many = DEFAULT_PAGE if asked is None else max(asked, 1)
        return Size(
            inner.depth + 1,
            inner.aliases + alias,
            1 + inner.cost * many,
            1,
            inner.breadth,
            max(inner.page, asked or 0),
        )

    def page(self, node: FieldNode) -> int | None:
        """How many entries the field is asked for; None if that is not said."""
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                value: Any = None
                if isinstance(argument.value, IntValueNode):
                    value = int(argument.value.value)
                elif isinstance(argument.value, VariableNode):
                    value = self.variables.get(argument.value.name.value)
                if isinstance(value, int):
                    return value
        return None


def _whole(of: str, name: str, field: GraphQLField) -> int:
    """How many entries a field without pages is counted as."""
    if of.startswith("__"):
        return INTROSPECTED.get(name, 1)
    # Connections have nodes, too, which take no arguments and were counted by their page.
    return WHOLE.get(name, 1) if field.args else 1
