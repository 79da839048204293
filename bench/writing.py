"""Appending to the log alone, against eventsourcing 9.5: python -m bench.writing --help"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.generate import World, meeting
from bench.kept import Results
from bench.relational import PEERS
from bench.store import Store
from timeline.database import open_database, upgrade
from timeline.events.codec import encode
from timeline.events.records import MeetingReported

ROWS = {
    "single-postgresql": ("postgresql", 4, 1),
    "single-sqlite": ("sqlite", 1, 1),
    "batch-postgresql": ("postgresql", 1, 1000),
    "batch-sqlite": ("sqlite", 1, 1000),
}
"""Engine, how many writers, how many events an append."""


def main() -> None:
    """Measure what is not measured yet, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="what to measure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--keep", type=Path, default=Path("var/bench"), help="where results are kept")
    parser.add_argument("--again", action="store_true", help="also what was measured before")
    parser.add_argument("--quick", action="store_true", help="one round of a second, not kept")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds = 1, 1
    store, results = Store(chosen.keep), Results(chosen.keep / "results.json", forgetful=chosen.quick)
    append_rows(store, results, chosen, chosen.rows.split(","))


def append_rows(store: Store, results: Results, chosen: Any, rows: Sequence[str] = tuple(ROWS)) -> None:
    """One row after the other."""
    body = store.folder / "event.json"
    body.write_bytes(_event())
    for row in rows:
        if chosen.again or not results.has(f"append/{row}", list(WRITERS)):
            found = _measured(store, row, body, chosen.rounds, chosen.seconds)
            results.put(f"append/{row}", found)
            print(told(row, found), flush=True)


def _event() -> bytes:
    """The bytes of one event, the same for all."""
    return encode(MeetingReported(content=meeting(World(1), 1)))


def _measured(store: Store, row: str, body: Path, rounds: int, seconds: float) -> dict[str, Any]:
    engine, writers, batch = ROWS[row]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WRITERS}
    beside = os.getloadavg()[0]
    for _ in range(rounds):
        for name, (command, prepare) in WRITERS.items():
            with store.scratch(engine) as url:
                prepare(url)
                stored = _together([[*command(store), url, str(batch), str(seconds), str(body)]] * writers)
                found[name].append({"per_second": stored / seconds})
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    return {"at": at, "load_before": round(beside, 1), "writers": writers, "batch": batch, "rounds": found}


def _together(commands: list[list[str]]) -> int:
    """Start one after the other, for each may make tables; let them begin at once; what they stored."""
    processes = [_started(command) for command in commands]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return sum(int(process.communicate()[0]) for process in processes)


def _started(command: list[str]) -> subprocess.Popen[str]:
    root = PEERS.parent.parent
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise SystemExit(f"a writer did not start: {command}")
    return process


def _migrate(url: str) -> None:
    database = open_database(url)
    upgrade(database)
    database.dispose()


def _eventsourcing(store: Store) -> list[str]:
    return [str(store.python("venv")), str(PEERS / "eventsourcing_writer.py")]


WRITERS: dict[str, tuple[Callable[[Store], list[str]], Callable[[str], None]]] = {
    "timeline": (lambda store: [sys.executable, "-m", "bench.writer"], _migrate),
    "eventsourcing": (_eventsourcing, lambda url: None),
}
"""How each is started, and what its database needs before; eventsourcing makes its own table."""


def told(row: str, found: dict[str, Any]) -> str:
    """The row for people."""
    ours, theirs = (found["rounds"][name] for name in WRITERS)
    ratio = statistics.median(a["per_second"] / b["per_second"] for a, b in zip(ours, theirs, strict=True))
    rates = {name: statistics.median(each["per_second"] for each in found["rounds"][name]) for name in WRITERS}
    shown = ", ".join(f"{name} {rate:,.0f} events/s" for name, rate in rates.items())
    return f"{row}, load {found['load_before']}: {shown}, {ratio:.2f} times"


if __name__ == "__main__":
    main()
