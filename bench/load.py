"""Requests as fast as a server takes them: wrk, one thread, so many connections, another body each time."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.questions import Case
from bench.relational import PEERS

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Measured:
    """What one round came to; a rate of 0 and how long was waited, when nothing was answered."""

    per_second: float
    p50_ms: float
    p99_ms: float
    answer_bytes: float
    failed: int


def check_wrk() -> None:
    """Raise `SystemExit` where wrk is missing."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed; on Debian: apt-get install wrk")


def write_bodies(path: Path, bodies: list[Case]) -> None:
    """A file that wrk sends from, one body a line."""
    path.write_text("".join(json.dumps(body) + "\n" for body in bodies), encoding="utf-8")


def fire(url: str, bodies: Path, seconds: float, connections: int) -> Measured:
    """One round."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s"]
    command += ["--timeout", f"{TIMEOUT_SECONDS}s", "--latency", "--script", str(PEERS / "cycle.lua"), url]
    said = subprocess.run([*command, "--", str(bodies)], capture_output=True, text=True, check=True).stdout
    found = json.loads(said.strip().splitlines()[-1])
    if found["requests"] == 0:  # Slower than a round is long: nothing is known yet, and no rate is made up.
        if seconds > TIMEOUT_SECONDS:
            return Measured(0, seconds * 1e3, seconds * 1e3, 0, 0)
        return fire(url, bodies, seconds * 4, connections)
    requests = found["requests"]
    per_second = requests / found["seconds"]
    return Measured(per_second, found["p50_ms"], found["p99_ms"], found["bytes"] / requests, found["failed"])


def times(ours: float, theirs: float) -> float:
    """How many times as many a second; without end where they answered nothing."""
    return ours / theirs if theirs else math.inf
