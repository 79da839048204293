"""Many rows at once do what the same rows one by one do, and fail as they do."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest
import sqlalchemy as sa

from timeline.bulk import COPIED_ROWS, GROUPS, Rows, collector_at_rest, execute_all, insert_all, insert_rows, stream
from timeline.database import Database
from timeline.read.tables import SHELF

COLUMNS = ("id", "from_position", "to_position", "survivor")
FEW, MANY = 2, sum(GROUPS) + COPIED_ROWS + 1


def rows(number: int) -> list[tuple[object, ...]]:
    """What text formats mistake: tabs, backslashes, line ends, what looks like nothing, and nothing."""
    words = ("a\tb", "\\N", "line\nend", "", "ʻ")
    return [(f"{n:03d}", n, None if n % 2 else n + 1, words[n % len(words)]) for n in range(number)]


@pytest.mark.parametrize("number", [0, FEW, MANY])
def test_rows_read_back_as_they_were_written(database: Database, number: int) -> None:
    with database.write() as connection:
        insert_rows(connection, SHELF["b"].aliases, COLUMNS, rows(number))
    with database.read() as connection:
        found = connection.exec_driver_sql("SELECT id, from_position, to_position, survivor FROM b_aliases ORDER BY id")
        assert [tuple(row) for row in found] == rows(number)


@pytest.mark.parametrize("number", [FEW, MANY])
def test_rows_of_two_tables_and_a_statement_go_together(database: Database, number: int) -> None:
    tables = [Rows(SHELF[shelf].aliases, COLUMNS, rows(number)) for shelf in ("a", "b")]
    with database.write() as connection:
        insert_all(connection, tables, [("UPDATE a_aliases SET survivor = ? WHERE id = ?", ("changed", "001"))])
    with database.read() as connection:
        counts = "SELECT (SELECT COUNT(*) FROM a_aliases), (SELECT COUNT(*) FROM b_aliases)"
        changed = "SELECT survivor FROM a_aliases WHERE id = ?"
        assert execute_all(connection, [(counts, ()), (changed, ("001",))]) == [[(number, number)], [("changed",)]]


@pytest.mark.parametrize("number", [FEW, MANY])
def test_a_key_that_is_there_already_is_refused_and_nothing_is_written(database: Database, number: int) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        insert_all(connection, [Rows(SHELF["b"].aliases, COLUMNS, [*rows(number), *rows(1)])], [])
    with database.read() as connection:
        assert execute_all(connection, [("SELECT COUNT(*) FROM b_aliases", ())]) == [[(0,)]]


def test_a_stream_gives_all_rows_in_lists_of_one_size(database: Database) -> None:
    with database.write() as connection:
        insert_rows(connection, SHELF["b"].aliases, COLUMNS, rows(25))
    table = sa.table("b_aliases", *(sa.column(name) for name in COLUMNS))
    with database.read() as connection:
        found = list(stream(connection, sa.select(table).order_by(table.c.id), 10))
    assert [len(each) for each in found] == [10, 10, 5]
    assert [row for each in found for row in each] == rows(25)


def test_the_collector_goes_on_after_a_batch_even_one_that_fails() -> None:
    with suppress(ZeroDivisionError), collector_at_rest():
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert gc.isenabled()
