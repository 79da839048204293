"""Signed checkpoints: none contradicts another, and a log that contradicts one is told so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.log.appending import batch, store
from tests.log.test_log import literal, without_triggers
from timeline.database import Database
from timeline.errors import Damaged, NotFound, Refused
from timeline.log.checkpoint import Trust, check_signed, last_signed, read_note, signed_before
from timeline.log.keys import new_key
from timeline.log.proof import prove_consistency, prove_event
from timeline.log.read import head
from timeline.log.schedule import sign_now, sign_regularly
from timeline.verifier import open_checkpoint, verify_consistency, verify_event

KEY = new_key("timeline.test/log")
TRUST = Trust((KEY.public,))


def filled(database: Database, appends: int, at: str = "a") -> None:
    for number in range(appends):
        store(database, batch(f"{at}-{number}", f"{at}/{number}"))


def test_a_checkpoint_signs_the_log_as_it_is_and_is_kept(database: Database) -> None:
    filled(database, 3)
    signed = sign_now(database, [KEY], TRUST)
    assert open_checkpoint(signed.note, [KEY.public]).size == 3
    with database.read() as connection:
        assert last_signed(connection) == signed
        check_signed(connection, TRUST)


def test_a_log_that_did_not_move_is_not_signed_again_but_by_another_key(database: Database) -> None:
    filled(database, 1)
    first = sign_now(database, [KEY], TRUST)
    assert sign_now(database, [KEY], TRUST) == first
    after = new_key(KEY.name)
    both = sign_now(database, [KEY, after], TRUST)
    assert (both.size, open_checkpoint(both.note, [after.public]).size) == (1, 1)
    with database.read() as connection:
        assert signed_before(connection) == [first.note, both.note]


def test_a_key_of_another_name_begins_no_second_log(database: Database) -> None:
    sign_now(database, [KEY], TRUST)
    filled(database, 1)
    with pytest.raises(Refused, match=r"signed as 'timeline\.test/log'"):
        sign_now(database, [new_key("other.test/log")], Trust())


def test_checkpoints_are_append_only(database: Database) -> None:
    sign_now(database, [KEY], TRUST)
    changes = ["UPDATE log_checkpoints SET size = 9", "DELETE FROM log_checkpoints"]
    changes += (
        ["INSERT OR REPLACE INTO log_checkpoints SELECT * FROM log_checkpoints"]
        if database.dialect == "sqlite"
        else ["TRUNCATE log_checkpoints", "SET session_replication_role = replica; DELETE FROM log_checkpoints"]
    )
    for change in changes:
        with database.engine.connect() as connection:
            *before, last = change.split("; ")
            for statement in before:
                connection.exec_driver_sql(statement)
            with pytest.raises(sa.exc.DBAPIError, match="append-only"):
                connection.exec_driver_sql(last)
            connection.rollback()
            connection.invalidate()


def test_a_log_that_is_shorter_than_its_checkpoint_is_told_and_not_signed(database: Database, tmp_path: Path) -> None:
    filled(database, 3)
    trust = Trust((KEY.public,), tmp_path / "last")
    sign_now(database, [KEY], trust)
    position = "UPDATE log_head SET position = 2"
    without_triggers(database, "DELETE FROM log_events WHERE position = 3")
    without_triggers(database, position)
    for change in ("", "DELETE FROM log_checkpoints"):
        if change:
            without_triggers(database, change)
        with (
            database.read() as connection,
            pytest.raises(Damaged, match="has 2 events and a checkpoint was signed at 3"),
        ):
            check_signed(connection, trust)
        with pytest.raises(Damaged):
            sign_now(database, [KEY], trust)


def test_a_log_with_another_past_than_was_signed_is_told(database: Database) -> None:
    filled(database, 3)
    sign_now(database, [KEY], TRUST)
    without_triggers(database, f"UPDATE log_events SET leaf_hash = {literal(database, b'x' * 32)} WHERE position = 2")
    with database.read() as connection, pytest.raises(Damaged, match="its past was changed"):
        check_signed(connection, TRUST)


def test_a_checkpoint_that_nobody_known_signed_is_told(database: Database) -> None:
    sign_now(database, [KEY], TRUST)
    with database.read() as connection, pytest.raises(Damaged, match="TIMELINE_LOG_VKEYS"):
        check_signed(connection, Trust((new_key(KEY.name).public,)))


@pytest.mark.parametrize(
    "note", ["", "x\n1\n", "log\n01\n" + "A" * 43 + "=\n\n— log AAAA\n", "log\n1\nAA==\n\n— log AAAA\n"]
)
def test_what_is_no_checkpoint_is_told(note: str) -> None:
    with pytest.raises(Damaged, match="not in the form"):
        read_note(note)


def test_the_copy_outside_is_the_last_checkpoint(database: Database, tmp_path: Path) -> None:
    trust = Trust((KEY.public,), tmp_path / "last")
    for name in ("b", "c"):
        filled(database, 1, name)
        signed = sign_now(database, [KEY], trust)
        assert (tmp_path / "last").read_text(encoding="utf-8") == signed.note


def test_every_event_is_proved_and_every_earlier_state(database: Database) -> None:
    filled(database, 7)
    older = {}
    for _ in range(3):
        signed = sign_now(database, [KEY], TRUST)
        older[signed.size] = signed.note
        filled(database, 2, f"more{signed.size}")
    last = sign_now(database, [KEY], TRUST)
    with database.read() as connection:
        for position in range(1, last.size + 1):
            proven = verify_event(prove_event(connection, position).text(), [KEY.public])
            assert (proven.envelope["position"], proven.body) == (position, '{"n":1}')
        for size, note in older.items():
            before, after = verify_consistency(prove_consistency(connection, size).text(), note, [KEY.public])
            assert (before.size, after.size) == (size, last.size)


def test_what_no_checkpoint_covers_is_not_proved_yet(database: Database) -> None:
    filled(database, 1)
    with database.read() as connection:
        with pytest.raises(Refused, match="none is signed yet"):
            prove_event(connection, 1)
        for position in (0, 2):
            with pytest.raises(NotFound, match=f"no event at position {position}"):
                prove_event(connection, position)
    sign_now(database, [KEY], TRUST)
    filled(database, 1, "b")
    with database.read() as connection, pytest.raises(Refused, match="the last one is at 1"):
        prove_event(connection, 2)


def test_a_service_signs_what_was_recorded_and_only_that(database: Database) -> None:
    async def serve() -> None:
        task = asyncio.create_task(sign_regularly(database, [KEY], TRUST, 1))
        for _ in range(100):
            await asyncio.sleep(0.05)
            with database.read() as connection:
                last = last_signed(connection)
                if last is not None and last.size == head(connection).position:
                    break
        task.cancel()

    filled(database, 2)
    asyncio.run(serve())
    asyncio.run(serve())
    with database.read() as connection:
        assert [read_note(note).size for note in signed_before(connection)] == [2]


def test_without_a_key_or_an_interval_nothing_is_signed(database: Database) -> None:
    asyncio.run(asyncio.wait_for(sign_regularly(database, [], TRUST, 1), 1))
    asyncio.run(asyncio.wait_for(sign_regularly(database, [KEY], TRUST, 0), 1))
    with database.read() as connection:
        assert last_signed(connection) is None
