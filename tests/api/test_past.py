"""The past of a record: readings that disagree, each event field by field, what changed between two positions."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.api.conftest import Client
from tests.api.test_mutations import HERALD, NOMINATION, SEOUL, position, send

TENTH, TWELFTH = {"edtf": "2025-07-10"}, {"edtf": "2025-07-12"}
_ids = count()


def do(client: Client, name: str, id: str, **given: Any) -> int:
    """Change a record; the position since."""
    answer = send(client, name, appendId=f"past-{next(_ids)}", id=id, **given)
    assert answer["userErrors"] == []
    return int(answer["position"])


def read(client: Client) -> Any:
    """The date that is shown, those that are not, and where each is read."""
    shown = "when { label } citation { locator }"
    asked = f'{{ meeting(id: "{SEOUL}") {{ when {{ label }} conflicts {{ {shown} }} preferred {{ {shown} }} }} }}'
    meeting = client.ask(asked)["meeting"]
    told = {
        name: [(each["when"]["label"], (each["citation"] or {}).get("locator")) for each in meeting[name]]
        for name in ("conflicts", "preferred")
    }
    return meeting["when"]["label"], told["conflicts"], told["preferred"]


def contested(client: Client) -> None:
    do(client, "contest", SEOUL, field="when", value=TENTH, citation={"source": HERALD, "locator": "p. 10"})


def test_a_reading_keeps_its_citation_whichever_is_preferred(own_client: Client) -> None:
    contested(own_client)
    assert read(own_client) == ("11 July 2025", [("10 July 2025", "p. 10")], [])
    do(own_client, "prefer", SEOUL, field="when", value=TENTH, reason="r")
    assert read(own_client) == ("10 July 2025", [("11 July 2025", None)], [("10 July 2025", "p. 10")])
    (other,) = own_client.ask(f'{{ meeting(id: "{SEOUL}") {{ conflicts {{ value }} }} }}')["meeting"]["conflicts"]
    do(own_client, "prefer", SEOUL, field="when", value=other["value"], reason="r")
    assert read(own_client) == ("11 July 2025", [("10 July 2025", "p. 10")], [("11 July 2025", None)])


def test_what_the_record_is_corrected_to_is_no_conflict_any_more(own_client: Client) -> None:
    contested(own_client)
    do(own_client, "correct", SEOUL, patch={"meeting": {"when": TENTH}}, reason="r")
    assert read(own_client) == ("10 July 2025", [], [("10 July 2025", "p. 10")])
    do(own_client, "correct", SEOUL, patch={"meeting": {"when": TWELFTH}}, reason="r")
    assert read(own_client) == ("12 July 2025", [("10 July 2025", "p. 10")], [])


def history(client: Client, id: str) -> list[tuple[str, Any]]:
    asked = "query($id: ID!) { node(id: $id) { ... on Record { history { type changes { field was now } } } } }"
    found = client.ask(asked, id=id)["node"]["history"]
    return [(each["type"], [tuple(change.values()) for change in each["changes"]]) for each in found[1:]]


def test_each_event_tells_every_field_as_it_was_and_as_it_is(own_client: Client) -> None:
    made = send(own_client, "scheduleMeeting", appendId="s", id="meeting/x", meeting={"title": "X", "when": TENTH})
    assert made["userErrors"] == []
    do(own_client, "postponeMeeting", "meeting/x")
    do(own_client, "rescheduleMeeting", "meeting/x", to=TWELFTH)
    do(own_client, "holdMeeting", "meeting/x", when=TENTH)
    do(own_client, "merge", "meeting/x", into=SEOUL, reason="r")
    do(own_client, "unmerge", "meeting/x", reason="r")
    assert history(own_client, "meeting/x") == [
        ("MeetingPostponed", [("status", "SCHEDULED", "POSTPONED")]),
        ("MeetingRescheduled", [("when", TENTH, TWELFTH), ("status", "POSTPONED", "SCHEDULED")]),
        ("MeetingHeld", [("status", "SCHEDULED", "HELD"), ("when", TWELFTH, TENTH)]),
        ("RecordMerged", [("merged_into", None, SEOUL)]),
        ("RecordUnmerged", [("merged_into", SEOUL, None)]),
    ]


def test_a_step_stands_behind_those_before_it(own_client: Client) -> None:
    do(own_client, "advanceNomination", NOMINATION, step={"step": "REPORTED"})
    ((_, [(field, was, now)]),) = history(own_client, NOMINATION)
    assert (field, [each["step"] for each in was], now) == ("steps", ["HEARING"], [*was, {"step": "REPORTED"}])


MEETING = "meeting/soon"
DATED = {"patch": {"meeting": {"when": TWELFTH}}, "reason": "r"}
TITLED = {"patch": {"meeting": {"title": "Talks"}}, "reason": "r"}


@pytest.mark.parametrize(
    ("steps", "change"),
    [
        ([("correct", TITLED)], "CHANGED"),
        ([("correct", DATED)], "MOVED"),
        ([("rescheduleMeeting", {"to": TWELFTH}), ("correct", TITLED)], "MOVED"),
        ([("rescheduleMeeting", {"to": TWELFTH}), ("rescheduleMeeting", {"to": TENTH})], "CHANGED"),
        ([("correct", DATED), ("retract", {"reason": "r"})], "WITHDRAWN"),
    ],
)
def test_what_became_of_a_record_between_two_positions(
    own_client: Client, steps: list[tuple[str, Any]], change: str
) -> None:
    before = position(own_client)
    meeting = {"title": "Soon", "when": TENTH}
    begun = send(own_client, "scheduleMeeting", appendId="soon", id=MEETING, meeting=meeting)["position"]
    for name, given in steps:
        do(own_client, name, MEETING, **given)
    asked = "query($from: Int!) { changes(from: $from) { id change before { id } } }"
    assert own_client.ask(asked, **{"from": begun}) == {
        "changes": [{"id": MEETING, "change": change, "before": {"id": MEETING}}]
    }
    since_before = "WITHDRAWN" if change == "WITHDRAWN" else "ADDED"
    assert own_client.ask(asked, **{"from": before}) == {
        "changes": [{"id": MEETING, "change": since_before, "before": None}]
    }
