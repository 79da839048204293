"""What is hashed: canonical JSON, as RFC 8785 has it."""

from __future__ import annotations

import hashlib
import uuid

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from timeline.log.stored import (
    ENVELOPE,
    EVENT_NAMESPACE,
    Envelopes,
    StoredEvent,
    commitment,
    committed,
    envelope,
    event_hash,
    event_id,
    placed_hash,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBER = st.integers(min_value=0, max_value=2**53 - 1)
EVENTS = st.builds(
    StoredEvent,
    position=NUMBER,
    event_id=TEXT,
    stream=TEXT,
    version=NUMBER,
    type=TEXT,
    schema=NUMBER,
    recorded_us=NUMBER,
    actor=TEXT,
    source=st.none() | TEXT,
    append_id=TEXT,
    causation=st.none() | TEXT,
    correlation=st.none() | TEXT,
    body=st.binary(min_size=1),
    salt=st.binary(min_size=16, max_size=16),
    leaf_hash=st.just(b""),
)


@given(EVENTS)
def test_the_envelope_is_canonical_json_of_the_columns_and_a_commitment_to_the_body(event: StoredEvent) -> None:
    columns = {name: getattr(event, name) for name in ENVELOPE}
    expected = rfc8785.dumps({**columns, "commitment": hashlib.sha256(event.salt + event.body).hexdigest()})
    assert envelope(event) == expected
    assert event_hash(event) == hashlib.sha256(b"\x00" + expected).digest()


@given(EVENTS)
def test_an_envelope_put_together_around_its_place_has_the_same_hash(event: StoredEvent) -> None:
    event = event._replace(event_id=event_id(event.append_id, 0))
    envelopes = Envelopes(event.append_id, event.actor, event.causation, event.correlation)
    around = envelopes.around(
        event.event_id, event.stream, event.type, event.schema, event.source, committed(event.salt, event.body)
    )
    assert placed_hash(around, event.position, event.recorded_us, event.version) == event_hash(event)


@given(EVENTS)
def test_an_erased_event_has_the_hash_that_it_had_before(event: StoredEvent) -> None:
    erased = event._replace(body=b"", salt=commitment(event))
    assert event_hash(erased) == event_hash(event)


@given(TEXT, NUMBER)
def test_the_id_of_an_event_is_a_uuid_of_version_5_over_its_append_and_its_place(append_id: str, index: int) -> None:
    assert event_id(append_id, index) == str(uuid.uuid5(EVENT_NAMESPACE, f"{append_id}#{index}"))


def test_an_event_has_the_same_id_on_every_copy_of_the_log() -> None:
    assert event_id("one", 0) == "73b46e5d-4d50-5b10-ad00-22a30da61f83"
