"""What may be asked of the record: one command per wish, plain values, no clock and no new ids inside."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from timeline.values.facts import Citation, Content, Relation, Step, Text, When
from timeline.values.roles import Role


class Command(Struct, frozen=True, kw_only=True):
    """A wish about one record."""

    id: str


class Put(Command, frozen=True):
    """This record should say this: a new id is recorded, a known one is corrected to it."""

    content: Content
    reason: str | None = None
    citation: Citation | None = None


class Report(Command, frozen=True):
    """A record that must be new."""

    content: Content


class Correct(Command, frozen=True):
    """Set fields of the content, in the form they have in JSON; None makes a field not stated."""

    changes: dict[str, Any]
    reason: str
    citation: Citation | None = None


class Contest(Command, frozen=True):
    """Another source gives this value for a field, in the form it has in JSON; None means 'not so'."""

    field: str
    value: Any
    citation: Citation


class Prefer(Command, frozen=True):
    """Show this one of the values that sources give for a field."""

    field: str
    value: Any
    reason: str


class Retract(Command, frozen=True):
    """Withdraw a record of ours."""

    reason: str
    citation: Citation | None = None


class Merge(Command, frozen=True):
    """This record is the same as `into`, which survives."""

    into: str
    reason: str


class Unmerge(Command, frozen=True):
    """The merge was wrong."""

    reason: str


class Reschedule(Command, frozen=True):
    """A meeting moves to another date."""

    to: When
    reason: str | None = None
    citation: Citation | None = None


class Hold(Command, frozen=True):
    """A scheduled meeting took place."""

    when: When | None = None
    citation: Citation | None = None


class Postpone(Command, frozen=True):
    """A scheduled meeting is put off, with no new date."""

    reason: str | None = None
    citation: Citation | None = None


class Cancel(Command, frozen=True):
    """A scheduled meeting is called off."""

    reason: str | None = None
    citation: Citation | None = None


class Advance(Command, frozen=True):
    """A nomination takes, or is to take, a step."""

    step: Step


class Relate(Command, frozen=True):
    """One record stands to another in this way."""

    relation: Relation


class Delist(Command, frozen=True):
    """A later release of the record's source no longer lists it."""

    source: str


class Relist(Command, frozen=True):
    """A release of the record's source lists it again."""

    source: str


class Distinguish(Command, frozen=True):
    """This record and another are not the same."""

    other: str
    reason: str


class Embargo(Command, frozen=True):
    """Only this role and those above are to see the record until a moment, in microseconds since 1970 UTC."""

    role: Role
    until_us: int
    reason: str


class LiftEmbargo(Command, frozen=True):
    """All may see the record again."""

    reason: str


class Erase(Command, frozen=True):
    """By order, erase what the record's events at these positions said; all of them when none are named."""

    basis: Text
    order: Text
    positions: list[int] = []


AnyCommand = (
    Put
    | Report
    | Correct
    | Contest
    | Prefer
    | Retract
    | Merge
    | Unmerge
    | Reschedule
    | Hold
    | Postpone
    | Cancel
    | Advance
    | Relate
    | Delist
    | Relist
    | Distinguish
    | Embargo
    | LiftEmbargo
    | Erase
)
