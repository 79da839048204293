"""The log's promises, on both engines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.log.appending import NOW, alone, batch, position, store
from timeline.database import Database, open_database
from timeline.errors import Conflict, Damaged
from timeline.log.append import Append, Appended, append
from timeline.log.merkle import EMPTY, extended, leaf_hash, root
from timeline.log.read import events_after, position_at, stream_events
from timeline.log.tables import log_nodes
from timeline.log.verify import verify_log


def test_positions_and_versions_are_dense_from_one(database: Database) -> None:
    store(database, batch("one", "a/1", "b/1"))
    store(database, batch("two", "a/1"))
    with database.read() as connection:
        found = [(event.position, event.stream, event.version) for event in events_after(connection, 0)]
        assert [event.version for event in stream_events(connection, "a/1")] == [1, 2]
    assert found == [(1, "a/1", 1), (2, "b/1", 1), (3, "a/1", 2)]


def test_a_rolled_back_append_gives_its_positions_back(database: Database) -> None:
    with database.write() as connection:
        append(connection, batch("lost", "a/1"), now_us=NOW)
        connection.rollback()
    assert store(database, batch("kept", "a/1")).first == 1


def test_the_same_append_again_answers_as_the_first_time_and_stores_nothing(database: Database) -> None:
    first = store(database, batch("one", "a/1"))
    again = store(database, batch("one", "a/1"))
    assert (again.first, again.last, again.replayed) == (first.first, first.last, True)
    assert position(database) == 1


def test_an_append_id_is_never_used_for_two_requests(database: Database) -> None:
    store(database, batch("one", "a/1"))
    with pytest.raises(Conflict) as caught:
        store(database, batch("one", "a/1", digest=b"other"))
    assert caught.value.code == "APPEND_ID_REUSED"
    assert position(database) == 1


def test_a_wrong_expected_version_stores_nothing_and_names_the_current_one(database: Database) -> None:
    store(database, batch("one", "a/1"))
    with pytest.raises(Conflict, match="a/1 is at version 1, not 0"):
        store(database, batch("two", "a/1", expected={"a/1": 0}))
    assert position(database) == 1


def test_recorded_time_goes_forward_when_the_clock_steps_back(database: Database) -> None:
    store(database, batch("one", "a/1", "a/1"), now_us=NOW)
    store(database, batch("two", "a/1"), now_us=NOW - 10_000_000)
    with database.read() as connection:
        times = [event.recorded_us for event in events_after(connection, 0)]
        assert position_at(connection, NOW) == 1
        assert position_at(connection, NOW - 1) == 0
    assert times == [NOW, NOW + 1, NOW + 2]


def test_many_writers_at_once_leave_a_whole_log(database: Database) -> None:
    def work(writer: int) -> None:
        for number in range(10):
            store(database, batch(f"{writer}-{number}", f"w/{writer}", "shared/1"))

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert [event.position for event in events_after(connection, 0)] == list(range(1, 81))
        assert len(stream_events(connection, "shared/1")) == 40
        assert verify_log(connection) == []


@pytest.mark.parametrize("one", [store, alone], ids=["beside others", "alone"])
def test_events_one_by_one_make_the_same_tree_as_many_at_once(
    database: Database, one: Callable[[Database, Append], Appended]
) -> None:
    store(database, batch("many", *["a/1"] * 250))
    for number in range(10):
        one(database, batch(f'"{number}" ʻ\u0007', "a/1"))
    with database.read() as connection:
        assert verify_log(connection) == []
        assert connection.execute(sa.select(log_nodes.c.level, log_nodes.c.number)).all() == [(8, 0)]
        assert len({event.salt for event in events_after(connection, 0)}) == 260


def test_what_is_answered_is_what_is_stored(database: Database) -> None:
    answered = [alone(database, batch(id, "a/1")).events[0] for id in ("one", "two")]
    with database.read() as connection:
        assert events_after(connection, 0) == answered


@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
def test_a_server_whose_transactions_are_serializable_by_default_refuses_no_writer(
    database: Database, engine_url: str
) -> None:
    with database.write() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_isolation = serializable')
    fresh = open_database(engine_url)

    def work(writer: int) -> None:
        for number in range(10):
            alone(fresh, batch(f"{writer}-{number}", "shared/1"))

    with ThreadPoolExecutor() as threads:
        list(threads.map(work, range(4)))
    fresh.dispose()
    assert position(database) == 40


BYPASSES = {
    "sqlite": [
        "UPDATE log_events SET actor = 'x'",
        "DELETE FROM log_events",
        "INSERT OR REPLACE INTO log_events SELECT * FROM log_events WHERE position = 1",
        "PRAGMA recursive_triggers=OFF; INSERT OR REPLACE INTO log_events SELECT * FROM log_events WHERE position = 1",
        "PRAGMA recursive_triggers=OFF; INSERT OR REPLACE INTO log_events SELECT position, event_id, 'a/1', 2, type, "
        "schema, recorded_us, actor, source, append_id, causation, correlation, body, salt, leaf_hash FROM log_events",
        "PRAGMA recursive_triggers=OFF; INSERT OR REPLACE INTO log_events SELECT 99, event_id, 'new/1', 1, type, "
        "schema, recorded_us, actor, source, append_id, causation, correlation, body, salt, leaf_hash FROM log_events",
        "PRAGMA recursive_triggers=OFF; INSERT OR REPLACE INTO log_events SELECT 99, event_id, 'a/1', 1, type, "
        "schema, 99, actor, source, append_id, causation, correlation, body, salt, leaf_hash FROM log_events",
        "UPDATE OR REPLACE log_events SET position = 1 WHERE position = 2",
        "INSERT INTO log_events SELECT * FROM log_events WHERE true ON CONFLICT DO UPDATE SET actor = 'x'",
        "UPDATE log_appends SET last_position = 9",
        "DELETE FROM log_appends",
        "PRAGMA recursive_triggers=OFF; INSERT OR REPLACE INTO log_appends SELECT * FROM log_appends",
        "INSERT OR REPLACE INTO log_appends SELECT * FROM log_appends",
        "DELETE FROM log_head",
        "UPDATE log_head SET position = 0",
        "UPDATE log_head SET recorded_us = 0",
        "UPDATE log_head SET tree = X''",
        "INSERT OR REPLACE INTO log_head SELECT * FROM log_head",
    ],
    "postgresql": [
        "UPDATE log_events SET actor = 'x'",
        "DELETE FROM log_events",
        "TRUNCATE log_events",
        "SET session_replication_role = replica; UPDATE log_events SET actor = 'x'",
        "SET session_replication_role = replica; DELETE FROM log_events",
        "SET session_replication_role = replica; TRUNCATE log_events",
        "INSERT INTO log_events SELECT * FROM log_events ON CONFLICT (position) DO UPDATE SET actor = 'x'",
        "TRUNCATE log_events, log_appends, log_head CASCADE",
        "UPDATE log_appends SET last_position = 9",
        "DELETE FROM log_appends",
        "TRUNCATE log_appends",
        "UPDATE log_head SET position = 0",
        "UPDATE log_head SET recorded_us = 0",
        "UPDATE log_head SET tree = ''",
        "DELETE FROM log_head",
        "TRUNCATE log_head",
        "SET session_replication_role = replica; UPDATE log_head SET position = 0",
    ],
}


def test_every_way_past_immutability_is_refused(database: Database) -> None:
    store(database, batch("one", "a/1", "b/1"))
    for bypass in BYPASSES[database.dialect]:
        with database.engine.connect() as connection:
            *before, last = bypass.split("; ")
            for statement in before:
                connection.exec_driver_sql(statement)
            with pytest.raises(sa.exc.DBAPIError, match=r"append-only|forward|never deleted"):
                connection.exec_driver_sql(last)
            connection.rollback()
            connection.invalidate()
    with database.read() as connection:
        assert verify_log(connection) == []
        assert len(events_after(connection, 0)) == 2


GUARDED = ("log_events", "log_appends", "log_head", "log_nodes", "log_checkpoints")


@contextmanager
def triggers_aside(database: Database) -> Iterator[sa.Connection]:
    """A transaction of the owner of the database, with the log's triggers out of the way and put back."""
    with database.write() as connection:
        if database.dialect == "postgresql":
            for table in GUARDED:
                connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield connection
            for table, name in connection.exec_driver_sql(
                "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE NOT tgisinternal"
            ).all():
                connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
            return
        wanted = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'log_%'"
        triggers = connection.exec_driver_sql(wanted).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.exec_driver_sql(sql)


