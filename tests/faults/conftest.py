"""How often faults are tried: once each in CI, TIMELINE_TEST_FAULTS=50 for a long night."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import _migrate
from tests.faults.postgres import Postgres

Tell = Callable[..., None]


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
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A migrated PostgreSQL server that may be taken away."""
    server = Postgres(tmp_path_factory.mktemp("postgres") / "data")
    _migrate(server.url)
    yield server
    server.delete()
