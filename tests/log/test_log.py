"""The log's promises, on both engines."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from timeline.database import Database, downgrade, is_current, upgrade
from timeline.errors import Conflict, Damaged
from timeline.log.append import Append, Appended, NewEvent, append
from timeline.log.merkle import EMPTY, extended, leaf_hash, root
from timeline.log.read import events_after, head, position_at, stream_events
from timeline.log.verify import verify_log

NOW = 1_752_192_000_000_000


def batch(append_id: str, *streams: str, digest: bytes = b"d", expected: dict[str, int] | None = None) -> Append:
    events = [NewEvent(stream=stream, type="Noted", schema=1, body=b'{"n":1}') for stream in streams]
    return Append(append_id=append_id, request_digest=digest, actor="test", events=events, expected=expected or {})


def store(database: Database, wanted: Append, now_us: int = NOW) -> Appended:
    with database.write() as connection:
        return append(connection, wanted, now_us=now_us)


def position(database: Database) -> int:
    with database.read() as connection:
        return head(connection).position


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


def without_triggers(database: Database, statement: str) -> None:
    """Change the log as its owner could, triggers out of the way and put back."""
    with database.engine.begin() as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql("ALTER TABLE log_events DISABLE TRIGGER ALL")
            connection.exec_driver_sql(statement)
            connection.exec_driver_sql("ALTER TABLE log_events ENABLE ALWAYS TRIGGER log_events_rows")
            connection.exec_driver_sql("ALTER TABLE log_events ENABLE ALWAYS TRIGGER log_events_truncate")
            return
        wanted = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'log_events'"
        triggers = connection.exec_driver_sql(wanted).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(statement)
        for _, sql in triggers:
            connection.exec_driver_sql(sql)


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


def test_the_schema_goes_down_and_up_again(database: Database) -> None:
    downgrade(database, "base")
    assert not is_current(database)
    upgrade(database)
    assert is_current(database)
    assert position(database) == 0


def test_two_migrators_at_once_migrate_once(database: Database) -> None:
    downgrade(database, "base")
    failures: list[BaseException] = []

    def work() -> None:
        try:
            upgrade(database)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert is_current(database)


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
