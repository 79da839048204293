"""timeline seed"""

from __future__ import annotations

from pathlib import Path

import click

from timeline import app
from timeline.cli.options import database_option, opened
from timeline.handle import Outcome


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--reason", help="Why records are corrected, where a file was edited since it was loaded.")
@database_option
def seed(paths: tuple[Path, ...], reason: str | None, database_url: str | None) -> None:
    """Record what seed files say: PATHS are files or folders, the example record that comes along if none is named.

    Everything is checked before anything is written, and all faults are shown at once. A second run writes nothing;
    an edited file becomes corrections with a reason.
    """
    files = app.seed_files(list(paths))
    with opened(database_url) as database:
        click.echo(told(app.load_seeds(database, files, reason=reason), len(files)))


def told(outcome: Outcome | None, files: int) -> str:
    """What a seed load did, in one line."""
    read = f"{files} file{'s' if files != 1 else ''} read"
    if outcome is None:
        return f"{read}; all of it is recorded already, nothing written."
    return (
        f"{read}; {outcome.new} records new, {outcome.corrected} corrected, "
        f"in {outcome.recorded} events at positions {outcome.first} to {outcome.last}."
    )
