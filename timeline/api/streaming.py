"""Answers that go on: subscriptions over a WebSocket (graphql-transport-ws) and as server-sent events.

Our own hundred lines and not a library's, because each operation must pass the same limits, masks and caches as one
over HTTP. A slow reader is not buffered: an answer is read from the log when the last one is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from timeline.api.asking import asked_of
from timeline.api.denials import errors_of
from timeline.api.errors import Refusal, passed
from timeline.api.executing import Answer, Operation, Service, holds_nul, unexpected
from timeline.api.usage import client_of
from timeline.errors import Denied, Invalid
from timeline.values.roles import PUBLIC

EVENT_STREAM = "text/event-stream"
PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10
KEEP_ALIVE_SECONDS = 15


def is_event_stream(accept: str | None) -> bool:
    """Whether the client asks for server-sent events."""
    return accept is not None and accept.split(";")[0].split(",")[0].strip().lower() == EVENT_STREAM


class HeldOpen(StreamingResponse):
    """Server-sent events to a client that has a seat for them. Raises `Refusal` when it can have none."""

    def __init__(self, service: Service, client: str, events: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(events, headers=headers, media_type=EVENT_STREAM)
        self.let_go = service.seats.take(client)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.let_go()


def event_stream(service: Service, operation: Operation) -> HeldOpen:
    """The answers as server-sent events: 'next' for each, 'complete' at the end. Raises `Refusal`."""

    async def events() -> AsyncIterator[bytes]:
        async for answer in _answers(service, operation):
            yield b":\n\n" if answer is None else b"event: next\ndata: " + orjson.dumps(answer) + b"\n\n"
        yield b"event: complete\ndata:\n\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
    return HeldOpen(service, operation.client, events(), headers)


async def _answers(service: Service, operation: Operation) -> AsyncIterator[Answer | None]:
    """The answers, and None whenever there was none for a while, so that a lost connection is noticed."""
    answers = service.stream(operation)
    pending: asyncio.Future[Answer] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(answers))
            done, _ = await asyncio.wait([pending], timeout=KEEP_ALIVE_SECONDS)
            if not done:
                yield None
                continue
            answer, pending = pending.result(), None
            yield answer
    except StopAsyncIteration:
        return
    except Refusal as refusal:
        yield {"errors": refusal.errors}
    except Exception as error:
        yield unexpected(error)
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.wait([pending])


def websocket_endpoint(service: Service, origins: Collection[str]) -> Callable[[WebSocket], Awaitable[None]]:
    """The endpoint for WebSockets, for programs and for pages of our own origin and of these."""

    async def endpoint(socket: WebSocket) -> None:
        if not _may_open(socket, origins):
            await socket.close(4403, "connections from pages of another origin are refused")
        elif PROTOCOL not in socket.scope.get("subprotocols", ()):
            await socket.close(4406, f"the subprotocol is {PROTOCOL}")
        else:
            try:
                let_go = service.seats.take(client_of(socket.scope, PUBLIC))
            except Refusal as refused:
                await socket.send_denial_response(
                    JSONResponse({"errors": refused.errors}, refused.status, refused.headers)
                )
                return
            try:
                await socket.accept(PROTOCOL)
                await _Conversation(service, socket).hold()
            finally:
                let_go()

    return endpoint


def _may_open(socket: WebSocket, origins: Collection[str]) -> bool:
    # Browsers open a WebSocket for any page and ask nobody first; the origin is the only thing that tells them apart.
    origin = socket.headers.get("origin")
    if origin is None or origin in origins or "*" in origins:
        return True
    try:
        return urlsplit(origin).netloc == socket.headers.get("host")
    except ValueError:
        return False


class _Closed(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Conversation:
    """One WebSocket: what the client says and which operations run."""

    def __init__(self, service: Service, socket: WebSocket) -> None:
        self.service = service
        self.socket = socket
        self.running: dict[str, asyncio.Task[None]] = {}
        self.is_acknowledged = False
        self.authorization = socket.headers.get("authorization")

    async def hold(self) -> None:
        """Talk until either side ends."""
        try:
            while True:
                async with asyncio.timeout(None if self.is_acknowledged else INIT_SECONDS):
                    text = await self.socket.receive_text()
                await self.take(_message(text))
        except TimeoutError:
            await self.socket.close(4408, "connection initialisation timeout")
        except _Closed as closed:
            # A reason has 123 bytes at most.
            await self.socket.close(closed.code, closed.reason.encode()[:123].decode(errors="ignore"))
        except (WebSocketDisconnect, KeyError):  # KeyError: a binary frame
            pass
        finally:
            for task in self.running.values():
                task.cancel()
            await asyncio.gather(*self.running.values(), return_exceptions=True)

    async def take(self, message: dict[str, Any]) -> None:
        """One message of the client."""
        match message:
            case {"type": "connection_init", **rest}:
                if self.is_acknowledged:
                    raise _Closed(4429, "too many initialisation requests")
                await self.admit(rest.get("payload"))
                self.is_acknowledged = True
                await self.say({"type": "connection_ack"})
            case {"type": "ping"}:
                await self.say({"type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "subscribe", "id": str(id), "payload": dict(payload)} if id:
                if not self.is_acknowledged:
                    raise _Closed(4401, "unauthorized: send connection_init first")
                if id in self.running:
                    raise _Closed(4409, f"subscriber for {id[:40]} already exists")
                await self.start(id, payload)
            case {"type": "complete", "id": str(id)}:
                task = self.running.pop(id, None)
                if task is not None:
                    task.cancel()
            case _:
                raise _Closed(4400, "invalid message")

    async def admit(self, payload: Any) -> None:
        """Take the credential that the client opens with, where browsers cannot send a header."""
        shown = payload if isinstance(payload, dict) else {}
        given = [value for name, value in shown.items() if name.lower() == "authorization" and isinstance(value, str)]
        self.authorization = given[0] if given else self.authorization
        try:
            await self.service.gate.caller(self.authorization)
        except Denied as denied:
            raise _Closed(4403, f"forbidden: {denied.code}") from None

    async def start(self, id: str, payload: dict[str, Any]) -> None:
        """Run an operation beside the others."""
        try:
            if len(self.running) >= self.service.limits.operations:
                message = f"a connection may have {self.service.limits.operations} operations open; complete one first"
                raise passed("operations", message)
            caller = await self.service.gate.caller(self.authorization)
            client = client_of(self.socket.scope, caller.viewer)
            operation = self.service.prepare(asked_of(payload, self.service.persisted), caller, client)
            let_go = self.service.seats.take(client)
        except Invalid as invalid:
            raise _Closed(4400, f"invalid message: {invalid.message}") from None
        except (Refusal, Denied) as refused:
            errors = errors_of(refused) if isinstance(refused, Denied) else refused.errors
            await self.say({"type": "error", "id": id, "payload": errors})
            return
        self.running[id] = asyncio.create_task(self.run(id, operation))
        # Not at the end of `run`: a task that is cancelled before it began never comes there.
        self.running[id].add_done_callback(lambda _: let_go())

    async def run(self, id: str, operation: Operation) -> None:
        """Send the answers of one operation."""
        try:
            async for answer in self.service.stream(operation):
                await self.say({"type": "next", "id": id, "payload": answer})
            await self.say({"type": "complete", "id": id})
        except Refusal as refusal:
            await self.say({"type": "error", "id": id, "payload": refusal.errors})
        except WebSocketDisconnect:
            pass
        except Exception as error:
            await self.say({"type": "error", "id": id, "payload": unexpected(error)["errors"]})
        finally:
            if self.running.get(id) is asyncio.current_task():
                del self.running[id]

    async def say(self, message: dict[str, Any]) -> None:
        """Send a message; waits while the client does not read."""
        await self.socket.send_text(orjson.dumps(message).decode())


def _message(text: str) -> dict[str, Any]:
    if holds_nul(text.encode()):
        raise _Closed(4400, "invalid message: the character U+0000 can stand in no text")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _Closed(4400, "invalid message: no JSON") from None
    if not isinstance(message, dict):
        raise _Closed(4400, "invalid message: no object")
    return message
