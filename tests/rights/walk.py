"""Operations that together ask every field of the schema, written from the schema itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    is_leaf_type,
)

from timeline.api.schema import SCHEMA

GRAPH = SCHEMA._schema
NODE = GRAPH.type_map["Node"]
RECORD_TYPES = {each.name: each for each in GRAPH.get_possible_types(NODE)}
OVER_THE_LOG = ("checkpoint", "proof", "consistency")
"""What is computed over the bytes of all events: that there is something can be seen, and is said so."""
ARGUMENTS = {
    "first": "100",
    "on": '"2025-07-11"',
    "language": '"ko"',
    "text": '"open"',
    "steps": '[{ filter: { kinds: [MEETING] } }, { filter: {}, within: "P9D", sameDay: true }]',
    "parties": '["KR", "US"]',
    "from": "10",
    "position": "$head",
}
"""What is given for an argument of this name."""
Asked = tuple[str, dict[str, Any]]
"""A query and its variables."""


class Walk:
    """The operations for a record of some ids, and which fields they ask."""

    def __init__(self, ids: dict[str, str], head: int) -> None:
        self.ids = ids
        self.head = head
        self.asked: set[str] = set()

    def records(self, ids: list[str]) -> Iterator[Asked]:
        """Every field of every type that has an id, of each of these records and of a state."""
        for named in RECORD_TYPES.values():
            query = f"query($id: ID!) {{ node(id: $id) {{ ... on {named.name} {self.fields(named)} }} }}"
            mine = [id for id in ids if GRAPH_KINDS[named.name] == id.partition("/")[0]] or ["KR"]
            yield from ((query, {"id": id}) for id in mine)

    def roots(self) -> Iterator[Asked]:
        """Every question of the root, now and as of the head, with each of the ids that it may be asked with."""
        query = GRAPH.query_type
        assert query is not None
        for name, field in query.fields.items():
            self.asked.add(f"Query.{name}")
            if name in OVER_THE_LOG:
                continue
            below = self.below(get_named_type(field.type))
            choices = self.arguments(field)
            for arguments in choices:
                yield f"{{ {name}{arguments} {below} }}".replace("$head", str(self.head)), {}
            if name not in ("asOf", "changes"):
                yield f"{{ asOf(position: {self.head}) {{ {name}{choices[-1]} {below} }} }}", {}

    def filters(self) -> Iterator[Asked]:
        """A list of all that happened, by each condition that takes an id or a word, and each id."""
        below = self.below(GRAPH.type_map["OccurrenceConnection"])
        query = f"query($filter: OccurrenceFilter) {{ timeline(filter: $filter) {below} }}"
        for path, many in conditions(GRAPH.type_map["OccurrenceFilter"]):
            for value in [*self.ids.values(), "open", "zqa title", "seen", "person/seen"]:
                found: Any = [value] if many else value
                for name in reversed(path):
                    found = {name: found}
                yield query, {"filter": found}

    def fields(self, named: Any) -> str:
        """Every field of a type; other records that it leads to are only named."""
        parts = ["__typename"]
        for name, field in named.fields.items():
            self.asked.add(f"{named.name}.{name}")
            arguments = self.arguments(field)[0]
            parts.append(f"{name}{arguments} {self.below(get_named_type(field.type))}")
        return f"{{ {' '.join(parts)} }}"

    def below(self, named: Any) -> str:
        if is_leaf_type(named):
            return ""
        if named is NODE or NODE in named.interfaces:
            return f"{{ __typename id {'version position' if 'version' in named.fields else ''} }}"
        return self.fields(named)

    def arguments(self, field: Any) -> list[str]:
        """The arguments that a field is asked with, one by one."""
        choices: list[list[str]] = [[]]
        for name, argument in field.args.items():
            values = self.values(name, argument)
            choices = [[*chosen, f"{name}: {value}"] for chosen in choices for value in values] if values else choices
        return [f"({', '.join(chosen)})" if chosen else "" for chosen in choices]

    def values(self, name: str, argument: Any) -> list[str]:
        named = get_named_type(argument.type)
        is_list = isinstance(getattr(argument.type, "of_type", argument.type), GraphQLList)
        is_needed = isinstance(argument.type, GraphQLNonNull)
        if named.name == "SeriesParties":
            return ['{ exactly: ["KR", "US", "JP"] }', f'{{ exactly: ["KR", "US", "{self.ids["organization"]}"] }}']
        if named.name == "ID" and is_needed and not is_list:
            return [f'"{id}"' for id in [*self.ids.values(), "person/seen", "meeting/open", "tenure/open"]]
        if named.name == "ID" and is_list and is_needed:
            return [f"[{', '.join(f'{chr(34)}{id}{chr(34)}' for id in [*self.ids.values(), 'KR', 'meeting/open'])}]"]
        if isinstance(named, GraphQLEnumType) and is_list and is_needed:
            return [f"[{', '.join(named.values)}]"]
        if isinstance(named, GraphQLEnumType) and is_needed and argument.default_value is Undefined:
            return [list(named.values)[-1]]
        if name == "sharing":
            return [f"[{value}]" for value in named.values]
        if name == "text":
            return ['"open"', '"zqa"', '"meeting"'] + ([] if is_needed else ["null"])
        return [ARGUMENTS[name]] if name in ARGUMENTS else []


GRAPH_KINDS = {name: "state" if name == "FormerState" else name.lower() for name in RECORD_TYPES}


def conditions(named: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The conditions of a filter that take an id or a word, and whether they take several."""
    for name, field in named.fields.items():
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLInputObjectType):
            yield from conditions(inner, (*path, name))
        elif inner.name in ("ID", "String"):
            yield (*path, name), isinstance(field.type, GraphQLList)


def fields_of_answers(*beside: str) -> set[str]:
    """Every field of every type that queries answer with, but for the types named."""
    return {
        f"{name}.{field}"
        for name, named in GRAPH.type_map.items()
        if isinstance(named, GraphQLObjectType) and not name.startswith("__") and name not in beside
        for field in named.fields
    }
