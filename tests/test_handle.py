"""The one way in, on both engines: all or nothing, safe to retry, and every name must be recorded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from tests import facts
from timeline.database import Database
from timeline.errors import Conflict, Invalid, NotFound, Refused, Several
from timeline.events.records import RecordCorrected
from timeline.handle import Outcome, Request, event_of, handle, load, seed
from timeline.log.append import Append, Appended, append
from timeline.log.read import head, stream_events
from timeline.log.verify import verify_log
from timeline.values.facts import Content
from timeline.write.commands import Advance, AnyCommand, Correct, Merge, Put, Retract, Unmerge

MEETING = "meeting/kuala-lumpur-trilateral"
NOMINATION = "nomination/cho-hyun-foreign-minister"
WORLD: dict[str, Content] = {
    facts.HERALD_ID: facts.HERALD,
    "place/kuala-lumpur": facts.MALAYSIA_CAPITAL,
    "person/park-yoon-joo": facts.PARK,
    "person/cho-hyun": facts.CHO,
    "post/kr-foreign-minister": facts.MINISTER,
    MEETING: facts.TRILATERAL,
    NOMINATION: facts.NOMINATED,
}


def position(database: Database) -> int:
    with database.read() as connection:
        return head(connection).position


def load_world(database: Database, **changed: Content) -> Outcome | None:
    contents = {id: changed.get(id.partition("/")[0], content) for id, content in WORLD.items()}
    return seed(database, contents, reason="edited", actor="seed", now_us=1)


def test_a_seed_is_one_append_and_a_second_run_writes_nothing(database: Database) -> None:
    outcome = load_world(database)
    assert outcome is not None
    assert (outcome.first, outcome.last, outcome.new, outcome.corrected) == (1, 7, 7, 0)
    assert load_world(database) is None
    assert position(database) == 7
    with database.read() as connection:
        assert verify_log(connection) == []


def test_an_edited_seed_is_a_correction_with_its_reason(database: Database) -> None:
    load_world(database)
    outcome = load_world(database, meeting=msgspec.structs.replace(facts.TRILATERAL, title="Trilateral talks"))
    assert outcome is not None
    assert (outcome.new, outcome.corrected) == (0, 1)
    with database.read() as connection:
        last = event_of(stream_events(connection, MEETING)[-1])
    assert isinstance(last, RecordCorrected)
    assert ([change.field for change in last.changes], last.reason) == (["title"], "edited")


def test_an_unchanged_seed_never_undoes_a_correction_by_somebody_else(database: Database) -> None:
    load_world(database)
    command = Correct(id=MEETING, changes={"title": "By an editor"}, reason="better")
    handle(database, Request(append_id="editor-1", actor="editor", commands=[command]), now_us=2)
    assert load_world(database) is None
    load_world(database, meeting=msgspec.structs.replace(facts.TRILATERAL, summary="They met."))
    with database.read() as connection:
        meeting = load(connection, {MEETING})[MEETING].content
    assert isinstance(meeting, facts.Meeting)
    assert (meeting.title, meeting.summary) == ("By an editor", "They met.")


def test_an_unknown_reference_is_named_and_nothing_is_recorded(database: Database) -> None:
    request = Request(append_id="a", actor="test", commands=[Put(id=MEETING, content=facts.TRILATERAL)])
    with pytest.raises(Several) as caught:
        handle(database, request, now_us=1)
    assert {fault.code for fault in caught.value.faults} == {"REFERENCE_UNKNOWN"}
    assert ("parties", 0, "person") in [fault.path for fault in caught.value.faults]
    assert position(database) == 0


def test_a_retry_answers_as_the_first_time(database: Database) -> None:
    request = Request(append_id="a", actor="test", commands=[Put(id="place/seoul", content=facts.SEOUL)])
    first, again = handle(database, request, now_us=1), handle(database, request, now_us=2)
    assert (again.first, again.last, again.replayed) == (first.first, first.last, True)
    other = Request(append_id="a", actor="test", commands=[Put(id="person/wi-sung-lac", content=facts.WI)])
    with pytest.raises(Conflict, match="was used for another request"):
        handle(database, other, now_us=3)
    assert position(database) == 1


def test_a_stale_expected_version_is_a_conflict(database: Database) -> None:
    load_world(database)
    command = Correct(id=MEETING, changes={"title": "X"}, reason="r")
    stale = Request(append_id="b", actor="editor", commands=[command], expected={MEETING: 7})
    with pytest.raises(Conflict, match="is at version 1, not 7"):
        handle(database, stale, now_us=2)


def test_a_nominee_is_no_office_holder_until_he_takes_office(database: Database) -> None:
    with pytest.raises(Several) as caught:
        seed(database, {**WORLD, "tenure/cho": facts.IN_OFFICE}, reason="r", actor="seed", now_us=1)
    (fault,) = caught.value.faults
    assert isinstance(fault, Invalid)
    assert fault.code == "NOMINEE_AS_HOLDER"
    assert position(database) == 0
    load_world(database)
    took_office = Advance(id=NOMINATION, step=facts.TOOK_OFFICE)
    handle(database, Request(append_id="c", actor="editor", commands=[took_office]), now_us=2)
    outcome = seed(database, {"tenure/cho": facts.IN_OFFICE}, reason="r", actor="seed", now_us=3)
    assert outcome is not None


def test_what_is_not_recorded_cannot_be_corrected(database: Database) -> None:
    command = Correct(id="place/atlantis", changes={"zone": "UTC"}, reason="r")
    with pytest.raises(NotFound):
        handle(database, Request(append_id="d", actor="editor", commands=[command]), now_us=1)


PARK, CHO, WI = "person/park-yoon-joo", "person/cho-hyun", "person/wi-sung-lac"


def ask(database: Database, *commands: AnyCommand) -> None:
    for command in commands:
        request = Request(append_id=f"a{position(database)}", actor="desk", commands=[command])
        handle(database, request, now_us=position(database))


@pytest.fixture
def three(database: Database) -> Database:
    """A record of three persons."""
    ask(database, Put(id=PARK, content=facts.PARK), Put(id=CHO, content=facts.CHO), Put(id=WI, content=facts.WI))
    return database


@pytest.mark.parametrize("way", [[], [Merge(id=CHO, into=WI, reason="r")]], ids=["at once", "by way of another"])
def test_records_are_not_merged_in_a_circle(three: Database, way: list[AnyCommand]) -> None:
    last = WI if way else CHO
    ask(three, Merge(id=PARK, into=CHO, reason="r"), *way)
    with pytest.raises(Refused, match=f"{PARK} was itself merged into {last}") as caught:
        ask(three, Merge(id=last, into=PARK, reason="r"))
    assert (caught.value.code, caught.value.path) == ("MERGE_IN_A_CIRCLE", ("into",))
    ask(three, Unmerge(id=PARK, reason="r"), Merge(id=last, into=PARK, reason="r"))


@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
def test_of_two_merges_into_each_other_at_once_the_later_one_is_refused(
    three: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, decided = threading.Barrier(2), set()

    def append_together(connection: Connection, batch: Append, **named: Any) -> Appended:
        """Neither writes before both have decided, each on a record in which the other merge is not there."""
        if batch.append_id not in decided:
            decided.add(batch.append_id)
            both.wait(30)
        return append(connection, batch, **named)

    monkeypatch.setattr("timeline.handle.append", append_together)

    def merge(id: str, into: str) -> str | None:
        try:
            request = Request(append_id=id, actor="desk", commands=[Merge(id=id, into=into, reason="r")])
            handle(three, request, now_us=9)
        except Refused as refused:
            return refused.code
        return None

    with ThreadPoolExecutor(2) as desks:
        assert set(desks.map(merge, (PARK, CHO), (CHO, PARK))) == {None, "MERGE_IN_A_CIRCLE"}
    assert position(three) == 4


def test_nothing_is_merged_into_what_was_withdrawn(three: Database) -> None:
    ask(three, Merge(id=CHO, into=WI, reason="r"), Retract(id=WI, reason="r"))
    for into in (WI, CHO):
        with pytest.raises(Refused, match=f"{WI} was retracted"):
            ask(three, Merge(id=PARK, into=into, reason="r"))
