"""Who may what over HTTP: credentials judged with each request, rights needed told as data, actors from credentials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import GRAPHQL_JSON, Client, bearer, client_on
from tests.rights.provider import AUDIENCE, TestProvider, provider
from timeline.api.schema import SCHEMA
from timeline.app import create_app
from timeline.database import open_database
from timeline.rights import tokens
from timeline.rights.oidc import OpenId
from timeline.settings import Settings
from timeline.values.roles import Role

SEOUL = "meeting/seoul-trichod"
REGISTER = "mutation($i: RegisterPersonInput!) { registerPerson(input: $i) { record { id } userErrors { code role } } }"
CORRECT = "mutation($i: CorrectInput!) { correct(input: $i) { record { id } userErrors { code message path role } } }"
PERSON = {"appendId": "r", "id": "person/a", "person": {"names": [{"text": "A"}]}}
CHANGE = {"appendId": "c", "id": SEOUL, "patch": {"meeting": {"agenda": "x"}}, "reason": "r"}
CONTRIBUTE = {
    *("recordMeeting", "scheduleMeeting", "recordStatement", "recordNomination", "recordMilestone", "recordTenure"),
    *("registerPerson", "registerOrganization", "registerFormerState", "registerPlace", "registerPost"),
    *("registerSource", "registerSpeaker", "contest"),
}


def position(client: Client) -> int:
    return int(client.ask("{ position }")["position"])


@pytest.mark.parametrize("role", [None, Role.READER])
def test_who_may_only_read_is_told_which_role_is_needed_and_nothing_is_recorded(
    own_client: Client, role: Role | None
) -> None:
    before = position(own_client)
    headers = {"accept": GRAPHQL_JSON, **bearer(role)}
    asked = {"query": REGISTER, "variables": {"i": PERSON}}
    answer = own_client.request("POST", "/graphql", json=asked, headers=headers).json()
    assert answer["data"]["registerPerson"] == {
        "record": None,
        "userErrors": [{"code": "FORBIDDEN", "role": "CONTRIBUTOR"}],
    }
    assert position(own_client) == before


def test_a_contributor_records_and_does_not_change(own_client: Client) -> None:
    contributor = own_client.by(Role.CONTRIBUTOR)
    assert contributor.ask(REGISTER, i=PERSON)["registerPerson"]["userErrors"] == []
    (error,) = contributor.ask(CORRECT, i=CHANGE)["correct"]["userErrors"]
    assert (error["code"], error["path"], error["role"]) == ("FORBIDDEN", ["input"], "EDITOR")
    assert error["message"] == "correct needs the role editor; this credential has contributor"
    assert own_client.by(Role.EDITOR).ask(CORRECT, i=CHANGE)["correct"]["userErrors"] == []


def test_every_mutation_says_which_role_it_needs_and_needs_it() -> None:
    mutations = SCHEMA._schema.mutation_type
    assert mutations is not None
    needed = {name: field.description.rpartition("Needs the role ")[2] for name, field in mutations.fields.items()}
    assert {name for name, role in needed.items() if role == "CONTRIBUTOR."} == CONTRIBUTE
    assert {name for name, role in needed.items() if role == "ADMIN."} == {"erase"}
    assert {role for name, role in needed.items() if name not in {*CONTRIBUTE, "erase"}} == {"EDITOR."}


def test_the_actor_of_every_event_comes_from_the_credential_and_no_input_has_one(own_client: Client) -> None:
    for role in (Role.CONTRIBUTOR, Role.EDITOR):
        given = {**PERSON, "appendId": role.value, "id": f"person/by-{role.value.lower()}"}
        assert own_client.by(role).ask(REGISTER, i=given)["registerPerson"]["userErrors"] == []
    found = own_client.ask("{ log(after: 47) { actor } }")["log"]
    assert found == [{"actor": "token:contributor"}, {"actor": "token:editor"}]
    inputs = [each for each in SCHEMA._schema.type_map.values() if each.name.endswith("Input")]
    assert [each.name for each in inputs if "actor" in getattr(each, "fields", {})] == []


@pytest.mark.parametrize(
    ("header", "code", "challenge"),
    [
        ("Bearer timeline_wrong", "CREDENTIAL_INVALID", 'Bearer realm="timeline", error="invalid_token"'),
        ("Basic x", "CREDENTIAL_MALFORMED", 'Bearer realm="timeline", error="invalid_request"'),
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL_JSON, "application/json", "text/event-stream"])
def test_a_wrong_credential_is_refused_and_never_answered_as_to_the_public(
    client: Client, header: str, code: str, challenge: str, accept: str
) -> None:
    headers = {"authorization": header, "accept": accept}
    for method, path, asked in (
        ("POST", "/graphql", {"json": {"query": "{ position }"}}),
        ("GET", "/graphql?query={position}", {}),
        ("GET", "/log", {}),
    ):
        answer = client.request(method, path, headers=headers, **asked)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
        assert answer.json()["errors"][0]["extensions"] == {"code": code}


def test_a_revoked_token_is_refused_with_the_next_request(own_client: Client) -> None:
    database = open_database(own_client.url)
    reader = own_client.by(Role.READER)
    assert reader.post("{ position }").status_code == 200
    tokens.revoke(database, "reader", now_us=1)
    database.dispose()
    answer = reader.post("{ position }")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "CREDENTIAL_REVOKED")
    assert own_client.post("{ position }").status_code == 200


@pytest.fixture
def closed(own_client: Client) -> Any:
    """A client on the same record where reading is closed."""
    with client_on(create_app(Settings(database_url=own_client.url, reading_open=False)), own_client.url) as client:
        yield client


@pytest.mark.parametrize("path", ["/graphql?query={position}", "/graphql?query={__schema{queryType{name}}}", "/log"])
def test_where_reading_is_closed_it_needs_a_credential(closed: Client, path: str) -> None:
    answer = closed.request("GET", path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="timeline"')
    assert answer.json()["errors"][0]["extensions"]["code"] == "CREDENTIAL_MISSING"
    for role in Role:
        assert closed.request("GET", path, headers=bearer(role)).status_code == 200


def test_what_was_answered_to_a_credential_is_kept_by_nobody_else(client: Client) -> None:
    pinned = {"query": "{ asOf(position: 47) { meetings { totalCount } } }"}
    kept = [
        client.request("GET", "/graphql", params=pinned, headers=bearer(role)).headers["cache-control"]
        for role in (None, Role.READER)
    ]
    assert kept == ["public, max-age=86400, immutable", "private, no-cache"]
    answer = client.request("GET", "/graphql", params=pinned)
    assert "Authorization" in answer.headers["vary"]


@pytest.fixture
def federated(own_client: Client) -> Iterator[tuple[Client, TestProvider]]:
    """A client where the tokens of a provider are believed, and that provider."""
    with provider() as issuer:
        openid = OpenId(issuer.issuer, AUDIENCE)
        settings = Settings(database_url=own_client.url, openid=openid)
        with client_on(create_app(settings), own_client.url) as client:
            yield client, issuer


def signed(client: Client, token: str, query: str, **variables: Any) -> Any:
    asked = {"query": query, "variables": variables}
    headers = {"accept": GRAPHQL_JSON, "authorization": f"Bearer {token}"}
    return client.request("POST", "/graphql", json=asked, headers=headers)


def test_people_of_a_provider_record_under_their_subject_there(federated: tuple[Client, TestProvider]) -> None:
    client, issuer = federated
    answer = signed(client, issuer.token(timeline_role="contributor"), REGISTER, i=PERSON).json()
    assert answer["data"]["registerPerson"]["userErrors"] == []
    assert client.ask("{ log(after: 47) { actor } }")["log"] == [{"actor": "oidc:u-1"}]
    assert client.by(Role.EDITOR).post("{ position }").status_code == 200, "our own tokens go on"


def test_while_the_provider_is_down_its_tokens_are_answered_503_and_public_reading_goes_on(
    federated: tuple[Client, TestProvider],
) -> None:
    client, issuer = federated
    issuer.is_down = True
    answer = signed(client, issuer.token(), "{ position }")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["errors"][0]["extensions"]["code"] == "ISSUER_UNAVAILABLE"
    assert client.post("{ position }").status_code == 200


def test_a_token_without_a_role_is_no_way_to_read(federated: tuple[Client, TestProvider]) -> None:
    client, issuer = federated
    answer = signed(client, issuer.token(timeline_role=None), "{ position }")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "CREDENTIAL_WITHOUT_ROLE")
