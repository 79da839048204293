"""timeline import"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from timeline.cli.options import database_option, opened
from timeline.database import Database
from timeline.handle import restore
from timeline.importers.foreign import Reading
from timeline.importers.formats import FORMATS
from timeline.importers.table import read_table
from timeline.intake.run import Result, take_in
from timeline.log.transfer import read_lines

SHOWN_BYTES = 1_000_000
"""After how many bytes of a log the progress bar moves."""
SHOWN = 10
"""How many rows and remarks are shown of many."""
FORMS = ("log", "table", *FORMATS)


@click.command("import")
@click.argument("what", nargs=-1, required=True, metavar="FORMAT PATH [FORMAT PATH]...")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For a table: the TOML file that says which column is what.",
)
@click.option(
    "--release", metavar="NAME", help="What this state of the source is called; a digest of the files unless named."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@database_option
def import_(
    what: tuple[str, ...], mapping: Path | None, release: str | None, dry_run: bool, database_url: str | None
) -> None:
    """Take in what others, or another copy of this log, have recorded.

    \b
    log                     a file that 'timeline export' wrote; every hash is checked
    table                   CSV or NDJSON, with --mapping: meetings, statements, nominations
    historyatstate-travels  trips of US presidents and secretaries of state since 1866
    historyatstate-pocom    US chiefs of mission and principal officers since 1778

    What is here already is recognised and left out, so a run that was interrupted is simply started again. Rows that
    cannot be recorded are set aside ('timeline quarantine'), records that may be of the same are suggested ('timeline
    match'). docs/importing.md explains mappings, and how a format is added.
    """
    pairs = _pairs(what, mapping)
    with opened(database_url) as database:
        for form, path in pairs:
            if form == "log":
                _restore(database, path)
            elif form == "table":
                assert mapping is not None
                _take_in(database, read_table(Path(path), mapping, release), dry_run)
            else:
                _take_in(database, FORMATS[form](Path(path), release), dry_run)


def _pairs(what: tuple[str, ...], mapping: Path | None) -> list[tuple[str, str]]:
    pairs = list(zip(what[::2], what[1::2], strict=False))
    for form in what[::2]:
        if form not in FORMS:
            raise click.UsageError(f"{form!r} is no format; known are {', '.join(FORMS)}")
    if len(what) % 2:
        raise click.UsageError(f"{what[-1]} needs a path: timeline import {what[-1]} PATH")
    for form, path in pairs:
        if not Path(path).exists() and (form, path) != ("log", "-"):
            raise click.UsageError(f"there is no {path}")
        if form == "table" and mapping is None:
            raise click.UsageError("a table needs --mapping FILE, which says which column is what")
    return pairs


def _restore(database: Database, path: str) -> None:
    size = Path(path).stat().st_size if path != "-" else 0
    hidden = not size or not sys.stderr.isatty()
    with (
        click.open_file(path, "rb") as lines,
        click.progressbar(
            length=size, label="Importing", file=sys.stderr, hidden=hidden, update_min_steps=SHOWN_BYTES
        ) as bar,
    ):

        def counted() -> Iterator[bytes]:
            for line in lines:
                bar.update(len(line))
                yield line

        stored = restore(database, read_lines(counted()))
    click.echo(f"{stored} events stored." if stored else "All of it is here already; nothing was stored.")


def _take_in(database: Database, reading: Reading, dry_run: bool) -> None:
    hidden = dry_run or not sys.stderr.isatty()
    with click.progressbar(length=1, label="Recording", file=sys.stderr, hidden=hidden) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        result = take_in(database, reading, now_us=time.time_ns() // 1000, dry_run=dry_run, progress=progress)
    click.echo(told(reading, result, dry_run))


def told(reading: Reading, result: Result, dry_run: bool) -> str:
    """What an import did, or would do."""
    lines = [f"{reading.scheme}, release {reading.release}: {result.rows:,} rows read"]
    columns = ("new", "corrected", "unchanged", "gone", "relisted")
    lines.append(f"{'':14}" + "".join(f"{name:>11}" for name in columns))
    for kind, counts in result.kinds.items():
        lines.append(f"  {kind:12}" + "".join(f"{getattr(counts, name):>11,}" for name in columns))
    if result.supporting:
        which = ", ".join(f"{number:,} {kind}" for kind, number in sorted(result.supporting.items()))
        lines.append(f"Named by them and new: {which}")
    lines += _few(
        "set aside ('timeline quarantine' lists them)", [f"{r.at}  {r.row}: {r.reason}" for r in result.set_aside]
    )
    lines += _few("remarks", result.remarks)
    nothing = "Nothing was written: this was a dry run." if dry_run else "Nothing was written: it is recorded already."
    lines.append(f"{result.events:,} events written." if result.events else nothing)
    return "\n".join(lines)


def _few(what: str, texts: list[str]) -> list[str]:
    if not texts:
        return []
    more = [f"    and {len(texts) - SHOWN} more"] if len(texts) > SHOWN else []
    return [f"{len(texts)} {what}:", *(f"    {text}" for text in texts[:SHOWN]), *more]
