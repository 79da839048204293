"""The stored language: every event of the log. Shapes here are for ever; a change of one needs an upcaster.

An event is past tense and true on its own. It says nothing of its stream, time, actor or append: the log's envelope
holds those.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from timeline.values import facts
from timeline.values.facts import Citation, Relation, Step, When
from timeline.values.roles import Role


class Event(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that was recorded."""


class Recorded(Event, frozen=True):
    """A record entered the log for the first time. Subclasses fix what kind of content it has."""


class MeetingReported(Recorded, frozen=True):
    """A source reports, or announces, a meeting."""

    content: facts.Meeting


class StatementReported(Recorded, frozen=True):
    """A source gives a statement."""

    content: facts.Statement


class NominationReported(Recorded, frozen=True):
    """A source names a nominee for a post."""

    content: facts.Nomination


class MilestoneReported(Recorded, frozen=True):
    """A source tells of something that dates are counted from."""

    content: facts.Milestone


class PersonRegistered(Recorded, frozen=True):
    """A person was entered."""

    content: facts.Person


class OrganizationRegistered(Recorded, frozen=True):
    """An organization was entered."""

    content: facts.Organization


class StateRegistered(Recorded, frozen=True):
    """A former state was entered."""

    content: facts.State


class PlaceRegistered(Recorded, frozen=True):
    """A place was entered."""

    content: facts.Place


class PostRegistered(Recorded, frozen=True):
    """A post was entered."""

    content: facts.Post


class TenureReported(Recorded, frozen=True):
    """A source says who holds a post."""

    content: facts.Tenure


class SourceRegistered(Recorded, frozen=True):
    """A source was entered."""

    content: facts.Source


class SpeakerRegistered(Recorded, frozen=True):
    """An anonymous speaker of one source was entered."""

    content: facts.Speaker


class MeetingRescheduled(Event, frozen=True):
    """A source says the meeting moved. The dates it had before stay readable in the log."""

    was: When | None
    now: When
    reason: str | None = None
    citation: Citation | None = None


class MeetingHeld(Event, frozen=True):
    """A source says the scheduled meeting took place, perhaps on a date now known better."""

    when: When | None = None
    citation: Citation | None = None


class MeetingPostponed(Event, frozen=True):
    """A source says the meeting will not take place as scheduled; no new date is known."""

    reason: str | None = None
    citation: Citation | None = None


class MeetingCancelled(Event, frozen=True):
    """A source says the meeting will not take place."""

    reason: str | None = None
    citation: Citation | None = None


class NominationAdvanced(Event, frozen=True):
    """A source reports a step of the nomination."""

    step: Step


class RecordsRelated(Event, frozen=True):
    """A source relates this record to another."""

    relation: Relation


class FieldChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field before and after, in the form the content has in JSON; None means not stated."""

    field: str
    was: Any
    now: Any


class RecordCorrected(Event, frozen=True):
    """What we had recorded was wrong or incomplete; the fields say what it was and what it is now."""

    changes: list[FieldChange]
    reason: str
    citation: Citation | None = None


class ReadingReported(Event, frozen=True):
    """Another source gives another value for a field. What the record shows stays; both are kept."""

    field: str
    value: Any
    citation: Citation


class ReadingPreferred(Event, frozen=True):
    """Of the values that sources give for a field, another one is shown from now on."""

    change: FieldChange
    reason: str


class RecordRetracted(Event, frozen=True):
    """A record of ours is withdrawn. A speaker who takes a statement back is another statement."""

    reason: str
    citation: Citation | None = None


class RecordMerged(Event, frozen=True):
    """This record and another turned out to be the same; this id resolves to the other from now on."""

    into: str
    reason: str


class RecordUnmerged(Event, frozen=True):
    """The merge was wrong; this record stands on its own again."""

    reason: str


class RecordDelisted(Event, frozen=True):
    """A later release of the source that gave this record no longer lists it. The record stays."""

    source: facts.SourceId


class RecordRelisted(Event, frozen=True):
    """A release of the source lists the record again."""

    source: facts.SourceId


class RecordsDistinguished(Event, frozen=True):
    """Somebody looked and found: this record and the other are not the same, however alike."""

    other: str
    reason: str


class RecordEmbargoed(Event, frozen=True):
    """The record is to be seen only by this role and those above until a moment, in microseconds since 1970 UTC."""

    role: Role
    until_us: int
    reason: str


class EmbargoLifted(Event, frozen=True):
    """The record may be seen by all again, before its embargo would have ended."""

    reason: str


class RecordErased(Event, frozen=True):
    """By order of somebody who may, what these events of the record said is erased; that they are there stays.

    It names the legal basis and who ordered it, and nothing of the content. The log itself carries it out.
    """

    positions: list[int]
    basis: facts.Text
    order: facts.Text


class Erasure(Struct, frozen=True, kw_only=True):
    """When, on what legal basis and by whose order something was erased."""

    position: int
    recorded_us: int
    basis: str
    order: str


class Erased(Event, frozen=True):
    """What is left of an event whose body was erased. It is never stored.

    `erasure` is None as long as the log was read no further than here.
    """

    erasure: Erasure | None = None


StoredEventType = (
    MeetingReported
    | StatementReported
    | NominationReported
    | MilestoneReported
    | PersonRegistered
    | OrganizationRegistered
    | StateRegistered
    | PlaceRegistered
    | PostRegistered
    | TenureReported
    | SourceRegistered
    | SpeakerRegistered
    | MeetingRescheduled
    | MeetingHeld
    | MeetingPostponed
    | MeetingCancelled
    | NominationAdvanced
    | RecordsRelated
    | RecordCorrected
    | ReadingReported
    | ReadingPreferred
    | RecordRetracted
    | RecordMerged
    | RecordUnmerged
    | RecordDelisted
    | RecordRelisted
    | RecordsDistinguished
    | RecordEmbargoed
    | EmbargoLifted
    | RecordErased
)
AnyEvent = StoredEventType | Erased
"""What a fold may meet."""

EVENTS: dict[str, type[StoredEventType]] = {event.__name__: event for event in StoredEventType.__args__}

FIRST_EVENT: dict[type[facts.Content], Any] = {
    facts.Meeting: MeetingReported,
    facts.Statement: StatementReported,
    facts.Nomination: NominationReported,
    facts.Milestone: MilestoneReported,
    facts.Person: PersonRegistered,
    facts.Organization: OrganizationRegistered,
    facts.State: StateRegistered,
    facts.Place: PlaceRegistered,
    facts.Post: PostRegistered,
    facts.Tenure: TenureReported,
    facts.Source: SourceRegistered,
    facts.Speaker: SpeakerRegistered,
}
"""With which event a record of each kind enters the log."""