def without_triggers(database: Database, statement: str) -> None:
    """Change the log as its owner could."""
    with triggers_aside(database) as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "change",
    [
        "event_id = 'x'",
        "stream = 'c/1'",
        "version = 7",
        "type = 'Dreamt'",
        "schema = 2",
        "recorded_us = recorded_us + 1000",
        "actor = 'x'",
        "source = 'x'",
        "append_id = 'x'",
        "causation = 'x'",
        "correlation = 'x'",
        "body = salt",
        "salt = body",
        "leaf_hash = salt",
    ],
)
def test_a_change_of_any_column_behind_the_triggers_is_found_and_placed(database: Database, change: str) -> None:
    store(database, batch("one", "a/1", "b/1", "a/1"))
    without_triggers(database, f"UPDATE log_events SET {change} WHERE position = 2")
    with database.read() as connection:
        assert 2 in [fault.position for fault in verify_log(connection)]


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("column", ["type", "actor", "recorded_us", "version", "body", "salt", "leaf_hash"])
@pytest.mark.parametrize("value", ["'text'", "X'00ff'", "1.5"])
def test_a_value_of_another_type_is_a_fault_and_not_a_crash(database: Database, column: str, value: str) -> None:
    store(database, batch("one", "a/1", "b/1", "a/1"))
    without_triggers(database, f"UPDATE log_events SET {column} = {value} WHERE position = 2")
    with database.read() as connection:
        assert 2 in [fault.position for fault in verify_log(connection)]


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("column", ["body", "salt", "leaf_hash"])
def test_one_flipped_bit_is_found(database: Database, column: str, at: int) -> None:
    store(database, batch("one", "a/1", "b/1", "a/1"))
    with database.read() as connection:
        was = bytearray(getattr(events_after(connection, at)[0], column))
    was[at] ^= 1 << at
    without_triggers(database, f"UPDATE log_events SET {column} = {literal(database, was)} WHERE position = {at + 1}")
    with database.read() as connection:
        assert at + 1 in [fault.position for fault in verify_log(connection)]


