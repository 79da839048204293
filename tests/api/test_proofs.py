"""Checkpoints and proofs as a client asks for them, and as it checks them without the service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.log.test_checkpoint import KEY, TRUST, filled
from tests.log.test_log import literal, without_triggers
from timeline.app import create_app
from timeline.database import Database
from timeline.log.schedule import sign_now
from timeline.settings import Settings
from timeline.verifier import open_checkpoint, verify_consistency, verify_event

QUERY = """{ checkpoint { origin size root note }
  proof(position: 2) { position leafHash hashes file checkpoint { size } }
  consistency(from: 1) { size root hashes file checkpoint { size } } }"""


def ask(url: str, *queries: str, **settings: Any) -> list[dict[str, Any]]:
    """What an application answers to queries, one after another, or to paths by GET."""

    async def talk() -> list[dict[str, Any]]:
        app = create_app(Settings(database_url=url, checkpoint_seconds=0, **settings))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
            return [
                (
                    await client.get(query)
                    if query.startswith("/")
                    else await client.post("/graphql", json={"query": query})
                ).json()
                for query in queries
            ]

    return asyncio.run(talk())


def signed(database: Database) -> str:
    """A log of three events, signed at one and at three."""
    filled(database, 1)
    first = sign_now(database, [KEY], TRUST)
    filled(database, 2, "b")
    sign_now(database, [KEY], TRUST)
    return first.note


def test_what_a_client_is_answered_proves_itself(database: Database, engine_url: str) -> None:
    older = signed(database)
    (answer,) = ask(engine_url, QUERY)
    data = answer["data"]
    assert open_checkpoint(data["checkpoint"]["note"], [KEY.public]).size == data["checkpoint"]["size"] == 3
    proven = verify_event(data["proof"]["file"], [KEY.public])
    assert (proven.envelope["stream"], proven.checkpoint.size) == ("b/0", 3)
    assert (data["proof"]["position"], len(data["proof"]["hashes"])) == (2, 2)
    verify_consistency(data["consistency"]["file"], older, [KEY.public])


def test_a_new_checkpoint_is_answered_although_nothing_was_recorded(database: Database, engine_url: str) -> None:
    filled(database, 1)
    asked = "{ checkpoint { size } }"

    async def talk() -> list[Any]:
        app = create_app(Settings(database_url=engine_url))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
            before = (await client.post("/graphql", json={"query": asked})).json()
            sign_now(database, [KEY], TRUST)
            return [before["data"], (await client.post("/graphql", json={"query": asked})).json()["data"]]

    assert asyncio.run(talk()) == [{"checkpoint": None}, {"checkpoint": {"size": 1}}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ proof(position: 9) { position } }", "POSITION_UNKNOWN"),
        ("{ proof(position: 0) { position } }", "POSITION_UNKNOWN"),
        ("{ consistency(from: 9) { size } }", "CHECKPOINT_MISSING"),
        ("{ consistency(from: -1) { size } }", "PROOF_INVALID"),
    ],
)
def test_what_cannot_be_proved_is_told_by_a_code(database: Database, engine_url: str, query: str, code: str) -> None:
    signed(database)
    (answer,) = ask(engine_url, query)
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]


def test_a_log_that_contradicts_what_it_signed_is_not_ready(
    database: Database, engine_url: str, tmp_path: Path
) -> None:
    signed(database)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE read_state SET position = 3")
    trust = {"log_key": KEY.text, "checkpoint_file": tmp_path / "last"}
    assert ask(engine_url, "/readyz", **trust) == [{"status": "ready", "position": 3}]
    without_triggers(database, f"UPDATE log_events SET leaf_hash = {literal(database, b'x' * 32)} WHERE position = 1")
    (told,) = ask(engine_url, "/readyz", **trust)
    assert (told["status"], "its past was changed" in told["reason"]) == ("not ready", True)
