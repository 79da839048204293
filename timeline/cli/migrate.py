"""timeline migrate"""

from __future__ import annotations

import click

from timeline import app
from timeline.cli.options import database_option, settings


@click.command()
@database_option
def migrate(database_url: str | None) -> None:
    """Bring the database's schema up to date. Safe to run twice and from several machines at once."""
    app.migrate(settings(database_url))
    click.echo("The database schema is current.")
