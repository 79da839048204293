"""What was acknowledged is recorded once, whatever happens to the process that wrote it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.faults.conftest import Tell
from tests.log.appending import batch, store
from timeline.database import Database
from timeline.log.read import events_after
from timeline.log.stored import StoredEvent
from timeline.log.verify import verify_log

WRITER = Path(__file__).with_name("writer.py")
WRITING_SECONDS = 0.2
POLL_SECONDS = 0.005


class Writer:
    """A writing process, and the last number that it was told is recorded."""

    def __init__(self, url: str, name: str, first: int) -> None:
        command = [sys.executable, str(WRITER), url, name, str(first)]
        self.name, self.first = name, first
        self.acknowledged = first - 1
        self.started = threading.Event()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.listener = threading.Thread(target=self.listen)
        self.listener.start()

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.acknowledged = int(line)
            if self.acknowledged >= self.first + 2:  # Three are acknowledged, however slow the machine is.
                self.started.set()
        self.started.set()

    def kill(self) -> int:
        """Kill -9 in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()
        self.listener.join()
        return self.acknowledged


class Tail:
    """A reader that follows the log while it grows."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.found: list[StoredEvent] = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()

    def follow(self) -> None:
        while not self.done.wait(POLL_SECONDS):
            self.read()

    def read(self) -> None:
        with self.database.read() as connection:
            self.found += events_after(connection, self.found[-1].position if self.found else 0)

    def finish(self) -> list[StoredEvent]:
        self.done.set()
        self.thread.join()
        self.read()
        return self.found


def test_what_was_acknowledged_survives_kill_9_and_a_retry_records_it_once(
    database: Database, engine_url: str, times: int, tell: Tell
) -> None:
    tail = Tail(database)
    acknowledged: dict[str, int] = {}
    rounds = (("a", "b", "c"), ("b",)) * times
    for names in rounds:
        writers = [Writer(engine_url, name, acknowledged.get(name, 0) + 1) for name in names]
        for writer in writers:
            assert writer.started.wait(120)
        for writer in writers:
            time.sleep(WRITING_SECONDS)
            acknowledged[writer.name] = writer.kill()
    for name, last in acknowledged.items():
        store(database, batch(f"{name}-{last + 1}", f"own/{name}", "shared/1"))
    seen = tail.finish()
    assert [event.position for event in seen] == list(range(1, len(seen) + 1))
    assert sum(acknowledged.values()) > 6
    for name, last in acknowledged.items():
        stored = [event.append_id for event in seen if event.stream == f"own/{name}"]
        assert stored == [f"{name}-{number}" for number in range(1, last + 2)]
    with database.read() as connection:
        assert verify_log(connection) == []
    tell(kills=sum(map(len, rounds)), acknowledged=sum(acknowledged.values()))
