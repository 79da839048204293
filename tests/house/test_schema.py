"""The schema is the reviewed file, tells what everything means, and can answer the example queries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    Undefined,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    validate,
)

from timeline.api.schema import SCHEMA, print_schema

ROOT = Path(__file__).parents[2]
TYPES = {
    name: type
    for name, type in SCHEMA._schema.type_map.items()
    if not is_introspection_type(type) and not is_specified_scalar_type(type)
}
FIELDS = {
    f"{name}.{field}": definition
    for name, type in TYPES.items()
    if isinstance(type, (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType))
    for field, definition in type.fields.items()
}
ARGUMENTS = {
    f"{field}({name})": argument
    for field, definition in FIELDS.items()
    for name, argument in getattr(definition, "args", {}).items()
}
DEFAULTS = {
    "orderBy": ("EARLIEST_FIRST", "COUNT"),
    "first": (50,),
    "limit": (20,),
    "after": (0,),
    "offset": (0,),
    "certainty": ("POSSIBLE",),
    "minCount": (1,),
    "sameDay": (False,),
    "optional": (False,),
}


def described() -> Iterator[tuple[str, Any]]:
    yield from TYPES.items()
    yield from FIELDS.items()
    # What a mutation takes is described by the type of its one input.
    yield from ((name, argument) for name, argument in ARGUMENTS.items() if not name.endswith("(input)"))
    for name, type in TYPES.items():
        if isinstance(type, GraphQLEnumType):
            yield from ((f"{name}.{word}", value) for word, value in type.values.items())


def test_the_published_schema_is_that_of_the_code() -> None:
    assert (ROOT / "schema" / "timeline.graphql").read_text(encoding="utf-8") == print_schema()


def test_everything_in_the_schema_is_described_in_sentences() -> None:
    assert [name for name, thing in described() if not (thing.description or "").endswith(".")] == []


def test_what_may_be_left_out_is_null_or_has_the_default_that_its_name_promises() -> None:
    given = {
        name: argument.default_value
        for name, argument in (ARGUMENTS | FIELDS).items()
        if getattr(argument, "default_value", Undefined) not in (Undefined, None)
    }
    told = {name: DEFAULTS.get(name.rstrip(")").replace("(", ".").rpartition(".")[2], ()) for name in given}
    assert {
        name: value for name, value in given.items() if str(getattr(value, "value", value)) not in map(str, told[name])
    } == {}


def test_every_list_that_can_be_long_says_how_long_a_page_may_be() -> None:
    sizes = {name: argument for name, argument in ARGUMENTS.items() if name.endswith(("(first)", "(last)"))}
    assert [name for name, size in sizes.items() if "up to 200" not in size.description and "log" not in name] == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "queries").glob("*.graphql")), ids=lambda path: path.stem)
def test_every_example_query_is_valid(path: Path) -> None:
    assert validate(SCHEMA._schema, parse(path.read_text(encoding="utf-8"))) == []
