"""A real browser on a real server. Any console error, policy violation or request elsewhere fails the test."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette

from tests.api.conftest import give_tokens
from timeline.app import create_app
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import open_database, upgrade
from timeline.settings import Settings

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


expect.set_options(timeout=30_000)  # A busy machine takes its time to start an editor.


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright leaves an event loop running, and asyncio.run allows no other beside it."""
    items.sort(key=lambda item: Path(__file__).parent in item.path.parents)


def served(file: Path) -> Starlette:
    """What the browser sees: the whole application on a file that holds the shipped record."""
    url = f"sqlite:///{file}"
    database = open_database(url)
    upgrade(database)
    load_seeds(database, seed_files(()), None)
    give_tokens(database)
    database.dispose()
    return create_app(Settings(database_url=url))


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server, on a port of its own: page.goto("/graphiql") then works."""
    app = served(tmp_path_factory.mktemp("browser") / "timeline.db")
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the server stopped at its start"
        assert time.monotonic() < deadline, "the server did not start in a minute"
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


@pytest.fixture(scope="session", autouse=True)
def told_version(browser: Browser) -> None:
    """Which browser it was, once, for whoever reads the output (-rP)."""
    print(f"Chromium {browser.version}")


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
