"""One way to talk to both engines."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from tests.log.appending import NOW, batch, store
from timeline.database import Database, open_database
from timeline.errors import Invalid
from timeline.log.append import append


def fetched(database: Database, *queries: tuple[str, dict[str, Any]]) -> list[list[tuple[Any, ...]]]:
    async def ask() -> list[list[tuple[Any, ...]]]:
        try:
            answers = await asyncio.gather(*(database.fetch(sql, **parameters) for sql, parameters in queries))
            return [[tuple(row) for row in rows] for rows in answers]
        finally:
            await database.close()

    return asyncio.run(ask())


def test_a_name_may_come_twice_and_a_colon_in_a_literal_is_no_name(database: Database) -> None:
    sql = "SELECT CAST(:b AS text), CAST(:a AS text), CAST(:b AS text), 'it''s :not', 1 AS \"a :b\" -- nor :this"
    assert fetched(database, (sql, {"a": "x", "b": "y"})) == [[("y", "x", "y", "it's :not", 1)]]


def test_many_queries_at_once_see_what_was_committed(database: Database) -> None:
    store(database, batch("one", "a/1", "b/1"))
    ask = ("SELECT position, stream FROM log_events WHERE position > :after ORDER BY position", {"after": 0})
    assert fetched(database, *[ask] * 20) == [[(1, "a/1"), (2, "b/1")]] * 20


def test_the_planner_is_told_what_others_have_written(database: Database) -> None:
    store(database, batch("one", "a/1", "b/1", "c/1"))
    # On a connection of its own, as bulk writing may have been.
    again = open_database(database.url.render_as_string(hide_password=False))
    again.gather_statistics()
    known = {
        "sqlite": "SELECT stat FROM sqlite_stat1 WHERE tbl = 'log_events' AND idx LIKE '%autoindex%' LIMIT 1",
        "postgresql": "SELECT reltuples::bigint::text FROM pg_class WHERE relname = 'log_events'",
    }[database.dialect]
    ((found,),) = fetched(again, (known, {}))[0]
    assert found.split()[0] == "3"
    again.dispose()


def test_a_database_can_be_asked_again_from_another_loop_and_after_dispose(database: Database) -> None:
    ask = ("SELECT count(*) FROM log_events", {})
    assert fetched(database, ask) == [[(0,)]]
    database.dispose()
    assert fetched(database, ask) == [[(0,)]]


def test_what_only_reads_cannot_write(database: Database) -> None:
    with database.read() as connection, pytest.raises(sa.exc.DBAPIError, match=r"(?i)read-?\s?only"):
        connection.exec_driver_sql("INSERT INTO log_appends VALUES ('x', '', 1, 1, '')")


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM log_events").scalar() == 0
        store(database, batch("one", "a/1"))
        assert connection.exec_driver_sql("SELECT count(*) FROM log_events").scalar() == 0


def test_a_writer_that_failed_leaves_the_next_one_a_whole_connection(database: Database) -> None:
    with suppress(ZeroDivisionError), database.write() as connection:
        append(connection, batch("lost", "a/1"), now_us=NOW)
        raise ZeroDivisionError
    assert store(database, batch("kept", "a/1")).first == 1


@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_ended_meanwhile_is_not_the_next_writers(database: Database) -> None:
    own = "SELECT pg_backend_pid()"
    with database.write() as connection:
        first = connection.exec_driver_sql(own).scalar_one()
    with database.write() as connection:
        assert connection.exec_driver_sql(own).scalar_one() == first
    with database.read() as connection:
        connection.exec_driver_sql("SELECT pg_terminate_backend(%s, 5000)", (first,))
    with database.write() as connection:
        assert connection.exec_driver_sql(own).scalar_one() != first


@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
def test_postgresql_casts_slices_and_lists_pass_through(database: Database) -> None:
    sql = "SELECT CAST(:n AS integer)::text, (ARRAY[7, 8, 9])[2:3], 'b' = ANY(:names)"
    assert fetched(database, (sql, {"n": 5, "names": ["a", "b"]})) == [[("5", [8, 9], True)]]


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_a_url_of_another_kind_is_refused_with_the_two_that_are_known(url: str) -> None:
    with pytest.raises(Invalid, match="a database URL is sqlite:///file") as caught:
        open_database(url)
    assert caught.value.code == "DATABASE_URL_INVALID"
