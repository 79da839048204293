"""timeline token: what is printed, what is listed, what is refused."""

from __future__ import annotations

import asyncio
import re

import pytest
from click.testing import CliRunner, Result

from timeline.cli import cli
from timeline.cli.token import DAY_US, expiry
from timeline.database import Database
from timeline.errors import Denied, Invalid
from timeline.rights.tokens import viewer_of
from timeline.values.roles import Role, Viewer


def run(url: str, *words: str) -> Result:
    return CliRunner().invoke(cli, ["token", *words, "--database", url])


def test_a_token_is_made_shown_once_listed_and_revoked(database: Database, engine_url: str) -> None:
    made = run(engine_url, "create", "desk", "--role", "editor", "--expires", "30d")
    secret = made.stdout.strip()
    assert re.fullmatch(r"timeline_[\w-]{43}", secret)
    assert "it is not shown again" in made.stderr
    run(engine_url, "create", "archive", "--role", "reader")
    listed = run(engine_url, "list").output
    assert re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "T", listed).split("\n") == [
        f"{'archive':20} {'reader':12} {'valid':8} since T  never expires",
        f"{'desk':20} {'editor':12} {'valid':8} since T  until T",
        "",
    ]
    assert secret not in listed
    assert run(engine_url, "revoke", "desk").output == "The token desk is refused from now on.\n"
    assert "revoked" in run(engine_url, "list").output

    async def ask() -> Viewer:
        try:
            return await viewer_of(database, secret, 0)
        finally:
            await database.close()

    with pytest.raises(Denied):
        asyncio.run(ask())


def test_a_token_that_does_not_exist_cannot_be_revoked(engine_url: str) -> None:
    refused = run(engine_url, "revoke", "nobody")
    assert refused.exit_code == 1
    assert getattr(refused.exception, "code", None) == "TOKEN_UNKNOWN"


def test_every_role_can_be_given(engine_url: str) -> None:
    for role in Role:
        assert run(engine_url, "create", f"a-{role.value.lower()}", "--role", role.value.lower()).exit_code == 0
    assert run(engine_url, "create", "other", "--role", "owner").exit_code == 2


def test_an_expiry_is_a_span_or_a_date_in_utc() -> None:
    assert [expiry(text, 5) - 5 for text in ("12h", "30d", "2w", "1y")] == [
        DAY_US // 2,
        30 * DAY_US,
        14 * DAY_US,
        366 * DAY_US,
    ]
    assert expiry("1970-01-02", 5) == DAY_US
    assert expiry("1970-01-02T01:00+01:00", 5) == DAY_US
    for wrong in ("soon", "30", "0d", "-1d", "30 d", ""):
        with pytest.raises(Invalid):
            expiry(wrong, 5)
