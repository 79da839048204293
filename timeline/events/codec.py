"""Events to canonical bytes and back.

The bytes are RFC 8785 canonical JSON: keys sorted, no white space, shortest escapes. Bodies hold no floating point
numbers and only ASCII keys, so orjson's sorted output is that form; a test compares it with a reference encoder.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import orjson

from timeline.errors import Damaged
from timeline.events.records import EVENTS, AnyEvent, Erased
from timeline.events.upcast import UPCASTERS, upcast

SCHEMA = 1
"""The version in which all event shapes are written now."""


def canonical(value: Any) -> bytes:
    """Canonical JSON bytes of plain data."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def encode(event: AnyEvent) -> bytes:
    """The bytes that are hashed and stored. Asserts that they read back equal: what cannot be read is never stored."""
    body = canonical(msgspec.to_builtins(event))
    assert decode(type(event).__name__, SCHEMA, body) == event, "an event must read back equal to what was recorded"
    return body


def decode(type_name: str, schema: int, body: bytes) -> AnyEvent:
    """The event that these bytes hold, brought to today's shape; `Damaged` when they hold none.

    No bytes at all are what an erasure leaves behind.
    """
    if type_name not in EVENTS:
        raise Damaged("EVENT_UNKNOWN", f"the log holds an event of unknown type {type_name!r}; upgrade this software")
    if not body:
        return Erased()
    try:
        if (type_name, schema) in UPCASTERS:
            return msgspec.convert(upcast(type_name, schema, orjson.loads(body)), EVENTS[type_name])
        return _decoder(type_name).decode(body)
    except (orjson.JSONDecodeError, msgspec.DecodeError, msgspec.ValidationError) as fault:
        raise Damaged("EVENT_UNREADABLE", f"an event of type {type_name} cannot be read: {fault}") from fault


@cache
def _decoder(type_name: str) -> msgspec.json.Decoder[AnyEvent]:
    """Kept, because making one costs more than reading an event."""
    return msgspec.json.Decoder(EVENTS[type_name])
