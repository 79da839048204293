"""`timeline import` in a process forked from one that has imported it already, and what ends that process halfway."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
from itertools import count
from multiprocessing.process import BaseProcess
from typing import Any

import sqlalchemy as sa

from timeline.cli import cli
from timeline.intake import run

BATCH = 100

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


def start(url: str, what: list[str], batch: int | None = None) -> BaseProcess:
    """Begin to import. The process kills itself in the transaction of this `batch`."""
    process = processes.Process(target=import_, args=(url, what, batch))
    process.start()
    return process


def import_(url: str, what: list[str], batch: int | None) -> None:
    """`timeline import`, killed once the events of a batch are stored and not yet committed."""
    run.BATCH = BATCH
    numbers = count(1)

    def die(*told: Any) -> None:
        if told[2].startswith("UPDATE log_head") and next(numbers) == batch:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "after_cursor_execute", die)
    with contextlib.redirect_stdout(io.StringIO()):
        cli(["import", *what, "--database", url], standalone_mode=False)
