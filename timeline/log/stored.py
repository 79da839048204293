"""One row of the log, and what is hashed of it."""

from __future__ import annotations

import hashlib
import uuid
from typing import NamedTuple

import orjson

from timeline.log.merkle import leaf_hash

SALT_BYTES = 16
"""Always as many: the commitment is over salt and body in one, so a byte moved from one to the other keeps the hash."""
COMMITMENT_BYTES = 32
EVENT_NAMESPACE = uuid.UUID("6f3e1c52-0f5c-5b0e-9d2b-2a1b8c7d4e10")
"""Event ids are UUIDs of version 5 in this namespace, over 'append id#index': the same on every copy of the log."""
_NAMESPACE = EVENT_NAMESPACE.bytes


class StoredEvent(NamedTuple):
    """An event as the log holds it: its envelope, the exact bytes of its body, the salt and the leaf hash.

    A tuple in the order of its table's columns, so that a row is one and becomes one without a copy.
    """

    position: int
    event_id: str
    stream: str
    version: int
    type: str
    schema: int
    recorded_us: int
    actor: str
    source: str | None
    append_id: str
    causation: str | None
    correlation: str | None
    body: bytes
    salt: bytes
    leaf_hash: bytes


ENVELOPE = StoredEvent._fields[:-3]
"""All but body, salt and leaf hash."""


def is_erased(event: StoredEvent) -> bool:
    """Whether what it said was erased. Its salt is then the commitment itself, which is all that is left of both."""
    return not event.body


def commitment(event: StoredEvent) -> bytes:
    """SHA-256 of salt and body: what the leaf hash covers in place of the body."""
    return event.salt if is_erased(event) else committed(event.salt, event.body)


def committed(salt: bytes, body: bytes) -> bytes:
    """The commitment to a body that is there."""
    return hashlib.sha256(salt + body).digest()


def envelope(event: StoredEvent) -> bytes:
    """What the leaf hash covers: every column, and a commitment to the salted body in place of the body.

    It is computed from the columns and never stored, so a change in any of them is found; and body and salt can be
    erased without breaking a proof.
    """
    plain: dict[str, object] = dict(zip(ENVELOPE, event, strict=False))
    plain["commitment"] = commitment(event).hex()
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


class Envelopes:
    """The envelopes of the events of one append, put together from what they have in common; `envelope` says the same.

    Only position, time and version are missing, which the log alone knows.
    """

    def __init__(self, append_id: str, actor: str, causation: str | None, correlation: str | None) -> None:
        said = map(orjson.dumps, (actor, append_id, causation))
        self._start = b'{"actor":%b,"append_id":%b,"causation":%b,"commitment":"' % tuple(said)
        self._middle = b'","correlation":%b,"event_id":"' % orjson.dumps(correlation)

    def around(
        self, event_id: str, stream: str, type: str, schema: int, source: str | None, committed: bytes
    ) -> tuple[bytes, bytes]:
        """What stands before the position, and what between the time and the version."""
        said = map(orjson.dumps, (schema, source, stream, type))
        before = b'%b%b%b%b","position":' % (self._start, committed.hex().encode(), self._middle, event_id.encode())
        return before, b',"schema":%b,"source":%b,"stream":%b,"type":%b,"version":' % tuple(said)


def placed_hash(around: tuple[bytes, bytes], position: int, recorded_us: int, version: int) -> bytes:
    """The leaf hash of the event that has this around its position and time."""
    before, after = around
    return leaf_hash(b'%b%d,"recorded_us":%d%b%d}' % (before, position, recorded_us, after, version))


def event_hash(event: StoredEvent) -> bytes:
    """The leaf hash that this row must have."""
    return leaf_hash(envelope(event))


def event_id(append_id: str, index: int) -> str:
    """The id of the event at this place of an append."""
    # As uuid.uuid5 makes it (RFC 9562), in a third of the time.
    digest = hashlib.sha1(_NAMESPACE + f"{append_id}#{index}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


class AppendRow(NamedTuple):
    """An append as a row of its table, with a hash over the others: what it asked is part of no event's hash."""

    append_id: str
    request_digest: bytes
    first_position: int
    last_position: int
    row_hash: bytes


def append_row(append_id: str, request_digest: bytes, first: int, last: int) -> AppendRow:
    """The row with the hash that it must have."""
    said = b"%b%d,%d]" % (hashed_of(append_id, request_digest), first, last)
    return AppendRow(append_id, request_digest, first, last, hashlib.sha256(said).digest())


def hashed_of(append_id: str, request_digest: bytes) -> bytes:
    """How that begins which an append's hash covers: an array of JSON, in which the two positions are missing."""
    return b'[%b,"%b",' % (orjson.dumps(append_id), request_digest.hex().encode())
