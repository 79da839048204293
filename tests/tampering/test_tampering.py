"""Ways to change history as the owner of the database. Each is found: by `timeline verify`, or by a checkpoint.

What changes a row and not all that is computed of it is found in the log itself. What is whole in itself is another
log; it is found by the checkpoints that were signed, in the database or, if the owner forged those, by one kept
elsewhere.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.histories import Historian, record
from tests.log.test_log import triggers_aside
from tests.tampering.owner import rewrite
from timeline.database import Database, open_database
from timeline.errors import Damaged
from timeline.log.checkpoint import Trust, check_signed, last_signed
from timeline.log.keys import new_key, signed
from timeline.log.merkle import root
from timeline.log.read import head
from timeline.log.schedule import sign_now
from timeline.log.stored import StoredEvent
from timeline.log.verify import verify_log
from timeline.read.verify import verify_tables

KEY = new_key("timeline.test/log")
THIEF = new_key("timeline.test/log")
TRUST = Trust((KEY.public,))
Events = list[StoredEvent]


@pytest.fixture
def elsewhere(database: Database) -> str:
    """A record of some events, signed twice; the last checkpoint, as somebody else keeps it."""
    record(database, Historian(3).history(25))
    sign_now(database, [KEY], TRUST)
    record(database, Historian(4).history(15))
    return sign_now(database, [KEY], TRUST).note


def found(database: Database, *outside: str) -> str:
    """What verify tells."""
    with database.read() as connection:
        faults = [str(fault) for fault in verify_log(connection, trust=TRUST, outside=outside)]
        return " / ".join(faults or verify_tables(connection))


def forge(database: Database, *statements: str) -> None:
    with triggers_aside(database) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_what_nobody_touched_is_as_it_was_signed(database: Database, elsewhere: str) -> None:
    assert found(database, elsewhere) == ""


NAIVE: dict[str, tuple[list[str], str]] = {
    "an event is updated": (
        ["UPDATE log_events SET body = (SELECT e.body FROM log_events e WHERE e.position = 4) WHERE position = 9"],
        "position 9: the event is not the one that was hashed",
    ),
    "an actor is updated": (
        ["UPDATE log_events SET actor = 'somebody else' WHERE position = 9"],
        "position 9: the event is not the one that was hashed",
    ),
    "a salt is changed": (
        ["UPDATE log_events SET salt = (SELECT e.salt FROM log_events e WHERE e.position = 4) WHERE position = 9"],
        "position 9: the event is not the one that was hashed",
    ),
    "the clock of an event is moved": (
        ["UPDATE log_events SET recorded_us = recorded_us - 1000000 WHERE position = 9"],
        "position 9: the event is not the one that was hashed",
    ),
    "the clock of the head is moved": (
        ["UPDATE log_head SET recorded_us = recorded_us + 1000000"],
        "the head's clock is not that of the last event",
    ),
    "two events are swapped": (
        [
            "UPDATE log_events SET position = -9 WHERE position = 9",
            "UPDATE log_events SET position = 9 WHERE position = 10",
            "UPDATE log_events SET position = 10 WHERE position = -9",
        ],
        "position 9: the event is not the one that was hashed",
    ),
    "the tail is deleted": (
        ["DELETE FROM log_events WHERE position = (SELECT position FROM log_head)"],
        "the head says",
    ),
    "an event is deleted": (["DELETE FROM log_events WHERE position = 9"], "position 9 is missing from the log"),
    "a leaf hash is replaced": (
        ["UPDATE log_events SET leaf_hash = (SELECT leaf_hash FROM log_events WHERE position = 4) WHERE position = 9"],
        "the head's tree is not the tree over the events",
    ),
    "an append says something else": (
        ["UPDATE log_appends SET request_digest = row_hash WHERE first_position = 9"],
        "is not the one that was hashed",
    ),
    "an append is deleted": (["DELETE FROM log_appends WHERE first_position = 9"], "says positions None"),
    "a checkpoint is deleted": (["DELETE FROM log_checkpoints WHERE number = 1"], "checkpoint 1 is missing"),
    "a checkpoint is edited": (
        ["UPDATE log_checkpoints SET note = replace(note, 'timeline.test', 'timeline.best') WHERE number = 1"],
        "checkpoint 1: ",
    ),
    "a checkpoint is moved": (
        ["UPDATE log_checkpoints SET size = size - 1 WHERE number = 1"],
        "checkpoint 1 is not at the size that stands beside it",
    ),
    "a document is changed": (
        ["UPDATE a_records SET doc = replace(doc, '\"version\":1', '\"version\":2') WHERE from_position = 9"],
        "a_records: the row",
    ),
    "a record is hidden from lists": (["DELETE FROM a_links WHERE from_position = 9"], "a_links: the row"),
}


@pytest.mark.parametrize("way", NAIVE)
def test_what_does_not_fit_the_rest_is_found_in_the_log_itself(database: Database, elsewhere: str, way: str) -> None:
    statements, told = NAIVE[way]
    forge(database, *statements)
    assert told in found(database)


def test_a_dropped_and_a_disabled_trigger_are_found(database: Database, elsewhere: str) -> None:
    drop = {
        "sqlite": ("DROP TRIGGER log_events_no_delete",),
        "postgresql": (
            "ALTER TABLE log_events DISABLE TRIGGER log_events_rows",
            "ALTER TABLE log_appends ENABLE TRIGGER log_appends_rows",
            "DROP TRIGGER log_head_truncate ON log_head",
        ),
    }[database.dialect]
    with database.write() as connection:
        for statement in drop:
            connection.exec_driver_sql(statement)
    assert found(database).count("is missing or disabled") == len(drop)


def test_a_trigger_that_was_replaced_by_one_that_lets_everything_through_is_found(
    database: Database, elsewhere: str
) -> None:
    replaced = {
        "sqlite": (
            "DROP TRIGGER log_events_no_delete",
            "CREATE TRIGGER log_events_no_delete BEFORE DELETE ON log_events BEGIN SELECT 1; END",
        ),
        "postgresql": (
            "CREATE OR REPLACE FUNCTION log_events_erase() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN OLD; END $$",
        ),
    }[database.dialect]
    with database.write() as connection:
        for statement in replaced:
            connection.exec_driver_sql(statement)
    name = "log_events_no_delete" if database.dialect == "sqlite" else "log_events_rows"
    assert found(database) == f"the trigger {name} is not the one that guards the log"


def changed(events: Events) -> Events:
    return [event._replace(actor="somebody else") if event.position == 9 else event for event in events]


def salted(events: Events) -> Events:
    return [event._replace(salt=bytes(16)) if event.position == 9 else event for event in events]


def moved_on(events: Events) -> Events:
    return [event._replace(recorded_us=event.recorded_us + 1_000_000) for event in events]


def swapped(events: Events) -> Events:
    pair = [events[10], events[9]]
    times = [event._replace(recorded_us=events[9 + at].recorded_us) for at, event in enumerate(pair)]
    return [*events[:9], *times, *events[11:]]


def inserted(events: Events) -> Events:
    """One more person, in the name of another, between two events that were recorded."""
    like = next(event for event in events if event.type == "PersonRegistered")
    clock = events[8].recorded_us + 1
    forged = like._replace(stream="person/forged", event_id="forged", append_id="forged", recorded_us=clock)
    return [*events[:9], forged, *(event._replace(recorded_us=event.recorded_us + 1) for event in events[9:])]


REWRITTEN: dict[str, Callable[[Events], Events]] = {
    "the actor of an event": changed,
    "a salt": salted,
    "the clock": moved_on,
    "a tail cut off": lambda events: events[:-3],
    "all but the beginning cut off": lambda events: events[:5],
}


@pytest.mark.parametrize("way", REWRITTEN)
def test_another_past_that_is_whole_in_itself_contradicts_what_was_signed(
    database: Database, elsewhere: str, way: str
) -> None:
    rewrite(database, REWRITTEN[way])
    told = found(database)
    assert "its past was changed" in told or "events are missing" in told
    # Without any checkpoint nothing is wrong with it: that is why they are kept elsewhere, too.
    forge(database, "DELETE FROM log_checkpoints")
    assert found(database) == ""
    assert "a checkpoint from outside: " in found(database, elsewhere)


@pytest.mark.parametrize("change", [swapped, inserted])
def test_events_in_another_order_or_number_contradict_what_was_signed(
    database: Database, elsewhere: str, change: Callable[[Events], Events]
) -> None:
    rewrite(database, change)
    forge(database, "DELETE FROM log_checkpoints")
    assert "a checkpoint from outside: the log is not the one that was signed" in found(database, elsewhere)


def test_checkpoints_that_the_owner_signs_anew_are_not_by_the_key_of_the_log(
    database: Database, elsewhere: str
) -> None:
    rewrite(database, changed)
    with triggers_aside(database) as connection:
        end = head(connection)
        forged = signed(f"{KEY.name}\n{end.position}\n{base64.b64encode(root(end.tree)).decode()}\n", [THIEF])
        connection.exec_driver_sql("DELETE FROM log_checkpoints WHERE number = 1")
        connection.exec_driver_sql("UPDATE log_checkpoints SET number = 1")
        escaped = forged.replace("'", "''")
        connection.exec_driver_sql(f"UPDATE log_checkpoints SET note = '{escaped}', size = {end.position}")
    assert found(database) == (
        f"checkpoint 1: the checkpoint at {end.position} events: no key at hand signed the checkpoint; "
        "TIMELINE_LOG_VKEYS names earlier keys of the log"
    )


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
def test_an_older_backup_that_was_put_back_is_not_served(database: Database, engine_url: str, tmp_path: Path) -> None:
    trust = Trust((KEY.public,), tmp_path / "last.checkpoint")
    record(database, Historian(3).history(25))
    sign_now(database, [KEY], trust)
    file = Path(engine_url.removeprefix("sqlite:///"))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(file, tmp_path / "backup.db")
    record(database, Historian(4).history(15))
    sign_now(database, [KEY], trust)
    database.dispose()
    restored = open_database(f"sqlite:///{tmp_path / 'backup.db'}")
    with restored.read() as connection:
        kept = last_signed(connection)
        assert kept is not None
        assert kept.size == head(connection).position
        with pytest.raises(Damaged, match="events are missing"):
            check_signed(connection, trust)
    restored.dispose()
    (tmp_path / "key").write_text(KEY.text, encoding="utf-8")
    environment = {
        "TIMELINE_DATABASE_URL": f"sqlite:///{tmp_path / 'backup.db'}",
        "TIMELINE_LOG_KEY_FILE": str(tmp_path / "key"),
        "TIMELINE_CHECKPOINT_FILE": str(tmp_path / "last.checkpoint"),
        "PYTHONPATH": ":".join(sys.path),
    }
    for verb in ("serve", "up", "verify"):
        port = [] if verb == "verify" else ["--port", "0"]
        refused = subprocess.run(
            [sys.executable, "-m", "timeline", verb, *port],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (refused.returncode, "events are missing" in refused.stderr) == (1, True), refused.stderr
