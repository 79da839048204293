"""timeline log"""

from __future__ import annotations

import time

import click

from timeline.cli.options import database_option, opened
from timeline.events.records import EVENTS
from timeline.log.read import events_after
from timeline.log.transfer import event_line

BATCH = 1000
POLL_SECONDS = 0.5


@click.command()
@click.option("--after", type=click.IntRange(0), default=0, show_default=True, help="Begin behind this position.")
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    type=click.Choice(sorted(EVENTS)),
    help="Only events of this type, such as RecordCorrected; may be repeated.",
)
@click.option("--record", metavar="ID", help="Only events of this record.")
@click.option("--follow", "-f", is_flag=True, help="Go on as events are recorded, until interrupted.")
@database_option
def log(after: int, types: tuple[str, ...], record: str | None, follow: bool, database_url: str | None) -> None:
    """Print the log, oldest first, one event a line as JSON."""
    with opened(database_url) as database:
        while True:
            with database.read() as connection:
                events = events_after(connection, after, limit=BATCH, types=list(types) or None, stream=record)
            for event in events:
                click.echo(event_line(event))
                after = event.position
            if len(events) < BATCH:
                if not follow:
                    return
                time.sleep(POLL_SECONDS)
