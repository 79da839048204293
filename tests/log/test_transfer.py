"""The log to lines and back: byte-equal exports, equal digests, on and between both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.facts import CHO, TRILATERAL
from timeline.cli import cli
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database, open_database, upgrade
from timeline.errors import Conflict, Invalid
from timeline.handle import Request, handle, restore
from timeline.log.transfer import append_line, appends, event_line, read_lines
from timeline.log.verify import verify_log
from timeline.read.projector import digest
from timeline.write.commands import Correct, Merge, Report, Retract, Unmerge


@pytest.fixture
def recorded(database: Database) -> Database:
    """A record with a past: seeds, corrections, a merge undone, a request that recorded nothing."""
    load_seeds(database, seed_files(()), None)
    double = Report(id="person/cho-again", content=CHO)
    for number, command in enumerate(
        [
            double,
            double,
            Merge(id="person/cho-again", into="person/cho-hyun", reason="same"),
            Correct(id="meeting/seoul-trichod", changes={"agenda": "x"}, reason="y"),
            Retract(id="statement/s5-us-defines-modernization", reason="z"),
            Unmerge(id="person/cho-again", reason="not the same"),
        ]
    ):
        handle(database, Request(append_id=f"d{number}", actor="desk", commands=[command]), now_us=number)
    return database


def lines(database: Database) -> list[bytes]:
    with database.read() as connection:
        return [
            line for append in appends(connection) for line in (append_line(append), *map(event_line, append.events))
        ]


def shelf_digest(database: Database) -> str:
    with database.read() as connection:
        return digest(connection, "a")


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of either engine, beside the one under test."""
    if request.param == "sqlite":
        opened = open_database(f"sqlite:///{tmp_path}/elsewhere.db")
    else:
        opened = open_database(request.getfixturevalue("another_postgres"))
    upgrade(opened)
    yield opened
    opened.dispose()


def test_a_copy_on_either_engine_is_the_same_log(recorded: Database, elsewhere: Database) -> None:
    exported = lines(recorded)
    assert restore(elsewhere, read_lines(exported)) == 52
    assert lines(elsewhere) == exported
    assert shelf_digest(elsewhere) == shelf_digest(recorded)
    with elsewhere.read() as connection:
        assert list(verify_log(connection)) == []


def test_a_second_import_stores_nothing_and_a_broken_one_goes_on(recorded: Database, elsewhere: Database) -> None:
    exported = lines(recorded)
    begin = next(number for number, line in enumerate(exported) if b'"appendId":"d2","requestDigest"' in line)
    first = restore(elsewhere, read_lines(exported[:begin]))
    assert (first, restore(elsewhere, read_lines(exported)), restore(elsewhere, read_lines(exported))) == (48, 4, 0)
    assert lines(elsewhere) == exported


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Friday", b"Monday"),
        (b'"version":1', b'"version":2'),
        (b'"salt":"', b'"salt":"00'),
        (b'"actor"', b'"actress"'),
    ],
)
def test_a_changed_line_is_refused_by_its_number(recorded: Database, old: bytes, new: bytes) -> None:
    exported = lines(recorded)
    index = next(number for number, line in enumerate(exported) if old in line and b'"body"' in line)
    exported[index] = exported[index].replace(old, new, 1)
    with pytest.raises(Invalid, match=f"line {index + 1}"):
        list(read_lines(exported))


def test_a_missing_event_is_refused(recorded: Database) -> None:
    exported = lines(recorded)
    del exported[5]
    with pytest.raises(Invalid, match="lacks events"):
        list(read_lines(exported))


def test_another_log_is_never_mixed_in(recorded: Database, elsewhere: Database) -> None:
    other = Request(append_id="other", actor="t", commands=[Report(id="meeting/x", content=TRILATERAL)])
    with pytest.raises(Exception, match="register it first"):
        handle(elsewhere, other, now_us=1)
    handle(elsewhere, Request(append_id="o", actor="t", commands=[Report(id="person/x", content=CHO)]), now_us=1)
    with pytest.raises(Conflict) as refused:
        restore(elsewhere, read_lines(lines(recorded)))
    assert refused.value.code == "LOG_DIFFERS"


def test_the_commands_write_and_read_a_file(recorded: Database, elsewhere: Database, tmp_path: Path) -> None:
    path, run = str(tmp_path / "log.ndjson"), CliRunner()
    urls = [each.url.render_as_string(hide_password=False) for each in (recorded, elsewhere)]
    assert "52 events written" in run.invoke(cli, ["export", path, "--database", urls[0]]).output
    assert "52 events stored" in run.invoke(cli, ["import", "log", path, "--database", urls[1]]).output
    assert "nothing was stored" in run.invoke(cli, ["import", "log", path, "--database", urls[1]]).output
