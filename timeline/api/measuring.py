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
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from timeline.api.limits import Limits

# A fifth of what the library allows: whether repeated fields agree took two seconds to refuse, now a third of one.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 100_000

DEFAULT_PAGE = 50
WHOLE = {"countries": 250, "nodes": 100, "changes": 250}
"""How many entries the lists that have no pages are counted as."""
INTROSPECTED = {"types": 300, "fields": 6, "inputFields": 3, "args": 2, "enumValues": 3, "possibleTypes": 2}
"""The same for the lists of introspection: by them the whole schema, as tools ask it, costs half of the limit."""

KEPT_SIZES = 100
"""For how many page sizes it is kept whether an operation passes a limit."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much a selection asks: its fields, those of the widest below it, the largest page in it."""

    depth: int = 0
    aliases: int = 0
    cost: int = 0
    fields: int = 0
    breadth: int = 0
    page: int = 0


class Measured:
    """An operation, measured once for the same page sizes."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, limits: Limits
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.limits = limits
        self.fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self.defaults = {
            each.variable.name.value: int(each.default_value.value)
            for each in operation.variable_definitions or ()
            if isinstance(each.default_value, IntValueNode)
        }
        self._sizing: set[str] = set()
        self._passed: dict[tuple[int | None, ...], GraphQLError | None] = {}

    def passed(self, variables: Mapping[str, Any]) -> GraphQLError | None:
        """The error that names the first limit the operation passes, if it passes one."""
        values = {**self.defaults, **variables}
        key = self._key(values)
        if key not in self._passed:
            found = self._check(values)
            if len(self._passed) >= KEPT_SIZES:
                self._passed.clear()
            # Measuring tells which variables are page sizes.
            key = self._key(values)
            self._passed[key] = found
        return self._passed[key]

    def _key(self, values: Mapping[str, Any]) -> tuple[int | None, ...]:
        sizes = (values.get(name) for name in sorted(self._sizing))
        return tuple([size if isinstance(size, int) else None for size in sizes])

    def _check(self, values: Mapping[str, Any]) -> GraphQLError | None:
        roots = {
            OperationType.QUERY: self.schema.query_type,
            OperationType.MUTATION: self.schema.mutation_type,
            OperationType.SUBSCRIPTION: self.schema.subscription_type,
        }
        measure = _Measure(self.schema, self.fragments, values, self._sizing)
        size = measure.selections(self.operation.selection_set, roots[self.operation.operation])
        for name, words, asked, allowed, remedy in (
            ("depth", "depth", size.depth, self.limits.depth, "ask in fewer levels"),
            ("aliases", "number of aliases", size.aliases, self.limits.aliases, "send several requests"),
            (
                "breadth",
                "number of fields in one selection",
                size.breadth,
                self.limits.breadth,
                "select fewer in one place",
            ),
            ("page", "largest page", size.page, self.limits.page, "ask for smaller pages and follow their cursors"),
            ("cost", "cost", size.cost, self.limits.cost, "ask for smaller pages or fewer levels"),
        ):
            if asked > allowed:
                message = f"the query's {words} is {asked}; at most {allowed} is allowed; {remedy}"
                return GraphQLError(message, nodes=self.operation, extensions={"code": "LIMIT_PASSED", "limit": name})
        return None


class NoIntrospection(NoSchemaIntrospectionCustomRule):
    """Where introspection is closed: `__schema` and `__type` are refused, `__typename` is not."""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.name.value in ("__schema", "__type"):
            message = "introspection is closed here; ask the operator for the schema"
            self.report_error(GraphQLError(message, node, extensions={"code": "INTROSPECTION_CLOSED"}))


def named(error: GraphQLError) -> GraphQLError:
    """The error itself, or, where the parser or the validation gave up, one that names the limit."""
    if isinstance(error.original_error, ValueError):  # Python reads no numbers of more than 4,300 digits.
        return GraphQLError("a number has more digits than can be read; write it shorter", error.nodes)
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
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
        sizing: set[str],
    ) -> None:
        self.sizing = sizing
        """The names of the variables that are page sizes, as they are met."""
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
                    self.sizing.add(argument.value.name.value)
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
