"""docs/rights.md as its reader follows it: its commands run, its requests are sent with the token that they printed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from graphql import parse, validate

from tests.api.conftest import Client, client_on
from timeline.api.schema import SCHEMA
from timeline.app import create_app
from timeline.cli import cli
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database
from timeline.settings import Settings, from_environment
from timeline.values.roles import Role

TEXT = (Path(__file__).parents[2] / "docs" / "rights.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS for line in text.splitlines() if line.startswith("timeline token")]
(CURL,) = (text for _, text in BLOCKS if text.startswith("curl"))
(EMBARGO,) = (text for kind, text in BLOCKS if kind == "graphql")


@pytest.fixture
def client(database: Database, engine_url: str) -> Iterator[Client]:
    load_seeds(database, seed_files(()), None)
    with client_on(create_app(Settings(database_url=engine_url)), engine_url) as client:
        yield client


def run(command: str, url: str) -> str:
    ended = CliRunner().invoke(cli, [*shlex.split(command)[1:], "--database", url])
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def post(client: Client, body: Any, token: str) -> Any:
    return client.request("POST", "/graphql", json=body, headers={"authorization": f"Bearer {token}"})


def test_a_token_is_made_used_listed_and_revoked_as_it_is_told(client: Client) -> None:
    create, listing, revoke = COMMANDS
    token = run(create, client.url).strip()
    body = json.loads(shlex.split(CURL.replace("\\\n", " "))[-1])
    recorded = post(client, body, token).json()
    assert recorded == {"data": {"registerPerson": {"version": 1, "userErrors": []}}}
    assert client.ask("{ log(after: 47) { actor } }")["log"] == [{"actor": "token:desk"}]
    assert "desk " in run(listing, client.url)
    assert post(client, {"query": EMBARGO}, token).json()["data"]["embargo"] == {"version": 2, "userErrors": []}
    assert client.ask('{ meeting(id: "meeting/seoul-trichod") { id } }') == {"meeting": None}
    run(revoke, client.url)
    assert post(client, body, token).status_code == 401


def test_its_settings_are_settings_its_roles_are_the_roles_and_its_request_is_valid() -> None:
    said = dict(re.findall(r"export (TIMELINE_\w+)=(\S+)", TEXT))
    assert from_environment(said).openid is not None
    assert re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE) == [role.value.lower() for role in Role]
    assert validate(SCHEMA._schema, parse(EMBARGO)) == []
