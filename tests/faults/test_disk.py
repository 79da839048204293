"""A disk that is full or fails: it is said, nothing acknowledged is lost, and it goes on when the disk does."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.acknowledged import Client, Told, check_whole, codes, seconds_to_answer, writer_token
from tests.faults.conftest import Tell
from tests.faults.disk import failing, needs_strace
from tests.faults.postgres import Postgres
from tests.log.appending import position
from tests.served import served
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database, open_database

WRITERS = 2
REFUSED = 3
WAITING_SECONDS = 120
ERRORS = ("ENOSPC", "EIO")
CODES = {"ENOSPC": {(503, "DATABASE_FULL")}, "EIO": {(503, "DATABASE_UNWRITABLE")}}


def wait_until_refused(writers: list[Client], answers: int) -> None:
    """Until so many requests were refused."""
    deadline = time.monotonic() + WAITING_SECONDS
    while sum(len(writer.refused) for writer in writers) < answers:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_until_acknowledged(writers: list[Client]) -> None:
    """Until every client was told once more that something is recorded."""
    deadline = time.monotonic() + WAITING_SECONDS
    before = {id(writer): len(writer.acknowledged) for writer in writers}
    while any(len(writer.acknowledged) == before[id(writer)] for writer in writers):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("error", ERRORS)
def test_sqlite_refuses_to_record_and_goes_on_answering(
    database: Database, engine_url: str, tmp_path: Path, error: str, times: int, tell: Tell
) -> None:
    needs_strace()
    secret, longest = writer_token(database), 0.0
    file = Path(str(database.url.database))
    with served("serve", engine_url, tmp_path) as (client, process):
        told = Told(process)
        writers = [Client(str(client.base_url), secret) for _ in range(WRITERS)]
        for number in range(times):
            wait_until_acknowledged(writers)
            with failing([process.pid], error, file, Path(f"{file}-wal")):
                wait_until_refused(writers, REFUSED * (number + 1))
                assert client.post("/graphql", json={"query": "{ position }"}, timeout=60).status_code == 200
            longest = max(longest, seconds_to_answer(client))
            wait_until_acknowledged(writers)
        acknowledged = [id for writer in writers for id in writer.finish()]
        refused = [answer for writer in writers for answer in writer.refused]
        assert codes(refused) == CODES[error]
    assert "Traceback" not in told.everything()
    check_whole(database, acknowledged)
    tell(faults=len(refused), acknowledged=len(acknowledged), seconds_to_answer=longest)


@pytest.mark.parametrize("error", ERRORS)
def test_postgresql_that_cannot_write_its_log_comes_back_without_a_loss(
    postgres: Postgres, tmp_path: Path, error: str, times: int, tell: Tell
) -> None:
    needs_strace()
    database, longest = open_database(postgres.url), 0.0
    secret = writer_token(database)
    with served("serve", postgres.url, tmp_path) as (client, process):
        told = Told(process)
        writers = [Client(str(client.base_url), secret) for _ in range(WRITERS)]
        for number in range(times):
            wait_until_acknowledged(writers)
            with failing(postgres.pids(), error):
                wait_until_refused(writers, REFUSED * (number + 1))
            postgres.revive()
            longest = max(longest, seconds_to_answer(client))
            wait_until_acknowledged(writers)
        acknowledged = [id for writer in writers for id in writer.finish()]
        refused = [answer for writer in writers for answer in writer.refused]
        assert codes(refused) <= {(503, f"DATABASE_{why}") for why in ("UNAVAILABLE", "FULL", "UNWRITABLE")}
    assert "Traceback" not in told.everything()
    check_whole(database, acknowledged)
    database.dispose()
    tell(faults=len(refused), acknowledged=len(acknowledged), seconds_to_answer=longest)


def limited(size: int, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A verb in a process that may write no file beyond a size."""
    return subprocess.run(
        [sys.executable, "-m", "timeline", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
def test_a_seed_for_which_there_is_no_room_records_nothing_and_says_so_in_one_line(
    database: Database, engine_url: str, tmp_path: Path
) -> None:
    # Half of the empty database: what the example record adds takes more.
    room = Path(str(database.url.database)).stat().st_size // 2
    done = limited(room, "seed", "--database", engine_url, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "[DATABASE_UNWRITABLE]" in done.stderr
    assert position(database) == 0
    load_seeds(database, seed_files(()), None)
    check_whole(database, [])


def test_a_backup_for_which_there_is_no_room_leaves_nothing_behind(
    database: Database, engine_url: str, tmp_path: Path
) -> None:
    load_seeds(database, seed_files(()), None)
    folder = tmp_path / "backups"
    folder.mkdir()
    done = limited(4096, "backup", "b", "--database", engine_url, cwd=folder)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "b cannot be written: File too large; nothing is left of it [BACKUP_UNWRITABLE]" in done.stderr
    assert list(folder.iterdir()) == []
