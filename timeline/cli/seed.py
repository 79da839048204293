"""timeline seed"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from timeline import handle
from timeline.cli.options import database_option, opened
from timeline.database import Database
from timeline.errors import Several, TimelineError
from timeline.importers.seed import SeedFile, check_together, read_seed
from timeline.importers.yaml_source import SeedFault
from timeline.settings import shipped

SUFFIXES = (".yaml", ".yml")
MANY = 500
"""From how many records on a terminal is shown how far the load is."""


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--reason", help="Why records are corrected, where a file was edited since it was loaded.")
@database_option
def seed(paths: tuple[Path, ...], reason: str | None, database_url: str | None) -> None:
    """Record what seed files say.

    PATHS are files or folders of YAML files; if none is named, the example record that comes along. 'timeline schema
    seed' prints their form, seeds/README.md explains it.

    Everything is checked before anything is written, and all faults are shown at once. It is written all or not at
    all. A second run writes nothing; an edited file becomes corrections with a reason.
    """
    files = seed_files(paths)
    with opened(database_url) as database:
        click.echo(told(load_seeds(database, files, reason), len(files)))


def seed_files(paths: Sequence[Path]) -> list[Path]:
    """The files that the paths name, folders opened; the record that comes along when none is named."""
    return [file for path in paths or (shipped("seeds"),) for file in (_within(path) if path.is_dir() else [path])]


def _within(folder: Path) -> list[Path]:
    found = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES)
    if not found:
        raise click.UsageError(f"{folder} holds no seed file; their names end in {' or '.join(SUFFIXES)}")
    return found


def load_seeds(database: Database, files: list[Path], reason: str | None) -> handle.Outcome | None:
    """Record what the files say, all or nothing; None when it is recorded already. Raises `Several`."""
    faults: list[TimelineError] = []
    read: list[SeedFile] = []
    for file in files:
        try:
            read.append(read_seed(file.read_bytes().decode("utf-8", "replace"), str(file)))
        except Several as several:
            faults.extend(several.faults)
    # What names a record of a file that cannot be read would look wrong: that is checked once every file can be.
    together = [] if faults or not all(part.is_whole for part in read) else _check_together(database, read)
    faults.extend(fault for part in read for fault in part.faults)
    if faults or together:
        raise Several([*faults, *together])
    contents = {id: content for part in read for id, content in part.records.items()}
    given = reason or next((part.reason for part in read if part.reason), "the seed file was edited")
    now_us = time.time_ns() // 1000
    try:
        with shown(len(contents)) as progress:
            return handle.seed(database, contents, reason=given, actor="seed", now_us=now_us, progress=progress)
    except Several as several:
        raise Several([_in_its_file(fault, read) for fault in several.faults]) from several


def _check_together(database: Database, read: list[SeedFile]) -> list[SeedFault]:
    """What is wrong between the files and with what is recorded."""
    contents = [content for part in read for content in part.records.values()]
    with database.read() as connection:
        named = handle.load(connection, {id for part in read for id in part.named()})
        nominated = handle.pending_nominations(connection, contents, {})
    return check_together(read, {id for id, record in named.items() if record.content is not None}, nominated)


def _in_its_file(fault: TimelineError, read: list[SeedFile]) -> TimelineError:
    """The fault with file and line, if its path begins with a record of one of the files."""
    id = fault.path[0] if fault.path else None
    for part in read:
        if isinstance(id, str) and id in part.records:
            return part.fault(fault.code, fault.message, id, () if fault.path[1:] == ("id",) else fault.path[1:])
    return fault


@contextmanager
def shown(records: int) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal over the records as they are compared with the log, and a word when they are written."""
    hidden = records < MANY or not sys.stderr.isatty()
    step = max(1, records // 100)
    with click.progressbar(
        length=records, label="Comparing", file=sys.stderr, hidden=hidden, update_min_steps=step
    ) as bar:

        def progress(done: int) -> None:
            bar.update(1)
            if done == records:
                bar.label = "Compared; writing what is new"
                bar.render_progress()

        yield progress


def told(outcome: handle.Outcome | None, files: int) -> str:
    """What a seed load did, in one line."""
    read = f"{files} file{'s' if files != 1 else ''} read"
    if outcome is None:
        return f"{read}; all of it is recorded already, nothing written."
    return (
        f"{read}; {outcome.new} records new, {outcome.corrected} corrected, "
        f"in {outcome.recorded} events at positions {outcome.first} to {outcome.last}."
    )
