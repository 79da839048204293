"""Appends with eventsourcing's application recorder, its settings as they come, until the time is over.

Usage: python eventsourcing_writer.py DATABASE_URL BATCH SECONDS BODY_FILE. It appends once, says 'ready', waits for a
line, appends, and says how many events it stored.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.utils import Environment

TOPIC = "timeline.events:MeetingReported"


def environment(url: str, batch: int, lock: str) -> dict[str, str]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": parts.path[1:],
            "SQLITE_LOCK_TIMEOUT": lock,
        }
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path[1:],
        "POSTGRES_HOST": parse_qs(parts.query).get("host", [parts.hostname])[0] or "localhost",
        "POSTGRES_PORT": str(parts.port or 5432),
        "POSTGRES_USER": parts.username or "postgres",
        "POSTGRES_PASSWORD": parts.password or "unused",
        "POSTGRES_LOCK_TIMEOUT": lock,
        # An append of 1,000 events hangs in the driver's pipeline, so those go through a function in the database,
        # which takes no lock: safe with the one writer that appends them.
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y" if batch > 1 else "n",
    }


def main() -> None:
    url, batch, seconds, body = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]).read_bytes()
    factory = InfrastructureFactory.construct(Environment("bench", environment(url, batch, lock="30")))
    recorder = factory.application_recorder()

    def append() -> None:
        recorder.insert_events([StoredEvent(uuid4(), 1, TOPIC, body) for _ in range(batch)])

    append()
    print("ready", flush=True)
    if not sys.stdin.readline():
        return  # Whoever started this is gone.
    stored, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        append()
        stored += batch
    print(stored, flush=True)
    factory.close()


if __name__ == "__main__":
    main()
