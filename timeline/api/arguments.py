"""The arguments of one field for its resolver: put together once, with holes where variables stand.

graphql-core reads the values of arguments and Strawberry makes our input objects of them, field by field and name by
name, for every request. Here both do so once for a field, holes standing for the values of variables; a request only
fills the holes. So what comes out is theirs by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import is_dataclass
from typing import Any

from graphql import FieldNode, GraphQLField, get_named_type, get_nullable_type, is_leaf_type, is_list_type
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import convert_arguments

from timeline.api.schema import SCHEMA

VARIANTS = 8
"""For how many choices of which variables are given it is kept how a field's holes are filled."""
Fill = Callable[[dict[str, Any]], Any]


class Hole:
    """Stands for the value of a variable: as it is where one value is wanted, as many where a list is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __iter__(self) -> Iterator[Spread]:
        yield Spread(self.name)


class Spread:
    """All that a list of this one has is the list that the variable holds."""

    def __init__(self, name: str) -> None:
        self.name = name


class Arguments:
    """Those of one field of a document, which use these variables."""

    def __init__(self, declared: GraphQLField, node: FieldNode, variables: Sequence[str]) -> None:
        self.declared = declared
        self.node = node
        self.variables = variables
        self._fills: dict[tuple[str, ...], Fill] = {}

    def given(self, values: VariableValues) -> dict[str, Any]:
        """What the resolver is called with. Raises what is wrong with it."""
        known = values.coerced
        used = tuple([name for name in self.variables if name in known])
        for name in used:
            if known[name] is None or not _is_plain(values, name):  # null may be refused where the variable stands.
                return self._converted(values)
        fill = self._fills.get(used)
        if fill is None:
            if len(self._fills) >= VARIANTS:
                self._fills.clear()
            holes: dict[str, Any] = {name: Hole(name) for name in used}
            fill = self._fills[used] = _filling_each(self._converted(VariableValues(values.sources, holes)))
        filled: dict[str, Any] = fill(known)
        return filled

    def _converted(self, values: VariableValues) -> dict[str, Any]:
        found = get_argument_values(self.declared, self.node, values)
        field, converter = self.declared.extensions["strawberry-definition"], SCHEMA.schema_converter
        return convert_arguments(found, field.arguments, converter.scalar_registry, SCHEMA.config)


def _is_plain(values: VariableValues, name: str) -> bool:
    """Whether a variable holds a value, or a list of values, that is not converted where it stands."""
    type_: Any = get_nullable_type(values.sources[name].signature.type)
    if is_list_type(type_):
        type_ = get_nullable_type(type_.of_type)
    return is_leaf_type(type_) and get_named_type(type_) is type_


def _filling_each(converted: dict[str, Any]) -> Fill:
    fills = [(name, fill) for name, value in converted.items() if (fill := _filling(value)) is not None]
    return lambda known: {**converted, **{name: fill(known) for name, fill in fills}}


def _filling(value: Any) -> Fill | None:
    """What puts values in the place of the holes in this one; None where it has none."""
    if isinstance(value, Hole):
        name = value.name
        return lambda known: known[name]
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], Spread):
            name = value[0].name
            return lambda known: list(known[name])
        parts = [(part, _filling(part)) for part in value]
        if all(fill is None for _, fill in parts):
            return None
        return lambda known: [part if fill is None else fill(known) for part, fill in parts]
    if not is_dataclass(value):
        return None
    fields = [(name, fill) for name, part in vars(value).items() if (fill := _filling(part)) is not None]
    return _filling_object(value, fields) if fields else None


def _filling_object(value: Any, fields: Sequence[tuple[str, Fill]]) -> Fill:
    """One of our input objects: it has what it was given and no more."""
    kind: Any = type(value)

    def fill(known: dict[str, Any]) -> Any:
        filled = kind.__new__(kind)
        filled.__dict__ = {**value.__dict__, **{name: fill(known) for name, fill in fields}}
        return filled

    return fill
