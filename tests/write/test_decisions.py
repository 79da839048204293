"""What may be recorded next, one law a test."""

from __future__ import annotations

import msgspec
import pytest

from tests import facts
from tests.given import given
from timeline.events import records as events
from timeline.values.facts import Meeting, Nomination, Organization, Participation, Statement, When
from timeline.values.vocabulary import Attribution, Classification
from timeline.write import commands as ask
from timeline.write.rules import is_pending, nominee_faults

ID = "meeting/kuala-lumpur-trilateral"
NOMINATION = "nomination/cho-hyun-foreign-minister"
REPORTED = events.MeetingReported(content=facts.TRILATERAL)
ANNOUNCED = events.MeetingReported(content=facts.ANNOUNCED)
CALLED_OFF = events.MeetingCancelled(reason="a storm")
NOMINATED = events.NominationReported(content=facts.NOMINATED)


def changed(content: Meeting, **fields: object) -> Meeting:
    return msgspec.structs.replace(content, **fields)


def test_a_new_record_is_reported() -> None:
    given(ID).when(ask.Put(id=ID, content=facts.TRILATERAL)).records(REPORTED)


def test_other_content_under_a_known_id_is_a_correction_of_just_the_fields_that_differ() -> None:
    renamed = changed(facts.TRILATERAL, title="Trilateral talks")
    change = events.FieldChange(field="title", was=facts.TRILATERAL.title, now="Trilateral talks")
    given(ID, REPORTED).when(ask.Put(id=ID, content=renamed, reason="the wording")).records(
        events.RecordCorrected(changes=[change], reason="the wording")
    )


def test_a_correction_without_a_reason_is_refused() -> None:
    given(ID, REPORTED).when(ask.Put(id=ID, content=changed(facts.TRILATERAL, title="X"))).is_refused("REASON_MISSING")


def test_a_report_never_overwrites() -> None:
    given(ID, REPORTED).when(ask.Report(id=ID, content=facts.ANNOUNCED)).is_refused("ID_TAKEN", "id")


def test_a_field_is_made_not_stated_by_correcting_it_to_none() -> None:
    change = events.FieldChange(field="place", was="place/kuala-lumpur", now=None)
    given(ID, REPORTED).when(ask.Correct(id=ID, changes={"place": None}, reason="not said")).records(
        events.RecordCorrected(changes=[change], reason="not said")
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"city": "Seoul"}, "FIELD_UNKNOWN"), ({"title": None}, "FIELD_INVALID"), ({"level": "KING"}, "FIELD_INVALID")],
    ids=["unknown_field", "needed_field_removed", "no_such_level"],
)
def test_a_correction_must_leave_a_whole_record(changes: dict[str, object], code: str) -> None:
    given(ID, REPORTED).when(ask.Correct(id=ID, changes=changes, reason="r")).is_refused(code)


def test_a_correction_to_an_impossible_date_is_refused_at_the_date() -> None:
    command = ask.Correct(id=ID, changes={"when": {"edtf": "2025-02-29"}}, reason="r")
    given(ID, REPORTED).when(command).is_refused("EDTF_INVALID", "when", "edtf")


def test_an_announced_meeting_moves_and_keeps_the_dates_it_had() -> None:
    given(ID, ANNOUNCED).when(ask.Reschedule(id=ID, to=facts.SATURDAY)).records(
        events.MeetingRescheduled(was=facts.FRIDAY, now=facts.SATURDAY)
    )


def test_a_cancelled_meeting_cannot_be_moved() -> None:
    given(ID, ANNOUNCED, CALLED_OFF).when(ask.Reschedule(id=ID, to=facts.SATURDAY)).is_refused("MEETING_CANCELLED")


def test_a_meeting_that_was_held_cannot_be_called_off() -> None:
    given(ID, REPORTED).when(ask.Cancel(id=ID)).is_refused("MEETING_NOT_SCHEDULED")


def test_an_announced_meeting_is_held_postponed_or_cancelled() -> None:
    given(ID, ANNOUNCED).when(ask.Hold(id=ID)).records(events.MeetingHeld())
    given(ID, ANNOUNCED).when(ask.Postpone(id=ID, reason="rain")).records(events.MeetingPostponed(reason="rain"))
    given(ID, ANNOUNCED).when(ask.Cancel(id=ID, reason="rain")).records(events.MeetingCancelled(reason="rain"))


def test_steps_of_a_nomination_may_be_skipped() -> None:
    given(NOMINATION, NOMINATED).when(ask.Advance(id=NOMINATION, step=facts.CONFIRMED)).records(
        events.NominationAdvanced(step=facts.CONFIRMED)
    )


