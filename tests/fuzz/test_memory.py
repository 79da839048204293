"""Memory: whatever is asked, and however often, what a process keeps of it stays within its room."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.fuzz.effort import TIMES
from timeline.api import executing, persisted
from timeline.api.compiled import DocumentExecutor, Plans
from timeline.api.persisted import digest
from timeline.app import create_app
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database, open_database
from timeline.read import kept
from timeline.settings import Settings

ROUNDS = 20 * TIMES
ROOM = 60_000
"""How much each cache may take here; in service it is many megabytes."""


@pytest.fixture
def seeded_here(sqlite_template: Path, tmp_path: Path) -> Database:
    (tmp_path / "timeline.db").write_bytes(sqlite_template.read_bytes())
    database = open_database(f"sqlite:///{tmp_path / 'timeline.db'}")
    load_seeds(database, seed_files(()), None)
    database.dispose()
    return database


async def ask_new_things(client: httpx.AsyncClient, number: int) -> None:
    """What was never asked before, in every way that something is kept of."""
    long = f"{number}" + "x" * 3000
    pages = f"a{number}: meetings {{ nodes {{ title place {{ meetings(first: $n) {{ title }} }} }} }}"
    places = "query($n: Int) { places { nodes { meetings(first: $n) { title } } } }"
    sent = f"# {long}\n{{ position }}"
    for asked in (
        {"query": f"query($n: Int) {{ {pages} }}", "variables": {"n": number % 50}},
        {"query": "query($t: String!) { search(text: $t) { totalCount } }", "variables": {"t": long}},
        {"query": places, "variables": {"n": number % 150}},
        {"query": "query($i: ID!) { node(id: $i) { id } place(id: $i) { name } }", "variables": {"i": long}},
        {"query": "query($i: ID!) { node(id: $i) { id } }", "variables": {"i": f"place/{long}"}},
        {"query": "query($d: EDTF) { meetings(filter: { during: $d }) { totalCount } }", "variables": {"d": long}},
        {"query": f"{{ a{number} " + "b " * 20 + "}"},
        {"query": f"{{ {long}"},
        {"query": sent, "extensions": {"persistedQuery": {"sha256Hash": digest(sent)}}},
    ):
        answer = await client.post("/graphql", json=asked)
        assert answer.status_code == 200, answer.text


def test_what_is_kept_does_not_grow_with_what_is_asked(seeded_here: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "DOCUMENT_BYTES", ROOM)
    monkeypatch.setattr(persisted, "KEPT_CHARACTERS", ROOM)
    monkeypatch.setattr(DocumentExecutor, "_plans", Plans(ROOM))
    monkeypatch.setattr(kept, "MOST_MAKERS", 5)
    app = create_app(Settings(database_url=str(seeded_here.url), kept_answers_mb=0))

    async def ask() -> list[int]:
        taken = []
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for number in range(5 * ROUNDS):
                await ask_new_things(client, number)
                if number % ROUNDS == ROUNDS - 1:
                    if not tracemalloc.is_tracing():
                        tracemalloc.start()  # From here: what the first round filled is full.
                    gc.collect()
                    taken.append(tracemalloc.get_traced_memory()[0])
        return taken

    try:
        taken = asyncio.run(ask())
    finally:
        tracemalloc.stop()
    # New things take the place of old ones, which were not counted, until all that is kept is new. After that a round
    # that keeps even one of its long texts grows by ROOM each time; what the process sets up once, it sets up once.
    assert min(later - earlier for earlier, later in pairwise(taken[1:])) < ROOM / 2, taken
