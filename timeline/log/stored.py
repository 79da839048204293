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
    return event.salt if is_erased(event) else hashlib.sha256(event.salt + event.body).digest()


def envelope(event: StoredEvent) -> bytes:
    """What the leaf hash covers: every column, and a commitment to the salted body in place of the body.

    It is computed from the columns and never stored, so a change in any of them is found; and body and salt can be
    erased without breaking a proof.
    """
    plain: dict[str, object] = dict(zip(ENVELOPE, event, strict=False))
    plain["commitment"] = commitment(event).hex()
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


def event_hash(event: StoredEvent) -> bytes:
    """The leaf hash that this row must have."""
    return leaf_hash(envelope(event))


def event_id(append_id: str, index: int) -> str:
    """The id of the event at this place of an append."""
    # As uuid.uuid5 makes it (RFC 9562), in a third of the time.
    digest = hashlib.sha1(_NAMESPACE + f"{append_id}#{index}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def append_row(append_id: str, request_digest: bytes, first: int, last: int) -> dict[str, object]:
    """An append as a row of its table, with a hash over the others: what it asked is part of no event's hash."""
    said = [append_id, request_digest.hex(), first, last]
    return {
        "append_id": append_id,
        "request_digest": request_digest,
        "first_position": first,
        "last_position": last,
        "row_hash": hashlib.sha256(orjson.dumps(said)).digest(),
    }
