"""timeline export"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

import click

from timeline.cli.options import database_option, opened
from timeline.log.transfer import append_line, appends, event_line


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path), default="-")
@database_option
def export(path: Path, database_url: str | None) -> None:
    """Write the whole log as lines of JSON to PATH, or to the standard output.

    'timeline import log PATH' makes the same log of it, on either engine: same positions, hashes and answers.
    """
    events = 0
    with opened(database_url) as database, database.read() as connection, _written(path) as out:
        for append in appends(connection):
            for line in (append_line(append), *map(event_line, append.events)):
                out.write(line + b"\n")
            events += len(append.events)
    click.echo(f"{events} events written.", file=sys.stderr)


def _written(path: Path) -> IO[bytes]:
    """Opened no sooner than there is something to write: an export that is refused leaves an older one as it is."""
    try:
        return click.open_file(str(path), "wb")
    except OSError as failed:
        raise click.FileError(str(path), failed.strerror) from failed
