"""Kill -9 in the middle of seeds, imports, rebuilds and restores: nothing is half done, and run again it ends well."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.conftest import Tell
from tests.faults.verbs import finish, kill_over_and_over
from timeline.database import Database, open_database
from timeline.log.read import events_after, head
from timeline.log.verify import verify_log
from timeline.read import projector
from timeline.read.now import read_position

RECORDS = 700
KILLS = 4
MAPPING = """
kind = "statement"
scheme = "notes"
row = "id"
[source]
id = "source/notes"
title = "Notes"
[fields]
title = "{speaker} speaks"
attribution = "ON_RECORD"
when = { column = "date", format = ["YYYY-MM-DD"] }
voices = [{ party = { column = "country", as = "party" } }]
place = { column = "city", as = "place" }
passages = [{ text = "{words}", mode = "PARAPHRASE" }]
"""
Said = list[tuple[int, str, str, int, bytes]]


@dataclass(frozen=True, slots=True)
class Work:
    """Files to work on, and what each verb makes of them, and in how many steps, when nobody kills it."""

    folder: Path
    said: dict[str, Said]
    steps: dict[str, int]

    def arguments(self, verb: str) -> tuple[str, ...]:
        """The verb with what it works on."""
        return {
            "seed": ("seed", str(self.folder / "many.yaml")),
            "import": ("import", "table", str(self.folder / "t.csv"), "--mapping", str(self.folder / "t.toml")),
            "rebuild": ("rebuild",),
            "restore": ("restore", str(self.folder / "b")),
        }[verb]


@pytest.fixture(scope="module")
def work(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Everything done once by nobody disturbed, on SQLite."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "many.yaml").write_text(
        "people:\n" + "".join(f"  p{n}: {{names: [{{text: P {n}}}], party: KR}}\n" for n in range(RECORDS))
    )
    (folder / "t.csv").write_text(
        "id,date,speaker,country,city,words\n"
        + "".join(f"{n},2024-01-{1 + n % 28:02},Jo {n % 9},Norway,Town {n % 9},Word {n}\n" for n in range(RECORDS))
    )
    (folder / "t.toml").write_text(MAPPING)
    work = Work(folder, {}, {})
    for verb in ("seed", "import"):
        shutil.copy(sqlite_template, folder / f"{verb}.db")
        work.steps[verb] = finish(*work.arguments(verb), "--database", f"sqlite:///{folder}/{verb}.db")
    url = f"sqlite:///{folder}/seed.db"
    work.steps["rebuild"] = finish("rebuild", "--database", url)
    finish("backup", str(folder / "b"), "--database", url)
    work.steps["restore"] = finish("restore", str(folder / "b"), "--database", f"sqlite:///{folder}/restored.db")
    for verb in ("seed", "import"):
        with opened(f"sqlite:///{folder}/{verb}.db") as database:
            work.said[verb] = said(database)
    return work


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.dispose()


def said(database: Database) -> Said:
    """The whole log but for the clock and the salts. Reading it asserts that its positions are dense."""
    found: Said = []
    with database.read() as connection:
        while events := events_after(connection, len(found)):
            found += [(each.position, each.stream, each.type, each.version, each.body) for each in events]
    return found


def check_whole(database: Database, *ends: int) -> None:
    """The log is whole and ends where it may; the read tables are there, too."""
    with database.read() as connection:
        end = head(connection).position
        assert verify_log(connection) == []
        assert read_position(connection) == end
    assert not ends or end in ends


@pytest.mark.parametrize("verb", ["seed", "import"])
def test_what_is_recorded_in_spite_of_kills_is_what_an_undisturbed_run_records(
    database: Database, engine_url: str, work: Work, verb: str, times: int, tell: Tell
) -> None:
    arguments = (*work.arguments(verb), "--database", engine_url)
    ends = (0, RECORDS) if verb == "seed" else ()
    hit = kill_over_and_over(
        *arguments, steps=work.steps[verb], kills=KILLS * times, check=lambda: check_whole(database, *ends)
    )
    assert hit > 1
    finish(*arguments)
    assert said(database) == work.said[verb]
    assert projector.rebuild(database).equal
    tell(kills=hit, acknowledged=len(work.said[verb]))


def test_a_rebuild_that_is_killed_changes_nothing_and_a_later_one_ends_well(
    database: Database, engine_url: str, work: Work, times: int, tell: Tell
) -> None:
    finish(*work.arguments("seed"), "--database", engine_url)
    hit = kill_over_and_over(
        "rebuild",
        "--database",
        engine_url,
        steps=work.steps["rebuild"],
        kills=KILLS * times,
        check=lambda: check_whole(database, RECORDS),
    )
    assert hit > 1
    rebuilt = projector.rebuild(database)
    assert (rebuilt.equal, rebuilt.events, rebuilt.records) == (True, RECORDS, RECORDS)
    tell(kills=hit)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_restore_that_is_killed_goes_on_to_the_same_root(
    request: pytest.FixtureRequest, tmp_path: Path, work: Work, engine: str, times: int, tell: Tell
) -> None:
    url = f"sqlite:///{tmp_path}/r.db" if engine == "sqlite" else request.getfixturevalue("another_postgres")
    arguments = (*work.arguments("restore"), "--database", url)
    hit = kill_over_and_over(*arguments, steps=work.steps["restore"], kills=KILLS * times, check=lambda: None)
    assert hit > 1
    if hit == KILLS * times:
        finish(*arguments)
    with opened(url) as database, opened(f"sqlite:///{work.folder}/seed.db") as original:
        check_whole(database, RECORDS)
        assert said(database) == work.said["seed"]
        with database.read() as here, original.read() as there:
            assert head(here) == head(there)
        assert projector.rebuild(database).equal
    tell(kills=hit)
