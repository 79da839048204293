"""The schema put together; `timeline schema graphql` prints it to schema/timeline.graphql."""

from __future__ import annotations

import strawberry

from timeline.api.fields import CONFIG
from timeline.api.query import Query

SCHEMA = strawberry.Schema(query=Query, config=CONFIG)


def print_schema() -> str:
    """The schema in the GraphQL schema definition language."""
    return SCHEMA.as_str() + "\n"
