"""A seed load is all or nothing, whenever its process is killed; run again, it ends as if nothing had happened."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.seeding import start
from timeline.database import Database, open_database
from timeline.log.read import events_after, head
from timeline.log.verify import verify_log
from timeline.read import projector
from timeline.read.now import read_position

RECORDS = 2000
MOMENTS = ("INSERT INTO log_events", "INSERT INTO a_links", "COMMIT")
"""Behind which statement of its one transaction a load kills itself; COMMIT: before it."""
FRACTIONS = (0.5, 0.8)
"""After which part of the time that an undisturbed load takes it is killed from outside."""
Said = list[tuple[int, str, str, int, bytes]]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What a load records that nobody kills, and how long it takes."""

    file: Path
    said: Said
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    file = folder / "many.yaml"
    file.write_text("\n".join(lines()))
    shutil.copy(sqlite_template, folder / "timeline.db")
    url = f"sqlite:///{folder / 'timeline.db'}"
    nothing = folder / "nothing.yaml"
    nothing.write_text("{}")
    finish(url, nothing)  # The first process waits for the imports of the one it is forked from.
    began = time.monotonic()
    finish(url, file)
    seconds = time.monotonic() - began
    with opened(url) as database:
        return Undisturbed(file, said(database), seconds)


def lines() -> Iterator[str]:
    """A seed file of RECORDS records."""
    yield "people:"
    for number in range(RECORDS):
        yield f"  p{number}: {{names: [{{text: Person {number}}}], party: KR}}"


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.dispose()


def finish(url: str, file: Path) -> None:
    process = start(url, file)
    process.join(60)
    assert process.exitcode == 0


def said(database: Database) -> Said:
    """The whole log but for the clock and the salts. Reading it asserts that its positions are dense."""
    found: Said = []
    with database.read() as connection:
        while events := events_after(connection, len(found)):
            found += [(each.position, each.stream, each.type, each.version, each.body) for each in events]
    return found


def test_a_seed_load_killed_at_any_moment_is_all_or_nothing_and_run_again_ends_as_an_undisturbed_one(
    database: Database, engine_url: str, undisturbed: Undisturbed
) -> None:
    for moment in MOMENTS:
        process = start(engine_url, undisturbed.file, moment)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, f"it came to no {moment}"
        assert said(database) == [], moment
    for fraction in FRACTIONS:
        process = start(engine_url, undisturbed.file)
        process.join(fraction * undisturbed.seconds)
        process.kill()
        process.join()
        with database.read() as connection:
            assert (head(connection).position, read_position(connection)) in {(0, 0), (RECORDS, RECORDS)}
            assert verify_log(connection) == []
    finish(engine_url, undisturbed.file)
    assert said(database) == undisturbed.said
    with database.read() as connection:
        assert verify_log(connection) == []
    rebuilt = projector.rebuild(database)
    assert (rebuilt.equal, rebuilt.events, rebuilt.records) == (True, RECORDS, RECORDS)
