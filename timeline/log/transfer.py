"""The log as lines of JSON, and back: the same positions, hashes and bytes on either engine.

A line is an append or one event; the events of an append follow its line. Bodies stand in the lines as they are stored
(canonical JSON), so whoever has the lines can check every hash. Of what was erased the commitment stands there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select, tuple_

from timeline.errors import Conflict, Invalid
from timeline.log.append import Inline, locked_head, store
from timeline.log.read import events_after
from timeline.log.stored import (
    COMMITMENT_BYTES,
    ENVELOPE,
    SALT_BYTES,
    StoredEvent,
    append_row,
    event_hash,
    event_id,
    is_erased,
)
from timeline.log.tables import log_appends

CHUNK = 1000
NAMES = {
    name: name.split("_")[0] + "".join(part.capitalize() for part in name.split("_")[1:])
    for name in (*ENVELOPE, "salt", "leaf_hash")
}
"""Column to the name in a line: append_id is appendId."""


@dataclass(frozen=True, slots=True)
class StoredAppend:
    """An append and its events, as the log holds them. One without events has `last` = `first` - 1."""

    append_id: str
    request_digest: bytes
    first: int
    last: int
    events: Sequence[StoredEvent]


def event_line(event: StoredEvent) -> bytes:
    """One event as a line of JSON, without the line's end."""
    plain: dict[str, Any] = {NAMES[name]: getattr(event, name) for name in ENVELOPE}
    if is_erased(event):
        left = {"body": None, "salt": None, "commitment": event.salt.hex(), "leafHash": event.leaf_hash.hex()}
        return orjson.dumps(plain | left)
    hashed = {"body": orjson.Fragment(event.body), "salt": event.salt.hex(), "leafHash": event.leaf_hash.hex()}
    return orjson.dumps(plain | hashed)


def append_line(append: StoredAppend) -> bytes:
    """The line that stands before the events of an append."""
    plain = {"appendId": append.append_id, "requestDigest": append.request_digest.hex()}
    return orjson.dumps({"append": {**plain, "first": append.first, "last": append.last}})


def appends(connection: Connection) -> Iterator[StoredAppend]:
    """Every append in the order of the log. Raises `Damaged` at a hole."""
    columns = (log_appends.c.first_position, log_appends.c.last_position, log_appends.c.append_id)
    key: tuple[int, int, str] = (0, 0, "")
    while True:
        wanted = select(log_appends).where(tuple_(*columns) > tuple_(*key)).order_by(*columns).limit(CHUNK)
        rows = connection.execute(wanted).all()
        for run in _runs(rows):
            begin, end = run[0].first_position, run[-1].last_position
            events = events_after(connection, begin - 1, limit=end - begin + 1) if end >= begin else []
            for row in run:
                own = events[row.first_position - begin : row.last_position + 1 - begin]
                yield StoredAppend(row.append_id, bytes(row.request_digest), row.first_position, row.last_position, own)
        if len(rows) < CHUNK:
            return
        key = (rows[-1].first_position, rows[-1].last_position, rows[-1].append_id)


def _runs(rows: Sequence[Any]) -> Iterator[list[Any]]:
    """Rows of appends in runs whose events are read together: many small ones, or a single large one."""
    run: list[Any] = []
    for row in rows:
        if run and row.last_position - run[0].first_position >= CHUNK:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def read_lines(lines: Iterable[bytes], first: int = 1) -> Iterator[StoredAppend]:
    """Appends from lines. Raises `Invalid` that names the line; `first` is the number of the first one."""
    head: dict[str, Any] | None = None
    events: list[StoredEvent] = []
    number = first - 1
    for number, line in enumerate(lines, start=first):
        plain = _object(line, number)
        if "append" in plain:
            if head is not None:
                yield _complete(head, events, number)
            head, events = plain["append"], []
        elif head is None:
            raise Invalid("LINE_INVALID", f"line {number}: an event stands before any append", (number,))
        else:
            events.append(_event(plain, number))
    if head is not None:
        yield _complete(head, events, number + 1)


