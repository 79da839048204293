"""timeline key"""

from __future__ import annotations

import os
from pathlib import Path

import click

from timeline.cli.options import settings
from timeline.errors import Refused
from timeline.log.keys import SigningKey, new_key
from timeline.settings import Settings


@click.group()
def key() -> None:
    """Make and show the keys that sign checkpoints of the log."""


@key.command()
@click.argument("name")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the private key is written.")
def create(name: str, out: Path) -> None:
    """Make a key for the log of this NAME and print its public key.

    NAME is an address without scheme that is yours, such as timeline.example.org/log; it stands in every checkpoint.
    The private key goes to a new file that only you can read: TIMELINE_LOG_KEY_FILE names it to the service. The public
    key is for everybody who checks proofs. docs/operations.md tells how keys are rotated.
    """
    made = new_key(name)
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as failed:
        message = f"{out} cannot be made: {failed.strerror}; a key is never written over a file"
        raise Refused("KEY_FILE_EXISTS", message) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{made.text}\n")
    click.echo(made.vkey)


@key.command()
def show() -> None:
    """Print the public keys of TIMELINE_LOG_KEY_FILE or TIMELINE_LOG_KEY, one a line."""
    for each in signing_keys(settings()):
        click.echo(each.vkey)


def signing_keys(chosen: Settings) -> list[SigningKey]:
    """The keys that sign for the log. Raises `Refused` where none are set."""
    keys = chosen.signing_keys()
    if not keys:
        message = "no key is set; 'timeline key create' makes one and TIMELINE_LOG_KEY_FILE names its file"
        raise Refused("KEY_NOT_SET", message)
    return keys
