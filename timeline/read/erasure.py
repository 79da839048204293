"""A record of which something was erased: every version of it is made anew from what is left in the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, delete, select, text

from timeline.events.records import Erased, Erasure, RecordErased
from timeline.log.read import stream_events
from timeline.log.stored import StoredEvent
from timeline.read.tables import SHELVES, Shelf
from timeline.read.versions import Batch, Read, read


def refold(connection: Connection, shelf: Shelf, erasing: StoredEvent, log: Connection) -> None:
    """All versions of the record up to its erasure, as if what was erased had never been read from the log.

    Earlier versions are indexed by what other records say as of the erasure. So they are by a rebuild, too, which comes
    here at the same event.
    """
    past = _told([read(event) for event in stream_events(log, erasing.stream) if event.position <= erasing.position])
    forget(connection, shelf, erasing.stream)
    batch = Batch(connection, shelf)
    batch.prepare(past)
    # What rests on the record is indexed again once, at its erasure, and not at each of its old versions.
    resting = batch.dependents.pop(erasing.stream, set())
    for event in past[:-1]:
        batch.take(event)
    batch.dependents[erasing.stream] = resting
    batch.take(past[-1])
    batch.write()


def forget(connection: Connection, shelf: Shelf, id: str) -> None:
    """Remove every version of a record from a shelf, and its words from the search index."""
    if connection.dialect.name == "sqlite":
        words = select(shelf.texts.c.n, shelf.texts.c.words).where(shelf.texts.c.id == id)
        # The index holds no texts: it is told which words a row had, to take them out again.
        out = f"INSERT INTO {shelf.name}_words ({shelf.name}_words, rowid, words) VALUES ('delete', :n, :words)"
        for n, said in connection.execute(words).all():
            connection.execute(text(out), {"n": n, "words": said})
    # An embargo stays: the id may tell, too.
    for table in (shelf.records, shelf.links, shelf.aliases, shelf.texts):
        connection.execute(delete(table).where(table.c.id == id))


def forget_words(connection: Connection) -> None:
    """Merge the search index of SQLite into one piece: deleted words stay in the older ones until then."""
    if connection.dialect.name == "sqlite":
        for shelf in SHELVES:
            connection.execute(text(f"INSERT INTO {shelf}_words ({shelf}_words) VALUES ('optimize')"))


def _told(past: Sequence[Read]) -> list[Read]:
    """The events of a record, those that were erased with what is to be said of it."""
    erasures = dict(_erasures(past))
    return [
        Read(each.stored, Erased(erasure=erasures.get(each.stored.position)), set())
        if isinstance(each.event, Erased)
        else each
        for each in past
    ]


def _erasures(past: Sequence[Read]) -> Iterator[tuple[int, Erasure]]:
    for each in past:
        event, stored = each.event, each.stored
        if isinstance(event, RecordErased):
            told = Erasure(
                position=stored.position, recorded_us=stored.recorded_us, basis=event.basis, order=event.order
            )
            yield from ((position, told) for position in event.positions)
