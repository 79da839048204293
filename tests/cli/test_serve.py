"""`timeline up` and `timeline serve`: what they do to the database, and what they say of their health."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner

from tests.log.appending import batch, store
from tests.served import served, started
from timeline.app import create_app
from timeline.cli import cli
from timeline.database import Database, downgrade
from timeline.settings import Settings


def test_up_makes_and_loads_a_database_and_a_second_time_leaves_it_as_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'timeline.db'}"
    said = []
    for _ in range(2):
        with served("up", url, tmp_path) as (client, process):
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json()) == (200, {"status": "ready", "position": 47})
            assert client.get("/graphiql").status_code == 200
            process.terminate()
            assert process.stdout is not None
            said.append(process.stdout.read())
    assert "47 records new" in said[0]
    assert "records new" not in said[1]
    assert all("/graphiql" in text and "Traceback" not in text for text in said)


def test_serve_refuses_a_database_that_was_not_migrated(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "timeline", "serve", "--port", "0"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert refused.returncode == 1
    assert "run 'timeline migrate' first" in refused.stderr


def answer(url: str, path: str) -> httpx.Response:
    """What the application on this database answers, without a server."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(Settings(database_url=url)))
        async with httpx.AsyncClient(transport=transport, base_url="http://timeline.test") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_migrated_database_at_the_head_of_its_log_is_ready(engine_url: str) -> None:
    assert answer(engine_url, "/healthz").json() == {"status": "alive"}
    assert answer(engine_url, "/readyz").json() == {"status": "ready", "position": 0}


def test_a_schema_that_is_not_current_is_told_while_the_process_is_alive(database: Database, engine_url: str) -> None:
    downgrade(database, "0001")
    found = answer(engine_url, "/readyz")
    assert (found.status_code, found.json()["status"]) == (503, "not ready")
    assert "run 'timeline migrate'" in found.json()["reason"]
    assert answer(engine_url, "/healthz").status_code == 200


def test_read_tables_behind_the_log_are_told(database: Database, engine_url: str) -> None:
    store(database, batch("behind", "place/seoul"))
    found = answer(engine_url, "/readyz")
    assert (found.status_code, found.json()["reason"]) == (503, "the read tables are at 0 and the log is at 1")


def test_verbs_are_listed_in_the_order_of_their_use_and_no_summary_is_cut_off() -> None:
    told = CliRunner().invoke(cli, ["--help"], terminal_width=100).output
    listed = re.findall(r"^  ([a-z-]+)  +(.+)$", told.partition("Commands:")[2], flags=re.MULTILINE)
    assert [verb for verb, _ in listed] == list(cli.commands)
    assert listed[0][0] == "up"
    assert [summary for _, summary in listed if "..." in summary] == []


def test_a_port_that_is_taken_is_told_in_one_line_and_no_address_is_printed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = started("up", f"sqlite:///{tmp_path / 'x.db'}", port, tmp_path)
        told, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert told.splitlines()[1:] == [
        f"127.0.0.1 port {port} cannot be listened on: Address already in use; name another with --host or --port "
        "[ADDRESS_UNUSABLE]"
    ]


@pytest.mark.parametrize("verb", list(cli.commands))
def test_every_verb_and_every_option_explains_itself(verb: str) -> None:
    command = cli.commands[verb]
    assert command.help
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []
    assert CliRunner().invoke(cli, [verb, "--help"]).exit_code == 0
