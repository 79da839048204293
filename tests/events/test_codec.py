"""What is stored reads back equal, in canonical bytes."""

from __future__ import annotations

import msgspec
import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tests import facts
from timeline.errors import Damaged
from timeline.events import records as events
from timeline.events.codec import canonical, decode, encode
from timeline.events.upcast import UPCASTERS

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_the_bytes_are_the_canonical_json_of_rfc_8785(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("content", [value for value in vars(facts).values() if type(value) in events.FIRST_EVENT])
def test_an_event_reads_back_equal(content: msgspec.Struct) -> None:
    event = events.FIRST_EVENT[type(content)](content=content)
    assert decode(type(event).__name__, 1, encode(event)) == event


def test_what_is_not_stated_is_not_stored() -> None:
    body = orjson.loads(encode(events.MeetingReported(content=facts.ANNOUNCED)))
    assert "place" not in body["content"]


def test_every_event_of_the_union_has_its_name_in_the_table() -> None:
    assert {event.__name__ for event in events.FIRST_EVENT.values()} <= events.EVENTS.keys()
    assert len(events.EVENTS) == len(set(events.EVENTS.values())) == 30


@pytest.mark.parametrize(
    ("type_name", "body", "code"),
    [
        ("MeetingDreamt", b"{}", "EVENT_UNKNOWN"),
        ("MeetingCancelled", b"{", "EVENT_UNREADABLE"),
        ("MeetingCancelled", b'{"mood":"sad"}', "EVENT_UNREADABLE"),
    ],
    ids=["unknown_type", "broken_bytes", "unknown_field"],
)
def test_what_cannot_be_read_stops_the_reader_loudly(type_name: str, body: bytes, code: str) -> None:
    with pytest.raises(Damaged) as caught:
        decode(type_name, 1, body)
    assert caught.value.code == code


def test_an_old_shape_is_brought_to_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    now = events.PersonRegistered(content=facts.CHO)
    old = orjson.loads(encode(now)) | {"was_called": "else"}
    monkeypatch.setitem(
        UPCASTERS, ("PersonRegistered", 1), lambda body: {name: body[name] for name in body if name != "was_called"}
    )
    assert decode("PersonRegistered", 1, canonical(old)) == now
