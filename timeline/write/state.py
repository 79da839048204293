"""What a record is after its events: the fold on which every decision stands. Folding never refuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

import msgspec

from timeline.events import records as events
from timeline.events.records import AnyEvent
from timeline.values import facts
from timeline.values.roles import Role


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A record as its events left it. `content` is None as long as nothing was recorded under this id."""

    id: str
    version: int = 0
    content: facts.Content | None = None
    retracted: bool = False
    merged_into: str | None = None
    delisted: bool = False
    erased: bool = False
    """Whether what entered it into the log was erased: then it has no content, and nothing more happens to it."""
    distinct_from: list[str] = []
    embargo: tuple[Role, int] | None = None
    """Who may see the record, and until when nobody else may."""
    readings: dict[str, list[Any]] = {}
    """Per field the values that sources give, in JSON form; one of them may be what the record shows."""


def patched(content: facts.Content, changes: dict[str, Any]) -> facts.Content:
    """The content with some fields set, in JSON form; a None leaves the field out. Raises msgspec.ValidationError."""
    plain = msgspec.to_builtins(content) | changes
    return msgspec.convert({name: value for name, value in plain.items() if value is not None}, type(content))


def evolve(record: Record, event: AnyEvent) -> Record:
    """The record after one more event."""
    record = msgspec.structs.replace(record, version=record.version + 1)
    match event:
        case events.Recorded():
            return msgspec.structs.replace(record, content=event.content)
        case events.RecordCorrected(changes=changes):
            return _with(record, {change.field: change.now for change in changes})
        case events.MeetingRescheduled(now=now):
            return _with(record, {"when": msgspec.to_builtins(now), "status": "SCHEDULED"})
        case events.MeetingHeld(when=when):
            return _with(record, {"status": "HELD"} | ({"when": msgspec.to_builtins(when)} if when else {}))
        case events.MeetingPostponed():
            return _with(record, {"status": "POSTPONED"})
        case events.MeetingCancelled():
            return _with(record, {"status": "CANCELLED"})
        case events.NominationAdvanced(step=step):
            return _appended(record, "steps", step)
        case events.RecordsRelated(relation=relation):
            return _appended(record, "relations", relation)
        case events.ReadingReported(field=field, value=value):
            return _read(record, field, [*record.readings.get(field, ()), value])
        case events.ReadingPreferred(change=change):
            others = [value for value in record.readings.get(change.field, ()) if value != change.was]
            return _with(_read(record, change.field, [*others, change.was]), {change.field: change.now})
        case events.RecordRetracted():
            return msgspec.structs.replace(record, retracted=True)
        case events.RecordMerged(into=into):
            return msgspec.structs.replace(record, merged_into=into)
        case events.RecordUnmerged():
            return msgspec.structs.replace(record, merged_into=None)
        case events.RecordDelisted():
            return msgspec.structs.replace(record, delisted=True)
        case events.RecordRelisted():
            return msgspec.structs.replace(record, delisted=False)
        case events.RecordsDistinguished(other=other):
            return msgspec.structs.replace(record, distinct_from=[*record.distinct_from, other])
        case events.RecordEmbargoed(role=role, until_us=until_us):
            return msgspec.structs.replace(record, embargo=(role, until_us))
        case events.EmbargoLifted():
            return msgspec.structs.replace(record, embargo=None)
        case events.Erased():
            # Of an erased change nothing is known, so the record stays as it was before.
            return msgspec.structs.replace(record, erased=record.erased or record.content is None)
        case events.RecordErased():
            return record
        case _:
            assert_never(event)


def fold(id: str, past: Iterable[AnyEvent]) -> Record:
    """The record after all its events, oldest first."""
    record = Record(id=id)
    for event in past:
        record = evolve(record, event)
    return record


def _read(record: Record, field: str, values: list[Any]) -> Record:
    return msgspec.structs.replace(record, readings={**record.readings, field: values})


def _with(record: Record, changes: dict[str, Any]) -> Record:
    assert record.content is not None, "a record is reported before it changes"
    return msgspec.structs.replace(record, content=patched(record.content, changes))


def _appended(record: Record, name: str, item: Any) -> Record:
    return _with(record, {name: [*msgspec.to_builtins(getattr(record.content, name)), msgspec.to_builtins(item)]})
