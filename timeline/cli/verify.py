"""timeline verify"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from timeline.cli.options import database_option, opened, settings
from timeline.log.keys import read_vkeys
from timeline.log.verify import Fault, verify_log
from timeline.read.verify import verify_index, verify_tables
from timeline.settings import Settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--checkpoint", "files", multiple=True, type=FILE, help="A checkpoint kept elsewhere; may be repeated.")
@click.option("--key", "vkeys", multiple=True, help="A public key of the log besides those set; may be repeated.")
@click.option("--log-only", is_flag=True, help="Leave the read tables out: they can be made anew, the log cannot.")
@database_option
def verify(files: tuple[Path, ...], vkeys: tuple[str, ...], log_only: bool, database_url: str | None) -> None:
    """Check that nothing in the log is missing or was changed.

    Looks at dense positions and versions, every hash, the tree over them, the clock, the triggers, every checkpoint
    that was signed, and at the read tables against the log. Exit code 1 and a line for each fault.

    Whoever owns the database can write another log that is whole. That is found by a checkpoint that was kept
    elsewhere: TIMELINE_CHECKPOINT_FILE, or --checkpoint.
    """
    chosen = settings(database_url)
    trust = chosen.trust()
    trust = replace(trust, keys=(*trust.keys, *read_vkeys(" ".join(vkeys))))
    outside = [path.read_text(encoding="utf-8") for path in (*files, *_copy(chosen))]
    with opened(chosen.database_url) as database:
        with database.read() as connection:
            faults = verify_log(connection, trust=trust, outside=outside)
            if not faults and not log_only:
                faults += [Fault(0, message) for message in verify_tables(connection)]
        faults += [Fault(0, message) for message in verify_index(database)]
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults:
        sys.exit(1)
    click.echo("The log is whole: positions dense, hashes and tree match, triggers present.")
    if not log_only:
        click.echo("The read tables are those that the log makes.")
    click.echo(told(len(outside), bool(trust.keys)))


def told(outside: int, has_keys: bool) -> str:
    """What the log was held to from outside the database, and what not."""
    if not has_keys:
        return "No key of the log is known, so nobody's signature was looked at; --key names one."
    if not outside:
        return "It is as it was signed, as far as this database tells; --checkpoint names one kept elsewhere."
    return f"It is as it was signed, by {outside} checkpoint{'s' if outside > 1 else ''} kept elsewhere."


def _copy(chosen: Settings) -> list[Path]:
    copy = chosen.checkpoint_file
    return [copy] if copy is not None and copy.exists() else []
