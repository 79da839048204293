"""timeline backup, timeline restore"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from timeline.backup.reading import Checked, check
from timeline.backup.restoring import restore as restore_from
from timeline.backup.writing import back_up
from timeline.cli.options import database_option, opened, settings
from timeline.database import open_database

STEPS = 200
"""How often at most a line is drawn anew."""


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@database_option
def backup(path: Path, database_url: str | None) -> None:
    """Write all that is recorded to the new file PATH, while the service goes on.

    It holds the log, checkpoints, tokens (as hashes) and quarantine, of one moment, and is read again and checked
    before it gets its name. 'timeline restore PATH' makes the same record of it on either engine.
    """
    with opened(database_url) as database, shown() as progress:
        checked = back_up(database, path, now_us=time.time_ns() // 1000, progress=progress)
    click.echo(told(checked))
    click.echo(f"{path} is whole: read again, and every hash is right.")


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Read and check the file, and touch no database.")
@database_option
def restore(path: Path, only_check: bool, database_url: str | None) -> None:
    """Make an empty database the one that 'timeline backup' wrote to PATH.

    The whole file is checked first. The schema, the log and the read tables are made, and the root of the log is
    compared with the backup's. If it is interrupted, run it again: it goes on. Until it is done nothing is served.
    """
    if only_check:
        with shown() as progress:
            checked = check(path, progress)
        click.echo(told(checked))
        return
    database = open_database(settings(database_url).database_url)
    try:
        with shown() as progress:
            done = restore_from(database, path, progress)
    finally:
        database.dispose()
    click.echo(told(done.backup))
    click.echo(f"Restored, {done.events} of them now; the log has this root, and the read tables are made.")


def told(checked: Checked) -> str:
    """What a backup holds."""
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(checked.head.made_us // 1_000_000))
    return f"{checked.head.position} events of {made}, root {checked.head.root}, {checked.kept} rows beside the log."


@contextmanager
def shown() -> Iterator[Callable[[str, int, int], None]]:
    """On a terminal, how far each step is."""
    drawn = ("", -1)

    def progress(step: str, done: int, total: int) -> None:
        nonlocal drawn
        now = (step, done * STEPS // max(total, 1))
        if now != drawn and sys.stderr.isatty():
            click.echo(f"\r{step} {done:,} of {total:,} events\033[K", err=True, nl=False)
        drawn = now

    yield progress
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
