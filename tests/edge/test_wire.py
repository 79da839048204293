"""An answer is one write, whatever uvicorn makes of it, and nothing that was written is lost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from timeline.edge.wire import AT_ONCE, Gathered, Protocol

BODY = b"x" * 300


class Noted(asyncio.Transport):
    """A transport that notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        assert not self.is_closed
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True


def after(work: Callable[[Gathered], None], turns: int) -> tuple[list[bytes], bool]:
    """What was written when the event loop has had so many turns, and whether the transport is closed."""

    async def play() -> tuple[list[bytes], bool]:
        noted = Noted()
        work(Gathered(noted, asyncio.get_running_loop()))
        for _ in range(turns):
            await asyncio.sleep(0)
        return [*noted.writes], noted.is_closed

    return asyncio.run(play())


def test_what_is_written_in_one_turn_is_one_write() -> None:
    def two(gathered: Gathered) -> None:
        gathered.write(b"head ")
        gathered.write(b"body")

    assert after(two, 0) == ([], False)
    assert after(two, 1) == ([b"head body"], False)


def test_whoever_closes_has_written_all_before() -> None:
    def closed(gathered: Gathered) -> None:
        gathered.write(b"head ")
        gathered.write(b"body")
        gathered.close()

    assert after(closed, 0) == ([b"head body"], True)
    assert after(closed, 2) == ([b"head body"], True)


def test_much_does_not_wait() -> None:
    part = b"x" * (AT_ONCE // 2)

    def much(gathered: Gathered) -> None:
        for _ in range(3):
            gathered.write(part)

    assert after(much, 0) == ([part * 3], False)


async def app(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """An answer, or an echo over a WebSocket."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        said = await receive()
        await send({"type": "websocket.send", "text": said["text"]})
        await send({"type": "websocket.close"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(BODY))]})
    await send({"type": "http.response.body", "body": BODY})


@pytest.fixture
def config() -> uvicorn.Config:
    return uvicorn.Config(app, http=Protocol, lifespan="off", log_level="error", timeout_graceful_shutdown=1)


def served(config: uvicorn.Config, ask: Callable[[int], Awaitable[Any]]) -> Any:
    """What one gets who asks a server with this configuration, on a free port."""

    async def play() -> Any:
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                return await ask(listener.getsockname()[1])
            finally:
                server.should_exit = True
                await serving

    return asyncio.run(play())


def test_head_and_body_come_together(config: uvicorn.Config) -> None:
    async def ask(port: int) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = []
        for _ in range(2):  # On one connection.
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            answers.append(await reader.read(65_536))
        writer.close()
        return answers

    for answer in served(config, ask):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert body == BODY


def test_a_socket_is_handed_on_with_nothing_between(config: uvicorn.Config) -> None:
    from websockets.asyncio.client import connect

    async def ask(port: int) -> Any:
        async with connect(f"ws://127.0.0.1:{port}/") as socket:
            await socket.send("hello")
            return await socket.recv()

    assert served(config, ask) == "hello"
