"""Mutations: what is recorded, what is refused as data with a code and a path, and that a retry records nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.conftest import Client

HERALD = "source/2025-07-11-korea-herald"
NOMINATION = "nomination/cho-hyun-foreign-minister"
SEOUL = "meeting/seoul-trichod"


def send(client: Client, name: str, **given: Any) -> Any:
    """The payload of a mutation."""
    type_ = f"{name[0].upper()}{name[1:]}Input"
    shown = "record { id version } version position replayed userErrors { code path }"
    return client.ask(f"mutation($i: {type_}!) {{ {name}(input: $i) {{ {shown} }} }}", i=given)[name]


def position(client: Client) -> int:
    return int(client.ask("{ position }")["position"])


def person(name: str, **more: Any) -> dict[str, Any]:
    return {"names": [{"text": name}], **more}


RECORDED: dict[str, dict[str, Any]] = {
    "recordMeeting": {"meeting": {"title": "Talks", "parties": [{"party": "KR"}, {"party": "FR"}]}},
    "scheduleMeeting": {"meeting": {"title": "Talks to come", "when": {"edtf": "2027-01"}}},
    "recordStatement": {
        "statement": {"title": "Says so", "attribution": "INSTITUTIONAL", "voices": [{"party": "KR"}]},
    },
    "recordNomination": {"nomination": {"nominee": "person/kevin-kim", "post": "post/kr-foreign-minister"}},
    "recordMilestone": {"milestone": {"title": "A treaty enters into force", "when": {"edtf": "2026-01-01"}}},
    "recordTenure": {
        "tenure": {
            "person": "person/kevin-kim",
            "post": "post/kr-foreign-minister",
            "holding": "ACTING",
            "when": {"edtf": "2024/"},
        }
    },
    "registerPerson": {"person": person("Somebody", party="KR")},
    "registerOrganization": {"organization": {"names": [{"text": "A ministry"}], "classification": "MINISTRY"}},
    "registerFormerState": {"state": {"names": [{"text": "Prussia"}], "valid": {"edtf": "1701/1947"}}},
    "registerPlace": {"place": {"names": [{"text": "Busan"}], "country": "KR", "zone": "Asia/Seoul"}},
    "registerPost": {"post": {"names": [{"text": "Minister"}], "party": "KR"}},
    "registerSource": {"source": {"title": "A report", "published": {"edtf": "2025-07-12"}}},
    "registerSpeaker": {"speaker": {"source": HERALD, "label": "official C"}},
}


@pytest.mark.parametrize("name", RECORDED)
def test_whatever_is_new_is_recorded_under_an_id_made_of_its_name(own_client: Client, name: str) -> None:
    answer = send(own_client, name, appendId="a", fromSource=HERALD, **RECORDED[name])
    assert answer["userErrors"] == []
    assert (answer["version"], answer["position"]) == (1, position(own_client))
    assert answer["record"]["version"] == 1


def test_a_scheduled_meeting_is_moved_put_off_held_and_cannot_be_cancelled_then(own_client: Client) -> None:
    made = send(own_client, "scheduleMeeting", appendId="s", id="meeting/to-come", meeting={"title": "To come"})
    assert made["userErrors"] == []
    for number, (name, more) in enumerate(
        [
            ("rescheduleMeeting", {"to": {"edtf": "2027-02-01"}, "reason": "a storm"}),
            ("postponeMeeting", {}),
            ("rescheduleMeeting", {"to": {"edtf": "2027-03-01"}}),
            ("holdMeeting", {"when": {"edtf": "2027-03-02"}}),
        ]
    ):
        moved = send(own_client, name, appendId=f"m{number}", id="meeting/to-come", expectedVersion=number + 1, **more)
        assert moved["userErrors"] == [], name
    (error,) = send(own_client, "cancelMeeting", appendId="c", id="meeting/to-come")["userErrors"]
    assert error["code"] == "MEETING_NOT_SCHEDULED"
    found = own_client.ask('{ meeting(id: "meeting/to-come") { status when { edtf } } }')["meeting"]
    assert found == {"status": "HELD", "when": {"edtf": "2027-03-02"}}


def test_the_same_request_again_is_answered_as_the_first_time_and_records_nothing(own_client: Client) -> None:
    given = {"appendId": "again", "person": person("Somebody")}
    first, second = (send(own_client, "registerPerson", **given) for _ in range(2))
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert first["record"] == second["record"]
    assert position(own_client) == first["position"]


def test_of_many_retries_at_once_one_is_recorded(own_client: Client) -> None:
    before = position(own_client)
    with ThreadPoolExecutor(6) as threads:
        sent = threads.map(
            lambda _: send(own_client, "registerPerson", appendId="once", person=person("Somebody")), range(6)
        )
        answers = list(sent)
    assert sum(not answer["replayed"] for answer in answers) == 1
    assert position(own_client) == before + 1


def test_a_null_in_a_patch_takes_a_field_back(own_client: Client) -> None:
    patch = {"meeting": {"level": None, "agenda": "The Indo-Pacific"}}
    assert send(own_client, "correct", appendId="p", id=SEOUL, patch=patch, reason="read again")["userErrors"] == []
    found = own_client.ask(f'{{ meeting(id: "{SEOUL}") {{ levelDeclared agenda title }} }}')["meeting"]
    assert (found["levelDeclared"], found["agenda"]) == (None, "The Indo-Pacific")
    assert found["title"] == "Trilateral Chiefs of Defense meeting"


WRONG: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("recordMeeting", {"meeting": {"title": "x", "place": "place/none"}}, "REFERENCE_UNKNOWN", ["meeting", "place"]),
    ("recordMeeting", {"meeting": {"title": "x", "when": {"edtf": "2025-13"}}}, "EDTF_INVALID",
     ["meeting", "when", "edtf"]),
    ("recordMeeting", {"meeting": {"title": "x", "parties": [{"party": "XX"}]}}, "COUNTRY_UNKNOWN",
     ["meeting", "parties", "0", "party"]),
    ("recordMeeting", {"meeting": {"title": ""}}, "FIELD_INVALID", ["meeting", "title"]),
    ("recordMeeting", {"id": "person/x", "meeting": {"title": "x"}}, "ID_INVALID", ["id"]),
    ("recordMeeting", {"id": SEOUL, "meeting": {"title": "x"}}, "ID_TAKEN", ["id"]),
    ("recordMeeting", {"appendId": "seed/x", "meeting": {"title": "x"}}, "APPEND_ID_INVALID", ["appendId"]),
    ("correct", {"id": SEOUL, "patch": {"person": {"note": "x"}}, "reason": "r"}, "PATCH_INVALID", ["patch"]),
    ("correct", {"id": SEOUL, "patch": {"meeting": {"agenda": "x"}}, "reason": "r", "expectedVersion": 7},
     "VERSION_CONFLICT", ["expectedVersion"]),
    ("correct", {"id": "meeting/none", "patch": {"meeting": {"agenda": "x"}}, "reason": "r"}, "RECORD_UNKNOWN", ["id"]),
    ("merge", {"id": SEOUL, "into": "person/cho-hyun", "reason": "r"}, "KIND_MISMATCH", ["into"]),
    ("merge", {"id": SEOUL, "into": SEOUL, "reason": "r"}, "MERGE_WITH_ITSELF", ["into"]),
    ("merge", {"id": "speaker/kh-official-a", "into": "speaker/kh-official-b", "reason": "r"}, "SPEAKER_SCOPED",
     ["id"]),
    ("prefer", {"id": SEOUL, "field": "agenda", "value": "x", "reason": "r"}, "READING_UNKNOWN", ["value"]),
    ("contest", {"id": SEOUL, "field": "nothing", "value": 1, "citation": {"source": HERALD}}, "FIELD_UNKNOWN", []),
    ("rescheduleMeeting", {"id": SEOUL, "to": {"edtf": "2026"}}, "MEETING_HELD", ["id"]),
    ("recordTenure", {"tenure": {"person": "person/cho-hyun", "post": "post/kr-foreign-minister",
     "holding": "SUBSTANTIVE", "when": {"edtf": "2025-07-11/"}}}, "NOMINEE_AS_HOLDER", ["tenure", "holding"]),
    ("recordMeeting", {"meeting": {"title": "x", "parties": [{"party": "KR", "person": "person/cho-hyun",
     "post": "post/kr-foreign-minister"}]}}, "NOMINEE_AS_HOLDER", ["meeting", "parties", "0", "post"]),
    ("relate", {"id": SEOUL, "relation": {"type": "PART_OF", "target": SEOUL}}, "RELATED_TO_ITSELF",
     ["relation", "target"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "code", "path"), WRONG, ids=[f"{each[0]}-{each[2]}" for each in WRONG])
def test_what_is_wrong_is_told_as_data_with_its_place_and_nothing_is_recorded(
    client: Client, name: str, given: dict[str, Any], code: str, path: list[str]
) -> None:
    before = position(client)
    answer = send(client, name, **{"appendId": "wrong", **given})
    assert answer["record"] is None
    error = answer["userErrors"][0]
    assert error["code"] == code
    assert error["path"][: len(path) + 1] == ["input", *path]
    assert position(client) == before


def test_a_nomination_that_was_withdrawn_goes_no_further(own_client: Client) -> None:
    withdrawn = send(own_client, "advanceNomination", appendId="w", id=NOMINATION, step={"step": "WITHDRAWN"})
    assert withdrawn["userErrors"] == []
    (error,) = send(own_client, "advanceNomination", appendId="c", id=NOMINATION, step={"step": "CONFIRMED"})[
        "userErrors"
    ]
    assert error["path"] == ["input", "step"]


@pytest.mark.parametrize(("first", "code"), [("retract", "RECORD_RETRACTED"), ("merge", "RECORD_MERGED")])
def test_what_was_withdrawn_or_merged_is_not_changed_any_more(own_client: Client, first: str, code: str) -> None:
    into = {"into": "meeting/kuala-lumpur-trilateral"} if first == "merge" else {}
    assert send(own_client, first, appendId="1", id=SEOUL, reason="r", **into)["userErrors"] == []
    patch = {"meeting": {"agenda": "x"}}
    (error,) = send(own_client, "correct", appendId="2", id=SEOUL, patch=patch, reason="r")["userErrors"]
    assert error["code"] == code


def test_an_append_id_is_good_for_one_request(own_client: Client) -> None:
    send(own_client, "registerPerson", appendId="one", person=person("Somebody"))
    (error,) = send(own_client, "registerPerson", appendId="one", person=person("Somebody else"))["userErrors"]
    assert error == {"code": "APPEND_ID_REUSED", "path": ["input", "appendId"]}


def test_a_former_state_is_found_by_its_id_and_name_and_in_what_changed(own_client: Client) -> None:
    prussia = {"names": [{"text": "Prussia"}], "valid": {"edtf": "1701/1947"}, "successors": ["DE"]}
    made = send(own_client, "registerFormerState", appendId="p", id="state/prussia", state=prussia)
    assert made["userErrors"] == []
    shown = "id name valid { label } successors { id name }"
    found = own_client.ask(
        f'{{ formerState(id: "state/prussia") {{ {shown} }} formerStates(text: "prus") {{ nodes {{ id }} }} '
        'actor(id: "state/prussia") { name } search(text: "prussia") { nodes { id } } '
        "changes(from: 47) { after { id } } }"
    )
    assert found["formerState"]["successors"] == [{"id": "DE", "name": "Germany"}]
    assert found["formerStates"]["nodes"] == found["search"]["nodes"] == [{"id": "state/prussia"}]
    assert found["changes"] == [{"after": {"id": "state/prussia"}}]
