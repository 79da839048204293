"""What a request's credential says: who asks, or why that cannot be believed. A wrong one is never passed over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from timeline.database import Database
from timeline.errors import Denied
from timeline.rights import tokens
from timeline.values.roles import HOW, PUBLIC, Viewer

MAX_CREDENTIAL = 16_384
"""Longer ones are no credential of anybody."""


class Provider(Protocol):
    """Somebody else who vouches for people by signed tokens."""

    async def viewer_of(self, token: str) -> Viewer:
        """Who shows this token. Raises `Denied`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and the credential that was shown for it."""

    viewer: Viewer
    gate: Gate | None = None
    authorization: str | None = None

    async def again(self) -> Caller:
        """The same caller, the credential judged anew: what goes on for long asks this before it says more."""
        return self if self.gate is None else await self.gate.caller(self.authorization)


ANYBODY = Caller(PUBLIC)


class Gate:
    """Judges credentials. Without one everybody may read, unless reading is closed."""

    def __init__(
        self,
        database: Database,
        *,
        is_open: bool = True,
        provider: Provider | None = None,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.database = database
        self.is_open = is_open
        self.provider = provider
        self.now_us = now_us

    async def caller(self, authorization: str | None) -> Caller:
        """Who sends this Authorization header, or none. Raises `Denied`."""
        return Caller(await self._viewer(authorization), self, authorization)

    async def _viewer(self, authorization: str | None) -> Viewer:
        if authorization is None:
            if self.is_open:
                return PUBLIC
            raise Denied("CREDENTIAL_MISSING", f"reading is closed to the public; send {HOW}")
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or " " in token or len(token) > MAX_CREDENTIAL:
            raise Denied("CREDENTIAL_MALFORMED", f"the header Authorization is not of the form {HOW}")
        if self.provider is not None and not token.startswith(tokens.PREFIX) and token.count(".") == 2:
            return await self.provider.viewer_of(token)
        return await tokens.viewer_of(self.database, token, self.now_us())
