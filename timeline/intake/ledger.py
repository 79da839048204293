"""What a source said before, read from the log: the events of its own imports and of nobody else.

Who corrected a record meanwhile is not overruled by an import that finds the source unchanged.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection

from timeline import handle
from timeline.events.records import AnyEvent, Recorded
from timeline.importers.recognition import Said
from timeline.log.read import events_of_appends
from timeline.write.state import Record, fold

PREFIX = "import/"
"""How the append id of every import begins."""


def prefix_of(scheme: str) -> str:
    """How the append ids of a scheme's imports begin."""
    return f"{PREFIX}{scheme}/"


def said_before(connection: Connection, scheme: str) -> dict[str, Said]:
    """Per record what the scheme's imports said of it last. Records that only support others are left out."""
    told: dict[str, list[AnyEvent]] = defaultdict(list)
    for stored in events_of_appends(connection, prefix_of(scheme)):
        told[stored.stream].append(handle.event_of(stored))
    # What an import took over from another one begins with that one's events.
    foreign = {id for id, events in told.items() if not isinstance(events[0], Recorded)}
    records = {id: fold(id, events) for id, events in told.items() if id not in foreign}
    records |= handle.load(connection, foreign)
    return {id: _said(record) for id, record in records.items() if _is_listed(record, scheme)}


def _said(record: Record) -> Said:
    assert record.content is not None, "an import begins with what it records"
    return Said(record.content, record.delisted)


def _is_listed(record: Record, scheme: str) -> bool:
    """Whether it is a row of the source, not somebody or some place that rows name."""
    return any(each.scheme == scheme for each in getattr(record.content, "external_ids", ()))
