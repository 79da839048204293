"""An import is killed in the middle, again and again; started again, it ends with what an undisturbed one records."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.cli.importing import BATCH, start
from timeline.database import Database, open_database
from timeline.log.read import events_after, head
from timeline.log.verify import verify_log
from timeline.read import projector

ROWS = 4 * BATCH
MAPPING = """
kind = "statement"
scheme = "speeches"
row = "no"
[source]
id = "source/speeches"
title = "Speeches"
[fields]
title = "Speech {no}"
attribution = "ON_RECORD"
when = { column = "day" }
voices = [{ party = { column = "country", as = "party" } }]
"""
Said = dict[str, list[tuple[str, int, bytes]]]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The arguments of an import of ROWS rows, one of which cannot be recorded."""
    folder = tmp_path_factory.mktemp("table")
    rows = [f"{number},2001-01-{number % 28 + 1:02},{'Elbonia' if number == 7 else 'DE'}" for number in range(ROWS)]
    (folder / "t.csv").write_text("\n".join(["no,day,country", *rows]), encoding="utf-8")
    (folder / "t.toml").write_text(MAPPING, encoding="utf-8")
    return ["table", str(folder / "t.csv"), "--mapping", str(folder / "t.toml"), "--release", "r"]


def said(database: Database) -> Said:
    """What is recorded of each stream, but for the clock and the salts. Reading asserts that positions are dense."""
    found: Said = {}
    at = 0
    with database.read() as connection:
        assert verify_log(connection) == []
        while events := events_after(connection, at):
            at = events[-1].position
            for each in events:
                found.setdefault(each.stream, []).append((each.type, each.version, each.body))
    return found


def test_an_import_that_is_killed_goes_on_and_ends_like_one_that_was_not(
    database: Database, engine_url: str, table: list[str], sqlite_template: Path, tmp_path: Path
) -> None:
    undisturbed = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'undisturbed.db')}"
    whole = start(undisturbed, table)
    whole.join(300)
    assert whole.exitcode == 0
    seen = [0]
    for batch in (1, 2, 3):  # Before anything is recorded, after a batch, after two more.
        process = start(engine_url, table, batch)
        process.join(300)
        assert process.exitcode == -signal.SIGKILL
        seen.append(position(database))
    assert seen == [0, 0, BATCH, 3 * BATCH]
    last = start(engine_url, table)
    last.join(300)
    assert last.exitcode == 0
    reference = open_database(undisturbed)
    assert said(database) == said(reference)
    reference.dispose()
    ended = position(database)
    assert ended == ROWS  # One source, and all rows but one.
    again = start(engine_url, table)
    again.join(300)
    assert (again.exitcode, position(database)) == (0, ended)
    assert projector.rebuild(database).equal


def position(database: Database) -> int:
    with database.read() as connection:
        return head(connection).position
