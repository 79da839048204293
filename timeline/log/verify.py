"""Checking the log against itself: nothing missing, nothing changed, triggers in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Integer, LargeBinary, func, or_, select

from timeline.errors import Damaged
from timeline.log.checkpoint import Trust, check_is_prefix, read_note
from timeline.log.erase import ERASURE, erased_by
from timeline.log.guards import guard_faults
from timeline.log.merkle import Node, grown, root
from timeline.log.read import Head, events_after, head
from timeline.log.stored import COMMITMENT_BYTES, SALT_BYTES, StoredEvent, append_row, event_hash, is_erased
from timeline.log.tables import log_appends, log_checkpoints, log_events, log_nodes, metadata

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and at which position (0: the log as a whole)."""

    position: int
    message: str

    def __str__(self) -> str:
        return f"position {self.position}: {self.message}" if self.position else self.message


def verify_log(
    connection: Connection,
    progress: Callable[[int, int], None] | None = None,
    trust: Trust = Trust(),
    outside: Sequence[str] = (),
) -> list[Fault]:
    """Every fault of the log, in order. An empty list means that it is whole.

    `trust` has the keys by which checkpoints must be signed, `outside` are checkpoints that were kept elsewhere.
    """
    faults = [Fault(0, message) for message in guard_faults(connection)]
    unreadable = _type_faults(connection)
    if unreadable:
        return [*faults, *unreadable]
    end, walk = head(connection), _Walk()
    while True:
        try:
            events = events_after(connection, walk.position, limit=BATCH)
        except Damaged as damage:
            return [*faults, *walk.faults, Fault(walk.position + 1, damage.message)]
        if not events:
            break
        walk.take(events)
        if progress is not None:
            progress(walk.position, end.position)
    return [
        *faults,
        *walk.faults,
        *walk.erasure_faults(),
        *walk.head_faults(end),
        *_node_faults(connection, walk.nodes),
        *_append_faults(connection, walk.spans),
        *_checkpoint_faults(connection, trust, outside),
    ]


