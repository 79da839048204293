"""timeline prove, timeline verify-proof"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy import Connection

from timeline import verifier
from timeline.cli.options import database_option, opened, settings
from timeline.database import Database
from timeline.errors import NotFound
from timeline.log.checkpoint import last_signed
from timeline.log.proof import prove_consistency, prove_event
from timeline.log.read import head, stream_events
from timeline.log.schedule import sign_now
from timeline.settings import Settings


@click.command()
@click.argument("id", required=False)
@click.option("--version", type=click.IntRange(1), help="Which event of the record; the last one unless named.")
@click.option("--position", type=click.IntRange(1), help="The event at this position instead of one of a record.")
@click.option(
    "--consistency", "size", type=click.IntRange(0), help="That the log only grew since it had so many events, instead."
)
@database_option
def prove(
    id: str | None, version: int | None, position: int | None, size: int | None, database_url: str | None
) -> None:
    """Print a proof that the log holds an event of the record ID.

    'timeline verify-proof' checks it. It is one small text with the event, its way through the tree and a signed
    checkpoint (a C2SP tlog-proof). Where no checkpoint covers the event yet, one is signed if a key is set.
    """
    if sum(each is not None for each in (id, position, size)) != 1:
        raise click.UsageError("name one of ID, --position and --consistency")
    chosen = settings(database_url)
    with opened(chosen.database_url) as database:
        with database.read() as connection:
            at = position if id is None else _position(connection, id, version)
            end = head(connection).position
        covered = size if size is not None else at
        assert covered is not None, "one of the three was named"
        if covered <= end:
            _cover(database, chosen, covered)
        with database.read() as connection:
            proof = prove_consistency(connection, size) if size is not None else prove_event(connection, covered)
    click.echo(proof.text(), nl=False)


def _position(connection: Connection, id: str, version: int | None) -> int:
    """Where an event of a record is."""
    events = stream_events(connection, id)
    if not events:
        raise NotFound("RECORD_UNKNOWN", f"nothing is recorded under {id}", ("id",))
    if version is not None and version > len(events):
        raise NotFound("POSITION_UNKNOWN", f"{id} has {len(events)} events, and none numbered {version}", ("version",))
    return events[(version or 0) - 1].position


def _cover(database: Database, chosen: Settings, position: int) -> None:
    """Sign a checkpoint if none covers the position and a key is set."""
    keys = chosen.signing_keys()
    with database.read() as connection:
        last = last_signed(connection)
    if keys and (last is None or last.size < position):
        sign_now(database, keys, chosen.trust())


@click.command("verify-proof")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "keys", multiple=True, required=True, help="A public key of the log; may be repeated.")
@click.option(
    "--older",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For a proof that the log only grew: the older checkpoint.",
)
def verify_proof(file: Path, keys: tuple[str, ...], older: Path | None) -> None:
    """Check a proof in FILE offline, with the log's public key alone.

    The same is done by the single file timeline/verifier.py, for whoever does not want to trust this program. Exit code
    1 when the proof does not hold.
    """
    try:
        texts = [None if path is None else path.read_bytes().decode() for path in (file, older)]
        assert texts[0] is not None, "the file is named"
        click.echo(verifier.check(texts[0], keys, texts[1]))
    except (UnicodeDecodeError, verifier.ProofError) as failed:
        click.echo(f"NOT PROVEN: {failed}", err=True)
        sys.exit(1)
