"""The schema goes up and down, under a lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from click.testing import CliRunner

from tests.journeys.histories import Historian, record
from tests.log.appending import batch, store
from timeline.cli import cli
from timeline.database import Database, downgrade, is_current, upgrade
from timeline.log.read import head
from timeline.log.tables import metadata
from timeline.log.verify import verify_log
from timeline.read.projector import digest, rebuild
from timeline.read.tables import read_state

MIGRATOR = Path(__file__).with_name("migrator.py")


def test_the_schema_goes_down_to_nothing_and_up_again(database: Database) -> None:
    downgrade(database, "base")
    assert not is_current(database)
    assert sa.inspect(database.engine).get_table_names() == ["alembic_version"]
    upgrade(database)
    assert is_current(database)
    with database.read() as connection:
        assert verify_log(connection) == []


def test_a_migration_that_empties_the_read_tables_fills_them_again(database: Database, engine_url: str) -> None:
    record(database, Historian(3).history(60))
    with database.read() as connection:
        shelf = connection.execute(sa.select(read_state.c.shelf)).scalar_one()
        before = digest(connection, shelf)
    downgrade(database, "0003")
    told = CliRunner().invoke(cli, ["migrate", "--database", engine_url]).output
    assert "events projected anew" in told
    with database.read() as connection:
        assert digest(connection, shelf) == before
    assert rebuild(database).equal


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    store(database, batch("one", "a/1"))
    upgrade(database)
    with database.read() as connection:
        assert head(connection).position == 1


def test_the_tables_have_the_columns_that_the_log_names(database: Database) -> None:
    inspector = sa.inspect(database.engine)
    for table in metadata.tables.values():
        assert [column["name"] for column in inspector.get_columns(table.name)] == table.columns.keys()


def test_processes_that_migrate_at_once_migrate_once(database: Database, engine_url: str) -> None:
    downgrade(database, "base")
    command = [sys.executable, str(MIGRATOR), engine_url]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 3
    assert is_current(database)
    with database.read() as connection:
        assert head(connection).position == 0
