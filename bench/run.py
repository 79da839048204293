"""Times questions on generated records, as ratios to a plain page of 50 in the same run: python -m bench.run --help"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.store import Store
from timeline.api.executing import Asked, Service
from timeline.app import settle
from timeline.database import open_database
from timeline.log.read import head
from timeline.read.cursors import cursor_of
from timeline.read.numbering import forget
from timeline.read.projector import rebuild
from timeline.values.dates import day_number

MEETING = "id title when { label } place { name } parties { party { name } person { name } role }"
STEPS = """{ sequences(within: "P30D", steps: [
  { filter: { kinds: [MEETING], parties: { exactly: ["%(a)s", "%(b)s"] }, levels: [HEAD_OF_STATE] } }
  { filter: { kinds: [MEETING], parties: { allOf: ["%(a)s"] }, levels: [CHIEF_OF_DEFENSE] } }
  { filter: { kinds: [MEETING], parties: { allOf: ["%(b)s"] }, levels: [MINISTER] } }]) {
  nodes { certainty steps { occurrence { id } } } } }"""
LATE = """{ series(first: 50, parties: { %(pair)s }, after: "%(late)s") { page { entries { %(entry)s } } } }"""
MIDDLE = """{ series(first: 1, parties: { %(pair)s }, after: "%(middle)s") { page { pageInfo { endCursor } } } }"""
FIGURES = "{ series(parties: { %(pair)s }) { figures { count medianGapDays } } }"
COLD = ", nothing kept of it"
"""How the names of questions end that are asked each time as if for the first time."""
QUESTIONS = {
    "a plain page of 50": "{ meetings(first: 50) { nodes { %(m)s } } }",
    "one meeting by id": '{ meeting(id: "meeting/m77") { %(m)s } }',
    "a page of 50 of an exact set": "{ meetings(first: 50, filter: { parties: { %(pair)s } }) { nodes { %(m)s } } }",
    "a page of 100 with statements": "{ meetings(first: 100) { nodes { %(m)s statements { title } } } }",
    "a page of a series": "{ series(first: 50, parties: { %(pair)s }) { page { entries { %(entry)s } } } }",
    "a late page of a series": LATE,
    f"a late page of a series{COLD}": LATE,
    "figures of a series": FIGURES,
    f"figures of a series{COLD}": FIGURES,
    "all series": "{ allSeries(first: 50) { nodes { count first last parties { name } } } }",
    "all series in figures": "{ allSeries(first: 50) { nodes { count %(silence)s parties { name } } } }",
    "the longest silences": "{ allSeries(first: 50, orderBy: LONGEST_SILENCE) { nodes { count parties { name } } } }",
    "a pattern of three steps": STEPS,
    "a month in a country": '{ meetings(first: 50, filter: { place: "%(a)s", during: "1999-05" }) { nodes { id } } }',
    "meetings of a person": '{ meetings(first: 50, filter: { people: ["person/p7"] }) { nodes { id } } }',
    "search": '{ search(text: "talks 1234", first: 20) { nodes { id } } }',
    "total count": "{ meetings { totalCount } }",
    "as of a quarter": "{ asOf(position: %(quarter)d) { meetings(first: 50) { nodes { %(m)s } } } }",
}  # fmt: skip


def measured(store: Store, engine: str, meetings: int, seconds: float, *, rebuilding: bool) -> dict[str, Any]:
    """Medians and 99th percentiles in milliseconds on a record of so many meetings, and how fast it was written."""
    is_kept = store.has_record(engine, meetings)
    begin = time.perf_counter()
    database = open_database(store.record(engine, meetings))
    written = time.perf_counter() - begin
    with database.read() as connection:
        last = head(connection).position
    times = asyncio.run(_ask(Service(database), last, seconds))
    begin = time.perf_counter()
    assert not rebuilding or rebuild(database).equal
    rebuilt = time.perf_counter() - begin
    database.dispose()
    rates = {"written": None if is_kept else last / written, "rebuilt": last / rebuilt if rebuilding else None}
    return {"events": last, "times": times, **rates}


async def _ask(service: Service, last: int, seconds: float) -> dict[str, tuple[float, float]]:
    found = {}
    settle()
    # The two states that met most often: the heaviest exact set there is.
    asked = Asked("{ allSeries(first: 1, partyCount: 2) { nodes { parties { id } } } }", {}, None)
    pair = (await service.run(service.prepare(asked)))["data"]["allSeries"]["nodes"][0]["parties"]
    names: dict[str, Any] = {"m": MEETING, "a": pair[0]["id"], "b": pair[1]["id"], "quarter": last // 4}
    names["pair"] = 'exactly: ["{a}", "{b}"]'.format(**names)
    names["middle"] = cursor_of([day_number("1999-01-01"), day_number("1999-01-01"), ""])
    middle = (await service.run(service.prepare(Asked(MIDDLE % names, {}, None))))["data"]["series"]
    names["late"] = middle["page"]["pageInfo"]["endCursor"]  # As a client goes on, with a cursor that it was given.
    names["silence"] = "figures { medianGapDays longestSilence { label } }"
    names["entry"] = f"ordinal sincePrevious {{ label }} meeting {{ {MEETING} }}"
    for name, text in QUESTIONS.items():
        operation = service.prepare(Asked(text % names, {}, None))
        if "errors" in await service.run(operation):
            found[name] = (float("nan"), float("nan"))  # Refused: too much for one question.
            continue
        taken: list[float] = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or len(taken) < 5:
            if name.endswith(COLD):
                forget(service.database)
            begin = time.perf_counter()
            await service.run(operation)
            taken.append((time.perf_counter() - begin) * 1000)
        taken.sort()
        found[name] = (statistics.median(taken), taken[int(len(taken) * 0.99)])
    await service.database.close()
    return found


def table(results: dict[tuple[str, int], dict[str, Any]]) -> str:
    """The results as a table in Markdown."""
    plain = next(iter(QUESTIONS))
    columns = [f"{engine}, {size:,} meetings" for engine, size in results]
    lines = [f"| question | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    for name in QUESTIONS:
        cells = []
        for result in results.values():
            middle, slow = result["times"][name]
            cells.append(f"{middle:.1f} / {slow:.1f} ms, {middle / result['times'][plain][0]:.2f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for name, key in (("events written a second", "written"), ("events rebuilt a second", "rebuilt")):
        rates = ("" if result[key] is None else f"{result[key]:,.0f}" for result in results.values())
        lines.append(f"| {name} | {' | '.join(rates)} |")
    return "\n".join(lines)


def main() -> None:
    """Run what is asked and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="10000", help="numbers of meetings, with commas between")
    parser.add_argument("--engine", default="sqlite,postgresql")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each question is asked")
    parser.add_argument("--no-rebuild", action="store_true", help="leave out the rebuild, which takes as long again")
    parser.add_argument("--keep", type=Path, help="where records are kept, as by bench.compare; nowhere unless given")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = chosen.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = Store(folder)
        stack.callback(store.server.cleanup)
        results = {}
        for size in map(int, chosen.size.split(",")):
            for engine in chosen.engine.split(","):
                results[engine, size] = measured(store, engine, size, chosen.seconds, rebuilding=not chosen.no_rebuild)
                print(table(results), flush=True)
    print(f"\n{os.cpu_count()} cores, Python {platform.python_version()}, in one process, without HTTP")


if __name__ == "__main__":
    main()
