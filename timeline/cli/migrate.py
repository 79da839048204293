"""timeline migrate"""

from __future__ import annotations

import click

from timeline.cli.options import database_option, settings
from timeline.database import open_database, upgrade


@click.command()
@database_option
def migrate(database_url: str | None) -> None:
    """Bring the database's schema up to date. Safe to run twice and from several machines at once."""
    database = open_database(settings(database_url).database_url)
    try:
        upgrade(database)
    finally:
        database.dispose()
    click.echo("The database schema is current.")
