"""The short way to the endpoint gives what the router gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from timeline.app import create_app
from timeline.database import open_database, upgrade
from timeline.edge.front import Front
from timeline.settings import Settings

OWN = {"x-request-id", "date"}
"""Headers that differ from one answer to the next."""


@pytest.fixture
def app(tmp_path: Path) -> Front:
    database = open_database(f"sqlite:///{tmp_path / 'timeline.db'}")
    upgrade(database)
    database.dispose()
    return create_app(Settings(database_url=str(database.url), origins=("https://desk.example",)))


@pytest.mark.parametrize(
    ("method", "sent"),
    [
        ("POST", {"json": {"query": "{ position }"}}),
        ("POST", {"json": {"query": "{ nothing }"}}),
        ("POST", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        ("POST", {"content": b"query={position}"}),
        ("POST", {"json": {"query": "{ position }"}, "headers": {"Accept": "text/html"}}),
        ("POST", {"json": {"query": "{ position }"}, "headers": {"Origin": "https://desk.example"}}),
        ("GET", {"params": {"query": "{ position }"}}),
        ("HEAD", {"params": {"query": "{ position }"}}),
        ("PUT", {"json": {"query": "{ position }"}}),
        ("OPTIONS", {"headers": {"Origin": "https://desk.example", "Access-Control-Request-Method": "POST"}}),
    ],
)
def test_both_ways_to_the_endpoint_answer_alike(app: Front, method: str, sent: dict[str, object]) -> None:
    with TestClient(app) as short, TestClient(app, root_path="/") as long:
        answers = [client.request(method, "/graphql", **sent) for client in (short, long)]  # type: ignore[arg-type]
    told = [
        (each.status_code, each.content, {name: value for name, value in each.headers.items() if name not in OWN})
        for each in answers
    ]
    assert told[0] == told[1]
    assert all("content-security-policy" in each.headers for each in answers)
