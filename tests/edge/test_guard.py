"""Every request passes the guard: the host, an id, safe headers, and a masked answer for what nobody caught."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from timeline.app import create_app
from timeline.edge.guard import SAFE, hosts_of
from timeline.settings import Settings

SECRET = "what the database said"
ELSEWHERE = "https://elsewhere.example"


@pytest.fixture
def url(tmp_path: Path, sqlite_template: Path) -> str:
    (tmp_path / "timeline.db").write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{tmp_path / 'timeline.db'}"


def started(url: str, **settings: Any) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(database_url=url, **settings)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(url: str) -> Iterator[TestClient]:
    yield from started(url)


@pytest.fixture
def on_loopback(url: str) -> Iterator[TestClient]:
    yield from started(url, hosts=hosts_of("127.0.0.1"))


@pytest.fixture
def shared(url: str) -> Iterator[TestClient]:
    yield from started(url, origins=(ELSEWHERE,))


def paths(app: Starlette) -> list[str]:
    """Where the application can be asked by HTTP, each parameter filled in."""
    assert not [route for route in app.routes if isinstance(route, Mount)]
    return [route.path.format(name="main.js") for route in app.routes if isinstance(route, Route)]


def test_every_route_answers_with_headers_that_keep_it_safe(client: TestClient) -> None:
    walked = [*paths(client.app), "/nowhere"]  # type: ignore[arg-type]
    assert {"/", "/graphql", "/log", "/healthz"} < set(walked)
    for path in walked:
        for method in ("GET", "POST"):
            headers = client.request(method, path).headers
            assert set(map(str.lower, SAFE)) - set(headers) == set(), path
            assert headers["x-content-type-options"] == "nosniff"
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy, path
            assert "unsafe-eval" not in policy
            assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
            assert not [name for name in headers if name.startswith("access-control")]
            assert "server" not in headers


@pytest.mark.parametrize("host", ["rebound.example", "localhost.rebound.example", "", "127.0.0.1.rebound.example:80"])
def test_a_host_that_is_not_ours_is_refused_before_anything_runs(on_loopback: TestClient, host: str) -> None:
    answer = on_loopback.get("/healthz", headers={"host": host})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (421, "HOST_UNKNOWN")
    with (
        pytest.raises(WebSocketDisconnect),
        on_loopback.websocket_connect("/graphql", subprotocols=["graphql-transport-ws"], headers={"host": host}),
    ):
        pass


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
def test_a_service_on_loopback_is_known_by_the_names_of_loopback(on_loopback: TestClient, host: str) -> None:
    assert on_loopback.get("/healthz", headers={"host": host}).status_code == 200


def test_pages_of_other_origins_may_ask_only_where_the_settings_say_so(shared: TestClient) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    allowed = shared.options("/graphql", headers={"origin": ELSEWHERE, **asked})
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, ELSEWHERE)
    assert "access-control-allow-credentials" not in allowed.headers
    refused = shared.options("/graphql", headers={"origin": "https://third.example", **asked})
    assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (400, False)
    with shared.websocket_connect("/graphql", ["graphql-transport-ws"], headers={"origin": ELSEWHERE}) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}


@pytest.mark.parametrize("origin", [ELSEWHERE, "null", "http://[", "http://testserver.elsewhere.example"])
def test_a_page_of_another_origin_opens_no_socket(client: TestClient, origin: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/graphql", ["graphql-transport-ws"], headers={"origin": origin}),
    ):
        pass


@pytest.mark.parametrize(("given", "kept"), [("from-the-proxy-1", True), ("short", False), ("two words of it", False)])
def test_a_request_has_an_id_and_a_given_one_only_if_it_can_do_no_harm(
    client: TestClient, given: str, kept: bool
) -> None:
    id = client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"]
    assert (id == given, len(id)) == (kept, len(given) if kept else 32)


def test_what_nobody_caught_is_masked_and_logged_under_the_id_of_the_request(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(request: Request) -> httpx.Response:
        raise RuntimeError(SECRET)

    client.app.router.routes.insert(0, Route("/broken", broken))  # type: ignore[attr-defined]
    answer = client.get("/broken")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (500, "INTERNAL")
    assert SECRET not in answer.text
    assert answer.headers["x-request-id"] in error["message"]
    assert f"unexpected error {answer.headers['x-request-id']}" in caplog.text
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_request_is_told_in_the_log_without_its_query(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "timeline.requests")
    for client in started(url, log_requests=True):
        client.get("/graphql", params={"query": "{ position }", "variables": '{"text": "planted"}'})
    assert [record.getMessage() for record in caplog.records if record.name == "timeline.requests"] == [
        "GET /graphql 200"
    ]
    assert "planted" not in caplog.text


def test_sockets_are_only_at_the_graphql_endpoint(client: TestClient) -> None:
    sockets = [route.path for route in client.app.routes if isinstance(route, WebSocketRoute)]  # type: ignore[attr-defined]
    assert sockets == ["/graphql"]
