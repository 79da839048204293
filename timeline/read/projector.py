"""The only code that writes the read tables: with each append, in batches behind it, or all anew on the other shelf.

The rows do not depend on how events were batched: every event leaves its own versions behind, so a rebuild gives the
same tables and their digests can be compared.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Boolean, Connection, Integer, cast, delete, func, select, text, update
from sqlalchemy.schema import CreateIndex, DropIndex

from timeline.bulk import beside, collector_at_rest, stream
from timeline.database import Database
from timeline.errors import Conflict
from timeline.log.erase import ERASURE
from timeline.log.read import events_after, head
from timeline.log.stored import StoredEvent
from timeline.log.tables import log_head
from timeline.read.erasure import forget, refold
from timeline.read.tables import SHELF, Shelf, other, read_state
from timeline.read.versions import Batch, Read, read

MOVING = ("RecordMerged", "RecordUnmerged", ERASURE)
"""Events since which an id may lead to another record."""
BATCH = 5_000
"""How many events are projected together: the more, the fewer pages of the indexes are written twice. A rebuild holds
the lock of SQLite for so many, which is about a second."""
PART = 1_000
"""How many of them are written to PostgreSQL while the next ones are projected."""
DIGESTED = 2_000
"""How many rows are hashed together."""
READERS_SECONDS = 20.0
"""How long after a swap a request may still read the shelf that was live before: longer than any request may take."""
CLOSE_ENOUGH = 500
"""How far behind the log a rebuild may be when it takes the lock to finish."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild read and wrote, and whether the new tables are equal to those they replaced."""

    digest_live: str
    """Empty when an earlier release made those: it read events otherwise, so nothing is compared."""
    digest_new: str
    equal: bool
    events: int
    records: int


def apply(connection: Connection, events: Sequence[StoredEvent]) -> None:
    """Bring the live tables up to these events, in the transaction that appends them."""
    state = connection.execute(select(read_state.c.shelf, read_state.c.position)).one()
    if not events or state.position >= events[-1].position:
        return
    if state.position + 1 != events[0].position:
        catch_up(connection)
        return
    _advance(connection, SHELF[state.shelf], events)


def catch_up(connection: Connection) -> int:
    """Bring the live tables up to the log, for what was appended without them. The number of events it took."""
    total = 0
    while taken := _take(connection):
        total += taken
    return total


def bring_up(database: Database) -> int:
    """The same in a transaction for each batch, after a migration that emptied the tables or left them outdated.

    Outdated ones go on answering while they are made anew.
    """
    total = 0
    while True:
        with database.write() as connection:
            taken = _take(connection)
        if not taken:
            break
        total += taken
    if total:
        database.gather_statistics()
    with database.read() as connection:
        is_outdated = connection.execute(select(read_state.c.outdated)).scalar_one()
    if is_outdated:
        with suppress(Conflict):  # Another process has taken over.
            total += rebuild(database).events
    return total


def _take(connection: Connection) -> int:
    """Project one batch of what the live tables lack. How many events it was."""
    state = connection.execute(select(read_state.c.shelf, read_state.c.position).with_for_update()).one()
    events = events_after(connection, state.position, limit=BATCH)
    if events:
        _advance(connection, SHELF[state.shelf], events)
    return len(events)


