"""timeline erase, timeline scrub"""

from __future__ import annotations

import getpass
import time
import uuid

import click

from timeline.cli.options import database_option, opened
from timeline.database import Database
from timeline.errors import NotFound
from timeline.handle import Request, handle
from timeline.log.read import events_after
from timeline.read.erasure import forget_words
from timeline.read.projector import rebuild
from timeline.read.versions import is_leaned_on
from timeline.write.commands import Erase


@click.command()
@click.argument("id", required=False)
@click.option("--position", "positions", multiple=True, type=click.IntRange(1), help="Only this event; repeatable.")
@click.option("--basis", required=True, help="The legal basis, such as 'Art. 17(1)(d) GDPR'. It is published.")
@click.option("--by", "order", required=True, help="Who ordered it. It is published.")
@database_option
def erase(id: str | None, positions: tuple[int, ...], basis: str, order: str, database_url: str | None) -> None:
    """Erase what the record ID said, by order and on a legal basis.

    That its events were recorded stays, and every proof of them. What they said goes for ever from the log, the read
    tables about any time, the search, what is kept in memory and what is exported from now on; the record answers when,
    why and by whose order. Ids are no content: they stay. docs/operations.md tells what files, backups and caches of
    others may still hold, and 'timeline scrub' cleans the files.
    """
    if (id is None) == (not positions):
        raise click.UsageError("name either the record's ID or --position")
    with opened(database_url) as database:
        named = id or _record_at(database, positions[0])
        command = Erase(id=named, positions=sorted(positions), basis=basis, order=order)
        request = Request(append_id=f"erase/{uuid.uuid4()}", actor=f"cli:{getpass.getuser()}", commands=[command])
        outcome = handle(database, request, now_us=time.time_ns() // 1000)
        if not outcome.recorded:
            click.echo(f"Nothing of {named} is left to be erased.")
            return
        click.echo(f"{named} is erased, by the event at position {outcome.last}.")
        if is_leaned_on(named):
            click.echo("Others rest on it: the read tables are made anew.")
            rebuild(database)
    click.echo("The files of the database may hold it until 'timeline scrub' has run; backups and exports do.")


def _record_at(database: Database, position: int) -> str:
    with database.read() as connection:
        found = events_after(connection, position - 1, limit=1)
    if not found:
        raise NotFound("POSITION_UNKNOWN", f"there is no event at position {position}", ("position",))
    return found[0].stream


@click.command()
@database_option
def scrub(database_url: str | None) -> None:
    """Rewrite the database's files without what was erased or replaced.

    A database leaves deleted bytes where they were until it needs the room. On SQLite nobody may write meanwhile, on
    PostgreSQL nobody may read or write each table while it is rewritten.
    """
    with opened(database_url) as database:
        with database.write() as connection:
            forget_words(connection)
        database.rewrite_files()
    click.echo("The files are rewritten.")
