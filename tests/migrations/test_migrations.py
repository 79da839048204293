"""The schema goes up and down, under a lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from click.testing import CliRunner
from msgspec import Struct

from tests.journeys.histories import Historian, record
from tests.journeys.test_as_of_equals_replay import QUESTIONS, answers
from tests.log.appending import batch, store
from timeline.cli import cli
from timeline.database import Database, downgrade, is_current, open_database, upgrade
from timeline.log.read import head
from timeline.log.tables import metadata
from timeline.log.verify import verify_log
from timeline.read.documents import OF_MEETINGS
from timeline.read.projector import digest, rebuild
from timeline.read.tables import SHELF, other, read_state
from timeline.read.verify import verify_tables
from timeline.values.facts import CONTENT, When, inner_structs

RECORD_NULLS = ("retracted", "merged_into", "delisted", "embargo", *OF_MEETINGS)
"""What documents of an earlier release state as null outside their content."""
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


def test_documents_of_an_earlier_release_read_alike_and_are_made_anew(database: Database, engine_url: str) -> None:
    record(database, Historian(3).history(60))
    answered = _answered(engine_url)
    with database.write() as connection:
        shelf, events = connection.execute(sa.select(read_state.c.shelf, read_state.c.position)).one()
        made = digest(connection, shelf)
        _put_nulls(connection, SHELF[shelf].records)
    assert _answered(engine_url) == answered
    with database.read() as connection:
        assert digest(connection, shelf) != made
        assert "an earlier release made the read tables" in verify_tables(connection)[0]
    told = CliRunner().invoke(cli, ["migrate", "--database", engine_url]).output
    assert f"{events} events projected anew" in told
    with database.read() as connection:
        assert connection.execute(sa.select(read_state.c.shelf, read_state.c.outdated)).one() == (other(shelf), False)
        assert (digest(connection, other(shelf)), verify_tables(connection)) == (made, [])
    assert _answered(engine_url) == answered


def test_events_upon_documents_of_an_earlier_release_leave_what_they_always_would(
    database: Database, engine_url: str
) -> None:
    history = Historian(1).history(400)
    record(database, history[:200])
    with database.write() as connection:
        shelf = connection.execute(sa.select(read_state.c.shelf)).scalar_one()
        _put_nulls(connection, SHELF[shelf].records)
    record(database, history[200:])
    answered = _answered(engine_url)
    report = rebuild(database)
    assert (report.digest_live, report.equal) == ("", True)
    assert _answered(engine_url) == answered


def _answered(url: str) -> Any:
    """Every question's answer, from a process that keeps nothing of the record yet."""
    database = open_database(url)
    try:
        return answers(database, QUESTIONS)
    finally:
        database.dispose()


def _put_nulls(connection: sa.Connection, records: sa.Table) -> None:
    """Have all documents state what is null, as an earlier release left them."""
    key = (records.c.id, records.c.from_position)
    for id, since, doc in connection.execute(sa.select(*key, records.c.doc)).all():
        document = orjson.loads(doc)
        full = {**dict.fromkeys(RECORD_NULLS), **_with_nulls(document, CONTENT[document["kind"]])}
        changed = sa.update(records).where(key[0] == id, key[1] == since)
        connection.execute(changed.values(doc=orjson.dumps(full).decode()))
    connection.execute(sa.update(read_state).values(outdated=True))


def _with_nulls(value: dict[str, Any], kind: type[Struct]) -> dict[str, Any]:
    full = {**dict.fromkeys(kind.__struct_fields__), **value}
    if kind is When:
        full = {**dict.fromkeys(("earliest", "latest", "precision")), **full}
        full["bounds"] = {**dict.fromkeys(("es", "ls", "ee", "le")), **full["bounds"]}
    for name, inner in inner_structs(kind):
        part = full[name]
        if part is not None:
            full[name] = (
                [_with_nulls(each, inner) for each in part] if isinstance(part, list) else _with_nulls(part, inner)
            )
    return full


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
