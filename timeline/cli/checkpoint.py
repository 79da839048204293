"""timeline checkpoint"""

from __future__ import annotations

import click

from timeline.cli.key import signing_keys
from timeline.cli.options import database_option, opened, settings
from timeline.log.checkpoint import signed_before
from timeline.log.schedule import sign_now


@click.command()
@click.option("--all", "every", is_flag=True, help="Print all that were signed before, oldest first, and sign nothing.")
@database_option
def checkpoint(every: bool, database_url: str | None) -> None:
    """Sign the log as it is now and print the checkpoint.

    Keep what it prints where the owner of the database cannot reach it: whoever has it can tell whether the log is
    still the one that was signed. Nothing is signed that contradicts an earlier checkpoint.
    """
    chosen = settings(database_url)
    with opened(chosen.database_url) as database:
        if not every:
            click.echo(sign_now(database, signing_keys(chosen), chosen.trust()).note, nl=False)
            return
        with database.read() as connection:
            click.echo("\n".join(signed_before(connection)), nl=False)
