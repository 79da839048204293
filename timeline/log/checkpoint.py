"""Signed checkpoints: what the log was at some sizes, kept beside it, and whether it still is.

A checkpoint is a C2SP tlog-checkpoint, a note with origin, size and root. The log signs none that contradicts an
earlier one, and a service whose log contradicts one does not serve.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select

from timeline.errors import Damaged, Refused
from timeline.log.append import locked_head
from timeline.log.keys import SigningKey, signed
from timeline.log.merkle import root
from timeline.log.read import head
from timeline.log.tables import log_checkpoints
from timeline.log.tree import stored_tree
from timeline.verifier import Key, ProofError, open_checkpoint

_SAID = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,17})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*\n(?:— [^\n]+\n)+")


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed checkpoint: the note, and what it says."""

    origin: str
    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True)
class Trust:
    """By what checkpoints are judged: the public keys known, and the file in which the last one is kept outside."""

    keys: tuple[Key, ...] = ()
    copy: Path | None = None


def read_note(note: str) -> Signed:
    """What a note says, whoever signed it. Raises `Damaged` when it is no checkpoint."""
    said = _SAID.fullmatch(note)
    if said is None:
        raise Damaged("CHECKPOINT_DAMAGED", "a checkpoint is not in the form of one: origin, size, root, signatures")
    return Signed(said[1], int(said[2]), base64.b64decode(said[3]), note)


def last_signed(connection: Connection) -> Signed | None:
    """The checkpoint that was signed last, if there is one."""
    wanted = select(log_checkpoints.c.note).order_by(log_checkpoints.c.number.desc()).limit(1)
    note = connection.execute(wanted).scalar_one_or_none()
    return None if note is None else read_note(note)


def signed_before(connection: Connection) -> list[str]:
    """The notes of all checkpoints, oldest first."""
    return list(connection.execute(select(log_checkpoints.c.note).order_by(log_checkpoints.c.number)).scalars())


def sign_checkpoint(connection: Connection, keys: Sequence[SigningKey], trust: Trust) -> Signed:
    """Sign the log as it is, in the caller's transaction; the last checkpoint again where nothing was recorded since.

    Raises `Damaged` when the log contradicts what was signed before.
    """
    end = locked_head(connection)
    check_signed(connection, trust)
    last = last_signed(connection)
    if last is not None and last.size == end.position and _signers(last.note) == [_signer(key) for key in keys]:
        return last
    name, found = keys[0].name, root(bytes(end.tree))
    if last is not None and last.origin != name:
        message = f"this log is signed as {last.origin!r}; a key of another name would begin another log"
        raise Refused("KEY_OF_ANOTHER_LOG", message)
    note = signed(f"{name}\n{end.position}\n{base64.b64encode(found).decode()}\n", keys)
    number = connection.execute(select(log_checkpoints.c.number).order_by(log_checkpoints.c.number.desc()).limit(1))
    row = {"number": (number.scalar_one_or_none() or 0) + 1, "size": end.position, "note": note}
    connection.execute(insert(log_checkpoints), row)
    return Signed(name, end.position, found, note)


def keep_copy(trust: Trust, checkpoint: Signed) -> None:
    """Write the checkpoint to the file outside, whole or not at all."""
    if trust.copy is None:
        return
    beside = trust.copy.with_name(trust.copy.name + ".new")
    with beside.open("w", encoding="utf-8", newline="") as out:
        out.write(checkpoint.note)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(trust.copy)


def check_signed(connection: Connection, trust: Trust) -> None:
    """Raise `Damaged` when the log is shorter than, or another than, the last checkpoint it signed.

    That is the last one kept in the database and the one kept outside, of which an older backup knows nothing.
    """
    last = last_signed(connection)
    if last is not None:
        check_is_prefix(connection, last, trust.keys)
    if trust.copy is not None and trust.copy.exists():
        check_is_prefix(connection, read_note(trust.copy.read_text(encoding="utf-8")), trust.keys)


def check_is_prefix(connection: Connection, checkpoint: Signed, keys: Sequence[Key]) -> None:
    """Raise `Damaged` unless a known key signed the checkpoint and the log begins with what it says."""
    if keys:
        try:
            open_checkpoint(checkpoint.note, keys)
        except ProofError as fault:
            message = f"the checkpoint at {checkpoint.size} events: {fault}"
            raise Damaged(
                "CHECKPOINT_DAMAGED", f"{message}; TIMELINE_LOG_VKEYS names earlier keys of the log"
            ) from None
    end = head(connection).position
    if end < checkpoint.size:
        message = f"the log has {end} events and a checkpoint was signed at {checkpoint.size}; events are missing"
        raise Damaged("CHECKPOINT_DIFFERS", f"{message}; restore a backup that has them")
    if stored_tree(connection).root(checkpoint.size) != checkpoint.root:
        message = f"the log is not the one that was signed at {checkpoint.size} events; its past was changed"
        raise Damaged("CHECKPOINT_DIFFERS", f"{message}; run 'timeline verify'")


def _signers(note: str) -> list[tuple[str, bytes]]:
    """Name and key id of each signature."""
    lines = note.rpartition("\n\n")[2].splitlines()
    return [(name, base64.b64decode(found)[:4]) for _, name, found in (line.split(" ") for line in lines)]


def _signer(key: SigningKey) -> tuple[str, bytes]:
    return key.name, key.public.id
