"""The schema put together; `timeline schema graphql` prints it to schema/timeline.graphql."""

from __future__ import annotations

from functools import cache

import strawberry
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, Undefined

from timeline.api.fields import CONFIG
from timeline.api.mutations import Mutation
from timeline.api.query import Query
from timeline.api.subscription import Subscription


def _without_null_defaults(schema: GraphQLSchema) -> None:
    """An optional argument has no default rather than null: the resolver's own default says the same."""
    for named in schema.type_map.values():
        if isinstance(named, GraphQLInputObjectType):
            for field in named.fields.values():
                if field.default_value is None:
                    field.default_value = Undefined
        elif isinstance(named, (GraphQLObjectType, GraphQLInterfaceType)):
            for output in named.fields.values():
                for argument in output.args.values():
                    if argument.default_value is None:
                        argument.default_value = Undefined


SCHEMA = strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription, config=CONFIG)
_without_null_defaults(SCHEMA._schema)


@cache
def print_schema() -> str:
    """The schema in the GraphQL schema definition language."""
    return SCHEMA.as_str() + "\n"