@pytest.mark.parametrize("salt_bytes", [0, 15, 17])
def test_bytes_moved_between_salt_and_body_are_found_though_the_hash_is_the_same(
    database: Database, salt_bytes: int
) -> None:
    store(database, batch("one", "a/1"))
    with database.read() as connection:
        (event,) = events_after(connection, 0)
    both = event.salt + event.body
    salt, body = literal(database, both[:salt_bytes]), literal(database, both[salt_bytes:])
    without_triggers(database, f"UPDATE log_events SET salt = {salt}, body = {body}")
    with database.read() as connection:
        assert [fault.position for fault in verify_log(connection)] == [1]


def literal(database: Database, value: bytes) -> str:
    return f"X'{value.hex()}'" if database.dialect == "sqlite" else f"decode('{value.hex()}', 'hex')"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE log_appends SET request_digest = row_hash", "the append 'one' is not the one that was hashed"),
        ("UPDATE log_appends SET last_position = 2", "the append 'one' says positions (1, 2)"),
        ("UPDATE log_appends SET append_id = 'two'", "the append 'two' says positions (1, 3), its events are at None"),
        ("DELETE FROM log_appends", "the append 'one' says positions None, its events are at (1, 3)"),
        ("UPDATE log_head SET position = 2", "the head says 2, the last event is at 3"),
        ("UPDATE log_head SET recorded_us = 2", "the head's clock is not that of the last event"),
        ("UPDATE log_head SET tree = (SELECT salt FROM log_events WHERE position = 1)", "the head's tree is not"),
    ],
)
def test_a_change_of_head_or_appends_behind_the_triggers_is_found(database: Database, change: str, found: str) -> None:
    store(database, batch("one", "a/1", "b/1", "a/1"))
    without_triggers(database, change)
    with database.read() as connection:
        assert any(found in str(fault) for fault in verify_log(connection))


def test_a_hole_stops_the_reader_loudly(database: Database) -> None:
    store(database, batch("one", "a/1", "b/1", "a/1"))
    without_triggers(database, "DELETE FROM log_events WHERE position = 2")
    with database.read() as connection, pytest.raises(Damaged, match="position 2 is missing"):
        events_after(connection, 0)


def test_a_deleted_tail_and_a_missing_trigger_are_found(database: Database) -> None:
    store(database, batch("one", "a/1", "b/1"))
    without_triggers(database, "DELETE FROM log_events WHERE position = 2")
    with database.engine.begin() as connection:
        on = " ON log_events" if database.dialect == "postgresql" else ""
        name = "log_events_rows" if database.dialect == "postgresql" else "log_events_no_update"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
    with database.read() as connection:
        messages = " / ".join(map(str, verify_log(connection)))
    assert "the head says 2, the last event is at 1" in messages
    assert f"the trigger {name} is missing" in messages


# Leaves and roots as published for certificate transparency's reference tree of RFC 6962.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_tree_is_that_of_rfc_6962() -> None:
    assert root(b"") == EMPTY
    edge = b""
    for size, (leaf, expected) in enumerate(zip(LEAVES, ROOTS, strict=True)):
        edge = extended(edge, size, [leaf_hash(bytes.fromhex(leaf))])
        assert root(edge).hex() == expected
