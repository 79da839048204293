"""Appends with the recorders of pyeventsourcing and prints how many events a second: ENGINE DATABASE BATCH SECONDS.

It runs in the environment of the peers and imports nothing of Timeline. The settings are the library's own, which lock
the table for each append, so that no event is skipped by a reader.
"""

from __future__ import annotations

import sys
import time
import uuid
from urllib.parse import parse_qs, unquote, urlsplit

from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.utils import Environment

BODY = b'{"content":{"names":[{"text":"A person of some name"}],"note":"' + b"x" * 200 + b'"}}'


def settings(engine: str, database: str) -> dict[str, str]:
    """The library's settings for a database."""
    if engine == "sqlite":
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": database}
    url = urlsplit(database)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.path.lstrip("/"),
        "POSTGRES_HOST": unquote(url.hostname or parse_qs(url.query)["host"][0]),
        "POSTGRES_PORT": str(url.port or 5432),
        "POSTGRES_USER": url.username or "postgres",
        "POSTGRES_PASSWORD": url.password or "none",
    }


def main() -> None:
    """Append until the time is up."""
    engine, database, batch, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    recorder = InfrastructureFactory.construct(Environment("bench", settings(engine, database))).application_recorder()
    print("ready", flush=True)
    sys.stdin.readline()
    written, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        recorder.insert_events([StoredEvent(uuid.uuid4(), 1, "person:Registered", BODY) for _ in range(batch)])
        written += batch
    print(written / seconds, flush=True)


if __name__ == "__main__":
    main()
