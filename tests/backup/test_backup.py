"""A backup holds all there is, of one moment; restored on either engine it is the same record, and goes on."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from tests import facts
from timeline import handle
from timeline.backup import restoring
from timeline.backup.kept import KEPT, kept_rows
from timeline.backup.reading import check
from timeline.backup.restoring import restore
from timeline.backup.writing import back_up
from timeline.cli import cli
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database, open_database
from timeline.errors import TimelineError
from timeline.handle import Request
from timeline.importers.foreign import At, SetAside
from timeline.intake import quarantine
from timeline.log import keys
from timeline.log.checkpoint import Trust, check_signed, last_signed
from timeline.log.merkle import root
from timeline.log.read import head
from timeline.log.schedule import sign_now
from timeline.log.verify import verify_log
from timeline.read import projector
from timeline.rights import tokens
from timeline.values.roles import Role
from timeline.write.commands import Put

NOW = 1_752_192_000_000_000
HEADER = 10
"""The first bytes of the wrapping say when and where it was made, and nothing of what is in it."""
MADE_ANEW = {"log_head", "log_events", "log_appends", "log_nodes", "read_state", "alembic_version"}
"""Tables that a backup holds as lines of the log, or that are made from the log. So are those on the two shelves."""


@pytest.fixture
def recorded(database: Database) -> Database:
    """A record with something in every table that is kept."""
    load_seeds(database, seed_files(()), None)
    tokens.create(database, "desk", Role.EDITOR, now_us=NOW)
    sign_now(database, [keys.new_key("timeline.example/log")], Trust())
    with database.write() as connection:
        aside = SetAside(At("meetings.csv", 7), "7", "DATE_INVALID", "no date")
        quarantine.keep(connection, "desk", "1", [aside], NOW)
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of either engine in which there is nothing, not even tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/elsewhere.db"
    else:
        url = request.getfixturevalue("another_postgres")
    opened = open_database(url)
    yield opened
    opened.dispose()


def record(database: Database, name: str) -> None:
    """One more place."""
    request = Request(append_id=name, actor="t", commands=[Put(id=f"place/{name}", content=facts.SEOUL)])
    handle.handle(database, request, now_us=NOW)


def whole(database: Database) -> tuple[int, bytes]:
    """Position and root of a log that verifies, whose read tables are what a rebuild makes of it."""
    with database.read() as connection:
        assert verify_log(connection) == []
        end = head(connection)
    assert projector.rebuild(database).equal
    return end.position, root(end.tree)


def kept(database: Database) -> list[object]:
    with database.read() as connection:
        return list(kept_rows(connection))


def refusal(call: object, *arguments: object) -> str:
    """The code with which something is refused."""
    with pytest.raises(TimelineError) as refused:
        call(*arguments)  # type: ignore[operator]
    return refused.value.code


def test_the_drill(recorded: Database, elsewhere: Database, tmp_path: Path) -> None:
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            record(recorded, f"p{number}")
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backup = back_up(recorded, tmp_path / "b", now_us=NOW)
    finally:
        done.set()
        writer.join()
    assert restore(elsewhere, tmp_path / "b").events == backup.head.position
    assert whole(elsewhere) == (backup.head.position, bytes.fromhex(backup.head.root))
    assert kept(elsewhere) == kept(recorded)
    with elsewhere.read() as connection:
        check_signed(connection, Trust())
        assert last_signed(connection).size == 47
    record(elsewhere, "after")
    assert whole(elsewhere)[0] == backup.head.position + 1


def test_every_table_is_kept_or_made_anew(database: Database) -> None:
    with database.read() as connection:
        names = set(sa.inspect(connection).get_table_names())
    assert {name for name in names if not name.startswith(("a_", "b_"))} == MADE_ANEW | set(KEPT)


def test_a_backup_of_a_restored_record_has_the_same_lines(
    recorded: Database, elsewhere: Database, tmp_path: Path
) -> None:
    back_up(recorded, tmp_path / "one", now_us=NOW)
    restore(elsewhere, tmp_path / "one")
    back_up(elsewhere, tmp_path / "two", now_us=NOW)
    assert lines(tmp_path / "one") == lines(tmp_path / "two")
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600


def test_an_empty_record_can_be_backed_up(database: Database, elsewhere: Database, tmp_path: Path) -> None:
    assert back_up(database, tmp_path / "b", now_us=NOW).head.position == 0
    assert restore(elsewhere, tmp_path / "b").events == 0
    record(elsewhere, "first")
    assert whole(elsewhere)[0] == 1


def test_an_interrupted_restore_is_not_served_and_goes_on(
    recorded: Database, elsewhere: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        record(recorded, f"p{number}")
    back_up(recorded, tmp_path / "b", now_us=NOW)
    url = elsewhere.url.render_as_string(hide_password=False)
    monkeypatch.setattr(handle, "RESTORE_APPENDS", 2)

    def interrupt(step: str, done: int, total: int) -> None:
        if step == "Restoring":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(elsewhere, tmp_path / "b", interrupt)
    refused = CliRunner().invoke(cli, ["serve", "--database", url])
    assert "finish it by running the same 'timeline restore' again" in refused.exception.message
    record(recorded, "later")
    back_up(recorded, tmp_path / "another", now_us=NOW)
    assert refusal(restore, elsewhere, tmp_path / "another") == "RESTORE_DIFFERS"
    assert 0 < restore(elsewhere, tmp_path / "b").events < 52
    assert whole(elsewhere)[0] == 52
    assert CliRunner().invoke(cli, ["verify", "--database", url]).exit_code == 0


@pytest.mark.parametrize("of", ["log", "tokens"])
def test_a_database_in_which_anything_is_recorded_is_refused_and_left_as_it_is(
    recorded: Database, elsewhere: Database, tmp_path: Path, of: str
) -> None:
    back_up(recorded, tmp_path / "b", now_us=NOW)
    restoring.upgrade(elsewhere)
    if of == "log":
        record(elsewhere, "own")
    else:
        tokens.create(elsewhere, "own", Role.ADMIN, now_us=NOW)
    before = kept(elsewhere), whole(elsewhere)
    assert refusal(restore, elsewhere, tmp_path / "b") == "DATABASE_NOT_EMPTY"
    assert (kept(elsewhere), whole(elsewhere)) == before


def test_a_file_that_exists_is_not_written_over(recorded: Database, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("precious")
    with pytest.raises(TimelineError) as refused:
        back_up(recorded, tmp_path / "b", now_us=NOW)
    assert (refused.value.code, (tmp_path / "b").read_text()) == ("BACKUP_EXISTS", "precious")


def test_a_folder_that_does_not_exist_is_named(recorded: Database, tmp_path: Path) -> None:
    with pytest.raises(TimelineError, match="No such file or directory") as refused:
        back_up(recorded, tmp_path / "no" / "b", now_us=NOW)
    assert refused.value.code == "BACKUP_UNWRITABLE"


def test_a_log_that_was_changed_is_not_backed_up(recorded: Database, tmp_path: Path) -> None:
    with recorded.write() as connection:
        if recorded.dialect == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER log_events_no_update")
        else:
            connection.exec_driver_sql("ALTER TABLE log_events DISABLE TRIGGER log_events_rows")
        connection.exec_driver_sql("UPDATE log_events SET actor = 'somebody' WHERE position = 9")
    with pytest.raises(TimelineError, match="does not match its hash") as refused:
        back_up(recorded, tmp_path / "b", now_us=NOW)
    assert refused.value.code == "BACKUP_FAILED"
    assert [path.name for path in tmp_path.iterdir() if path.name == "b" or "unfinished" in path.name] == []


def lines(path: Path) -> list[bytes]:
    with gzip.open(path) as packed:
        return packed.readlines()


def rewritten(path: Path, *changed: bytes) -> Path:
    with gzip.open(path, "wb") as out:
        out.writelines(changed)
    return path


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
def test_whatever_is_missing_or_changed_in_a_backup_is_found_before_anything_is_written(
    recorded: Database, tmp_path: Path
) -> None:
    path = tmp_path / "b"
    back_up(recorded, path, now_us=NOW)
    packed, told = path.read_bytes(), lines(path)
    for missing in range(len(told)):
        assert refusal(check, rewritten(path, *told[:missing], *told[missing + 1 :])) == "BACKUP_DAMAGED"
    for at in range(0, len(packed), 97):
        path.write_bytes(packed[:at])
        assert refusal(check, path) == "BACKUP_DAMAGED"
    for at in range(HEADER, len(packed), 97):
        path.write_bytes(packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :])
        assert refusal(check, path) == "BACKUP_DAMAGED"


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
def test_a_schema_that_is_not_known_here_is_refused(
    recorded: Database, elsewhere: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(recorded, tmp_path / "b", now_us=NOW)
    monkeypatch.setattr(restoring, "knows_schema", lambda revision: False)
    assert refusal(restore, elsewhere, tmp_path / "b") == "BACKUP_NEWER"


def test_the_commands_say_what_they_did(recorded: Database, elsewhere: Database, tmp_path: Path) -> None:
    run, path = CliRunner(), str(tmp_path / "b")
    urls = [each.url.render_as_string(hide_password=False) for each in (recorded, elsewhere)]
    made = run.invoke(cli, ["backup", path, "--database", urls[0]])
    assert "47 events of " in made.output
    assert "3 rows beside the log" in made.output
    assert run.invoke(cli, ["restore", path, "--check"]).output.startswith("47 events of ")
    assert "Restored, 47 of them now" in run.invoke(cli, ["restore", path, "--database", urls[1]]).output
    assert run.invoke(cli, ["verify", "--database", urls[1]]).exit_code == 0
