"""Proofs as texts that are checked offline: that an event is in a signed log, that a signed log only grew."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection

from timeline.errors import NotFound, Refused
from timeline.log.checkpoint import Signed, last_signed
from timeline.log.read import events_after
from timeline.log.stored import StoredEvent, envelope, is_erased
from timeline.log.tree import stored_tree
from timeline.verifier import INCLUSION


@dataclass(frozen=True, slots=True)
class EventProof:
    """That an event is in the log that a checkpoint signs."""

    event: StoredEvent
    path: list[bytes]
    checkpoint: Signed

    def text(self) -> str:
        """As a C2SP tlog-proof; its extra data are what the leaf hash is computed from."""
        event = self.event
        left = {"salt": None, "body": None}
        hashed = left if is_erased(event) else {"salt": event.salt.hex(), "body": event.body.decode()}
        said = {"envelope": envelope(event).decode(), **hashed}
        lines = [INCLUSION, f"extra {_base64(orjson.dumps(said))}", f"index {event.position - 1}"]
        return "\n".join([*lines, *map(_base64, self.path), "", self.checkpoint.note])


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the log that a checkpoint signs begins with an earlier state of `old` events."""

    old: int
    old_root: bytes
    path: list[bytes]
    checkpoint: Signed

    def text(self) -> str:
        """In the form in which C2SP's tlog-witness is asked."""
        return "\n".join([f"old {self.old}", *map(_base64, self.path), "", self.checkpoint.note])


def prove_event(connection: Connection, position: int) -> EventProof:
    """The proof of an event by the checkpoint that was signed last. Raises `NotFound` or `Refused`."""
    events = events_after(connection, position - 1, limit=1) if position > 0 else []
    if not events:
        raise NotFound("POSITION_UNKNOWN", f"there is no event at position {position}", ("position",))
    checkpoint = _signed(connection, position)
    path = stored_tree(connection).inclusion(position - 1, checkpoint.size)
    return EventProof(events[0], path, checkpoint)


def prove_consistency(connection: Connection, old: int) -> ConsistencyProof:
    """The proof that the log as signed last begins with its first `old` events. Raises `Refused` or `Invalid`."""
    checkpoint = _signed(connection, old)
    tree = stored_tree(connection)
    path = tree.consistency(old, checkpoint.size)
    return ConsistencyProof(old, tree.root(old), path, checkpoint)


def _signed(connection: Connection, position: int) -> Signed:
    checkpoint = last_signed(connection)
    if checkpoint is None or checkpoint.size < position:
        so_far = "none is signed yet" if checkpoint is None else f"the last one is at {checkpoint.size} events"
        message = f"no checkpoint covers position {position}: {so_far}; 'timeline checkpoint' signs one"
        raise Refused("CHECKPOINT_MISSING", message, ("position",))
    return checkpoint


def texts(hashes: Sequence[bytes]) -> list[str]:
    """Hashes as they stand in proofs."""
    return [_base64(each) for each in hashes]


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
