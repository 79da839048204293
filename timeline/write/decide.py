"""What is recorded when something is asked: (command, record) to events, one function per command. Pure.

A wish that is already fulfilled records nothing. A refusal has a code, says what would be right, points at the place.
"""

from __future__ import annotations

from typing import Any, assert_never

import msgspec

from timeline.errors import Invalid, NotFound, Refused, Several
from timeline.events import records as events
from timeline.events.records import AnyEvent, FieldChange
from timeline.values import facts
from timeline.values.vocabulary import MeetingStatus
from timeline.write import commands
from timeline.write.commands import AnyCommand
from timeline.write.rules import faults, ladder_faults
from timeline.write.state import Record, patched


def decide(command: AnyCommand, record: Record) -> list[AnyEvent]:
    """The events that fulfil the command. Raises Invalid, Refused, NotFound, or Several of them."""
    if record.erased and not isinstance(command, commands.Erase):
        message = f"{record.id} was erased by order; nothing is recorded under its id again"
        raise Refused("RECORD_ERASED", message, ("id",))
    match command:
        case commands.Put():
            return put(command, record)
        case commands.Report():
            return report(command, record)
        case commands.Correct():
            return correct(command, record)
        case commands.Contest():
            return contest(command, record)
        case commands.Prefer():
            return prefer(command, record)
        case commands.Retract():
            return retract(command, record)
        case commands.Merge():
            return merge(command, record)
        case commands.Unmerge():
            return unmerge(command, record)
        case commands.Reschedule():
            return reschedule(command, record)
        case commands.Hold():
            return hold(command, record)
        case commands.Postpone():
            return postpone(command, record)
        case commands.Cancel():
            return cancel(command, record)
        case commands.Advance():
            return advance(command, record)
        case commands.Relate():
            return relate(command, record)
        case commands.Delist():
            return delist(command, record)
        case commands.Relist():
            return relist(command, record)
        case commands.Distinguish():
            return distinguish(command, record)
        case commands.Embargo():
            return embargo(command, record)
        case commands.LiftEmbargo():
            return lift_embargo(command, record)
        case commands.Erase():
            return erase(command, record)
        case _:
            assert_never(command)


