"""Which server and which driver: our service under each, on hello and on a page of 50: python -m bench.choice --help"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bench.compare import arguments
from bench.kept import Results
from bench.load import check_wrk, fire, write_bodies
from bench.questions import QUESTIONS, Case, Sample, body
from bench.servers import HELLO, Peer, serving
from bench.store import Store

CONNECTIONS = 8
UVICORN = "uvicorn-uvloop-httptools"
SERVERS = [(server, "own") for server in (UVICORN, "uvicorn-asyncio-httptools", "uvicorn-uvloop-h11", "granian")]
SQLITE = [(UVICORN, driver) for driver in ("own", "aiosqlite", "apsw", "sqlite3-loop", "apsw-loop")]
CHOICES = {
    "server, hello": ("postgresql", SERVERS),
    "server, a page of 50": ("postgresql", SERVERS),
    "PostgreSQL driver, a page of 50": ("postgresql", [(UVICORN, "own"), (UVICORN, "psycopg")]),
    "SQLite driver, a page of 50": ("sqlite", SQLITE),
}
"""Engine, and server with driver; what we use comes first."""
OWN = {"postgresql": "asyncpg", "sqlite": "sqlite3 as it is used"}


def main() -> None:
    """Measure what is not measured yet, and print it."""
    chosen = arguments(__doc__).parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds = 1, 1
    choose(Store(chosen.keep), Results(chosen.keep / "results.json", forgetful=chosen.quick), chosen)


def choose(store: Store, results: Results, chosen: argparse.Namespace) -> None:
    """At the smallest size: what a server or a driver costs does not depend on it."""
    check_wrk()
    size = min(map(int, chosen.size.split(",")))
    sample = Sample(store.relational(size))
    page = QUESTIONS["exact-set"].queries["timeline"]
    pages = [body(page, case) for case in QUESTIONS["exact-set"].cases(sample)]
    for what in CHOICES:
        if chosen.again or f"choice/{what}" not in results.found:
            bodies = [{"query": HELLO}] if "hello" in what else pages
            found = _measured(store, size, what, bodies, chosen)
            results.put(f"choice/{what}", found)
            rates = {name: round(each[0]["per_second"]) for name, each in found["rounds"].items()}
            print(what, rates, f"load {found['load_before']}", flush=True)


def _measured(store: Store, size: int, what: str, bodies: list[Case], chosen: Any) -> dict[str, Any]:
    engine, variants = CHOICES[what]
    path = store.folder / "choice.bodies"
    write_bodies(path, bodies)
    rounds: dict[str, list[dict[str, float]]] = {}
    with ExitStack() as stack:
        servers = {
            _name(engine, *variant): stack.enter_context(
                serving(_peer(store, engine, *variant), store, size, store.folder / "choice.log")
            )
            for variant in variants
        }
        beside = os.getloadavg()[0]
        for server in servers.values():
            assert "errors" not in server.ask(bodies[0])
            fire(server.url, path, min(2, chosen.seconds), CONNECTIONS)
        for _ in range(chosen.rounds):
            for name, server in servers.items():
                rounds.setdefault(name, []).append(asdict(fire(server.url, path, chosen.seconds, CONNECTIONS)))
    return {"at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}", "load_before": round(beside, 1), "rounds": rounds}


def _name(engine: str, server: str, driver: str) -> str:
    return f"{server}, {OWN[engine] if driver == 'own' else driver}"


def _peer(store: Store, engine: str, server: str, driver: str) -> Peer:
    def command(store: Store, size: int, port: int) -> list[str]:
        return [sys.executable, "-m", "bench.serve_with", server, driver, str(port), store.record(engine, size)]

    # Our own environment, and behind it that of the peers, locked to the same versions where both have a package.
    (packages,) = store.python("venv").parent.parent.glob("lib/python*/site-packages")
    paths = [*filter(None, [os.environ.get("PYTHONPATH")]), str(packages)]
    return Peer(server, command, {"PYTHONPATH": os.pathsep.join(paths)})


if __name__ == "__main__":
    main()
