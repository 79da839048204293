"""Tokens: shown once, known by their hash, good until they expire or are revoked."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from timeline.database import Database
from timeline.errors import Denied, TimelineError
from timeline.rights import tokens
from timeline.rights.gate import Gate
from timeline.values.roles import PUBLIC, Role, Viewer


def shown(database: Database, authorization: str | None, now_us: int = 0, *, is_open: bool = True) -> Viewer | str:
    """Who shows this header, or the code of the denial."""

    async def judge() -> Viewer | str:
        gate = Gate(database, is_open=is_open, now_us=lambda: now_us)
        try:
            return (await gate.caller(authorization)).viewer
        except Denied as denied:
            return denied.code
        finally:
            await database.close()

    return asyncio.run(judge())


def test_a_token_says_who_asks_and_nothing_of_it_is_kept_but_its_hash(database: Database) -> None:
    secret = tokens.create(database, "desk", Role.EDITOR, now_us=1)
    assert len(secret) == len("timeline_") + 43
    assert shown(database, f"Bearer {secret}") == Viewer("token:desk", Role.EDITOR)
    assert shown(database, f"bearer  {secret} ") == Viewer("token:desk", Role.EDITOR)
    with database.read() as connection:
        kept = connection.execute(sa.select(tokens.tokens)).one()
    assert secret not in repr(kept)
    assert secret.removeprefix("timeline_") not in repr(kept)


def test_two_tokens_are_never_the_same(database: Database) -> None:
    assert len({tokens.create(database, f"t{number}", Role.READER, now_us=1) for number in range(20)}) == 20


def test_a_token_expires_at_its_microsecond_and_not_before(database: Database) -> None:
    secret = tokens.create(database, "short", Role.READER, now_us=1, expires_us=100)
    assert shown(database, f"Bearer {secret}", 99) == Viewer("token:short", Role.READER)
    assert shown(database, f"Bearer {secret}", 100) == "CREDENTIAL_EXPIRED"


def test_a_revoked_token_is_refused_from_the_next_request_on_and_revoking_again_changes_nothing(
    database: Database,
) -> None:
    secret = tokens.create(database, "gone", Role.ADMIN, now_us=1)
    other = tokens.create(database, "stays", Role.ADMIN, now_us=1)
    assert [tokens.revoke(database, "gone", now_us=at).revoked_us for at in (5, 9)] == [5, 5]
    assert shown(database, f"Bearer {secret}") == "CREDENTIAL_REVOKED"
    assert shown(database, f"Bearer {other}") == Viewer("token:stays", Role.ADMIN)


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "CREDENTIAL_MALFORMED"),
        ("Bearer", "CREDENTIAL_MALFORMED"),
        ("Bearer a b", "CREDENTIAL_MALFORMED"),
        ("Basic ZGVzazpkZXNr", "CREDENTIAL_MALFORMED"),
        ("Bearer " + "x" * 20_000, "CREDENTIAL_MALFORMED"),
        ("Bearer timeline_unknown", "CREDENTIAL_INVALID"),
        ("Bearer x", "CREDENTIAL_INVALID"),
        ("Bearer a.b.c", "CREDENTIAL_INVALID"),
        ("Bearer \udcff' OR '1'='1".replace(" OR ", "-OR-"), "CREDENTIAL_INVALID"),
    ],
)
def test_a_wrong_credential_is_never_taken_for_the_public(database: Database, authorization: str, code: str) -> None:
    assert shown(database, authorization) == code


def test_without_a_credential_everybody_reads_unless_reading_is_closed(database: Database) -> None:
    assert shown(database, None) == PUBLIC
    assert shown(database, None, is_open=False) == "CREDENTIAL_MISSING"


def test_a_name_is_good_for_one_token_for_ever(database: Database) -> None:
    tokens.create(database, "desk", Role.EDITOR, now_us=1)
    tokens.revoke(database, "desk", now_us=2)
    with pytest.raises(TimelineError) as refused:
        tokens.create(database, "desk", Role.EDITOR, now_us=3)
    assert refused.value.code == "TOKEN_NAME_TAKEN"


@pytest.mark.parametrize("name", ["", "Desk", "a b", "-a", "a--b", "x" * 61, "token:x", "ä"])
def test_a_name_that_would_mislead_in_the_history_of_a_record_is_refused(database: Database, name: str) -> None:
    with pytest.raises(TimelineError) as refused:
        tokens.create(database, name, Role.EDITOR, now_us=1)
    assert refused.value.code == "TOKEN_NAME_INVALID"
    assert tokens.all_tokens(database) == []


@pytest.mark.parametrize("needed", list(Role))
def test_each_role_may_what_the_roles_before_it_may(needed: Role) -> None:
    for role in [None, *Role]:
        viewer = Viewer("x", role)
        if role is not None and list(Role).index(role) >= list(Role).index(needed):
            viewer.require(needed, "this")
            continue
        with pytest.raises(Denied, match=f"this needs the role {needed.value.lower()}") as denied:
            viewer.require(needed, "this")
        assert denied.value.code == "FORBIDDEN"
