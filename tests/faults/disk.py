"""A disk that is full or broken, for some processes and a while: their system calls are made to fail by strace."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

CALLS = "pwrite64,pwritev,fdatasync,fsync"
"""What databases write with, and have it on the disk with."""
ATTACHING_SECONDS = 30


def needs_strace() -> None:
    """Skip without strace, or where it may not trace; on a machine of CI it is installed."""
    if shutil.which("strace") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "needs strace to make a disk fail (apt-get install strace)"
        )
    other = subprocess.Popen(["sleep", "60"])
    try:
        # Where only descendants may be traced (Yama), or nothing at all, this fails.
        with failing([other.pid], "EIO"):
            pass
    except AssertionError:
        pytest.skip("strace may not trace other processes here")
    finally:
        other.kill()
        other.wait()


@contextmanager
def failing(pids: Sequence[int], error: str, *paths: Path) -> Iterator[None]:
    """While the block runs, whatever these processes and their children write (to these paths) fails."""
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={CALLS}:error={error}"]
    command += [word for path in paths for word in ("-P", str(path))]
    tracer = subprocess.Popen(
        [*command, *(word for pid in pids for word in ("-p", str(pid)))], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + ATTACHING_SECONDS
        while not all(map(_is_traced, pids)):
            assert tracer.poll() is None, "strace could not attach"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def _is_traced(pid: int) -> bool:
    """Whether every thread is; one that has ended need not be."""
    try:
        told = [(task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except FileNotFoundError:
        return not Path(f"/proc/{pid}").exists()
    return all("TracerPid:\t0\n" not in text for text in told)
