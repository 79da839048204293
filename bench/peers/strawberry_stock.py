"""Strawberry as its documentation shows it: typed objects, a data loader per relation, asyncpg under it.

Usage: python strawberry_stock.py DATABASE_URL PORT
"""

from __future__ import annotations

import contextlib
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.types import Info

POOL: asyncpg.Pool
BY_DATE = "ORDER BY earliest, latest, id"


@strawberry.type
class Party:
    id: strawberry.ID
    name: str


@strawberry.type
class Person:
    id: strawberry.ID
    name: str


@strawberry.type
class Place:
    id: strawberry.ID
    name: str


@strawberry.type
class Source:
    id: strawberry.ID
    title: str


@strawberry.type
class Participation:
    party_code: strawberry.Private[str]
    person_id: strawberry.Private[str | None]
    role: str | None

    @strawberry.field
    async def party(self, info: Info) -> Party:
        return await info.context["parties"].load(self.party_code)

    @strawberry.field
    async def person(self, info: Info) -> Person | None:
        return self.person_id and await info.context["persons"].load(self.person_id)


@strawberry.type
class Citation:
    source_id: strawberry.Private[str]
    locator: str | None

    @strawberry.field
    async def source(self, info: Info) -> Source:
        return await info.context["sources"].load(self.source_id)


@strawberry.type
class Statement:
    id: strawberry.ID
    title: str
    when_label: str | None
    attribution: str | None


@strawberry.type
class Meeting:
    id: strawberry.ID
    title: str
    when_label: str | None
    place_id: strawberry.Private[str | None]

    @strawberry.field
    async def place(self, info: Info) -> Place | None:
        return self.place_id and await info.context["places"].load(self.place_id)

    @strawberry.field
    async def parties(self, info: Info) -> list[Participation]:
        return await info.context["participations"].load(self.id)

    @strawberry.field
    async def citations(self, info: Info) -> list[Citation]:
        return await info.context["citations"].load(self.id)

    @strawberry.field
    async def statements(self, info: Info) -> list[Statement]:
        return await info.context["statements"].load(self.id)


@strawberry.type
class FacetValue:
    facet: str
    value: str
    count: int


MEETING = "id, title, when_label, place_id"


@strawberry.type
class Query:
    @strawberry.field
    async def meeting(self, id: strawberry.ID) -> Meeting | None:
        return next(iter(await meetings(f"SELECT {MEETING} FROM meetings WHERE id = $1", id)), None)

    @strawberry.field
    async def meetings(
        self, first: int, key: str | None = None, place: strawberry.ID | None = None, after: str | None = None
    ) -> list[Meeting]:
        if key is not None:
            return await meetings(f"SELECT {MEETING} FROM meetings WHERE party_key = $1 {BY_DATE} LIMIT $2", key, first)
        if place is not None:
            query = f"SELECT {MEETING} FROM meetings WHERE place_id = $1 {BY_DATE} LIMIT $2"
            return await meetings(query, place, first)
        if after is not None:
            earliest, latest, id = after.split(" ", 2)
            query = f"SELECT {MEETING} FROM meetings WHERE (earliest, latest, id) > ($1, $2, $3) {BY_DATE} LIMIT $4"
            return await meetings(query, int(earliest), int(latest), id, first)
        return await meetings(f"SELECT {MEETING} FROM meetings {BY_DATE} LIMIT $1", first)

    @strawberry.field
    async def meetings_of_three(self, a: str, b: str, c: str, first: int) -> list[Meeting]:
        return await meetings(f"SELECT {MEETING} FROM meetings_of_three($1, $2, $3, $4)", a, b, c, first)

    @strawberry.field
    async def count(self, place: strawberry.ID, level: str) -> int:
        return await POOL.fetchval("SELECT count(*) FROM meetings WHERE place_id = $1 AND level = $2", place, level)

    @strawberry.field
    async def facets(self, place: strawberry.ID, level: str) -> list[FacetValue]:
        return [FacetValue(**row) for row in await POOL.fetch("SELECT * FROM facets_of($1, $2)", place, level)]


async def meetings(query: str, *values: Any) -> list[Meeting]:
    return [Meeting(**row) for row in await POOL.fetch(query, *values)]


def one(kind: Callable[..., Any], columns: str, table: str, key: str) -> DataLoader[str, Any]:
    async def load(keys: list[str]) -> list[Any]:
        rows = await POOL.fetch(f"SELECT {columns} FROM {table} WHERE {key} = ANY ($1)", keys)
        found = {row["id"]: kind(**row) for row in rows}
        return [found.get(each) for each in keys]

    return DataLoader(load)


def many(kind: Callable[..., Any], columns: str, table: str, order: str) -> DataLoader[str, list[Any]]:
    async def load(keys: list[str]) -> list[list[Any]]:
        query = f"SELECT meeting_id, {columns} FROM {table} WHERE meeting_id = ANY ($1) ORDER BY {order}"
        found: dict[str, list[Any]] = defaultdict(list)
        for row in await POOL.fetch(query, keys):
            plain = dict(row)
            found[plain.pop("meeting_id")].append(kind(**plain))
        return [found[each] for each in keys]

    return DataLoader(load)


class Server(GraphQL):
    async def get_context(self, request: Any, response: Any = None) -> dict[str, Any]:
        return {
            "parties": one(Party, "code AS id, name", "parties", "code"),
            "persons": one(Person, "id, name", "persons", "id"),
            "places": one(Place, "id, name", "places", "id"),
            "sources": one(Source, "id, title", "sources", "id"),
            "participations": many(Participation, "party_code, person_id, role", "participations", "place_in_list"),
            "citations": many(Citation, "source_id, locator", "citations", "place_in_list"),
            "statements": many(Statement, "id, title, when_label, attribution", "statements", "earliest, latest, id"),
        }


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    global POOL
    async with asyncpg.create_pool(sys.argv[1], min_size=1, max_size=8) as POOL:
        yield


if __name__ == "__main__":
    graphql: Any = Server(strawberry.Schema(Query))
    app = Starlette(routes=[Route("/graphql", graphql, methods=["GET", "POST"])], lifespan=lifespan)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
