"""What is under embargo does not exist for others: every field of the schema, asked as each role, in two worlds.

The worlds differ in nothing but what is hidden. So whoever does not see that must get equal answers in both, errors,
counts, cursors and all, to whatever question; and whoever sees it must find it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import get_named_type

from tests.api.test_compiled import Writer
from tests.conftest import fresh_url
from tests.rights.walk import GRAPH, Asked, Walk, fields_of_answers
from tests.rights.worlds import KINDS, A, B, make
from timeline.api import feed
from timeline.api.executing import Asked as Request
from timeline.api.executing import Refusal, Service
from timeline.api.limits import Limits
from timeline.database import open_database
from timeline.log.checkpoint import Trust
from timeline.log.keys import new_key
from timeline.log.read import head
from timeline.log.schedule import sign_now
from timeline.rights.gate import Caller
from timeline.values.roles import Role, Viewer

WIDE = Limits(tokens=1_000_000, aliases=100_000, breadth=100_000, cost=1_000_000_000, depth=100)
ROLES = [None, *Role]
IDS = {kind: A.id(kind) for kind in KINDS} | {
    "citing": f"meeting/{A.mark}-citing",
    "told": f"person/{A.mark}-told",
    "later": f"person/{A.mark}-later",
    "joined": f"person/{A.mark}-joined",
    "gone": f"meeting/{A.mark}-gone",
    "led away": "person/led-away",
}
OPEN = [f"{kind}/open" for kind in KINDS]
MASKED = re.compile(rb"logged as \w+|\"id\":\"[0-9a-f]{12}\"")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def level() -> Role:
    """The least role that sees what is under embargo."""
    return Role.EDITOR


@pytest.fixture
def worlds(
    request: pytest.FixtureRequest, engine: str, level: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Service]]:
    services, urls = [], []
    for world in (A, B):
        folder = tmp_path / world.mark
        folder.mkdir()
        urls.append(fresh_url(request, engine, folder))
        database = open_database(next(urls[-1]))
        make(database, world, level, monkeypatch)
        services.append(Service(database, WIDE))
    yield services
    for service, url in zip(services, urls, strict=True):
        service.database.dispose()
        assert next(url, None) is None


def viewer(role: Role | None) -> Viewer:
    return Viewer("t", role) if role else Viewer()


def answers(service: Service, role: Role | None, asked: Sequence[Asked]) -> list[bytes]:
    """What is answered to a role."""
    caller = Caller(viewer(role))

    async def one(query: str, variables: dict[str, Any]) -> bytes:
        try:
            found = await service.run(service.prepare(Request(query, variables, None), caller))
        except Refusal as refusal:
            return orjson.dumps(refusal.errors)
        if "errors" in found:
            # The executor tells errors in the order in which loads came back.
            found["errors"] = sorted(found["errors"], key=lambda error: str(error["path"]))
            if found["data"] is None:
                # Of several errors that null the whole answer one is told: whichever came first.
                found["errors"] = []
        return MASKED.sub(b"masked", orjson.dumps(found))

    async def every() -> list[bytes]:
        try:
            return [await one(*each) for each in asked]
        finally:
            await service.database.close()

    return asyncio.run(every())


def sees(role: Role | None, level: Role) -> bool:
    return role is not None and role.rank >= level.rank


def head_of(service: Service) -> int:
    with service.database.read() as connection:
        return head(connection).position


def same(asked: Sequence[Asked], one: list[bytes], other: list[bytes]) -> None:
    for question, a, b in zip(asked, one, other, strict=True):
        assert a == b, question


def test_every_field_as_each_role(worlds: list[Service], level: Role) -> None:
    walk = Walk(IDS, head_of(worlds[0]))
    asked = [*walk.records([*IDS.values(), *OPEN, "meeting/alone-one", "meeting/with-joined"]), *walk.roots()]
    beside = {"Mutation", "RecordPayload", "UserError", "Subscription", "Snapshot"}
    beside |= {"Checkpoint", "EventProof", "ConsistencyProof"}
    assert fields_of_answers(*beside) - walk.asked == set()
    for role in ROLES:
        one, other = (answers(world, role, asked) for world in worlds)
        assert not [answer for answer in one if b"INTERNAL" in answer or b"GRAPHQL_" in answer]
        if sees(role, level):
            shown = b"".join(one)
            assert [id for id in IDS.values() if f'"{id}"'.encode() not in shown] == []
            assert sum(a != b for a, b in zip(one, other, strict=True)) > 100
        else:
            same(asked, one, other)


def test_every_filter_with_every_id(worlds: list[Service], level: Role) -> None:
    asked = [*Walk(IDS, head_of(worlds[0])).filters()]
    one, other = (answers(world, Role.CONTRIBUTOR, asked) for world in worlds)
    same(asked, one, other)
    assert b"INTERNAL" not in b"".join(one)
    above = answers(worlds[0], level, asked)
    assert sum(a != b for a, b in zip(one, above, strict=True)) > 40


class Guesser(Writer):
    """Writes operations at random, asking for what is hidden."""

    def value(self, name: str, type_: Any) -> str:
        named = get_named_type(type_)
        if named.name == "ID":
            one = self.chance.choice([*IDS.values(), *OPEN, "KR", "post/kr-foreign-minister"])
            return f'["{one}"]' if "[" in str(type_) else f'"{one}"'
        if name == "text" and self.chance.random() < 0.5:
            return '"zqa"'
        return super().value(name, type_)


def test_whatever_is_asked_at_random(worlds: list[Service], level: Role) -> None:
    asked = [(Guesser(seed).operation(), {}) for seed in range(100)]
    for role in (None, Role.CONTRIBUTOR):
        same(asked, *(answers(world, role, asked) for world in worlds))
    above = [answers(world, level, asked) for world in worlds]
    assert sum(a != b for a, b in zip(*above, strict=True)) > 10


@pytest.mark.parametrize("level", list(Role))
def test_an_embargo_hides_from_every_role_below_its_own_and_from_no_other(worlds: list[Service], level: Role) -> None:
    walk = Walk(IDS, head_of(worlds[0]))
    asked = [
        *walk.records(["meeting/zqa", "source/zqa", "meeting/zqa-citing"]),
        ('{ search(text: "zqa") { totalCount } }', {}),
    ]
    for role in ROLES:
        one, other = (answers(world, role, asked) for world in worlds)
        assert (one == other) is not sees(role, level)
        assert (b"zqa title" in b"".join(one)) is sees(role, level)


def followed(service: Service, role: Role | None, until: int) -> list[bytes]:
    """What a subscription tells from the beginning on, up to the one event at this position that everybody sees."""
    caller = Caller(viewer(role))
    below = Walk(IDS, until).fields(GRAPH.type_map["LogEvent"])

    async def every() -> list[bytes]:
        operation = service.prepare(Request(f"subscription {{ recorded(after: 0) {below} }}", {}, None), caller)
        found: list[bytes] = []
        try:
            async for answer in service.stream(operation):
                found.append(orjson.dumps(answer))
                if answer["data"]["recorded"]["position"] == until:
                    break
        finally:
            await service.database.close()
        return found

    return asyncio.run(every())


def test_a_subscription_tells_nothing_of_it(worlds: list[Service], level: Role) -> None:
    until = head_of(worlds[0])
    for role in ROLES:
        one, other = (followed(world, role, until) for world in worlds)
        assert (one == other) is not sees(role, level)
        assert (len(one) == until) is sees(role, level)
        assert (b"zqa" in b"".join(one)) is sees(role, level)


def test_the_feed_of_the_log_tells_nothing_of_it(worlds: list[Service], level: Role) -> None:
    until = head_of(worlds[0])
    for role in ROLES:
        for read in (lines, events):
            one, other = (asyncio.run(read(world, role, until)) for world in worlds)
            assert (one == other) is not sees(role, level)
            assert (b"zqa" in one) is sees(role, level)
            assert b"person/last" in one


async def lines(service: Service, role: Role | None, until: int) -> bytes:
    """The whole log as the feed gives it; it says that it ends where the log ends."""
    answer = await feed._lines(service, Caller(viewer(role)), 0, 5000, 0)
    await service.database.close()
    assert answer.headers["timeline-position"] == str(until)
    return bytes(answer.body)


async def events(service: Service, role: Role | None, until: int) -> bytes:
    """The same as server-sent events."""
    found = b""
    async for piece in feed._events(service, Caller(viewer(role)), 0):
        found += piece
        if piece.startswith(b"id: %d\n" % until):
            break
    await service.database.close()
    return found


def test_no_proof_holds_an_event_that_is_hidden(worlds: list[Service], level: Role) -> None:
    world, key = worlds[0], new_key("timeline.test/log")
    sign_now(world.database, [key], Trust((key.public,)))
    until = head_of(world)
    asked = [("query($at: Int!) { proof(position: $at) { file } }", {"at": at}) for at in range(1, until + 1)]
    for role in ROLES:
        proofs = [orjson.loads(each)["data"]["proof"] for each in answers(world, role, asked)]
        shown = {orjson.loads(each)["data"]["recorded"]["position"] for each in followed(world, role, until)}
        told = [at in shown for at in range(1, until + 1)]
        assert [proof is not None for proof in proofs] == told
        assert all(told) is sees(role, level)
