"""timeline verify"""

from __future__ import annotations

import sys

import click

from timeline.cli.options import database_option, opened
from timeline.log.verify import verify_log


@click.command()
@database_option
def verify(database_url: str | None) -> None:
    """Check that nothing in the log is missing or was changed.

    Looks at dense positions and versions, every hash, the tree over them, the clock and the triggers. Exit code 1 and
    a line for each fault.
    """
    with opened(database_url) as database, database.read() as connection:
        faults = verify_log(connection)
        for fault in faults:
            click.echo(str(fault), err=True)
        if faults:
            sys.exit(1)
        click.echo("The log is whole: positions dense, hashes and tree match, triggers present.")
