"""A server as users start it: a process of its own on a free port of this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

STARTING_SECONDS = 120
ENDING_SECONDS = 60
"""Generous: a busy machine is slow, and who is waited for is ready long before on any other."""


@contextmanager
def served(
    verb: str, url: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    """`timeline serve` or `timeline up`, answering; ended by SIGTERM."""
    port = free_port()
    process = started(verb, url, port, cwd, environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            wait_for(client, process)
            yield client, process
    finally:
        process.terminate()
        process.wait(ENDING_SECONDS)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def started(
    verb: str, url: str, port: int, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """The process, which does not answer yet."""
    command = [sys.executable, "-m", "timeline", verb, "--port", str(port), "--database", url]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def wait_for(client: httpx.Client, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            client.get("/healthz")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    assert process.stdout is not None
    raise AssertionError(f"the server does not answer: {process.stdout.read()}")
