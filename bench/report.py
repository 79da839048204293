"""The table of what was measured, in docs/performance.md: python -m bench.report --help"""

from __future__ import annotations

import argparse
import platform
import statistics
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.kept import Results
from bench.load import times
from bench.questions import QUESTIONS
from bench.relational import PEERS
from bench.servers import PEERS_BY_NAME

DOCUMENT = PEERS.parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- measured by python -m bench: begin -->", "<!-- end -->"
APPEND_BARS = {"single-postgresql": 2, "single-sqlite": 1, "batch-postgresql": 2, "batch-sqlite": 1}
Lines = list[str]


def main() -> None:
    """Write what is kept into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, default=Path("var/bench"), help="where results are kept")
    write(Results(parser.parse_args().keep / "results.json").found)


def write(found: dict[str, Any]) -> None:
    """Put the tables between the two marks of the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{report(found)}\n\n{END}{after}", encoding="utf-8")


def report(found: dict[str, Any]) -> str:
    """All tables, those of which nothing is known left out."""
    parts = [
        _machine(found),
        _questions(found, 8),
        _questions(found, 1),
        _appends(found),
        _bulk(found),
        _servers(found),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _machine(found: dict[str, Any]) -> Lines:
    """Where and when it was measured, and what disturbed."""
    if not found:
        return []
    model = next((line.partition(": ")[2] for line in _info("cpuinfo") if line.startswith("model name")), "unknown")
    cores = sum(line.startswith("processor") for line in _info("cpuinfo"))
    memory = int(_info("meminfo")[0].split()[1]) // 1_000_000
    loads = sorted(each["load_before"] for each in found.values())
    days = sorted({each["at"][:10] for each in found.values()})
    software = ", ".join(f"{name} {version(name)}" for name in ("strawberry-graphql", "uvicorn", "asyncpg", "orjson"))
    return [
        f"{model}, {cores} cores, {memory} GB. Python {platform.python_version()},",
        f"{software}, PostgreSQL 18,",
        "PostGraphile 5.1.5 on Node 24, eventsourcing 9.5.6.",
        f"Measured {' to '.join(dict.fromkeys((days[0], days[-1])))}. The load of the machine when a row began was",
        f"{loads[0]} to {loads[-1]}; up to about 3 is what the row before left, more ran beside and disturbed.",
    ]


def _info(name: str) -> Lines:
    return Path(f"/proc/{name}").read_text().splitlines()


def _questions(found: dict[str, Any], connections: int) -> Lines:
    """A line for each question and size: requests a second, milliseconds, and our ratio to each peer."""
    rows = [
        (question, int(size), found[f"{row}/{size}/{connections}"])
        for row, question in QUESTIONS.items()
        for size in _sizes(found, row, connections)
    ]
    if not rows:
        return []
    lines = [
        f"**{connections} at once.** Requests a second (in parentheses the median and the 99th percentile of a",
        "request in ms; all medians of the rounds), and how many times as many Timeline answers in the same round.",
        "",
        "| question | meetings | Timeline | others | bar | to the smallest record | memory |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    smallest: dict[str, float] = {}
    for question, size, each in rows:
        ours, *others = each["rounds"]
        base = smallest.setdefault(question.title, _median(each["rounds"][ours], "p50_ms"))
        growth = _median(each["rounds"][ours], "p50_ms") / base
        lines.append(
            f"| {question.title} | {size:,} | {_cell(each['rounds'][ours])} | "
            + "<br>".join(
                f"{PEERS_BY_NAME[name].title}: {_cell(each['rounds'][name])}, **{_ratio(each, ours, name):.2f}**"
                for name in others
            )
            + f" | {question.bar or ''} | {growth:.2f} | {each['memory_mb'][ours]} MB |"
        )
    return lines


def _sizes(found: dict[str, Any], row: str, connections: int) -> list[str]:
    keys = [key.split("/") for key in found if key.startswith(f"{row}/") and key.endswith(f"/{connections}")]
    return sorted((size for _, size, _ in keys), key=int)


def _cell(rounds: list[dict[str, float]]) -> str:
    failed = sum(each["failed"] for each in rounds)
    p50, p99 = _median(rounds, "p50_ms"), _median(rounds, "p99_ms")
    if not _median(rounds, "per_second"):
        return f"nothing within {p50 / 1e3:.0f} s"
    return f"{_median(rounds, 'per_second'):,.0f} ({p50:.1f}, {p99:.1f})" + (f" {failed:.0f} failed" if failed else "")


def _median(rounds: list[dict[str, float]], name: str) -> float:
    return statistics.median(each[name] for each in rounds)


def _ratio(each: dict[str, Any], ours: str, theirs: str) -> float:
    pairs = zip(each["rounds"][ours], each["rounds"][theirs], strict=True)
    return statistics.median(times(a["per_second"], b["per_second"]) for a, b in pairs)


def _appends(found: dict[str, Any]) -> Lines:
    rows = {key.partition("/")[2]: each for key, each in found.items() if key.startswith("append/")}
    if not rows:
        return []
    lines = [
        "**Appends** to the log alone, events a second.",
        "",
        "| engine | writers | events an append | Timeline | eventsourcing | ratio | bar |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row, each in rows.items():
        rates = [f"{_median(rounds, 'per_second'):,.0f}" for rounds in each["rounds"].values()]
        ratio = _ratio(each, "timeline", "eventsourcing")
        what = f"{row.partition('-')[2]} | {each['writers']} | {each['batch']:,}"
        lines.append(f"| {what} | {' | '.join(rates)} | **{ratio:.2f}** | {APPEND_BARS[row]} |")
    return lines


def _bulk(found: dict[str, Any]) -> Lines:
    rows = {key.partition("/")[2]: each["took"] for key, each in found.items() if key.startswith("bulk/")}
    if not rows:
        return []
    lines = [
        "**Bulk.** Events a second, and the share of raw writing of the same rows (bars: import 0.3, rebuild 0.5,",
        "memory under 500 MB).",
        "",
        "| engine | meetings | step | events/s | of raw | memory |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for key, took in rows.items():
        engine, size = key.split("/")
        read = took["raw read tables"]["seconds"]
        whole = read + took["raw log"]["seconds"]
        for name, each in took.items():
            raw = read if name in ("rebuilt", "raw read tables") else whole
            share = "" if name in ("exported", "raw log", "raw read tables") else f"**{raw / each['seconds']:.2f}**"
            rate = f"{each['events'] / each['seconds']:,.0f}"
            lines.append(f"| {engine} | {int(size):,} | {name} | {rate} | {share} | {each['peak_mb']:.0f} MB |")
    return lines


def _servers(found: dict[str, Any]) -> Lines:
    """Ratios to what we use."""
    rows = {key.partition("/")[2]: each for key, each in found.items() if key.startswith("choice/")}
    if not rows:
        return []
    lines = ["**Servers and drivers.** Requests a second and the ratio to the first of each kind."]
    for row, each in rows.items():
        first = next(iter(each["rounds"]))
        lines += ["", f"| {row} | requests/s (median, 99th percentile in ms) | ratio |", "| --- | --- | --- |"]
        lines += [
            f"| {name} | {_cell(rounds)} | {_ratio(each, name, first):.2f} |" for name, rounds in each["rounds"].items()
        ]
    return lines


if __name__ == "__main__":
    main()
