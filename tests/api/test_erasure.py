"""What a client sees of an erasure: nothing of the content by any way, and who ordered it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.api.conftest import Client
from tests.erasure.test_erasure import BASIS, COURT, erase
from timeline.api.answers import Answers
from timeline.app import create_app
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database
from timeline.settings import Settings
from timeline.values.roles import Role

CHO = "person/cho-hyun"
SECRET = "조현"
ERASE = """mutation($i: EraseInput!) { erase(input: $i) {
  record { id ... on Person { name } erased { label basis order position whole } } version position
  userErrors { code path role } } }"""
ASKED = {"appendId": "e", "id": CHO, "basis": BASIS, "order": COURT}
WAYS = """{
  node(id: "person/cho-hyun") { id ... on Person { names { text } note citations { quote } } }
  nodes(ids: ["person/cho-hyun"]) { ... on Person { name } }
  people(text: "Cho Hyun") { totalCount nodes { id } }
  search(text: "조현") { totalCount nodes { id } }
  log(after: 40) { type body bodyText salt commitment leafHash record { id ... on Person { name } } }
  changes(from: 40) { id before { id ... on Person { name } } after { id ... on Person { name } } }
  then: asOf(position: 47) {
    person(id: "person/cho-hyun") { name erased { label position } history { type reason erased changes { field } } }
    people(text: "Cho Hyun") { totalCount }
    search(text: "조현") { totalCount }
  }
}"""


def test_an_admin_erases_and_the_record_says_when_and_by_whose_order(own_client: Client) -> None:
    (refused,) = own_client.by(Role.EDITOR).ask(ERASE, i=ASKED)["erase"]["userErrors"]
    assert (refused["code"], refused["role"]) == ("FORBIDDEN", "ADMIN")
    answer = own_client.by(Role.ADMIN).ask(ERASE, i=ASKED)["erase"]
    label = answer["record"]["erased"].pop("label")
    assert answer == {
        "record": {
            "id": CHO,
            "name": "erased",
            "erased": {"basis": BASIS, "order": COURT, "position": 48, "whole": True},
        },
        "version": 2,
        "position": 48,
        "userErrors": [],
    }
    assert label.startswith("erased on 20")
    assert label.endswith(f" by order of {COURT} ({BASIS})")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "person/none"}, "RECORD_UNKNOWN"),
        ({"positions": [1, 999]}, "POSITION_UNKNOWN"),
        ({"basis": " "}, "FIELD_INVALID"),
        ({"order": ""}, "FIELD_INVALID"),
    ],
)
def test_an_erasure_that_cannot_be_is_refused_by_a_code(own_client: Client, change: dict[str, Any], code: str) -> None:
    answer = own_client.by(Role.ADMIN).ask(ERASE, i={**ASKED, **change})["erase"]
    assert ([error["code"] for error in answer["userErrors"]], answer["position"]) == ([code], None)
    assert own_client.ask("{ position }") == {"position": 47}


def test_no_question_about_any_time_tells_what_was_erased(own_client: Client) -> None:
    assert SECRET in own_client.post(WAYS).text
    own_client.by(Role.ADMIN).ask(ERASE, i=ASKED)
    found = own_client.ask(WAYS)
    assert SECRET not in own_client.post(WAYS).text
    assert [found[name]["totalCount"] for name in ("people", "search")] == [0, 0]
    assert [found["then"][name]["totalCount"] for name in ("people", "search")] == [0, 0]
    then = found["then"]["person"]
    assert (then["name"], then["erased"]["position"]) == ("erased", 48)
    assert then["history"] == [{"type": "PersonRegistered", "reason": None, "erased": True, "changes": []}]
    gone = found["log"][6]
    assert (gone["type"], gone["body"], gone["bodyText"], gone["salt"]) == ("PersonRegistered", None, None, None)
    assert (len(gone["commitment"]), len(gone["leafHash"])) == (64, 64)
    feed = own_client.request("GET", "/log?after=0")
    assert SECRET not in feed.text
    assert '"body":null,"salt":null,"commitment":"' in feed.text


def test_everything_can_be_asked_of_erased_records_of_every_kind(own_client: Client) -> None:
    admin = own_client.by(Role.ADMIN)
    ids = {event["stream"] for event in own_client.ask("{ log(first: 200) { stream } }")["log"]}
    kinds = {id.partition("/")[0]: id for id in sorted(ids)}
    for kind, id in kinds.items():
        asked = {**ASKED, "appendId": kind, "id": id}
        assert admin.ask(ERASE, i=asked)["erase"]["userErrors"] == []
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename id
      ... on Record { kind version corrections history { type } erased { whole } conflicts { field } }
      ... on Meeting { title when { label } place { name } parties { party { name } } status }
      ... on Statement { title voices { actor { id } } passages { text } attribution madeAt { id } }
      ... on Nomination { nominee { name } post { name } steps { step } }
      ... on Milestone { title parties { name } }
      ... on Person { name names { text } }
      ... on Organization { name classification }
      ... on Place { name country { name } within { name } }
      ... on Post { name holder(on: "2025-07-11") { known } }
      ... on Source { title published { label } publisher { name } }
      ... on Speaker { label source { title } }
    } }"""
    answer = own_client.ask(query, ids=sorted(kinds.values()))["nodes"]
    assert [each["erased"] for each in answer] == [{"whole": True}] * len(kinds)


def talk(app: Any, play: Any) -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            await play(client)

    asyncio.run(run())


PINNED = '{ asOf(position: 47) { person(id: "person/cho-hyun") { names { text } } } }'
NOW = '{ person(id: "person/cho-hyun") { names { text } } }'


@pytest.mark.parametrize("query", [PINNED, NOW])
def test_what_a_process_or_a_client_keeps_is_asked_anew(
    database: Database, engine_url: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # Here answers are kept.
    load_seeds(database, seed_files(()), None)
    answers = Answers()
    monkeypatch.setattr("timeline.app.Answers", lambda *_: answers)

    async def play(client: httpx.AsyncClient) -> None:
        first = await client.post("/graphql", json={"query": query})
        again = await client.post("/graphql", json={"query": query})
        assert (SECRET in first.text, again.text) == (True, first.text)
        erase(database, CHO)
        tag = first.headers["etag"]
        after = await client.post("/graphql", json={"query": query}, headers={"If-None-Match": tag})
        assert (after.status_code, SECRET in after.text) == (200, False)
        assert [body for body in answers._kept.values() if SECRET.encode() in body] == []

    talk(create_app(Settings(database_url=engine_url)), play)