@dataclass
class _Walk:
    """From event to event, with what the next one and the whole are held to."""

    faults: list[Fault] = field(default_factory=list)
    edge: bytes = b""
    position: int = 0
    clock: int = 0
    nodes: list[Node] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    gone: dict[int, str] = field(default_factory=dict)
    """Position of what is erased to its stream."""
    ordered: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Position of what is said to be erased to the stream and position of the erasure."""

    def take(self, events: Sequence[StoredEvent]) -> None:
        """The next events, which have no gap before or between them."""
        for event in events:
            if not _is_as_hashed(event):
                self.faults.append(Fault(event.position, "the event is not the one that was hashed"))
            if event.version != self.versions.get(event.stream, 0) + 1:
                self.faults.append(Fault(event.position, f"version {event.version} of {event.stream} is out of order"))
            if event.recorded_us <= self.clock:
                self.faults.append(Fault(event.position, "it was recorded no later than the event before"))
            self.versions[event.stream] = event.version
            if is_erased(event):
                self.gone[event.position] = event.stream
            elif event.type == ERASURE:
                self.ordered.update(dict.fromkeys(erased_by(event), (event.stream, event.position)))
            self.spans[event.append_id] = (self.spans.get(event.append_id, (event.position, 0))[0], event.position)
            self.clock = event.recorded_us
        self.edge, completed = grown(self.edge, self.position, (event.leaf_hash for event in events))
        self.nodes += completed
        self.position = events[-1].position

    def erasure_faults(self) -> list[Fault]:
        """What is erased against what the log says is erased."""
        faults = []
        for position in sorted(self.gone.keys() | self.ordered.keys()):
            stream, at = self.ordered.get(position, (None, 0))
            if position not in self.gone:
                faults.append(Fault(position, f"the event is to be erased by position {at} and is still there"))
            elif stream != self.gone[position] or at < position:
                faults.append(Fault(position, "the event has no body, and nothing in the log says that it was erased"))
        return faults

    def head_faults(self, end: Head) -> list[Fault]:
        """What the head says against the events."""
        faults = []
        if self.position != end.position:
            faults.append(Fault(0, f"the head says {end.position}, the last event is at {self.position}"))
        elif self.edge != end.tree:
            message = f"the head's tree is not the tree over the events ({root(self.edge).hex()})"
            faults.append(Fault(0, message))
        if self.clock != end.recorded_us:
            faults.append(Fault(0, "the head's clock is not that of the last event"))
        return faults


def _type_faults(connection: Connection) -> list[Fault]:
    """SQLite keeps a value of any type in any column; such a row was never hashed and cannot be read."""
    if connection.dialect.name != "sqlite":
        return []
    found = []
    for table in metadata.sorted_tables:
        odd = or_(*(func.typeof(column).not_in(_types(column)) for column in table.columns))
        keys = list(table.primary_key)
        for key in connection.execute(select(*keys).where(odd).order_by(*keys)):
            at = key[0] if table is log_events and isinstance(key[0], int) else 0
            found.append(Fault(at, f"{table.name}, row {tuple(key)}: a value has another type than its column"))
    return found


def _types(column: Column[Any]) -> tuple[str, ...]:
    if isinstance(column.type, LargeBinary):
        return ("blob",)
    return ("integer",) if isinstance(column.type, Integer) else ("text", "null")


def _is_as_hashed(event: StoredEvent) -> bool:
    """Whether the row has the hash that is stored with it, and the form in which that hash is unambiguous."""
    salt_bytes = COMMITMENT_BYTES if is_erased(event) else SALT_BYTES
    return event_hash(event) == event.leaf_hash and len(event.salt) == salt_bytes


def _node_faults(connection: Connection, nodes: list[Node]) -> list[Fault]:
    """The nodes that are kept against those that the events give."""
    kept = {(row.level, row.number): bytes(row.hash) for row in connection.execute(select(log_nodes))}
    given = {(node.level, node.number): node.hash for node in nodes}
    return [
        Fault(0, f"node {number} on level {level} of the tree {_differs(at in kept, at in given)}")
        for at in sorted(kept.keys() | given.keys())
        for level, number in [at]
        if kept.get(at) != given.get(at)
    ]


def _differs(is_kept: bool, is_given: bool) -> str:
    if not is_kept:
        return "is missing"
    return "is not that over the events" if is_given else "is over no events"


def _append_faults(connection: Connection, spans: dict[str, tuple[int, int]]) -> list[Fault]:
    """What the appends say against where their events are. An append that recorded nothing has no events."""
    faults = []
    said = {}
    for row in connection.execute(select(log_appends).order_by(log_appends.c.append_id)):
        id, first, last = row.append_id, row.first_position, row.last_position
        if append_row(id, bytes(row.request_digest), first, last).row_hash != bytes(row.row_hash or b""):
            faults.append(Fault(0, f"the append {id!r} is not the one that was hashed"))
        if first <= last:
            said[id] = (first, last)
    faults += [
        Fault(0, f"the append {id!r} says positions {said.get(id)}, its events are at {spans.get(id)}")
        for id in sorted(said.keys() | spans.keys())
        if said.get(id) != spans.get(id)
    ]
    return faults


def _checkpoint_faults(connection: Connection, trust: Trust, outside: Sequence[str]) -> list[Fault]:
    """What was signed against what the log is: each checkpoint must be a beginning of it."""
    faults, before = [], 0
    rows = connection.execute(select(log_checkpoints).order_by(log_checkpoints.c.number)).all()
    for expected, row in enumerate(rows, start=1):
        faults += _one_checkpoint(connection, row.note, trust, f"checkpoint {row.number}")
        if row.number != expected:
            faults.append(Fault(0, f"checkpoint {expected} is missing"))
        if not before <= row.size or f"\n{row.size}\n" not in row.note:
            faults.append(Fault(0, f"checkpoint {row.number} is not at the size that stands beside it"))
        before = row.size
    for note in outside:
        faults += _one_checkpoint(connection, note, trust, "a checkpoint from outside")
    return faults


def _one_checkpoint(connection: Connection, note: str, trust: Trust, name: str) -> list[Fault]:
    try:
        check_is_prefix(connection, read_note(note), trust.keys)
    except Damaged as damage:
        return [Fault(0, f"{name}: {damage.message}")]
    return []
