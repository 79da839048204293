"""Tokens: random secrets of 256 bits, shown once; the database knows only what they hash to.

A token is looked up anew with every request that shows it, so that a revoked one is refused from then on
(docs/decisions/tokens-are-hashed-with-sha-256.md).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import func, insert, select, update

from timeline.database import Database
from timeline.errors import Conflict, Denied, Invalid, NotFound
from timeline.values.roles import Role, Viewer

PREFIX = "timeline_"
"""How every token begins, so that people and secret scanners know one when they see it."""
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_NAME = 60

tokens = sa.Table(
    "tokens",
    sa.MetaData(),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True, comment="SHA-256 of the token, hexadecimal"),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("revoked_us", sa.BigInteger),
)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token: everything but the token itself. Times in microseconds since 1970."""

    name: str
    role: Role
    created_us: int
    expires_us: int | None
    revoked_us: int | None

    def status(self, now_us: int) -> str:
        """'valid', 'expired' or 'revoked'."""
        if self.revoked_us is not None:
            return "revoked"
        return "valid" if self.expires_us is None or now_us < self.expires_us else "expired"


def create(database: Database, name: str, role: Role, *, now_us: int, expires_us: int | None = None) -> str:
    """Make a token and return it; nobody can ask for it again.

    A name is good for one token for ever: it stands beside all that is recorded with it. Raises `Invalid`, `Conflict`.
    """
    if len(name) > MAX_NAME or not NAME.fullmatch(name):
        message = f"{name!r} is no name for a token; write small letters, digits and hyphens, at most {MAX_NAME}"
        raise Invalid("TOKEN_NAME_INVALID", message, ("name",))
    if expires_us is not None and expires_us <= now_us:
        raise Invalid("EXPIRY_INVALID", "the token would have expired already; name a time to come", ("expires",))
    secret = PREFIX + secrets.token_urlsafe(32)
    row = {"name": name, "role": role.value, "hash": hashed(secret), "created_us": now_us, "expires_us": expires_us}
    with database.write() as connection:
        if connection.execute(select(func.count()).where(tokens.c.name == name)).scalar_one():
            message = f"there is or was a token {name}; what it recorded bears its name, so choose another"
            raise Conflict("TOKEN_NAME_TAKEN", message, ("name",))
        connection.execute(insert(tokens).values(row))
    return secret


def all_tokens(database: Database) -> list[Token]:
    """All tokens that there are or were, by name."""
    with database.read() as connection:
        return [_token(row) for row in connection.execute(select(tokens).order_by(tokens.c.name)).mappings()]


def revoke(database: Database, name: str, *, now_us: int) -> Token:
    """Refuse a token from now on. One that was revoked before stays as it is. Raises `NotFound`."""
    with database.write() as connection:
        ours = tokens.c.name == name
        connection.execute(update(tokens).where(ours, tokens.c.revoked_us.is_(None)).values(revoked_us=now_us))
        found = connection.execute(select(tokens).where(ours)).mappings().one_or_none()
    if found is None:
        raise NotFound("TOKEN_UNKNOWN", f"there is no token {name}; 'timeline token list' shows all", ("name",))
    return _token(found)


async def viewer_of(database: Database, secret: str, now_us: int) -> Viewer:
    """Who shows this token, by one look-up in an index. Raises `Denied` when it is unknown, expired or revoked."""
    wanted = hashed(secret)
    rows = await database.fetch(
        "SELECT name, role, expires_us, revoked_us, hash FROM tokens WHERE hash = :hash", hash=wanted
    )
    found = next((row for row in rows if hmac.compare_digest(row[4], wanted)), None)
    if found is None:
        raise Denied("CREDENTIAL_INVALID", "no such token was ever given out; ask an operator for one")
    token = Token(found[0], Role(found[1]), 0, found[2], found[3])
    if token.status(now_us) == "revoked":
        raise Denied("CREDENTIAL_REVOKED", "this token was revoked; ask an operator for another")
    if token.status(now_us) == "expired":
        raise Denied("CREDENTIAL_EXPIRED", "this token has expired; ask an operator for another")
    return Viewer(f"token:{token.name}", token.role)


def hashed(secret: str) -> str:
    """What a token hashes to."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: sa.RowMapping) -> Token:
    return Token(row["name"], Role(row["role"]), row["created_us"], row["expires_us"], row["revoked_us"])
