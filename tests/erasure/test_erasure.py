"""Erasure: what was said goes everywhere, that it was said stays, and nothing else can be changed through that door."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journeys.histories import Historian, record
from tests.log.test_log import literal, without_triggers
from tests.log.test_transfer import elsewhere, lines  # noqa: F401
from timeline.cli import cli
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database, downgrade, open_database, upgrade
from timeline.errors import NotFound, Refused, Several, TimelineError
from timeline.handle import Request, handle, restore
from timeline.log.checkpoint import Trust
from timeline.log.keys import new_key
from timeline.log.proof import prove_event
from timeline.log.read import events_after, stream_events
from timeline.log.schedule import sign_now
from timeline.log.stored import StoredEvent, is_erased
from timeline.log.transfer import read_lines
from timeline.log.verify import verify_log
from timeline.read.projector import rebuild
from timeline.read.tables import SHELF, read_state
from timeline.read.verify import verify_index, verify_tables
from timeline.values.facts import CONTENT, Name, Person
from timeline.verifier import verify_event
from timeline.write.commands import Correct, Erase, Merge, Put, Report, Retract

KEY = new_key("timeline.test/log")
TRUST = Trust((KEY.public,))
CHO = "person/cho-hyun"
SECRET = "조현"
BASIS, COURT = "Art. 17(1)(d) GDPR", "District Court, C/09/1234"


def erase(database: Database, id: str, *positions: int, append_id: str = "e") -> Any:
    command = Erase(id=id, positions=list(positions), basis=BASIS, order=COURT)
    return handle(database, Request(append_id=append_id, actor="token:admin", commands=[command]), now_us=10**15)


def sound(database: Database) -> list[str]:
    """Every fault of log and read tables."""
    with database.read() as connection:
        faults = [str(fault) for fault in verify_log(connection, trust=TRUST)]
        return [*faults, *verify_tables(connection), *verify_index(database)]


def events(database: Database, id: str) -> list[StoredEvent]:
    with database.read() as connection:
        return stream_events(connection, id)


@pytest.fixture
def seeded(database: Database) -> Database:
    load_seeds(database, seed_files(()), None)
    return database


def everything(database: Database) -> str:
    """All that stands in any table but the search index, as text."""
    found: list[str] = []
    with database.read() as connection:
        for table in sa.inspect(connection).get_table_names():
            if "_words" not in table:
                rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
                found += [plain(cell) for row in rows for cell in row]
    return " ".join(found)


def plain(cell: object) -> str:
    return bytes(cell).decode("utf-8", "replace") if isinstance(cell, bytes | memoryview) else str(cell)


# What goes and what stays ------------------------------------------------------------------------------------------


def test_what_was_said_goes_from_every_table_and_both_shelves(seeded: Database) -> None:
    rebuild(seeded)
    statements = [id for id in ids(seeded) if id.startswith("statement/")]
    for number, id in enumerate(statements):
        erase(seeded, id, append_id=f"e{number}")
    with seeded.read() as connection:
        spare = connection.execute(sa.select(SHELF["a"].records.c.id)).scalars().all()
        texts = [connection.execute(sa.select(shelf.texts.c.id)).scalars().all() for shelf in SHELF.values()]
    assert [id for id in (*spare, *texts[0], *texts[1]) if id in statements] == []
    assert sound(seeded) == []


def ids(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted({event.stream for event in events_after(connection, 0, limit=10_000)})


def test_that_it_was_said_stays_with_every_hash_and_proof(seeded: Database) -> None:
    sign_now(seeded, [KEY], TRUST)
    (before,) = events(seeded, CHO)
    with seeded.read() as connection:
        proof = prove_event(connection, before.position).text()
    outcome = erase(seeded, CHO)
    after, erasing = events(seeded, CHO)
    assert (after.body, len(after.salt), after.leaf_hash) == (b"", 32, before.leaf_hash)
    assert after[:-3] == before[:-3]
    assert erasing.body == (f'{{"basis":"{BASIS}","order":"{COURT}","positions":[{before.position}]}}'.encode())
    assert (outcome.first, outcome.last, erasing.actor) == (48, 48, "token:admin")
    assert sound(seeded) == []
    sign_now(seeded, [KEY], TRUST)
    with seeded.read() as connection:
        now = verify_event(prove_event(connection, before.position).text(), [KEY.public])
    then = verify_event(proof, [KEY.public])
    assert (then.envelope, then.body, now.body) == (now.envelope, before.body.decode(), None)
    assert SECRET not in everything(seeded)


@pytest.mark.parametrize("kind", CONTENT)
def test_a_record_of_any_kind_can_be_erased_and_a_rebuild_gives_the_same(seeded: Database, kind: str) -> None:
    if kind == "state":
        state = Put(id="state/prussia", content=CONTENT["state"](names=[Name(text="Prussia")]))
        handle(seeded, Request(append_id="s", actor="t", commands=[state]), now_us=1)
    if kind == "tenure":
        tenure = {"person": "person/park-yoon-joo", "post": "post/kr-foreign-minister", "when": {"edtf": "2025"}}
        content = msgspec.convert({**tenure, "holding": "ACTING"}, CONTENT["tenure"])
        handle(seeded, Request(append_id="s", actor="t", commands=[Put(id="tenure/x", content=content)]), now_us=1)
    id = next(id for id in ids(seeded) if id.startswith(f"{kind}/"))
    erase(seeded, id)
    if kind in ("place", "source"):
        rebuild(seeded)
    assert sound(seeded) == []
    assert rebuild(seeded).equal
    row = current(seeded, id)
    assert (row["hidden"], row["party_key"], row["place"]) == (True, "", None)


def current(database: Database, id: str) -> Any:
    with database.read() as connection:
        shelf = SHELF[connection.execute(sa.select(read_state.c.shelf)).scalar_one()]
        wanted = sa.select(shelf.records).where(shelf.records.c.id == id, shelf.records.c.to_position.is_(None))
        return connection.execute(wanted).mappings().one()


def test_an_erasure_is_asked_once(seeded: Database) -> None:
    first = erase(seeded, CHO)
    assert erase(seeded, CHO).replayed
    assert (first.recorded, erase(seeded, CHO, append_id="again").recorded) == (1, 0)


def test_nothing_more_happens_to_what_was_erased(seeded: Database) -> None:
    content = Person(names=[Name(text="Somebody")])
    erase(seeded, CHO)
    for number, command in enumerate(
        [
            Put(id=CHO, content=content),
            Report(id=CHO, content=content),
            Correct(id=CHO, changes={"party": "US"}, reason="r"),
            Retract(id=CHO, reason="r"),
            Merge(id=CHO, into="person/park-yoon-joo", reason="r"),
            Merge(id="person/park-yoon-joo", into=CHO, reason="r"),
        ]
    ):
        with pytest.raises(Refused) as refused:
            handle(seeded, Request(append_id=f"x{number}", actor="t", commands=[command]), now_us=1)
        assert refused.value.code == "RECORD_ERASED"
    with pytest.raises((Several, Refused), match="erased by order"):
        load_seeds(seeded, seed_files(()), None)


def test_who_named_it_goes_on_naming_it(seeded: Database) -> None:
    erase(seeded, CHO)
    change = Correct(id="nomination/cho-hyun-foreign-minister", changes={"note": "seen again"}, reason="r")
    assert handle(seeded, Request(append_id="c", actor="t", commands=[change]), now_us=1).recorded == 1
    assert sound(seeded) == []


# One event of several -----------------------------------------------------------------------------------------------


@pytest.fixture
def corrected(seeded: Database) -> Database:
    """A meeting that was corrected twice, the first time to something that may not be kept."""
    for number, summary in enumerate(("Their private number is 555-0100.", "They talked.")):
        change = Correct(id="meeting/seoul-trichod", changes={"summary": summary}, reason="r")
        handle(seeded, Request(append_id=f"c{number}", actor="t", commands=[change]), now_us=1)
    return seeded


def test_single_events_go_and_the_record_stays_as_the_others_make_it(corrected: Database) -> None:
    # The second correction says what it replaced, so both go; then the record is corrected anew.
    erase(corrected, "meeting/seoul-trichod", 48, 49)
    assert "555-0100" not in everything(corrected)
    document = current(corrected, "meeting/seoul-trichod")
    assert not document["hidden"]
    assert '"whole":false' in document["doc"]
    assert sound(corrected) == []
    assert rebuild(corrected).equal
    anew = Correct(id="meeting/seoul-trichod", changes={"summary": "They talked."}, reason="r")
    assert handle(corrected, Request(append_id="n", actor="t", commands=[anew]), now_us=1).recorded == 1
    assert '"summary":"They talked."' in current(corrected, "meeting/seoul-trichod")["doc"]
    assert sound(corrected) == []


@pytest.mark.parametrize(
    ("id", "positions", "code"),
    [
        ("meeting/seoul-trichod", (1,), "POSITION_UNKNOWN"),
        ("meeting/seoul-trichod", (999,), "POSITION_UNKNOWN"),
        ("meeting/none", (), "RECORD_UNKNOWN"),
    ],
)
def test_what_is_not_there_cannot_be_erased(
    corrected: Database, id: str, positions: tuple[int, ...], code: str
) -> None:
    with pytest.raises(NotFound) as refused:
        erase(corrected, id, *positions)
    assert refused.value.code == code


def test_the_event_on_which_all_others_rest_goes_with_them_only(corrected: Database) -> None:
    first = events(corrected, "meeting/seoul-trichod")[0].position
    with pytest.raises(Refused) as refused:
        erase(corrected, "meeting/seoul-trichod", first)
    assert refused.value.code == "ERASE_THE_RECORD"
    erase(corrected, "meeting/seoul-trichod", first, 48, 49)
    assert sound(corrected) == []


# The door -----------------------------------------------------------------------------------------------------------


def test_the_door_opens_for_nothing_else(corrected: Database) -> None:
    erase(corrected, "meeting/seoul-trichod", 48)
    empty, gone = (
        ("X''", "zeroblob(32)") if corrected.dialect == "sqlite" else ("''", "decode(repeat('00', 32), 'hex')")
    )
    text = "CAST('x' AS BLOB)" if corrected.dialect == "sqlite" else "'x'"
    refused = [
        f"UPDATE log_events SET body = {empty}, salt = {gone} WHERE position = 49",
        f"UPDATE log_events SET body = {empty}, salt = {gone} WHERE position = 1",
        f"UPDATE log_events SET body = {empty}, salt = {gone} WHERE position = 50",
        f"UPDATE log_events SET body = {empty}, salt = {gone} WHERE position = 48",
        f"UPDATE log_events SET body = {text} WHERE position = 48",
        f"UPDATE log_events SET salt = {gone} WHERE position = 48",
        f"UPDATE log_events SET body = {empty} WHERE position = 49",
        "DELETE FROM log_events WHERE position = 48",
    ]
    for statement in refused:
        with (
            corrected.engine.connect() as connection,
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
        ):
            connection.exec_driver_sql(statement)
    assert sound(corrected) == []


@pytest.mark.parametrize(
    "besides",
    ["", "actor = 'x'", "position = 1000", "leaf_hash = salt", "recorded_us = 1", "source = 'x'", "schema = 2"],
)
def test_an_ordered_erasure_changes_body_and_salt_and_nothing_besides(corrected: Database, besides: str) -> None:
    """The erasure is recorded, and whoever carries it out, the database's owner not excepted, can do just that."""
    kept = events(corrected, "meeting/seoul-trichod")[1]
    erase(corrected, "meeting/seoul-trichod", 48)
    back = f"body = {literal(corrected, kept.body)}, salt = {literal(corrected, kept.salt)}"
    without_triggers(corrected, f"UPDATE log_events SET {back} WHERE position = 48")
    assert "to be erased by position 50 and is still there" in " ".join(sound(corrected))
    committed = literal(corrected, hashlib.sha256(kept.salt + kept.body).digest())
    changes = [f"body = {literal(corrected, b'')}", f"salt = {committed}", *filter(None, [besides])]
    statement = f"UPDATE log_events SET {', '.join(changes)} WHERE position = 48"
    with corrected.write() as connection:
        if besides:
            with pytest.raises(sa.exc.DBAPIError, match="append-only"):
                connection.exec_driver_sql(statement)
            connection.rollback()
        else:
            connection.exec_driver_sql(statement)
    assert (sound(corrected) == []) is (besides == "")


