"""Checking the log against itself: nothing missing, nothing changed, triggers in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from timeline.errors import Damaged
from timeline.log.merkle import extended, root
from timeline.log.read import events_after, head
from timeline.log.stored import event_hash

BATCH = 1000
TRIGGERS = {
    "sqlite": {
        *("log_events_no_update", "log_events_no_delete", "log_events_no_replace"),
        *("log_appends_no_update", "log_appends_no_delete", "log_appends_no_replace"),
        *("log_head_no_replace", "log_head_no_delete", "log_head_forward"),
    },
    "postgresql": {
        *("log_events_rows", "log_events_truncate", "log_appends_rows", "log_appends_truncate"),
        *("log_head_rows", "log_head_truncate", "log_head_forward"),
    },
}
PRESENT = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and at which position (0: the log as a whole)."""

    position: int
    message: str

    def __str__(self) -> str:
        return f"position {self.position}: {self.message}" if self.position else self.message


def verify_log(connection: Connection, progress: Callable[[int, int], None] | None = None) -> list[Fault]:
    """Every fault of the log, in order. An empty list means that it is whole."""
    end = head(connection)
    faults = _trigger_faults(connection)
    edge, position, clock = b"", 0, 0
    versions: dict[str, int] = {}
    while True:
        try:
            events = events_after(connection, position, limit=BATCH)
        except Damaged as damage:
            return [*faults, Fault(position + 1, damage.message)]
        if not events:
            break
        for event in events:
            if event_hash(event) != event.leaf_hash:
                faults.append(Fault(event.position, "the event is not the one that was hashed"))
            if event.version != versions.get(event.stream, 0) + 1:
                faults.append(Fault(event.position, f"version {event.version} of {event.stream} is out of order"))
            if event.recorded_us <= clock:
                faults.append(Fault(event.position, "it was recorded no later than the event before"))
            versions[event.stream] = event.version
            clock = event.recorded_us
        edge = extended(edge, position, (event.leaf_hash for event in events))
        position = events[-1].position
        if progress is not None:
            progress(position, end.position)
    if position != end.position:
        faults.append(Fault(0, f"the head says {end.position}, the last event is at {position}"))
    elif edge != end.tree:
        faults.append(Fault(0, f"the head's tree is not the tree over the events ({root(edge).hex()})"))
    if clock != end.recorded_us:
        faults.append(Fault(0, "the head's clock is not that of the last event"))
    return faults


def _trigger_faults(connection: Connection) -> list[Fault]:
    name = connection.dialect.name
    present = {row[0] for row in connection.execute(text(PRESENT[name]))}
    return [Fault(0, f"the trigger {trigger} is missing or disabled") for trigger in sorted(TRIGGERS[name] - present)]
