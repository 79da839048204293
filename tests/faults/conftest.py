"""How often faults are tried: once each in CI, TIMELINE_TEST_FAULTS=50 for a long night."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import _migrate
from tests.faults.postgres import Postgres

Tell = Callable[..., None]


@pytest.fixture(autouse=True)
def as_fast_as_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of these tests write without a pause; no limit of a server may slow them down."""
    monkeypatch.setenv("TIMELINE_LIMIT_WRITES_PER_MINUTE", "1000000")


@pytest.fixture
def times() -> int:
    """How many times as often as in CI a fault is tried."""
    return int(os.environ.get("TIMELINE_TEST_FAULTS", "1"))


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Say what was done and what came of it; all figures stand together at the end of the run."""

    def told(**figures: float) -> None:
        record_property("figures", figures)

    return told


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A migrated PostgreSQL server that may be taken away."""
    # Not in pytest's folder: each pytest that starts closes that to other users, and as root the server runs as one.
    with tempfile.TemporaryDirectory(prefix="timeline-postgres-", ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder) / "data")
        _migrate(server.url)
        yield server
        server.end("immediate")
