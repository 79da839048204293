"""Options that several verbs share, and the database they name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from timeline.backup.restoring import check_finished
from timeline.database import Database, is_current, open_database
from timeline.errors import Refused
from timeline.settings import Settings, from_environment

database_option = click.option(
    "--database", "database_url", metavar="URL", help="Database URL; overrides TIMELINE_DATABASE_URL."
)


def settings(database_url: str | None = None, host: str | None = None, port: int | None = None) -> Settings:
    """The environment's settings with the flags that were given."""
    found = from_environment(os.environ)
    return replace(
        found,
        database_url=database_url or found.database_url,
        host=host or found.host,
        port=found.port if port is None else port,
    )


@contextmanager
def opened(database_url: str | None) -> Iterator[Database]:
    """The database, migrated; refused with the remedy when it is not."""
    database = open_database(settings(database_url).database_url)
    try:
        # SQLite would make the file, and an empty one helps nobody.
        is_there = database.dialect != "sqlite" or Path(database.url.database or "").exists()
        if not is_there or not is_current(database):
            raise Refused("SCHEMA_NOT_CURRENT", "the database schema is not current; run 'timeline migrate' first")
        with database.read() as connection:
            check_finished(connection)
        yield database
    finally:
        database.dispose()
