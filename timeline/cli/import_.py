"""timeline import"""

from __future__ import annotations

from pathlib import Path

import click

from timeline.cli.options import database_option, opened
from timeline.handle import restore
from timeline.log.transfer import read_lines


@click.command("import")
@click.argument("format", type=click.Choice(["log"]))
@click.argument("path", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@database_option
def import_(format: str, path: Path, database_url: str | None) -> None:
    """Take in a file that others, or another copy of this log, have written.

    FORMAT log: what 'timeline export' wrote. Every hash is checked; what is here already is compared and left out, so
    a run that was interrupted is simply started again.
    """
    with opened(database_url) as database, click.open_file(str(path), "rb") as lines:
        stored = restore(database, read_lines(lines))
    click.echo(f"{stored} events stored." if stored else "All of it is here already; nothing was stored.")