def test_content_that_went_without_an_order_is_found(corrected: Database) -> None:
    kept = events(corrected, CHO)[0]
    committed = literal(corrected, hashlib.sha256(kept.salt + kept.body).digest())
    gone = f"UPDATE log_events SET body = {literal(corrected, b'')}, salt = {committed}"
    without_triggers(corrected, f"{gone} WHERE position = {kept.position}")
    told = f"position {kept.position}: the event has no body, and nothing in the log says that it was erased"
    with corrected.read() as connection:
        assert [str(fault) for fault in verify_log(connection)] == [told]


def test_a_wrong_commitment_is_found(corrected: Database) -> None:
    erase(corrected, CHO)
    position = events(corrected, CHO)[0].position
    without_triggers(
        corrected, f"UPDATE log_events SET salt = {literal(corrected, bytes(32))} WHERE position = {position}"
    )
    with corrected.read() as connection:
        assert [fault.position for fault in verify_log(connection)] == [position]


def test_the_migration_goes_back_as_long_as_nothing_was_erased(database: Database) -> None:
    downgrade(database, "0010")
    upgrade(database)
    load_seeds(database, seed_files(()), None)
    erase(database, CHO)
    with pytest.raises(AssertionError, match="cannot read a log in which something was erased"):
        downgrade(database, "0010")
    assert sound(database) == []