def rebuild(database: Database, progress: Progress | None = None) -> RebuildReport:
    """Make the tables anew on the other shelf while the live ones answer, compare, and swap whatever the outcome.

    The log is the truth: where the digests differ, the live tables were wrong or this software reads facts otherwise.
    It waits for requests that may still read what the last rebuild replaced. Raises `Conflict` when another rebuild
    takes over.
    """
    with database.read() as connection:
        since_swap = time.time() - connection.execute(select(read_state.c.swapped_us)).scalar_one() / 1e6
    time.sleep(min(max(READERS_SECONDS - since_swap, 0), READERS_SECONDS))
    token = str(uuid.uuid4())
    with database.write() as connection:
        shelf = SHELF[other(connection.execute(select(read_state.c.shelf)).scalar_one())]
        connection.execute(update(read_state).values(rebuild=token))
        _clear(connection, shelf)
    position, behind, merges = 0, CLOSE_ENOUGH + 1, 0
    while behind > CLOSE_ENOUGH:
        with database.write() as connection:
            _check_ours(connection, token)
            _need_not_last(connection)
            events = events_after(connection, position, limit=BATCH)
            merges = max(merges, _fill(connection, shelf, events))
            position = events[-1].position if events else position
            total = head(connection).position
        behind = total - position
        if progress is not None:
            progress(position, total)
    _make_indexes(database, shelf, token)
    with database.write() as connection:
        _check_ours(connection, token)
        # This one waits for the disk, and so for all before it: VACUUM takes no row for settled that is not there yet.
        connection.execute(update(read_state).values(rebuild=token))
    # Before the swap, so that nobody is answered without.
    database.gather_statistics([table.name for table in shelf.tables])
    return _finish(database, shelf, token, position, merges, progress)


def digest(connection: Connection, shelf: str) -> str:
    """SHA-256 over all rows of a shelf in order, as hexadecimal: the same on both engines."""
    seen = hashlib.sha256()
    for table in SHELF[shelf].tables:
        # Truth is 0 and 1 on SQLite. The order is one that an index gives and that is near to how rows are stored.
        kept = [column for column in table.c if column.name != "n"]
        shown = [cast(column, Integer) if isinstance(column.type, Boolean) else column for column in kept]
        order = [table.c.from_position, table.c.id] if "doc" in table.c else list(table.primary_key)
        wanted = select(*shown).order_by(*order)
        seen.update(table.name.partition("_")[2].encode())
        for rows in stream(connection, wanted, DIGESTED):
            seen.update(orjson.dumps(rows))
    return seen.hexdigest()


def replay(log: Connection, connection: Connection, shelf: Shelf) -> int:
    """Fill an empty shelf with the whole log of another database. The position of the last event that moves ids."""
    position, moved = 0, 0
    while events := events_after(log, position, limit=BATCH):
        moved = max(moved, _fill(connection, shelf, events, log))
        position = events[-1].position
    return moved


def _finish(
    database: Database, shelf: Shelf, token: str, position: int, merges: int, progress: Progress | None
) -> RebuildReport:
    """Under the lock of the log's head nobody appends: catch up, compare, swap."""
    with database.write() as connection:
        connection.execute(select(log_head.c.position).where(log_head.c.id == 1).with_for_update()).one()
        live, is_outdated = connection.execute(select(read_state.c.shelf, read_state.c.outdated)).one()
        _check_ours(connection, token)
        is_behind = bool(catch_up(connection))
        while events := events_after(connection, position, limit=BATCH):
            merges = max(merges, _fill(connection, shelf, events))
            position = events[-1].position
        if is_outdated:
            was, now = "", digest(connection, shelf.name)
        else:
            was, now = _digests(database, connection, live, shelf.name, at_once=not is_behind)
        records = connection.execute(select(func.count()).select_from(shelf.records)).scalar_one()
        values = {"shelf": shelf.name, "position": position, "merges": merges, "rebuild": None, "outdated": False}
        values["swapped_us"] = time.time_ns() // 1000
        values["embargoed_us"] = last_embargo(connection, shelf)
        connection.execute(update(read_state).values(values))
    if progress is not None:
        progress(position, position)
    is_equal = is_outdated or was == now
    return RebuildReport(digest_live=was, digest_new=now, equal=is_equal, events=position, records=records)


def _digests(database: Database, connection: Connection, live: str, new: str, *, at_once: bool) -> tuple[str, str]:
    """The digests of both shelves: on PostgreSQL at once, for everybody who writes waits for them."""
    if database.dialect == "sqlite" or not at_once:
        return digest(connection, live), digest(connection, new)
    # What this transaction itself has not changed, another one sees as well.
    with database.read() as other, beside() as thread:
        was = thread.submit(digest, other, live)
        now = digest(connection, new)
        return was.result(), now


def _check_ours(connection: Connection, token: str) -> None:
    if connection.execute(select(read_state.c.rebuild)).scalar_one() != token:
        raise Conflict("REBUILD_SUPERSEDED", "another rebuild has taken over; let that one finish")


