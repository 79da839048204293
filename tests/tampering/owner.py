"""What the owner of a database can do to a log: change rows with the triggers out of the way, or write another past."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from tests.log.test_log import triggers_aside
from timeline.database import Database
from timeline.log.merkle import grown
from timeline.log.read import events_after
from timeline.log.stored import StoredEvent, append_row, event_hash
from timeline.log.tables import log_appends, log_events, log_head, log_nodes
from timeline.read import projector
from timeline.read.tables import SHELF, read_state

REWRITTEN = (log_events, log_appends, log_nodes)


def rewrite(database: Database, change: Callable[[list[StoredEvent]], list[StoredEvent]]) -> None:
    """Write another past that is whole in itself: events, hashes, tree, appends, read tables, triggers."""
    with database.read() as connection:
        events = change(events_after(connection, 0, limit=100_000))
        digests = dict(connection.execute(sa.select(log_appends.c.append_id, log_appends.c.request_digest)).all())
    versions: dict[str, int] = {}
    written = []
    for position, event in enumerate(events, start=1):
        versions[event.stream] = versions.get(event.stream, 0) + 1
        numbered = event._replace(position=position, version=versions[event.stream])
        written.append(numbered._replace(leaf_hash=event_hash(numbered)))
    tree, nodes = grown(b"", 0, (event.leaf_hash for event in written))
    spans: dict[str, list[int]] = {}
    for event in written:
        spans.setdefault(event.append_id, []).append(event.position)
    appends = [append_row(id, bytes(digests.get(id, b"d")), at[0], at[-1]) for id, at in spans.items()]
    with triggers_aside(database) as connection:
        for table in REWRITTEN:
            connection.execute(sa.delete(table))
        connection.execute(sa.insert(log_events), [event._asdict() for event in written])
        connection.execute(sa.insert(log_appends), [append._asdict() for append in appends])
        if nodes:
            connection.execute(sa.insert(log_nodes), [node._asdict() for node in nodes])
        head = {"position": len(written), "recorded_us": written[-1].recorded_us, "tree": tree}
        connection.execute(sa.update(log_head).values(head))
        _project(connection)


def _project(connection: sa.Connection) -> None:
    for table in SHELF["a"].tables:
        connection.execute(sa.delete(table))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("INSERT INTO a_words (a_words) VALUES ('delete-all')")
    connection.execute(sa.update(read_state).values(shelf="a", position=0, merges=0))
    projector.catch_up(connection)