# Copies -------------------------------------------------------------------------------------------------------------


def test_an_export_holds_nothing_of_it_and_makes_the_same_log_elsewhere(
    corrected: Database,
    elsewhere: Database,  # noqa: F811
) -> None:
    before = lines(corrected)
    erase(corrected, CHO)
    erase(corrected, "meeting/seoul-trichod", 48, 49, append_id="e2")
    exported = lines(corrected)
    assert SECRET in b"".join(before).decode()
    assert SECRET not in b"".join(exported).decode()
    restore(elsewhere, read_lines(exported))
    assert lines(elsewhere) == exported
    assert sound(elsewhere) == []
    assert current(elsewhere, CHO)["doc"] == current(corrected, CHO)["doc"]


def test_a_copy_that_has_it_erases_it_when_it_hears_of_it_and_never_takes_it_back(
    corrected: Database,
    elsewhere: Database,  # noqa: F811
) -> None:
    before = lines(corrected)
    restore(elsewhere, read_lines(before))
    erase(corrected, CHO)
    assert restore(elsewhere, read_lines(lines(corrected))) == 1
    assert SECRET not in everything(elsewhere)
    assert restore(elsewhere, read_lines(before)) == 0
    assert SECRET not in everything(elsewhere)
    assert sound(elsewhere) == []


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_erasures_at_random_leave_what_a_rebuild_gives(
    seed: int, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chance = random.Random(seed)
    path = tmp_path_factory.mktemp("random") / "timeline.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = open_database(f"sqlite:///{path}")
    history = Historian(seed).history(60)
    record(database, history[:50])
    for number in range(4):
        id = chance.choice(ids(database))
        there = [event.position for event in events(database, id) if not is_erased(event)]
        some = () if chance.random() < 0.5 else tuple(chance.sample(there, chance.randint(1, len(there))))
        try:
            erase(database, id, *some, append_id=f"e{number}")
        except TimelineError:
            continue
        for at, command in enumerate(history[50 + number : 52 + number]):
            try:
                handle(database, Request(append_id=f"{number}/{at}", actor="t", commands=[command]), now_us=1)
            except (TimelineError, Several):
                continue
    rebuild(database)
    assert sound(database) == []
    assert rebuild(database).equal
    database.dispose()


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
def test_no_file_of_the_database_holds_it_once_the_files_are_rewritten(seeded: Database, engine_url: str) -> None:
    file = Path(engine_url.removeprefix("sqlite:///"))

    def held() -> bool:
        files = [path.read_bytes() for path in file.parent.glob(f"{file.name}*")]
        return any(SECRET.encode() in each for each in files)

    assert held()
    erase(seeded, CHO)
    assert SECRET not in everything(seeded)
    seeded.dispose()
    done = CliRunner().invoke(cli, ["scrub", "--database", engine_url])
    assert (done.exit_code, held()) == (0, False)
    assert sound(seeded) == []


@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
def test_tables_of_postgresql_are_rewritten(seeded: Database, engine_url: str) -> None:
    erase(seeded, CHO)
    assert CliRunner().invoke(cli, ["scrub", "--database", engine_url]).exit_code == 0
    assert sound(seeded) == []
