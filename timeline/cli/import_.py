"""timeline import"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from timeline.cli.options import database_option, opened
from timeline.handle import restore
from timeline.importers.foreign import Adapter, Reading
from timeline.importers.formats import FORMATS
from timeline.importers.table import read_table
from timeline.intake.run import Result, take_in
from timeline.log.transfer import read_lines

SHOWN = 10
"""How many rows and remarks are shown of many."""
release_option = click.option(
    "--release", metavar="NAME", help="What this state of the source is called; a digest of the files unless named."
)
dry_option = click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
path_argument = click.argument("path", type=click.Path(exists=True, path_type=Path))


@click.group("import", chain=True)
def import_() -> None:
    """Take in what others have recorded.

    Several can stand in one command, each with its path: 'timeline import historyatstate-travels A
    historyatstate-pocom B'. docs/importing.md explains tables, and how a format is added.
    """


@import_.command("log")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@database_option
def log(path: Path, database_url: str | None) -> None:
    """What 'timeline export' wrote, of another copy of this log.

    Every hash is checked; what is here already is compared and left out, so a run that was interrupted is simply
    started again.
    """
    with opened(database_url) as database, click.open_file(str(path), "rb") as lines:
        stored = restore(database, read_lines(lines))
    click.echo(f"{stored} events stored." if stored else "All of it is here already; nothing was stored.")


@import_.command("table")
@path_argument
@click.option(
    "--mapping",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The TOML file that says which column is what.",
)
@release_option
@dry_option
@database_option
def table(path: Path, mapping: Path, release: str | None, dry_run: bool, database_url: str | None) -> None:
    """A CSV or NDJSON file of meetings, statements or nominations, by a mapping."""
    _run(read_table(path, mapping, release), dry_run, database_url)


def _format(name: str, read: Adapter) -> click.Command:
    @click.command(name, help=(sys.modules[read.__module__].__doc__ or "").split("\n\n")[0])
    @path_argument
    @release_option
    @dry_option
    @database_option
    def command(path: Path, release: str | None, dry_run: bool, database_url: str | None) -> None:
        _run(read(path, release), dry_run, database_url)

    return command


for _name, _read in FORMATS.items():
    import_.add_command(_format(_name, _read))


def _run(reading: Reading, dry_run: bool, database_url: str | None) -> None:
    with opened(database_url) as database:
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
