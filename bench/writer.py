"""Appends to our log, nothing else, until the time is over.

python -m bench.writer DATABASE_URL BATCH SECONDS BODY_FILE. It appends once, says 'ready', waits for a
line, appends, and says how
many events it stored.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from uuid import uuid4

from timeline.database import Database, open_database
from timeline.log.append import Append, NewEvent, append_alone


def main() -> None:
    """Append as long as asked."""
    url, batch, seconds, body = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]).read_bytes()
    database = open_database(url)
    _append(database, batch, body)
    print("ready", flush=True)
    if not sys.stdin.readline():
        return  # Whoever started this is gone.
    stored, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        _append(database, batch, body)
        stored += batch
    print(stored, flush=True)


def _append(database: Database, batch: int, body: bytes) -> None:
    streams = [f"meeting/{uuid4()}" for _ in range(batch)]
    events = [NewEvent(stream=stream, type="MeetingReported", schema=1, body=body) for stream in streams]
    wanted = Append(str(uuid4()), b"d" * 32, "bench", events, expected=dict.fromkeys(streams, 0))
    append_alone(database, wanted, now_us=time.time_ns() // 1000)


if __name__ == "__main__":
    main()
