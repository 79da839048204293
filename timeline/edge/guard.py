"""Every request: refused when it is meant for another host, given an id, answered with headers that keep it safe."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Collection
from contextvars import ContextVar
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("timeline.edge")
requests = logging.getLogger("timeline.requests")
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered; lines of the log bear it."""
GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
"""What a proxy may have named a request. Anything else could write lines of its own into a log."""
SAFE: dict[str, str] = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer, unless it says otherwise itself, as pages do of what they load."""
_SAFE = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]


class Guard:
    """ASGI middleware, outermost of ours."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = (), tell: bool = False) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        asked = {name: value for name, value in scope["headers"] if name in (b"host", b"x-request-id")}
        named = asked.get(b"x-request-id", b"")
        id = named.decode() if GIVEN_ID.fullmatch(named) else secrets.token_hex(16)
        request_id.set(id)
        answer = _Answer(send, id.encode())
        if self.hosts and _host(asked.get(b"host", b"")) not in self.hosts:
            message = "this service is not asked for under this name"
            await answer.refuse(scope, 421, {"message": message, "extensions": {"code": "HOST_UNKNOWN"}})
        else:
            await self._answered(scope, receive, answer)
        if self.tell:
            took_ms = round((time.perf_counter() - answer.started) * 1000, 1)
            # The path alone: what is behind it may be a query, and a query may be about a person. Escaped, because a
            # line break in it would begin a line of the client's own.
            path = scope["path"].encode("unicode_escape").decode()[:200]
            told = {"method": scope.get("method", "WEBSOCKET"), "path": path, "status": answer.status}
            requests.info("%(method)s %(path)s %(status)s", told, extra={**told, "took_ms": took_ms})

    async def _answered(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self.app(scope, receive, answer.send)
        except Exception:
            log.exception("unexpected error %s", answer.id.decode())
            if answer.status is not None:
                raise
            message = f"something went wrong on our side; it is logged as {answer.id.decode()}"
            await answer.refuse(scope, 500, {"message": message, "extensions": {"code": "INTERNAL"}})


class _Answer:
    """What is sent for one request."""

    def __init__(self, send: Send, id: bytes) -> None:
        self.id = id
        self.status: int | None = None
        self.started = time.perf_counter()
        self._send = send

    async def send(self, message: Message) -> None:
        """Send on, with our headers in the first message."""
        if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
            self.status = message.get("status", 101)
            headers = [*message.get("headers", ())]
            present = {name.lower() for name, _ in headers}
            headers += [each for each in _SAFE if each[0] not in present]
            message = {**message, "headers": [*headers, (b"x-request-id", self.id)]}
        await self._send(message)

    async def refuse(self, scope: Scope, status: int, error: dict[str, Any]) -> None:
        """Answer in the place of the application."""
        if scope["type"] == "websocket":
            self.status = 403
            await self._send({"type": "websocket.close", "code": 1008, "reason": error["message"]})
            return
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": orjson.dumps({"errors": [error]})})


def hosts_of(address: str) -> tuple[str, ...]:
    """Under which names a service is asked for that listens on this address; empty when that cannot be known.

    On loopback the names are known, and pages of other sites must not reach it by a name of theirs (DNS rebinding).
    """
    loopback = ("localhost", "127.0.0.1", "::1")
    return loopback if address in loopback else ()


def _host(header: bytes) -> str:
    """The name in a Host header, without the port."""
    name = header.decode("latin-1").lower()
    bracketed, _, _ = name.partition("]")
    return bracketed[1:] if name.startswith("[") else name.partition(":")[0]
