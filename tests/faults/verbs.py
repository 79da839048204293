"""Verbs of the command line in processes forked from one that has imported them, and what ends one halfway."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import sqlalchemy as sa

from timeline.cli import cli
from timeline.read import projector

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])
FINISHING_SECONDS = 300


def start(*arguments: str, die_at: int = 0) -> BaseProcess:
    """Begin. At that step, a statement that was executed or a transaction about to be committed, it kills itself."""
    process = processes.Process(target=perform, args=(arguments, die_at, None))
    process.start()
    return process


def finish(*arguments: str) -> int:
    """Run it undisturbed, and say how many steps it took."""
    steps = processes.Value("i", 0)
    process = processes.Process(target=perform, args=(arguments, 0, steps))
    process.start()
    process.join(FINISHING_SECONDS)
    assert process.exitcode == 0, arguments
    return int(steps.value)


def perform(arguments: tuple[str, ...], die_at: int, steps: Any) -> None:
    """`timeline ...` in this process."""
    projector.READERS_SECONDS = 0.0
    taken = 0

    def step(*_: Any) -> None:
        nonlocal taken
        taken += 1
        if taken == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("after_cursor_execute", "commit"):
        sa.event.listen(sa.Engine, moment, step)
    with contextlib.redirect_stdout(io.StringIO()):
        cli(list(arguments), standalone_mode=False)
    if steps is not None:
        steps.value = taken


def kill_over_and_over(*arguments: str, steps: int, kills: int, check: Callable[[], None]) -> int:
    """Kill -9 at as many steps, evenly spread over those that it takes, and check after each, until it is done.

    How often it hit: one that goes on where the last one ended may be done before it comes to its step.
    """
    hit = 0
    for number in range(kills):
        process = start(*arguments, die_at=1 + number * steps // kills)
        process.join(FINISHING_SECONDS)
        check()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        hit += 1
    return hit