def _need_not_last(connection: Connection) -> None:
    """Let the commit not wait for the disk: nobody reads this shelf before the swap, and that waits for all before."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL synchronous_commit = off"))


def _clear(connection: Connection, shelf: Shelf) -> None:
    if connection.dialect.name == "postgresql":
        # Deleting would leave every row and index entry for the next VACUUM; nobody reads this shelf.
        connection.execute(text(f"TRUNCATE {', '.join(table.name for table in shelf.tables)}"))
        return
    connection.execute(text(f"INSERT INTO {shelf.name}_words ({shelf.name}_words) VALUES ('delete-all')"))
    for table in shelf.tables:
        connection.execute(delete(table))
    for index in shelf.records.indexes:
        connection.execute(DropIndex(index, if_exists=True))


def _make_indexes(database: Database, shelf: Shelf, token: str) -> None:
    """The indexes of records on SQLite, each of the whole table at once: every batch would write most of their pages.

    Each has its own transaction, for whoever writes waits. Those of links would take longer than one may wait.
    """
    if database.dialect == "postgresql":
        return
    for index in shelf.records.indexes:
        with database.write() as connection:
            _check_ours(connection, token)
            connection.execute(CreateIndex(index, if_not_exists=True))


def _advance(connection: Connection, shelf: Shelf, events: Sequence[StoredEvent]) -> None:
    moved = _fill(connection, shelf, events)
    values: dict[str, Any] = {"position": events[-1].position} | ({"merges": moved} if moved else {})
    if any(event.type in ("RecordEmbargoed", "EmbargoLifted") for event in events):
        values["embargoed_us"] = last_embargo(connection, shelf)
    erased = [event.stream for event in events if event.type == ERASURE]
    if erased:
        # Whoever keeps what these tables said lets go of it when others are live, so they are others from now on. A
        # rebuild that is under way may have read what is gone: it gives up.
        values |= {"swapped_us": time.time_ns() // 1000, "rebuild": None}
        for id in erased:
            forget(connection, SHELF[other(shelf.name)], id)
    connection.execute(update(read_state).values(values))


def last_embargo(connection: Connection, shelf: Shelf) -> int:
    """When the last embargo ends, whether in force or not; 0 when there is none."""
    return int(connection.execute(select(func.coalesce(func.max(shelf.embargoes.c.until_us), 0))).scalar_one())


def _fill(connection: Connection, shelf: Shelf, events: Sequence[StoredEvent], log: Connection | None = None) -> int:
    """Write what these events make of the shelf. The position of the last one among them that moves ids, or 0."""
    with collector_at_rest():
        for part in _up_to_erasures(events):
            # What it holds is gone before the collector looks again.
            _project(connection, shelf, part, log or connection)
    return max((event.position for event in events if event.type in MOVING), default=0)


def _project(connection: Connection, shelf: Shelf, events: Sequence[StoredEvent], log: Connection) -> None:
    batch = Batch(connection, shelf)
    what = [read(event) for event in events if event.type != ERASURE]
    batch.prepare(what)
    if connection.dialect.name == "postgresql" and len(what) > PART:
        _take_beside(batch, what)
    else:
        for event in what:
            batch.take(event)
        batch.write()
    if events[-1].type == ERASURE:
        refold(connection, shelf, events[-1], log)


def _take_beside(batch: Batch, what: Sequence[Read]) -> None:
    """Write in parts, each while the next one is taken: PostgreSQL works on a core of its own."""
    with beside() as thread:
        for start in range(0, len(what), PART):
            part = what[start : start + PART]
            for event in part:
                batch.take(event)
            batch.write_beside(thread, part[-1].stored.position)
        batch.settle()


def _up_to_erasures(events: Sequence[StoredEvent]) -> Iterator[Sequence[StoredEvent]]:
    """The events in parts that end with an erasure: it changes versions that are written already."""
    start = 0
    for end, event in enumerate(events, start=1):
        if event.type == ERASURE:
            yield events[start:end]
            start = end
    if start < len(events):
        yield events[start:]
