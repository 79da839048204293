"""The read tables against the log: whatever differs is found and named."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.facts import CHO
from tests.journeys.histories import Historian, record
from timeline.database import Database
from timeline.handle import Request, handle
from timeline.read.projector import rebuild
from timeline.read.tables import SHELF, read_state
from timeline.read.verify import SHOWN, verify_index, verify_tables
from timeline.values.roles import Role
from timeline.write.commands import Embargo, Report

A = SHELF["a"]
COLUMNS = [column for table in A.tables for column in table.columns if column.name != "n"]


def faults(database: Database) -> list[str]:
    with database.read() as connection:
        return verify_tables(connection)


@pytest.fixture
def recorded(database: Database) -> Database:
    """A record with corrections, merges, retractions and an embargo."""
    record(database, Historian(3).history(60))
    hidden = [
        Report(id="person/hidden", content=CHO),
        Embargo(id="person/hidden", role=Role.EDITOR, until_us=4_102_444_800_000_000, reason="r"),
    ]
    handle(database, Request(append_id="hidden", actor="t", commands=hidden), now_us=1)
    return database


def test_tables_that_the_log_made_are_sound_before_and_after_a_rebuild(recorded: Database) -> None:
    assert faults(recorded) == verify_index(recorded) == []
    rebuild(recorded)
    assert faults(recorded) == verify_index(recorded) == []


def changed(column: sa.Column[object]) -> sa.ColumnElement[object]:
    """Another value of the same type."""
    if isinstance(column.type, sa.Boolean):
        return sa.not_(column)
    if isinstance(column.type, sa.Integer):
        return sa.func.coalesce(column, 0) + 1000
    return sa.func.coalesce(column, "") + "x"


def test_a_change_of_any_column_is_found_in_its_table(recorded: Database) -> None:
    missed = []
    for column in COLUMNS:
        table, keys = column.table, list(column.table.primary_key)
        with recorded.engine.connect() as connection:
            row = connection.execute(sa.select(*keys).order_by(*keys).limit(1)).one()
            same = [key == value for key, value in zip(keys, row, strict=True)]
            connection.execute(sa.update(table).where(*same).values({column: changed(column)}))
            if not any(str(table.name) in fault for fault in verify_tables(connection)):
                missed.append(str(column))
            connection.rollback()
    assert missed == []


@pytest.mark.parametrize("table", A.tables, ids=str)
def test_a_row_that_is_missing_and_one_too_many_are_named(recorded: Database, table: sa.Table) -> None:
    with recorded.write() as connection:
        row = dict(connection.execute(sa.select(table).order_by(*table.primary_key).limit(1)).mappings().one())
        same = [key == row[key.name] for key in table.primary_key]
        connection.execute(sa.delete(table).where(*same))
        row.pop("n", None)
        connection.execute(sa.insert(table), {**row, "id": "person/nobody"})
    found = " / ".join(faults(recorded))
    assert f"{row['id']} " in found
    assert "is missing" in found
    assert "person/nobody" in found
    assert "is not of the log" in found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"position": 3}, "are at position 3 and the log at"),
        ({"merges": 1}, "say that the last merge was at 1"),
        ({"embargoed_us": 0}, "say that the last embargo ends at 0"),
        ({"shelf": "c"}, "name a shelf 'c'"),
    ],
)
def test_a_change_of_their_state_is_found(recorded: Database, change: dict[str, object], found: str) -> None:
    with recorded.write() as connection:
        connection.execute(sa.update(read_state).values(change))
    assert [found in fault for fault in faults(recorded)] == [True]


def test_not_more_is_told_than_anybody_reads(recorded: Database) -> None:
    with recorded.write() as connection:
        connection.execute(sa.update(A.records).values(doc="{}"))
    assert len(faults(recorded)) == SHOWN + 1


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
def test_a_search_index_that_is_not_over_its_texts_is_found(recorded: Database) -> None:
    with recorded.write() as connection:
        connection.execute(sa.update(A.texts).where(A.texts.c.n == 1).values(words="changed"))
    assert verify_index(recorded) == ["the search index is not that over the texts; 'timeline rebuild' mends it"]
