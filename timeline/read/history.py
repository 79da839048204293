"""What happened to a record, event by event, and the events as the log holds them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import orjson

from timeline.events import records as events
from timeline.events.codec import decode
from timeline.events.records import AnyEvent
from timeline.log.stored import StoredEvent, commitment, is_erased
from timeline.read.documents import Document


def entries(past: Iterable[StoredEvent]) -> list[Document]:
    """The events of a record from its first one on, each with what it changed."""
    said: Document = {}
    found = []
    for stored in past:
        event = decode(stored.type, stored.schema, stored.body)
        changes = _changes(event, said)
        found.append(_entry(stored, event, changes))
        if isinstance(event, events.Recorded):
            said = msgspec.to_builtins(event.content)
        elif not isinstance(event, events.ReadingReported):
            said.update((each["field"], each["now"]) for each in changes)
    return found


def _entry(stored: StoredEvent, event: AnyEvent, changes: list[Document]) -> Document:
    return {
        "position": stored.position,
        "version": stored.version,
        "type": stored.type,
        "recorded_us": stored.recorded_us,
        "actor": stored.actor,
        "source": stored.source,
        "append_id": stored.append_id,
        "erased": isinstance(event, events.Erased),
        "reason": getattr(event, "reason", None) or getattr(event, "basis", None),
        "citation": msgspec.to_builtins(getattr(event, "citation", None)),
        "changes": changes,
    }


def raw(stored: StoredEvent) -> Document:
    """One event with its envelope; the body as plain data and as the exact text that was hashed."""
    return {
        "position": stored.position,
        "event_id": stored.event_id,
        "stream": stored.stream,
        "version": stored.version,
        "type": stored.type,
        "schema": stored.schema,
        "recorded_us": stored.recorded_us,
        "actor": stored.actor,
        "source": stored.source,
        "append_id": stored.append_id,
        "causation": stored.causation,
        "correlation": stored.correlation,
        "body": None if is_erased(stored) else orjson.loads(stored.body),
        "body_text": None if is_erased(stored) else stored.body.decode(),
        "salt": None if is_erased(stored) else stored.salt.hex(),
        "commitment": commitment(stored).hex(),
        "leaf_hash": stored.leaf_hash.hex(),
    }


def _changes(event: AnyEvent, said: Document) -> list[Document]:
    """Fields before and after, in the form the content has in JSON; the first event changes nothing."""

    def change(field: str, now: Any) -> Document:
        return {"field": field, "was": said.get(field), "now": now}

    match event:
        case events.RecordCorrected(changes=changes):
            return [change(each.field, each.now) for each in changes]
        case events.ReadingReported(field=field, value=value):
            return [{"field": field, "was": None, "now": value}]
        case events.ReadingPreferred(change=preferred):
            return [change(preferred.field, preferred.now)]
        case events.MeetingRescheduled(now=now):
            moved = [change("when", msgspec.to_builtins(now)), change("status", "SCHEDULED")]
            return [each for each in moved if each["was"] != each["now"]]
        case events.MeetingHeld(when=when):
            dated = [] if when is None else [change("when", msgspec.to_builtins(when))]
            return [change("status", "HELD"), *dated]
        case events.MeetingPostponed():
            return [change("status", "POSTPONED")]
        case events.MeetingCancelled():
            return [change("status", "CANCELLED")]
        case events.NominationAdvanced(step=step):
            return [change("steps", [*(said.get("steps") or ()), msgspec.to_builtins(step)])]
        case events.RecordsRelated(relation=relation):
            return [change("relations", [*(said.get("relations") or ()), msgspec.to_builtins(relation)])]
        case events.RecordMerged(into=into):
            return [change("merged_into", into)]
        case events.RecordUnmerged():
            return [change("merged_into", None)]
        case events.RecordDelisted(source=source):
            return [change("delisted", source)]
        case events.RecordRelisted():
            return [change("delisted", None)]
        case events.RecordsDistinguished(other=other):
            return [change("distinct_from", [*(said.get("distinct_from") or ()), other])]
        case _:
            return []
