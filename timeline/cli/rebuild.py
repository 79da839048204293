"""timeline rebuild"""

from __future__ import annotations

import sys

import click

from timeline.cli.options import database_option, opened
from timeline.read import projector


@click.command()
@database_option
def rebuild(database_url: str | None) -> None:
    """Make the read tables anew from the log.

    They are filled beside the live ones, compared with them and swapped in; the service goes on answering. Exit code 1
    when they differ: the live ones were changed from outside, or an upgrade reads events otherwise. They are right
    now.
    """
    with opened(database_url) as database:
        with click.progressbar(length=1, label="Rebuilding", file=sys.stderr) as bar:

            def progress(done: int, total: int) -> None:
                bar.length = max(total, 1)
                bar.update(done - bar.pos)

            report = projector.rebuild(database, progress)
        click.echo(f"{report.events} events read, {report.records} record versions written; {_told(report)}.")
        click.echo(f"live {report.digest_live or '(not compared)'}\nnew  {report.digest_new}")
        if not report.equal:
            sys.exit(1)


def _told(report: projector.RebuildReport) -> str:
    if not report.digest_live:
        return "an earlier release made the ones they replace, so digests were not compared"
    return f"digests {'equal to' if report.equal else 'DIFFERENT from'} the ones they replace"
