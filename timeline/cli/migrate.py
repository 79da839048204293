"""timeline migrate"""

from __future__ import annotations

import click

from timeline.cli.options import database_option, settings
from timeline.database import open_database, upgrade
from timeline.read.projector import bring_up


@click.command()
@database_option
def migrate(database_url: str | None) -> None:
    """Bring the database's schema up to date.

    Safe to run twice and from several machines at once. A change that empties the read tables fills them again.
    """
    database = open_database(settings(database_url).database_url)
    try:
        upgrade(database)
        projected = bring_up(database)
    finally:
        database.dispose()
    again = f"; {projected} events projected anew" if projected else ""
    click.echo(f"The database schema is current{again}.")
