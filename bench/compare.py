"""Our server against the peers, one question after the other: python -m bench.compare --help

Before a question is timed, every peer must give the same content. Rounds go A B A B, ratios are taken within a round.
"""

from __future__ import annotations

import argparse
import os
import statistics
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.kept import Results
from bench.load import check_wrk, fire, times, write_bodies
from bench.questions import QUESTIONS, Case, Question, Sample, body, content
from bench.servers import PEERS_BY_NAME, Server, serving
from bench.store import Store

CHECKED = 20
"""How many answers to each question are compared before it is timed."""


def arguments(description: str | None) -> argparse.ArgumentParser:
    """What can be chosen."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", default="10000", help="numbers of meetings, with commas between")
    parser.add_argument("--rows", default=",".join(QUESTIONS), help="which questions")
    parser.add_argument("--peers", default=",".join(PEERS_BY_NAME), help="which peers; ours comes first")
    parser.add_argument("--connections", default="8", help="how many at once; with commas between")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="how long a round is")
    parser.add_argument("--keep", type=Path, default=Path("var/bench"), help="where records and results are kept")
    parser.add_argument("--again", action="store_true", help="also what was measured before")
    parser.add_argument("--quick", action="store_true", help="one round of a second, not kept")
    return parser


def main() -> None:
    """Measure what is not measured yet, and print it."""
    chosen = arguments(__doc__).parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds = 1, 1
    store, results = Store(chosen.keep), Results(chosen.keep / "results.json", forgetful=chosen.quick)
    compare(store, results, chosen)


def compare(store: Store, results: Results, chosen: Any) -> None:
    """One row after the other, each with servers of its own: what one of them keeps in memory helps no other row."""
    check_wrk()
    for size in map(int, chosen.size.split(",")):
        sample = Sample(store.relational(size))
        for row in chosen.rows.split(","):
            peers = [name for name in chosen.peers.split(",") if _query(row, name) is not None]
            wanted = [
                connections
                for connections in map(int, chosen.connections.split(","))
                if chosen.again or not results.has(key(row, size, connections), peers)
            ]
            if wanted and len(peers) > 1:
                _measure(store, results, sample, (row, size), peers, wanted, chosen)


def key(row: str, size: int, connections: int) -> str:
    """Under what a row is kept."""
    return f"{row}/{size}/{connections}"


def _query(row: str, name: str) -> str | None:
    return QUESTIONS[row].queries.get(PEERS_BY_NAME[name].speaks or name)


def _measure(
    store: Store,
    results: Results,
    sample: Sample,
    what: tuple[str, int],
    peers: list[str],
    wanted: list[int],
    chosen: Any,
) -> None:
    row, size = what
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving(PEERS_BY_NAME[name], store, size, store.folder / f"{name}.log"))
            for name in peers
        }
        asked = _asked(row, sample, servers)
        for connections in wanted:
            found = _rounds(store, servers, asked, connections, chosen)
            results.put(key(row, size, connections), found)
            print(told(row, size, connections, found), flush=True)


def _asked(row: str, sample: Sample, servers: dict[str, Server]) -> dict[str, list[Case]]:
    """The requests for each peer, once all give the same content."""
    question = QUESTIONS[row]
    cases = question.cases(sample)
    if not cases:
        raise SystemExit(f"the record is too small for {question.title!r}: nothing has so many")
    asked = {}
    for name, server in servers.items():
        query = _query(row, name) or ""
        asked[name] = [body(query, case) for case in PEERS_BY_NAME[name].adapt(server.url, cases)]
    for number in range(min(CHECKED, len(cases))):
        answers = {name: servers[name].ask(bodies[number]) for name, bodies in asked.items()}
        _check_same(question, cases[number], answers)
    return asked


def _check_same(question: Question, case: Case, answers: dict[str, Any]) -> None:
    contents = {name: content(answer["data"]) if "data" in answer else None for name, answer in answers.items()}
    (first, expected), *others = contents.items()
    for name, found in [(first, expected), *others]:
        if "errors" in answers[name] or (question.compared and found != expected):
            said = {each: str(answers[each].get("errors") or contents[each])[:3000] for each in (first, name)}
            raise SystemExit(f"{question.title}: {name} answers otherwise than {first} about {case}:\n{said}")


def _rounds(
    store: Store, servers: dict[str, Server], asked: dict[str, list[Case]], connections: int, chosen: Any
) -> dict[str, Any]:
    files = {name: store.folder / f"{name}.bodies" for name in servers}
    for name, path in files.items():
        write_bodies(path, asked[name])
        fire(servers[name].url, path, min(2, chosen.seconds), connections)
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
    beside = os.getloadavg()[0]
    for number in range(1, chosen.rounds + 1):
        for name, server in servers.items():
            # What was asked in the round before comes last.
            begin = number * len(asked[name]) // (chosen.rounds + 1)
            write_bodies(files[name], asked[name][begin:] + asked[name][:begin])
            rounds[name].append(asdict(fire(server.url, files[name], chosen.seconds, connections)))
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "load_before": round(beside, 1),
        "distinct": len(next(iter(asked.values()))),
        "rounds": rounds,
        "memory_mb": {name: server.memory() for name, server in servers.items()},
    }


def told(row: str, size: int, connections: int, found: dict[str, Any]) -> str:
    lines = [
        f"{row}, {size:,} meetings, {connections} at once, {found['distinct']} distinct, load {found['load_before']}"
    ]
    first = next(iter(found["rounds"]))
    for name, rounds in found["rounds"].items():
        rates = [each["per_second"] for each in rounds]
        ratio = statistics.median(
            times(ours["per_second"], each["per_second"])
            for ours, each in zip(found["rounds"][first], rounds, strict=True)
        )
        p50, p99 = (statistics.median(each[key] for each in rounds) for key in ("p50_ms", "p99_ms"))
        failed = sum(each["failed"] for each in rounds)
        lines.append(
            f"  {name:16} {statistics.median(rates):9,.0f}/s  p50 {p50:7.2f} ms  p99 {p99:7.2f} ms  "
            f"{rounds[0]['answer_bytes'] / 1024:6.1f} kB  {found['memory_mb'][name]:4} MB  {first} is {ratio:.2f} times"
            + (f"  FAILED {failed}" if failed else "")
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
