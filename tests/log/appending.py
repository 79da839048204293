"""Appends as the tests of the log make them."""

from __future__ import annotations

from timeline.database import Database
from timeline.log.append import Append, Appended, NewEvent, append, append_alone
from timeline.log.read import head

NOW = 1_752_192_000_000_000


def batch(append_id: str, *streams: str, digest: bytes = b"d", expected: dict[str, int] | None = None) -> Append:
    """One small event for each stream named."""
    events = [NewEvent(stream=stream, type="Noted", schema=1, body=b'{"n":1}') for stream in streams]
    return Append(append_id=append_id, request_digest=digest, actor="test", events=events, expected=expected or {})


def store(database: Database, wanted: Append, now_us: int = NOW) -> Appended:
    """Append in a transaction of its own."""
    with database.write() as connection:
        return append(connection, wanted, now_us=now_us)


def alone(database: Database, wanted: Append, now_us: int = NOW) -> Appended:
    """The same by the shortest way that the engine has."""
    return append_alone(database, wanted, now_us=now_us)


def position(database: Database) -> int:
    """Where the log ends."""
    with database.read() as connection:
        return head(connection).position
