"""Writing a backup while the service goes on: one snapshot of the database, checked line by line and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
from sqlalchemy import Connection

from timeline.backup.file import FORMAT, Head, whole_or_nothing, write_lines
from timeline.backup.kept import kept_rows
from timeline.backup.reading import Checked, check
from timeline.database import Database, schema_version
from timeline.errors import Damaged, Invalid
from timeline.log.merkle import root
from timeline.log.read import head
from timeline.log.transfer import append_line, appends, event_line

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many events of how many."""


def back_up(database: Database, path: Path, *, now_us: int, progress: Progress | None = None) -> Checked:
    """Write a backup and read it again. Raises `Refused`; `Damaged` when the log or what was written is not whole.

    What is appended meanwhile is not in it, and nothing that is in it is torn: all of it is read in one snapshot.
    """
    with whole_or_nothing(path) as beside:
        with database.read() as connection:
            end = head(connection)
            schema = schema_version(connection) or ""
            told = Head(FORMAT, schema, now_us, end.position, root(end.tree).hex())
            write_lines(beside, told, _lines(connection, told, progress))
        try:
            # A backup that nobody has read is none. Whether the log is the one its head tells comes out here, too.
            return check(beside, progress)
        except Invalid as fault:
            message = f"this log cannot be restored from its backup ({fault.message}); run 'timeline verify'"
            raise Damaged("BACKUP_FAILED", message) from fault


def _lines(connection: Connection, told: Head, progress: Progress | None) -> Iterator[bytes]:
    for append in appends(connection):
        yield append_line(append)
        yield from map(event_line, append.events)
        if progress is not None:
            progress("Writing", append.last, told.position)
    for name, row in kept_rows(connection):
        yield orjson.dumps({"kept": name, "row": row})