def insert_appends(connection: Connection, batch: Sequence[StoredAppend], inline: Inline) -> int:
    """Store appends of another copy of this log behind what is there; those there already are compared and left out.

    Returns how many events were stored. Raises `Conflict` when this log holds something else, `Invalid` when a line's
    hashes do not match.
    """
    head = locked_head(connection)
    known = _known(connection, [append.append_id for append in batch])
    new = [append for append in batch if append.append_id not in known]
    for append in batch:
        if append.append_id in known:
            _check_same(connection, append, known[append.append_id])
    events = [event for append in new for event in append.events]
    expected = head.position
    for append in new:
        if append.first != expected + 1:
            message = f"append {append.append_id!r} begins at position {append.first}; this log ends at {expected}"
            raise Conflict("LOG_DIFFERS", message, (append.append_id,))
        expected = append.last
    rows = [append_row(each.append_id, each.request_digest, each.first, each.last) for each in new]
    store(connection, head, rows, events, len(events), inline)
    return len(events)


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[bytes, int, int]]:
    """Request digest, first and last position of those appends that are here already."""
    found: dict[str, tuple[bytes, int, int]] = {}
    for at in range(0, len(ids), CHUNK):
        for row in connection.execute(select(log_appends).where(log_appends.c.append_id.in_(ids[at : at + CHUNK]))):
            found[row.append_id] = (bytes(row.request_digest), row.first_position, row.last_position)
    return found


def _check_same(connection: Connection, append: StoredAppend, known: tuple[bytes, int, int]) -> None:
    here = events_after(connection, append.first - 1, limit=max(append.last - append.first + 1, 1))
    there = {event.position: event.leaf_hash for event in append.events}
    if known != (append.request_digest, append.first, append.last) or any(
        bytes(event.leaf_hash) != there[event.position] for event in here if event.position in there
    ):
        message = f"append {append.append_id!r} is not the same here; these are two different logs"
        raise Conflict("LOG_DIFFERS", message, (append.append_id,))


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        plain = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Invalid("LINE_INVALID", f"line {number} is no JSON: {error}", (number,)) from None
    if not isinstance(plain, dict):
        raise Invalid("LINE_INVALID", f"line {number} is no JSON object", (number,))
    return plain


def _event(plain: dict[str, Any], number: int) -> StoredEvent:
    try:
        columns = {name: plain[NAMES[name]] for name in ENVELOPE}
        is_gone = plain["body"] is None
        body = b"" if is_gone else orjson.dumps(plain["body"], option=orjson.OPT_SORT_KEYS)
        salt, leaf = bytes.fromhex(plain["commitment" if is_gone else "salt"]), bytes.fromhex(plain["leafHash"])
        event = StoredEvent(**columns, body=body, salt=salt, leaf_hash=leaf)
        is_whole = len(salt) == (COMMITMENT_BYTES if is_gone else SALT_BYTES) and event_hash(event) == leaf
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("LINE_INVALID", f"line {number} is no event of a log: {error!r}", (number,)) from None
    if not is_whole:
        raise Invalid("LINE_INVALID", f"line {number}: the event does not match its hash", (number,))
    return event


def _complete(head: dict[str, Any], events: list[StoredEvent], number: int) -> StoredAppend:
    """The append, once its positions, ids and order hold."""
    try:
        append = StoredAppend(
            head["appendId"], bytes.fromhex(head["requestDigest"]), int(head["first"]), int(head["last"]), events
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("LINE_INVALID", f"the append before line {number} is malformed: {error!r}", (number,)) from None
    positions = [event.position for event in events]
    ids = [event_id(append.append_id, index) for index in range(len(events))]
    if positions != list(range(append.first, append.last + 1)) or ids != [event.event_id for event in events]:
        message = f"the append before line {number} lacks events, or has others than its own"
        raise Invalid("LINE_INVALID", message, (number,))
    return append
