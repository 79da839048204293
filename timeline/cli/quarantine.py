"""timeline quarantine"""

from __future__ import annotations

import click

from timeline.cli.options import database_option, opened
from timeline.intake.quarantine import kept


@click.command()
@click.option("--scheme", metavar="NAME", help="Only what was set aside of this format or table.")
@database_option
def quarantine(scheme: str | None, database_url: str | None) -> None:
    """List rows that imports set aside: file, line, reason.

    Nothing is dropped and nothing repaired in silence. Correct the row where it comes from, or the mapping, and import
    again: every row is tried anew.
    """
    with opened(database_url) as database, database.read() as connection:
        rows = kept(connection, scheme)
    for name, row in rows:
        click.echo(f"{name}  {row.at}  {row.row}: {row.reason} [{row.code}]")
    click.echo(f"{len(rows)} rows set aside." if rows else "Nothing is set aside.")
