"""Answers that are kept: byte for byte what would be answered anew, never one from before the last write."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import httpx
import pytest

from tests.api.conftest import bearer, give_tokens
from tests.facts import CHO
from tests.journeys.histories import Historian, record
from timeline.api.answers import LARGEST, Answers
from timeline.api.executing import Asked, Service
from timeline.app import create_app
from timeline.database import Database, open_database
from timeline.handle import Request, handle
from timeline.read.projector import rebuild
from timeline.settings import Settings
from timeline.values.roles import Role
from timeline.write.commands import Report

QUERY = "{ position people { nodes { id name } } }"
PINNED = "{ asOf(position: 1) { people { nodes { id } } } }"
QUERIES = [
    QUERY,
    PINNED,
    "{ meetings { totalCount nodes { id title when { label } parties { party { name } } } } }",
    "{ allSeries { nodes { count parties { name } } } }",
    "query($p: Int!) { asOf(position: $p) { meetings { nodes { title } } } }",
    "{ changes(from: 1) { id change } }",
]


@pytest.fixture(autouse=True)
def asked_anew() -> None:
    """Here answers are kept."""


def add(database: Database, number: int) -> None:
    commands = [Report(id=f"person/p{number}", content=CHO)]
    handle(database, Request(append_id=f"a{number}", actor="t", commands=commands), now_us=number)


@pytest.fixture
def app(engine_url: str, database: Database) -> Any:
    add(database, 1)
    give_tokens(database)
    return create_app(Settings(database_url=engine_url))


async def post(client: httpx.AsyncClient, query: str, tag: str | None = None, **variables: Any) -> httpx.Response:
    headers = {"If-None-Match": tag} if tag else {}
    return await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


def talk(app: Any, play: Any) -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://t") as client,
        ):
            await play(client)

    asyncio.run(run())


def test_a_client_that_has_the_answer_is_told_so_until_something_is_recorded(app: Any, database: Database) -> None:
    async def play(client: httpx.AsyncClient) -> None:
        first = await post(client, QUERY)
        assert first.headers["cache-control"] == "no-cache"
        again = await post(client, QUERY, first.headers["etag"])
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert (await post(client, QUERY, f'"x", W/{first.headers["etag"]}')).status_code == 304
        assert (await post(client, QUERY)).content == first.content
        add(database, 2)
        after = await post(client, QUERY, first.headers["etag"])
        assert after.status_code == 200
        assert after.json()["data"]["position"] == 2
        assert after.headers["etag"] != first.headers["etag"]

    talk(app, play)


def test_what_is_asked_as_of_a_position_may_be_kept_for_ever(app: Any, database: Database) -> None:
    async def play(client: httpx.AsyncClient) -> None:
        first = await post(client, PINNED)
        assert first.headers["cache-control"] == "public, max-age=86400, immutable"
        add(database, 2)
        assert (await post(client, PINNED, first.headers["etag"])).status_code == 304
        variable = await post(client, QUERIES[4], p=1)
        assert "max-age=86400" in variable.headers["cache-control"]
        for moving in ("{ position " + PINNED[1:], '{ asOf(recordedAt: "2026-01-01T00:00:00Z") { position } }'):
            assert (await post(client, moving)).headers["cache-control"] == "no-cache"

    talk(app, play)


def test_other_variables_other_operations_and_other_media_are_other_answers(app: Any) -> None:
    async def play(client: httpx.AsyncClient) -> None:
        query = "query A($id: ID!) { node(id: $id) { id } } query B { position }"
        asked = [
            {"query": query, "operationName": "A", "variables": {"id": "person/p1"}},
            {"query": query, "operationName": "A", "variables": {"id": "person/p2"}},
            {"query": query, "operationName": "B"},
        ]
        answers = [await client.post("/graphql", json=each) for each in asked]
        accept = {"Accept": "application/graphql-response+json"}
        answers.append(await client.post("/graphql", json=asked[0], headers=accept))
        assert len({answer.headers["etag"] for answer in answers}) == 4
        assert answers[1].json() == {"data": {"node": None}}

    talk(app, play)


def test_errors_and_mutations_are_never_kept(app: Any) -> None:
    async def play(client: httpx.AsyncClient) -> None:
        wrong = await post(client, "{ people(first: 900) { nodes { id } } }")
        assert "errors" in wrong.json()
        assert "etag" not in wrong.headers
        person = {"names": [{"text": "A"}]}
        mutation = "mutation($i: RegisterPersonInput!) { registerPerson(input: $i) { position } }"
        client.headers.update(bearer(Role.CONTRIBUTOR))
        first = await post(client, mutation, i={"appendId": "one", "person": person})
        second = await post(client, mutation, i={"appendId": "two", "person": person})
        assert "etag" not in first.headers
        assert [each.json()["data"]["registerPerson"]["position"] for each in (first, second)] == [2, 3]

    talk(app, play)


def test_a_rebuild_makes_every_answer_new(app: Any, database: Database) -> None:
    async def play(client: httpx.AsyncClient) -> None:
        before = await post(client, QUERY)
        assert rebuild(database).equal
        after = await post(client, QUERY, before.headers["etag"])
        assert (after.status_code, after.content) == (200, before.content)

    talk(app, play)


def test_answers_between_writes_at_random_are_those_of_a_server_that_keeps_none(engine_url: str) -> None:
    database = open_database(engine_url)
    app, chance, historian = create_app(Settings(database_url=engine_url)), random.Random(5), Historian(5)
    record(database, historian.history(5))
    tags: dict[str, str] = {}

    async def play(client: httpx.AsyncClient) -> None:
        unkept = Service(database)
        for number in range(120):
            if chance.random() < 0.3:
                command = historian.command()
                with_id = Request(append_id=f"more{number}", actor="t", commands=[command])
                try:
                    handle(database, with_id, now_us=number)
                except Exception:
                    continue
            query = chance.choice(QUERIES)
            variables = {"p": chance.randint(0, 5)} if "$p" in query else {}
            expected = await unkept.run(unkept.prepare(Asked(query, variables, None)))
            name = json.dumps([query, variables])
            answer = await post(client, query, tags.get(name) if chance.random() < 0.5 else None, **variables)
            if answer.status_code == 304:
                answer = await post(client, query, **variables)
                assert answer.headers["etag"] == tags[name]
            assert answer.json() == expected
            tags[name] = answer.headers["etag"]
        await database.close()

    talk(app, play)
    database.dispose()


def test_kept_answers_are_bounded_and_the_least_asked_goes_first() -> None:
    answers = Answers(100)
    for key in "abc":
        answers.keep(key, b"x" * 30)
    assert answers.find("a") == b"x" * 30
    answers.keep("d", b"x" * 30)
    assert [key for key in "abcd" if answers.find(key)] == ["a", "c", "d"]
    answers.keep("e", b"x" * 101)
    assert answers.find("e") is None
    large = Answers()
    large.keep("f", b"x" * (LARGEST + 1))
    assert large.find("f") is None


def test_a_query_by_get_can_be_kept_by_anyone_on_the_way(app: Any) -> None:
    async def play(client: httpx.AsyncClient) -> None:
        answer = await client.get("/graphql", params={"query": PINNED})
        assert (answer.status_code, "max-age=86400" in answer.headers["cache-control"]) == (200, True)
        assert answer.headers["vary"] == "Accept, Authorization"
        again = await client.get(
            "/graphql", params={"query": PINNED}, headers={"If-None-Match": answer.headers["etag"]}
        )
        assert again.status_code == 304

    talk(app, play)