def test_confirmed_after_withdrawn_needs_a_new_nomination() -> None:
    withdrawn = events.NominationAdvanced(step=facts.WITHDRAWN)
    command = ask.Advance(id=NOMINATION, step=facts.CONFIRMED)
    given(NOMINATION, NOMINATED, withdrawn).when(command).is_refused("NOMINATION_ENDED", "step")


def test_a_record_is_retracted_once_and_changes_no_more() -> None:
    given(ID, REPORTED).when(ask.Retract(id=ID, reason="a hoax")).records(events.RecordRetracted(reason="a hoax"))
    gone = events.RecordRetracted(reason="a hoax")
    given(ID, REPORTED, gone).when(ask.Correct(id=ID, changes={"title": "X"}, reason="r")).is_refused(
        "RECORD_RETRACTED"
    )


def test_a_merge_is_undone_by_an_unmerge() -> None:
    merge = ask.Merge(id=ID, into="meeting/other", reason="the same")
    merged = events.RecordMerged(into="meeting/other", reason="the same")
    given(ID, REPORTED).when(merge).records(merged)
    given(ID, REPORTED, merged).when(ask.Unmerge(id=ID, reason="not the same")).records(
        events.RecordUnmerged(reason="not the same")
    )


@pytest.mark.parametrize(
    ("into", "code"), [(ID, "MERGE_WITH_ITSELF"), ("person/cho-hyun", "KIND_MISMATCH")], ids=["itself", "other_kind"]
)
def test_only_two_records_of_one_kind_can_be_merged(into: str, code: str) -> None:
    given(ID, REPORTED).when(ask.Merge(id=ID, into=into, reason="r")).is_refused(code, "into")


def test_anonymous_speakers_are_never_merged() -> None:
    registered = events.SpeakerRegistered(content=facts.OFFICIAL_A)
    command = ask.Merge(id="speaker/official-a", into="speaker/official-b", reason="r")
    given("speaker/official-a", registered).when(command).is_refused("SPEAKER_SCOPED")


def test_relations_are_recorded_once() -> None:
    given(ID, REPORTED).when(ask.Relate(id=ID, relation=facts.ON_SIDELINES)).records(
        events.RecordsRelated(relation=facts.ON_SIDELINES)
    )


def test_nothing_can_be_done_to_what_is_not_recorded() -> None:
    given(ID).when(ask.Retract(id=ID, reason="r")).is_refused("RECORD_UNKNOWN", "id")


def test_whom_a_stand_in_replaces_is_no_participant() -> None:
    both = [*facts.TRILATERAL.parties, Participation(party="KR", person="person/cho-hyun")]
    command = ask.Put(id=ID, content=changed(facts.TRILATERAL, parties=both))
    given(ID).when(command).is_refused("STAND_IN_FOR_PARTICIPANT", "parties", 0, "in_place_of", "person")


def test_all_faults_are_told_at_once() -> None:
    wrong = changed(facts.TRILATERAL, when=When(edtf="2025-13"), parties=[Participation(party="XX")])
    given(ID).when(ask.Put(id=ID, content=wrong)).is_refused("EDTF_INVALID", "when", "edtf")
    given(ID).when(ask.Put(id=ID, content=wrong)).is_refused("COUNTRY_UNKNOWN", "parties", 0, "party")


def test_a_statement_needs_a_voice() -> None:
    silent = Statement(title="t", attribution=Attribution.ON_RECORD, voices=[])
    given("statement/s").when(ask.Put(id="statement/s", content=silent)).is_refused("VOICE_MISSING", "voices")


def test_an_international_organization_belongs_to_no_party() -> None:
    wrong = Organization(names=facts.NATO.names, classification=Classification.INTERNATIONAL, party="BE")
    command = ask.Put(id="organization/nato", content=wrong)
    given("organization/nato").when(command).is_refused("PARTY_OF_INTERNATIONAL", "party")


def test_a_nominee_does_not_hold_the_post_until_he_takes_office() -> None:
    pending = {("person/cho-hyun", "post/kr-foreign-minister"): NOMINATION}
    assert [fault.code for fault in nominee_faults(facts.IN_OFFICE, pending)] == ["NOMINEE_AS_HOLDER"]
    assert nominee_faults(facts.IN_OFFICE, {}) == []
    assert is_pending(facts.NOMINATED)
    in_office = Nomination(nominee="person/x", post="post/y", steps=[facts.CONFIRMED, facts.TOOK_OFFICE])
    assert not is_pending(in_office)
