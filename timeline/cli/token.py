"""timeline token"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import click

from timeline.cli.options import database_option, opened
from timeline.errors import Invalid
from timeline.rights import tokens
from timeline.values.roles import Role

DAY_US = 86_400_000_000
UNITS = {"h": DAY_US // 24, "d": DAY_US, "w": 7 * DAY_US, "y": 366 * DAY_US}


@click.group()
def token() -> None:
    """Make, list and revoke the tokens with which people and programs show who they are.

    A token is sent as 'Authorization: Bearer TOKEN'. docs/rights.md says what each role may.
    """


@token.command()
@click.argument("name")
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value.lower() for role in Role]),
    help="What it allows; each role includes those before it.",
)
@click.option("--expires", metavar="WHEN", help="'12h', '30d', '4w', '1y' from now, or a UTC date; never unless set.")
@database_option
def create(name: str, role: str, expires: str | None, database_url: str | None) -> None:
    """Print a new token, once. Only what it hashes to is kept, so nobody can show it again.

    NAME stands beside all that is recorded with it, as 'token:NAME'.
    """
    now_us = time.time_ns() // 1000
    until = None if expires is None else expiry(expires, now_us)
    with opened(database_url) as database:
        secret = tokens.create(database, name, Role(role.upper()), now_us=now_us, expires_us=until)
    click.echo(secret)
    ends = "never expires" if until is None else f"expires at {shown(until)}"
    click.echo(f"This is the token {name}, {role}; it {ends}. Keep it: it is not shown again.", err=True)


@token.command("list")
@database_option
def list_(database_url: str | None) -> None:
    """List all tokens that there are or were: name, role, whether it is valid, since when and until when."""
    now_us = time.time_ns() // 1000
    with opened(database_url) as database:
        found = tokens.all_tokens(database)
    for each in found:
        until = "never expires" if each.expires_us is None else f"until {shown(each.expires_us)}"
        if each.revoked_us is not None:
            until = f"revoked {shown(each.revoked_us)}"
        since = f"since {shown(each.created_us)}"
        click.echo(f"{each.name:20} {each.role.value.lower():12} {each.status(now_us):8} {since}  {until}")
    if not found:
        click.echo("There are no tokens; 'timeline token create NAME --role editor' makes one.")


@token.command()
@click.argument("name")
@database_option
def revoke(name: str, database_url: str | None) -> None:
    """Refuse a token from now on, in every process at once."""
    with opened(database_url) as database:
        tokens.revoke(database, name, now_us=time.time_ns() // 1000)
    click.echo(f"The token {name} is refused from now on.")


def expiry(text: str, now_us: int) -> int:
    """When '30d' or '2027-01-31' is, in microseconds since 1970. Raises `Invalid`."""
    span = re.fullmatch(r"([1-9]\d{0,3})([hdwy])", text)
    if span:
        return now_us + int(span[1]) * UNITS[span[2]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("EXPIRY_INVALID", f"{text!r} is no time; write '30d' or '2027-01-31'", ("expires",)) from None
    since = found.replace(tzinfo=found.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)


def shown(us: int) -> str:
    """'2026-11-25 16:30 UTC'."""
    return f"{datetime.fromtimestamp(us // 1_000_000, UTC):%Y-%m-%d %H:%M} UTC"
