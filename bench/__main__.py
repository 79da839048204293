"""Everything that is measured, row by row, into docs/performance.md: python -m bench --help

A run that was cut off goes on where it ended; what was measured is not measured again unless --again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime

from bench import bulk, choice, compare, report, writing
from bench.kept import Results
from bench.store import Store

ENGINES = ("postgresql", "sqlite")
DATABASES = ("recorded", "raw", "imported")


def main() -> None:
    """All rows in order, then the document."""
    parser = compare.arguments(__doc__)
    parser.set_defaults(connections="8,1")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds = 1, 1
    store, results = Store(chosen.keep), Results(chosen.keep / "results.json", forgetful=chosen.quick)
    compare.compare(store, results, chosen)
    writing.append_rows(store, results, chosen)
    _bulk_rows(store, results, chosen)
    choice.choose(store, results, chosen)
    if chosen.quick:
        print(report.report(results.found))
    else:
        report.write(results.found)


def _bulk_rows(store: Store, results: Results, chosen: argparse.Namespace) -> None:
    for size in map(int, chosen.size.split(",")):
        for engine in ENGINES:
            key = f"bulk/{engine}/{size}"
            if chosen.again or key not in results.found:
                beside = round(os.getloadavg()[0], 1)
                with tempfile.TemporaryDirectory(dir=store.folder) as folder, ExitStack() as stack:
                    urls = {name: stack.enter_context(store.scratch(engine, name)) for name in DATABASES}
                    took = {name: asdict(each) for name, each in bulk.measured(urls, folder, size).items()}
                results.put(key, {"at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}", "load_before": beside, "took": took})


if __name__ == "__main__":
    main()
