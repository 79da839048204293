"""The way back: an empty database becomes the one that was backed up, or goes on becoming it after an interruption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, insert, inspect, select

from timeline import handle
from timeline.backup.file import Head
from timeline.backup.kept import count_kept, put_kept
from timeline.backup.reading import Checked, check, kept_lines, stored_appends
from timeline.database import Database, knows_schema, upgrade
from timeline.errors import Conflict, Damaged, Refused
from timeline.log.append import locked_head
from timeline.log.merkle import root
from timeline.log.read import head
from timeline.log.tables import log_head
from timeline.read.now import read_position

unfinished = Table(
    "restore_unfinished",
    MetaData(),
    Column("root", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("made_us", BigInteger, nullable=False),
)
"""There is such a table from the first to the last moment of a restore, and says of which backup."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the backup, and how many events this run stored of it."""

    backup: Checked
    events: int


def restore(database: Database, path: Path, progress: Callable[[str, int, int], None] | None = None) -> Restored:
    """Make an empty database the one that was backed up. Raises `Refused` for another one, `Invalid` for the file.

    The whole file is checked before anything is written. A second run goes on where an interrupted one ended.
    """
    checked = check(path, progress)
    _check_version(checked.head)
    _begin(database, checked.head)
    done = 0

    def stored(events: int) -> None:
        nonlocal done
        done += events
        if progress is not None:
            progress("Restoring", done, checked.head.position)

    events = handle.restore(database, stored_appends(path), stored)
    with database.write() as connection:
        _finish(connection, checked, path)
    return Restored(checked, events)


def check_finished(connection: Connection) -> None:
    """Raise `Refused` while a restore of this database is not finished: what it holds is not yet what was backed up."""
    if inspect(connection).has_table(unfinished.name):
        message = "this database is being restored; finish it by running the same 'timeline restore' again"
        raise Refused("RESTORE_UNFINISHED", message)


def _check_version(head: Head) -> None:
    if not knows_schema(head.schema):
        message = f"the backup was made by a newer version of this software (schema {head.schema}); upgrade first"
        raise Refused("BACKUP_NEWER", message)


def _begin(database: Database, head: Head) -> None:
    """Bring the schema up and mark the database as being restored, unless this very restore has begun already."""
    with database.read() as connection:
        begun = inspect(connection).has_table(unfinished.name)
        if begun:
            _check_same(connection, head)
        elif inspect(connection).has_table(log_head.name):
            _check_empty(connection)
    upgrade(database)
    if not begun:
        with database.write() as connection:
            _check_empty(connection)
            unfinished.create(connection)
            connection.execute(insert(unfinished), _mark(head))


def _check_same(connection: Connection, head: Head) -> None:
    found = dict(connection.execute(select(unfinished)).mappings().one())
    if found != _mark(head):
        message = f"another backup, up to position {found['position']}, is being restored into this database"
        raise Conflict("RESTORE_DIFFERS", f"{message}; finish that one, or begin with an empty database")


def _check_empty(connection: Connection) -> None:
    if head(connection).position or count_kept(connection):
        message = "something is recorded in this database; a backup is restored into an empty one only"
        raise Refused("DATABASE_NOT_EMPTY", message)


def _mark(head: Head) -> dict[str, object]:
    return {"root": head.root, "position": head.position, "made_us": head.made_us}


def _finish(connection: Connection, checked: Checked, path: Path) -> None:
    """Compare what the log has become with the backup, write what is kept beside it, and lift the mark."""
    end = locked_head(connection)
    found = (end.position, root(bytes(end.tree)).hex(), read_position(connection))
    if found != (checked.head.position, checked.head.root, checked.head.position):
        raise Damaged("RESTORE_FAILED", "the restored log has not the root of the backup; begin with an empty database")
    put_kept(connection, kept_lines(path))
    unfinished.drop(connection)
