"""timeline verify"""

from __future__ import annotations

import sys

import click

from timeline.cli.options import database_option, opened
from timeline.log.verify import verify_log


@click.command()
@database_option
def verify(database_url: str | None) -> None:
    """Check the log: dense positions and versions, every hash, the tree, the clock, the triggers."""
    with opened(database_url) as database, database.read() as connection:
        faults = verify_log(connection)
        for fault in faults:
            click.echo(str(fault), err=True)
        if faults:
            sys.exit(1)
        click.echo("The log is whole: positions dense, hashes and tree match, triggers present.")
