"""`timeline rebuild` tells whether the read tables are what the log says, heals them, and stops nobody's reading."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from tests.served import served
from timeline.api.limits import Limits
from timeline.cli import cli
from timeline.database import Database
from timeline.read import projector
from timeline.read.projector import READERS_SECONDS
from timeline.read.tables import SHELF, read_state

REBUILDS = 3
LONGEST_ANSWER = 3.0
QUERY = {"query": "{ position meetings { totalCount nodes { id title when { label } parties { party { name } } } } }"}


@pytest.fixture
def seeded(database: Database, engine_url: str) -> Database:
    run("seed", engine_url)
    return database


def run(verb: str, url: str) -> Result:
    return CliRunner().invoke(cli, [verb, "--database", url])


def test_a_rebuild_of_sound_tables_finds_equal_digests(seeded: Database, engine_url: str) -> None:
    rebuilt = run("rebuild", engine_url)
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "47 events read" in rebuilt.output
    assert "digests equal" in rebuilt.output


@pytest.mark.parametrize("table", ["records", "links", "texts"])
def test_a_rebuild_tells_of_a_row_that_was_changed_and_heals_it(seeded: Database, engine_url: str, table: str) -> None:
    with seeded.write() as connection:
        shelf = SHELF[connection.execute(sa.select(read_state.c.shelf)).scalar_one()]
        changed = connection.execute(sa.update(getattr(shelf, table)).values(kind="rumour"))
        assert changed.rowcount > 0
    found = run("rebuild", engine_url)
    assert found.exit_code == 1
    assert "DIFFERENT" in found.output
    healed = run("rebuild", engine_url)
    assert (healed.exit_code, "digests equal" in healed.output) == (0, True)


def test_a_rebuild_waits_for_longer_than_a_request_may_take() -> None:
    assert Limits().seconds < READERS_SECONDS


def test_a_server_gives_the_same_answer_throughout_a_rebuild(
    seeded: Database, engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "READERS_SECONDS", LONGEST_ANSWER)
    with served("serve", engine_url, tmp_path) as (client, _):
        wanted = client.post("/graphql", json=QUERY).json()
        assert wanted["data"]["meetings"]["totalCount"] == 5
        answers = []
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                answers.append(client.post("/graphql", json=QUERY).json())

        asking = threading.Thread(target=ask)
        asking.start()
        codes = [run("rebuild", engine_url).exit_code for _ in range(REBUILDS)]
        done.set()
        asking.join()
        assert codes == [0] * REBUILDS
        assert len(answers) > REBUILDS
        assert [answer for answer in answers if answer != wanted] == []


def test_after_a_rebuild_postgresql_answers_from_indexes_alone(seeded: Database) -> None:
    if seeded.dialect == "sqlite":
        pytest.skip("SQLite always does")
    projector.rebuild(seeded)
    with seeded.read() as connection:
        shelf = connection.execute(sa.select(read_state.c.shelf)).scalar_one()
        pages = "SELECT relpages, relallvisible FROM pg_class WHERE relname = :name"
        all_pages, visible = connection.execute(sa.text(pages), {"name": f"{shelf}_records"}).one()
        assert (all_pages > 0, visible) == (True, all_pages)


def test_every_index_is_there_after_a_rebuild_even_if_the_one_before_was_killed(seeded: Database) -> None:
    before = indexes(seeded)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(projector, "_fill", interrupted)
        with pytest.raises(KeyboardInterrupt):
            projector.rebuild(seeded)
    for _ in range(2):
        projector.rebuild(seeded)
        assert indexes(seeded) == before


def interrupted(*_: object) -> int:
    raise KeyboardInterrupt


def indexes(database: Database) -> set[str]:
    """The indexes of all tables, with all that makes them what they are."""
    known = {
        "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()",
    }[database.dialect]
    with database.read() as connection:
        return set(connection.exec_driver_sql(known).scalars())
