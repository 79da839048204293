"""A client on the whole application, with the shipped record loaded, on both engines."""

from __future__ import annotations

import copy
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import insert
from starlette.applications import Starlette

from tests.conftest import _administer, _named
from timeline.api.answers import Answers
from timeline.app import create_app
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database, open_database
from timeline.rights import tokens
from timeline.settings import Settings
from timeline.values.roles import Role

GRAPHQL_JSON = "application/graphql-response+json"


SECRETS = {role: f"{tokens.PREFIX}of-a-test-{role.value}" for role in Role}
"""Tokens that every database of these tests knows."""


def give_tokens(database: Database) -> None:
    """Make a token for each role, under its name: 'editor'."""
    rows = [
        {"name": role.value.lower(), "role": role.value, "hash": tokens.hashed(secret), "created_us": 0}
        for role, secret in SECRETS.items()
    ]
    with database.write() as connection:
        connection.execute(insert(tokens.tokens), rows)


def bearer(role: Role | None) -> dict[str, str]:
    """The header that shows the token of a role; none for the public."""
    return {} if role is None else {"authorization": f"Bearer {SECRETS[role]}"}


class Client:
    """Asks an application in this process. Its event loop runs in a thread, where the database's pool belongs.

    It reads as the public does, unless `role` says otherwise, and writes as an editor.
    """

    role: Role | None = None

    def __init__(self, app: Starlette, portal: BlockingPortal, url: str = "") -> None:
        self.url = url
        self.portal = portal
        # Exceptions that reach the server are answers here, too: a client must never see them.
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://timeline.test")

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.portal.call(partial(self.http.request, method, path, **options))

    def post(self, query: str, **variables: Any) -> httpx.Response:
        asked = {"query": query, "variables": variables}
        role = self.role or (Role.EDITOR if query.lstrip().startswith("mutation") else None)
        return self.request("POST", "/graphql", json=asked, headers={"accept": GRAPHQL_JSON, **bearer(role)})

    def by(self, role: Role | None) -> Client:
        """The same client with the token of a role."""
        other = copy.copy(self)
        other.role = role
        return other

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = self.post(query, **variables).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def fault(self, query: str, **variables: Any) -> dict[str, Any]:
        """The only error of an answer."""
        (error,) = self.post(query, **variables).json()["errors"]
        return error


@contextmanager
def client_on(app: Starlette, url: str = "") -> Iterator[Client]:
    """A client on an application that is started and, at the end, stopped."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        client = Client(app, portal, url)
        yield client
        portal.call(client.http.aclose)


@contextmanager
def copy_of(template: str, folder: Path, server: str | None) -> Iterator[str]:
    """The URL of a copy of a database that nobody is connected to."""
    name = f"timeline_{uuid.uuid4().hex[:12]}"
    if server is None:
        yield f"sqlite:///{shutil.copy(template, folder / name)}"
        return
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _named(server, name)
    _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share an application, and what one asked is not answered to another; test_answers.py has it otherwise."""
    monkeypatch.setattr(Answers, "find", lambda self, key: None)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> str | None:
    """The URL of the PostgreSQL server; None for SQLite."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture(scope="session")
def seeded(
    server: str | None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database that holds the shipped record, to be copied: a file, or a name on the server."""
    empty = str(request.getfixturevalue("postgres_template" if server else "sqlite_template"))
    with copy_of(empty, tmp_path_factory.mktemp("seeded"), server) as url:
        database = open_database(url)
        load_seeds(database, seed_files(()), None)
        give_tokens(database)
        if server is None:
            with database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.dispose()
        yield str(database.url.database)


@pytest.fixture(scope="session")
def client(seeded: str, server: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """For all tests that only read."""
    with (
        copy_of(seeded, tmp_path_factory.mktemp("client"), server) as url,
        client_on(create_app(Settings(database_url=url)), url) as client,
    ):
        yield client


@pytest.fixture
def own_client(seeded: str, server: str | None, tmp_path: Path) -> Iterator[Client]:
    """For a test that writes: a copy of the record for itself."""
    with copy_of(seeded, tmp_path, server) as url, client_on(create_app(Settings(database_url=url)), url) as client:
        yield client
