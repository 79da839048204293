"""Embargo: by whom, for whom, until when; what is answered to others, also from what was kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from tests.api.conftest import Client, bearer, client_on, give_tokens
from timeline.api.answers import Answers
from timeline.api.fields import moment
from timeline.app import create_app
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database
from timeline.read import veil
from timeline.read.projector import rebuild
from timeline.rights.gate import Gate
from timeline.settings import Settings
from timeline.values.roles import Role

SEOUL = "meeting/seoul-trichod"
HERALD = "source/2025-07-11-korea-herald"
NOW = 2_000_000_000_000_000
UNTIL = NOW + 1_000_000
PUBLIC_ROLES = [None, Role.READER, Role.CONTRIBUTOR]
FOUND = '{ node(id: "meeting/seoul-trichod") { id } meetings { totalCount } }'
SHOWN = {"node": {"id": SEOUL}, "meetings": {"totalCount": 5}}
HIDDEN = {"node": None, "meetings": {"totalCount": 4}}


class Clock:
    """What time the application thinks it is."""

    us = NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    made = Gate.__init__

    def with_clock(self: Gate, database: Database, **more: Any) -> None:
        made(self, database, **{**more, "now_us": lambda: clock.us})

    monkeypatch.setattr(Gate, "__init__", with_clock)
    return clock


@pytest.fixture(autouse=True)
def asked_anew() -> None:
    """Here answers are kept."""


@pytest.fixture
def client(database: Database, engine_url: str, clock: Clock) -> Iterator[Client]:
    load_seeds(database, seed_files(()), None)
    give_tokens(database)
    with client_on(create_app(Settings(database_url=engine_url)), engine_url) as client:
        yield client


def send(client: Client, name: str, sender: Role = Role.EDITOR, /, **given: Any) -> Any:
    type_ = f"{name[0].upper()}{name[1:]}Input"
    shown = "record { id } version position replayed userErrors { code message path role }"
    query = f"mutation($i: {type_}!) {{ {name}(input: $i) {{ {shown} }} }}"
    return client.by(sender).ask(query, i={"appendId": f"{name}-{given}"[:190], **given})[name]


def put_under(client: Client, id: str = SEOUL, role: Role = Role.EDITOR, until: int = UNTIL) -> Any:
    terms = {"role": role.value, "until": moment(until), "reason": "agreed with the source"}
    answer = send(client, "embargo", max(role, Role.EDITOR, key=lambda each: each.rank), id=id, **terms)
    assert answer["userErrors"] == []
    return answer


def test_a_record_under_embargo_does_not_exist_for_others_now_and_in_every_past(client: Client) -> None:
    put_under(client)
    past = f"{{ asOf(position: 47) {FOUND} }}"
    for role in PUBLIC_ROLES:
        assert client.by(role).ask(FOUND) == HIDDEN
        assert client.by(role).ask(past)["asOf"] == HIDDEN
    for role in (Role.EDITOR, Role.ADMIN):
        assert client.by(role).ask(FOUND) == SHOWN
        assert client.by(role).ask(past)["asOf"] == SHOWN


def test_an_embargo_ends_at_its_microsecond_everywhere_and_nothing_is_recorded_for_it(
    client: Client, clock: Clock
) -> None:
    put_under(client)
    past = f"{{ asOf(position: 47) {FOUND} }}"
    clock.us = UNTIL - 1
    assert (client.ask(FOUND), client.ask(past)["asOf"]) == (HIDDEN, HIDDEN)
    clock.us = UNTIL
    assert (client.ask(FOUND), client.ask(past)["asOf"]) == (SHOWN, SHOWN)
    assert client.ask("{ position }")["position"] == 48


def test_whoever_sees_the_record_is_told_of_the_embargo(client: Client, clock: Clock) -> None:
    put_under(client)
    asked = f'{{ meeting(id: "{SEOUL}") {{ embargo {{ role until reason position }} history {{ type reason }} }} }}'
    told = {"role": "EDITOR", "until": moment(UNTIL), "reason": "agreed with the source", "position": 48}
    found = client.by(Role.EDITOR).ask(asked)["meeting"]
    assert found["embargo"] == told
    assert found["history"][-1] == {"type": "RecordEmbargoed", "reason": "agreed with the source"}
    assert client.ask(asked)["meeting"] is None
    clock.us = UNTIL
    assert client.ask(asked)["meeting"] == found


def test_an_embargo_is_lifted_or_takes_the_place_of_the_one_before(client: Client) -> None:
    put_under(client, role=Role.ADMIN)
    assert client.by(Role.EDITOR).ask(FOUND) == HIDDEN
    put_under(client, role=Role.ADMIN, until=UNTIL + 5)
    assert (
        send(client, "embargo", Role.ADMIN, id=SEOUL, role="READER", until=moment(UNTIL), reason="less")["userErrors"]
        == []
    )
    assert (client.ask(FOUND), client.by(Role.READER).ask(FOUND)) == (HIDDEN, SHOWN)
    assert send(client, "liftEmbargo", id=SEOUL, reason="published")["userErrors"] == []
    assert client.ask(FOUND) == SHOWN


def test_a_record_can_be_under_embargo_from_its_first_moment_on(client: Client) -> None:
    terms = {"role": "EDITOR", "until": moment(UNTIL), "reason": "r"}
    person = {"names": [{"text": "Ada"}]}
    made = send(client, "registerPerson", id="person/ada", person=person, embargo=terms)
    assert (made["record"], made["version"], made["userErrors"]) == ({"id": "person/ada"}, 2, [])
    assert client.ask(
        '{ person(id: "person/ada") { id } people(text: "ada") { totalCount } log(after: 47) { type } }'
    ) == {
        "person": None,
        "people": {"totalCount": 0},
        "log": [],
    }


def test_what_cites_a_source_under_embargo_is_hidden_with_it(client: Client) -> None:
    put_under(client, HERALD)
    assert client.ask("{ meetings { totalCount } statements { totalCount } sources { totalCount } }") == {
        "meetings": {"totalCount": 0},
        "statements": {"totalCount": 0},
        "sources": {"totalCount": 0},
    }
    assert client.by(Role.EDITOR).ask("{ meetings { totalCount } }")["meetings"]["totalCount"] == 5
    assert client.ask('{ person(id: "person/cho-hyun") { id meetings { id } statements { id } } }')["person"] == {
        "id": "person/cho-hyun",
        "meetings": [],
        "statements": [],
    }


NEEDED: list[tuple[str, Role, dict[str, Any], str]] = [
    ("embargo", Role.CONTRIBUTOR, {"id": SEOUL, "role": "EDITOR", "until": moment(UNTIL), "reason": "r"}, "EDITOR"),
    ("embargo", Role.EDITOR, {"id": SEOUL, "role": "ADMIN", "until": moment(UNTIL), "reason": "r"}, "ADMIN"),
    ("liftEmbargo", Role.CONTRIBUTOR, {"id": SEOUL, "reason": "r"}, "EDITOR"),
    (
        "registerPerson",
        Role.CONTRIBUTOR,
        {"person": {"names": [{"text": "A"}]}, "embargo": {"role": "READER", "until": moment(UNTIL), "reason": "r"}},
        "EDITOR",
    ),
]


@pytest.mark.parametrize(("name", "role", "given", "needed"), NEEDED)
def test_an_embargo_needs_an_editor_and_nobody_can_hide_from_themselves(
    client: Client, name: str, role: Role, given: dict[str, Any], needed: str
) -> None:
    (error,) = send(client, name, role, **given)["userErrors"]
    assert (error["code"], error["role"]) == ("FORBIDDEN", needed)
    assert client.ask("{ position }")["position"] == 47


def test_an_embargo_that_has_ended_already_is_refused(client: Client) -> None:
    terms = {"role": "EDITOR", "until": moment(NOW), "reason": "r"}
    (error,) = send(client, "embargo", id=SEOUL, **terms)["userErrors"]
    assert (error["code"], error["path"]) == ("EMBARGO_INVALID", ["input", "until"])


# Writing ------------------------------------------------------------------------------------------------------------

PLACE = "place/seoul"
NONE = "meeting/no-such-meeting"
CHANGES: dict[str, dict[str, Any]] = {
    "correct": {"patch": {"meeting": {"agenda": "x"}}, "reason": "r", "expectedVersion": 9},
    "contest": {"field": "agenda", "value": "x", "citation": {"source": HERALD}},
    "prefer": {"field": "agenda", "value": "x", "reason": "r"},
    "retract": {"reason": "r", "expectedVersion": 1},
    "merge": {"into": "meeting/kuala-lumpur-trilateral", "reason": "r"},
    "unmerge": {"reason": "r"},
    "relate": {"relation": {"type": "PART_OF", "target": "meeting/kuala-lumpur-trilateral"}},
    "distinguish": {"other": "meeting/kuala-lumpur-trilateral", "reason": "r"},
    "rescheduleMeeting": {"to": {"edtf": "2026"}},
    "holdMeeting": {},
    "postponeMeeting": {},
    "cancelMeeting": {},
    "liftEmbargo": {"reason": "r"},
    "embargo": {"role": "READER", "until": moment(UNTIL), "reason": "r"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_hidden_record_is_refused_to_be_changed_as_one_that_was_never_recorded(client: Client, name: str) -> None:
    put_under(client, role=Role.ADMIN)
    hidden, none = (send(client, name, id=id, **CHANGES[name]) for id in (SEOUL, NONE))
    assert hidden["userErrors"][0]["code"] == "RECORD_UNKNOWN"
    assert str(hidden["userErrors"]).replace(SEOUL, NONE) == str(none["userErrors"])
    assert client.ask("{ position }")["position"] == 48


NAMING: dict[str, Any] = {
    "recordMeeting": lambda id: {
        "id": "meeting/x",
        "meeting": {"title": "x", "relations": [{"type": "PART_OF", "target": id}]},
    },
    "recordStatement": lambda id: {
        "id": "statement/x",
        "statement": {"title": "x", "attribution": "INSTITUTIONAL", "voices": [{"party": "KR"}], "madeAt": id},
    },
    "relate": lambda id: {"id": "meeting/asean-meetings", "relation": {"type": "PART_OF", "target": id}},
    "merge": lambda id: {"id": "meeting/kuala-lumpur-trilateral", "into": id, "reason": "r"},
    "distinguish": lambda id: {"id": "meeting/kuala-lumpur-trilateral", "other": id, "reason": "r"},
}


@pytest.mark.parametrize("name", NAMING)
def test_a_hidden_record_cannot_be_named_as_if_it_were_not_recorded(client: Client, name: str) -> None:
    put_under(client, role=Role.ADMIN)
    hidden, none = (send(client, name, **NAMING[name](id)) for id in (SEOUL, NONE))
    assert hidden["userErrors"] != []
    assert str(hidden["userErrors"]).replace(SEOUL, NONE) == str(none["userErrors"])


def test_a_hidden_source_cannot_be_what_a_request_rests_on(client: Client) -> None:
    put_under(client, HERALD, role=Role.ADMIN)
    person = {"names": [{"text": "A"}]}
    for source in (HERALD, "source/none"):
        (error,) = send(client, "registerPerson", fromSource=source, person=person)["userErrors"]
        assert (error["code"], error["path"]) == ("REFERENCE_UNKNOWN", ["input", "fromSource"])


def test_a_new_record_under_a_hidden_id_gets_another_and_a_retry_the_same(client: Client) -> None:
    put_under(client, role=Role.ADMIN)
    given = {"id": SEOUL, "meeting": {"title": "Another"}}
    first, again = (send(client, "recordMeeting", Role.CONTRIBUTOR, **given) for _ in range(2))
    assert first["userErrors"] == again["userErrors"] == []
    assert first["record"]["id"].startswith(f"{SEOUL}-")
    assert (again["record"], again["replayed"]) == (first["record"], True)
    title = "{ meeting(id: $id) { title } }".replace("$id", f'"{first["record"]["id"]}"')
    assert client.ask(title) == {"meeting": {"title": "Another"}}


def test_a_retry_of_what_was_put_under_embargo_meanwhile_is_answered_without_the_record(client: Client) -> None:
    given = {"id": "person/a", "person": {"names": [{"text": "A"}]}}
    send(client, "registerPerson", Role.CONTRIBUTOR, **given)
    put_under(client, "person/a", role=Role.ADMIN)
    again = send(client, "registerPerson", Role.CONTRIBUTOR, **given)
    assert (again["record"], again["version"], again["replayed"], again["userErrors"]) == (None, None, True, [])


def test_a_record_that_names_something_hidden_is_changed_by_whoever_does_not_see_that(client: Client) -> None:
    put_under(client, "place/seoul", role=Role.ADMIN)
    changed = send(client, "correct", id=SEOUL, patch={"meeting": {"agenda": "x"}}, reason="r")
    assert changed["userErrors"] == []
    found = client.by(Role.ADMIN).ask(f'{{ meeting(id: "{SEOUL}") {{ agenda place {{ id }} }} }}')["meeting"]
    assert found == {"agenda": "x", "place": {"id": "place/seoul"}}
    assert client.ask(f'{{ meeting(id: "{SEOUL}") {{ agenda place {{ id }} }} }}')["meeting"]["place"] is None


# What was kept ------------------------------------------------------------------------------------------------------


def get(client: Client, role: Role | None, query: str, tag: str | None = None) -> Any:
    headers = {**bearer(role), **({"if-none-match": tag} if tag else {})}
    return client.request("GET", "/graphql", params={"query": query}, headers=headers)


@pytest.mark.parametrize("query", [FOUND, f"{{ asOf(position: 47) {FOUND} }}"], ids=["now", "pinned"])
def test_rights_that_change_between_reads_give_no_answer_that_was_kept_for_others(
    client: Client, clock: Clock, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bool] = []
    find = Answers.find

    def counted(self: Answers, key: str) -> bytes | None:
        found = find(self, key)
        kept.append(found is not None)
        return found

    monkeypatch.setattr(Answers, "find", counted)

    def read(role: Role | None) -> Any:
        data = get(client, role, query).json()["data"]
        return data.get("asOf", data)

    every = [None, *Role]
    assert [read(role) for role in every] == [SHOWN] * 5
    put_under(client, role=Role.EDITOR)
    for _ in range(2):
        assert [read(role) for role in every] == [HIDDEN, HIDDEN, HIDDEN, SHOWN, SHOWN]
    put_under(client, role=Role.ADMIN, until=UNTIL + 10)
    for _ in range(2):
        assert [read(role) for role in every] == [HIDDEN, HIDDEN, HIDDEN, HIDDEN, SHOWN]
    clock.us = UNTIL + 9
    assert [read(role) for role in every] == [HIDDEN, HIDDEN, HIDDEN, HIDDEN, SHOWN]
    clock.us = UNTIL + 10
    for _ in range(2):
        assert [read(role) for role in every] == [SHOWN] * 5
    assert kept.count(True) > 15, "answers were kept, and told apart"


def test_a_client_that_has_an_answer_is_not_told_so_when_an_embargo_changes_it(client: Client, clock: Clock) -> None:
    query = f"{{ asOf(position: 47) {FOUND} }}"
    before = get(client, None, query).headers
    assert get(client, None, query, before["etag"]).status_code == 304
    put_under(client)
    during = get(client, None, query, before["etag"])
    assert (during.status_code, during.json()["data"]["asOf"]) == (200, HIDDEN)
    clock.us = UNTIL
    after = get(client, None, query, during.headers["etag"])
    assert (after.status_code, after.json()["data"]["asOf"]) == (200, SHOWN)


def test_while_an_embargo_is_in_force_nobody_on_the_way_may_keep_an_answer_for_ever(
    client: Client, clock: Clock
) -> None:
    query = "{ asOf(position: 47) { people { totalCount } } }"
    put_under(client)
    assert get(client, None, query).headers["cache-control"] == "no-cache"
    assert get(client, Role.EDITOR, query).headers["cache-control"] == "private, no-cache"
    clock.us = UNTIL
    assert get(client, None, query).headers["cache-control"] == "public, max-age=86400, immutable"


def test_an_entity_tag_cannot_be_tried_for_what_is_hidden(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    put_under(client)
    tag = get(client, None, FOUND).headers["etag"]
    assert get(client, None, FOUND).headers["etag"] == tag
    monkeypatch.setattr(veil, "_SECRET", b"of another process")
    monkeypatch.setattr(veil, "_kept", WeakKeyDictionary())
    assert get(client, None, FOUND).headers["etag"] != tag


def test_a_rebuild_keeps_what_is_hidden_hidden(client: Client, database: Database) -> None:
    put_under(client)
    put_under(client, HERALD, role=Role.ADMIN)
    send(client, "liftEmbargo", Role.ADMIN, id=HERALD, reason="r")
    assert rebuild(database).equal
    assert client.ask(FOUND) == HIDDEN
    assert client.by(Role.EDITOR).ask(FOUND) == SHOWN
