"""timeline match"""

from __future__ import annotations

import getpass
import time

import click

from timeline.cli.options import database_option, opened
from timeline.intake import matches

KINDS = ("person", "post", "organization", "meeting")
reason_option = click.option("--reason", required=True, help="Why; it stays in the history of both records.")
limit_option = click.option("--limit", default=50, show_default=True, help="At most how many are shown.")


@click.group(invoke_without_command=True)
@limit_option
@click.option(
    "--kind", type=click.Choice(["person", "post", "organization", "meeting"]), help="Only suggestions of this kind."
)
@database_option
@click.pass_context
def match(context: click.Context, limit: int, kind: str | None, database_url: str | None) -> None:
    """List records that may be of the same; accept or refuse.

    'timeline match accept ID OTHER' merges OTHER into ID, 'timeline match refuse ID OTHER' records that they are not
    the same. Nothing is joined that nobody has accepted.
    """
    if context.invoked_subcommand is not None:
        return
    with opened(database_url) as database, database.read() as connection:
        found = [
            each for each in matches.suggestions(connection) if kind is None or each.survivor.startswith(f"{kind}/")
        ]
    for each in found[:limit]:
        click.echo(f"{each.survivor}  {each.other}\n    {each.shown[0]} | {each.shown[1]}: {each.why}")
    click.echo(f"{len(found)} suggestions." if found else "Nothing is suggested.")


@match.command()
@click.argument("id")
@click.argument("other")
@reason_option
@database_option
def accept(id: str, other: str, reason: str, database_url: str | None) -> None:
    """Merge OTHER into ID: they are the same."""
    with opened(database_url) as database:
        outcome = matches.accept(database, id, other, reason=reason, actor=_actor(), now_us=_now())
    click.echo(f"{other} leads to {id} now, since position {outcome.last}.")


@match.command()
@click.argument("id")
@click.argument("other")
@reason_option
@database_option
def refuse(id: str, other: str, reason: str, database_url: str | None) -> None:
    """Record that ID and OTHER are not the same."""
    with opened(database_url) as database:
        outcome = matches.refuse(database, id, other, reason=reason, actor=_actor(), now_us=_now())
    click.echo(f"{id} and {other} are told apart, since position {outcome.last}.")


def _actor() -> str:
    return getpass.getuser()


def _now() -> int:
    return time.time_ns() // 1000
