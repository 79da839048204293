"""`timeline import` in a process forked from one that has imported it already, and what ends that process halfway."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
from collections.abc import Sequence
from itertools import count
from multiprocessing.process import BaseProcess

from sqlalchemy import Connection

from timeline.cli import cli
from timeline.intake import run
from timeline.log.stored import StoredEvent
from timeline.read import projector

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
    numbers, apply = count(1), projector.apply

    def die(connection: Connection, events: Sequence[StoredEvent]) -> None:
        apply(connection, events)
        if next(numbers) == batch:
            os.kill(os.getpid(), signal.SIGKILL)

    projector.apply = die
    with contextlib.redirect_stdout(io.StringIO()):
        cli(["import", *what, "--database", url], standalone_mode=False)
