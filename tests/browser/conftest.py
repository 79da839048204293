"""A real browser on a real server. Any console error, policy violation or request elsewhere fails the test."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import strawberry
import uvicorn
from playwright.sync_api import Page
from starlette.applications import Starlette
from strawberry.asgi import GraphQL

from timeline.web import graphiql, pages

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EXAMPLES = [
    {
        "name": "Meetings of a country",
        "query": "query MeetingsOfACountry($country: String!) {\n"
        "  meetings(country: $country) {\n    title\n    held\n  }\n}\n",
        "variables": {"country": "KR"},
    },
    {"name": "Two places", "query": "query TwoPlaces {\n  places\n}\n", "variables": {}},
]


@strawberry.type
class Meeting:
    title: str
    held: str


@strawberry.type
class Query:
    places: list[str] = strawberry.field(resolver=lambda: ["Seoul", "Kuala Lumpur"])

    @strawberry.field
    def meetings(self, country: str) -> list[Meeting]:
        return [Meeting(title=f"Trilateral meeting with {country}", held="2025-07-11")]


def served() -> Starlette:
    """What the browser sees. To be timeline.app.create_app(settings) once that is there; only this changes."""
    app = Starlette(routes=[*pages.routes(), *graphiql.routes(lambda: EXAMPLES)])
    app.mount("/graphql", GraphQL(strawberry.Schema(Query), graphql_ide=None))
    return app


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """The address of the server, on a port of its own: page.goto("/graphiql") then works."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(served(), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert thread.is_alive(), "the server stopped at its start"
        assert time.monotonic() < deadline, "the server did not start in 10 seconds"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(5)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium. Without it a developer's run skips these tests and says so; CI fails."""
    if CHROMIUM is None:
        reason = "no Chromium: apt-get install chromium, or name one in CHROMIUM"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "en-GB",
        "timezone_id": "Asia/Seoul",
        "viewport": {"width": 1448, "height": 1000},
    }


@pytest.fixture(autouse=True)
def clean_page(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever the page complains of, and whatever it asks of another origin, fails the test."""
    if "page" not in request.fixturenames:
        yield
        return
    page: Page = request.getfixturevalue("page")
    home: str = request.getfixturevalue("base_url")
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith((f"{home}/", "data:", "blob:")) else faults.append(asked.url),
    )
    page.on("response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    yield
    assert not faults, faults