def put(command: commands.Put, record: Record) -> list[AnyEvent]:
    """A new record, or the correction that makes a known one say this."""
    if record.content is None:
        return report(commands.Report(id=command.id, content=command.content), record)
    if type(record.content) is not type(command.content):
        raise Invalid("KIND_MISMATCH", f"{record.id} is recorded as another kind", ("id",))
    was, now = msgspec.to_builtins(record.content), msgspec.to_builtins(command.content)
    changes = {name: now.get(name) for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
    if not changes:
        return []
    if command.reason is None:
        message = (
            f"{record.id} is recorded with other content ({', '.join(sorted(changes))}); give a reason to correct it"
        )
        raise Refused("REASON_MISSING", message, ("reason",))
    return correct(
        commands.Correct(id=command.id, changes=changes, reason=command.reason, citation=command.citation), record
    )


def report(command: commands.Report, record: Record) -> list[AnyEvent]:
    """The same content again records nothing; other content under a known id is refused."""
    if record.content == command.content:
        return []
    if record.content is not None:
        raise Refused("ID_TAKEN", f"{record.id} is recorded already with other content; correct it instead", ("id",))
    _check(command.content)
    return [events.FIRST_EVENT[type(command.content)](content=command.content)]


def correct(command: commands.Correct, record: Record) -> list[AnyEvent]:
    """Only fields that really change are recorded, each as it was and as it is now."""
    content = _alive(record)
    before, after = msgspec.to_builtins(content), _as_changed(record, content, command.changes)
    changes = [
        FieldChange(field=name, was=before.get(name), now=after.get(name))
        for name in content.__struct_fields__
        if before.get(name) != after.get(name)
    ]
    if not changes:
        return []
    return [events.RecordCorrected(changes=changes, reason=command.reason, citation=command.citation)]


def contest(command: commands.Contest, record: Record) -> list[AnyEvent]:
    """A reading that is shown or kept already records nothing."""
    content = _alive(record)
    value = _as_changed(record, content, {command.field: command.value}).get(command.field)
    if value == msgspec.to_builtins(content).get(command.field) or value in record.readings.get(command.field, ()):
        return []
    return [events.ReadingReported(field=command.field, value=value, citation=command.citation)]


def prefer(command: commands.Prefer, record: Record) -> list[AnyEvent]:
    """Only what a source says can be preferred; anything else is a correction."""
    content = _alive(record)
    value = _as_changed(record, content, {command.field: command.value}).get(command.field)
    shown = msgspec.to_builtins(content).get(command.field)
    if value == shown:
        return []
    if value not in record.readings.get(command.field, ()):
        message = f"no source is recorded that gives this value for {command.field}; contest the field with it first"
        raise Refused("READING_UNKNOWN", message, ("value",))
    return [
        events.ReadingPreferred(change=FieldChange(field=command.field, was=shown, now=value), reason=command.reason)
    ]


def retract(command: commands.Retract, record: Record) -> list[AnyEvent]:
    """A record is withdrawn once."""
    if record.content is not None and record.retracted:
        return []
    _alive(record)
    return [events.RecordRetracted(reason=command.reason, citation=command.citation)]


def merge(command: commands.Merge, record: Record) -> list[AnyEvent]:
    """Two records of one kind become one; this id goes on resolving, to the survivor."""
    if record.merged_into == command.into:
        return []
    _alive(record)
    if command.into == record.id:
        raise Invalid("MERGE_WITH_ITSELF", f"{record.id} cannot be merged into itself", ("into",))
    if command.into.partition("/")[0] != record.id.partition("/")[0]:
        raise Invalid("KIND_MISMATCH", f"{record.id} and {command.into} are of different kinds", ("into",))
    if record.id.startswith("speaker/"):
        message = "an anonymous speaker belongs to one source and is never merged"
        raise Refused("SPEAKER_SCOPED", message, ("id",))
    return [events.RecordMerged(into=command.into, reason=command.reason)]


def unmerge(command: commands.Unmerge, record: Record) -> list[AnyEvent]:
    """A record that is not merged stays as it is."""
    if record.content is None:
        raise NotFound("RECORD_UNKNOWN", f"nothing is recorded under {record.id}", ("id",))
    return [events.RecordUnmerged(reason=command.reason)] if record.merged_into else []


def reschedule(command: commands.Reschedule, record: Record) -> list[AnyEvent]:
    """Nothing is recorded when the meeting already has these dates."""
    meeting = _meeting(record)
    if meeting.status is MeetingStatus.CANCELLED:
        raise Refused("MEETING_CANCELLED", "a cancelled meeting cannot be moved; report it anew", ("id",))
    if meeting.status is MeetingStatus.HELD:
        raise Refused("MEETING_HELD", "a meeting that was held cannot be moved; correct its date instead", ("id",))
    if command.to == meeting.when and meeting.status is MeetingStatus.SCHEDULED:
        return []
    _check(msgspec.structs.replace(meeting, when=command.to))
    return [
        events.MeetingRescheduled(was=meeting.when, now=command.to, reason=command.reason, citation=command.citation)
    ]


def hold(command: commands.Hold, record: Record) -> list[AnyEvent]:
    """A scheduled meeting took place."""
    meeting = _meeting(record)
    if meeting.status is MeetingStatus.HELD and command.when in (None, meeting.when):
        return []
    if meeting.status is MeetingStatus.HELD:
        raise Refused("MEETING_HELD", "the meeting is recorded as held; correct its date instead", ("when",))
    if meeting.status is MeetingStatus.CANCELLED:
        raise Refused("MEETING_CANCELLED", "a cancelled meeting cannot be held; correct the record instead", ("id",))
    _check(msgspec.structs.replace(meeting, when=command.when or meeting.when))
    return [events.MeetingHeld(when=command.when, citation=command.citation)]


def postpone(command: commands.Postpone, record: Record) -> list[AnyEvent]:
    """Only what is scheduled can be put off."""
    meeting = _meeting(record)
    if meeting.status is MeetingStatus.POSTPONED:
        return []
    _scheduled(meeting)
    return [events.MeetingPostponed(reason=command.reason, citation=command.citation)]


def cancel(command: commands.Cancel, record: Record) -> list[AnyEvent]:
    """Only what is scheduled or postponed can be called off."""
    meeting = _meeting(record)
    if meeting.status is MeetingStatus.CANCELLED:
        return []
    if meeting.status is not MeetingStatus.POSTPONED:
        _scheduled(meeting)
    return [events.MeetingCancelled(reason=command.reason, citation=command.citation)]


def advance(command: commands.Advance, record: Record) -> list[AnyEvent]:
    """Steps may be skipped, never contradicted."""
    nomination = _alive(record)
    if not isinstance(nomination, facts.Nomination):
        raise Invalid("KIND_MISMATCH", f"{record.id} is no nomination", ("id",))
    if command.step in nomination.steps:
        return []
    contradiction = ladder_faults([*nomination.steps, command.step])
    if contradiction:
        raise Refused(contradiction[-1].code, contradiction[-1].message, ("step",))
    _check(msgspec.structs.replace(nomination, steps=[*nomination.steps, command.step]))
    return [events.NominationAdvanced(step=command.step)]


def relate(command: commands.Relate, record: Record) -> list[AnyEvent]:
    """A relation is recorded once."""
    content = _alive(record)
    if not hasattr(content, "relations"):
        raise Invalid("KIND_MISMATCH", f"{record.id} is nothing that happened and has no relations", ("id",))
    if command.relation.target == record.id:
        raise Invalid("RELATED_TO_ITSELF", f"{record.id} cannot be related to itself", ("relation", "target"))
    if command.relation in content.relations:
        return []
    return [events.RecordsRelated(relation=command.relation)]


def delist(command: commands.Delist, record: Record) -> list[AnyEvent]:
    """What a source dropped is marked once; what was merged or retracted, too, is left as it is."""
    if record.content is None:
        raise NotFound("RECORD_UNKNOWN", f"nothing is recorded under {record.id}", ("id",))
    return [] if record.delisted else [events.RecordDelisted(source=command.source)]


def relist(command: commands.Relist, record: Record) -> list[AnyEvent]:
    """Only what was dropped can be listed again."""
    if record.content is None:
        raise NotFound("RECORD_UNKNOWN", f"nothing is recorded under {record.id}", ("id",))
    return [events.RecordRelisted(source=command.source)] if record.delisted else []


def distinguish(command: commands.Distinguish, record: Record) -> list[AnyEvent]:
    """Two records of one kind that are not merged are told apart once."""
    _alive(record)
    if command.other == record.id:
        raise Invalid("MERGE_WITH_ITSELF", f"{record.id} cannot be told apart from itself", ("other",))
    if command.other.partition("/")[0] != record.id.partition("/")[0]:
        raise Invalid("KIND_MISMATCH", f"{record.id} and {command.other} are of different kinds", ("other",))
    if command.other in record.distinct_from:
        return []
    return [events.RecordsDistinguished(other=command.other, reason=command.reason)]


def embargo(command: commands.Embargo, record: Record) -> list[AnyEvent]:
    """What was retracted or merged, too, can be put under embargo: it is still read by its id and in the log."""
    if record.content is None:
        raise NotFound("RECORD_UNKNOWN", f"nothing is recorded under {record.id}", ("id",))
    if record.embargo == (command.role, command.until_us):
        return []
    return [events.RecordEmbargoed(role=command.role, until_us=command.until_us, reason=command.reason)]


def lift_embargo(command: commands.LiftEmbargo, record: Record) -> list[AnyEvent]:
    """A record without an embargo stays as it is."""
    if record.content is None:
        raise NotFound("RECORD_UNKNOWN", f"nothing is recorded under {record.id}", ("id",))
    return [events.EmbargoLifted(reason=command.reason)] if record.embargo else []


def erase(command: commands.Erase, record: Record) -> list[AnyEvent]:
    """What is erased already is not erased again. `positions` are those that are left to be erased."""
    for name in ("basis", "order"):
        if not getattr(command, name).strip():
            raise Invalid("FIELD_INVALID", f"an erasure states its {name}", (name,))
    if not command.positions:
        return []
    return [events.RecordErased(positions=command.positions, basis=command.basis, order=command.order)]


def _alive(record: Record) -> facts.Content:
    if record.content is None:
        raise NotFound("RECORD_UNKNOWN", f"nothing is recorded under {record.id}", ("id",))
    if record.retracted:
        raise Refused("RECORD_RETRACTED", f"{record.id} was retracted; record it anew under another id", ("id",))
    if record.merged_into:
        raise Refused("RECORD_MERGED", f"{record.id} was merged into {record.merged_into}; change that one", ("id",))
    return record.content


def _meeting(record: Record) -> facts.Meeting:
    content = _alive(record)
    if not isinstance(content, facts.Meeting):
        raise Invalid("KIND_MISMATCH", f"{record.id} is no meeting", ("id",))
    return content


def _scheduled(meeting: facts.Meeting) -> None:
    if meeting.status is not MeetingStatus.SCHEDULED:
        message = f"only a scheduled meeting can be put off or called off; this one is {meeting.status.lower()}"
        raise Refused("MEETING_NOT_SCHEDULED", message, ("id",))


def _as_changed(record: Record, content: facts.Content, changes: dict[str, Any]) -> dict[str, Any]:
    """The changed content in JSON form. Raises `Invalid` for an unknown field or a wrong form, or the rules' faults."""
    unknown = sorted(changes.keys() - set(content.__struct_fields__))
    if unknown:
        known = ", ".join(content.__struct_fields__)
        raise Invalid(
            "FIELD_UNKNOWN", f"{record.id} has no field {unknown[0]!r}; it has {known}", ("changes", unknown[0])
        )
    now = _convertible(content, changes)
    _check(now)
    plain: dict[str, Any] = msgspec.to_builtins(now)
    return plain


def _convertible(content: facts.Content, changes: dict[str, Any]) -> facts.Content:
    try:
        return patched(content, changes)
    except msgspec.ValidationError as fault:
        raise Invalid("FIELD_INVALID", f"the changed content has not the right form: {fault}", ("changes",)) from fault


def _check(content: facts.Content) -> None:
    found = faults(content)
    if found:
        raise Several(found)
