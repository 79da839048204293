"""`timeline seed` in a process forked from one that has imported it already, and what ends that process halfway."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from timeline.cli import cli

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


def start(url: str, file: Path, moment: str = "") -> BaseProcess:
    """Begin to seed. At its `moment` the process kills itself: see `seed`."""
    process = processes.Process(target=seed, args=(url, str(file), moment))
    process.start()
    return process


def seed(url: str, file: str, moment: str) -> None:
    """`timeline seed`, killed behind the first statement that begins with `moment`, or just before its COMMIT."""
    if moment == "COMMIT":
        sa.event.listen(sa.Engine, "commit", die)
    elif moment:
        sa.event.listen(sa.Engine, "after_cursor_execute", lambda *told: die() if told[2].startswith(moment) else None)
    with contextlib.redirect_stdout(io.StringIO()):
        cli(["seed", file, "--database", url], standalone_mode=False)


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
