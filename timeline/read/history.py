"""What happened to a record, event by event, and the events as the log holds them."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from timeline.events import records as events
from timeline.events.codec import decode
from timeline.log.stored import StoredEvent
from timeline.read.documents import Document


def entry(stored: StoredEvent) -> Document:
    """One event of a record, with what it changed."""
    event = decode(stored.type, stored.schema, stored.body)
    return {
        "position": stored.position,
        "version": stored.version,
        "type": stored.type,
        "recorded_us": stored.recorded_us,
        "actor": stored.actor,
        "source": stored.source,
        "append_id": stored.append_id,
        "reason": getattr(event, "reason", None),
        "citation": msgspec.to_builtins(getattr(event, "citation", None)),
        "changes": _changes(event),
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
        "body": orjson.loads(stored.body),
        "body_text": stored.body.decode(),
        "salt": stored.salt.hex(),
        "leaf_hash": stored.leaf_hash.hex(),
    }


def _changes(event: Any) -> list[Document]:
    """Fields before and after, in the form the content has in JSON; the first event changes nothing."""
    match event:
        case events.RecordCorrected(changes=changes):
            return [{"field": each.field, "was": each.was, "now": each.now} for each in changes]
        case events.ReadingReported(field=field, value=value):
            return [_change(field, None, value)]
        case events.ReadingPreferred(change=change):
            return [_change(change.field, change.was, change.now)]
        case events.MeetingRescheduled(was=was, now=now):
            return [_change("when", msgspec.to_builtins(was), msgspec.to_builtins(now))]
        case events.MeetingHeld(when=when):
            dated = [] if when is None else [_change("when", None, msgspec.to_builtins(when))]
            return [_change("status", None, "HELD"), *dated]
        case events.MeetingPostponed():
            return [_change("status", None, "POSTPONED")]
        case events.MeetingCancelled():
            return [_change("status", None, "CANCELLED")]
        case events.NominationAdvanced(step=step):
            return [_change("steps", None, msgspec.to_builtins(step))]
        case events.RecordsRelated(relation=relation):
            return [_change("relations", None, msgspec.to_builtins(relation))]
        case events.RecordMerged(into=into):
            return [_change("merged_into", None, into)]
        case events.RecordDelisted(source=source):
            return [_change("delisted", None, source)]
        case events.RecordRelisted(source=source):
            return [_change("delisted", source, None)]
        case events.RecordsDistinguished(other=other):
            return [_change("distinct_from", None, other)]
        case _:
            return []


def _change(field: str, was: Any, now: Any) -> Document:
    return {"field": field, "was": was, "now": now}
