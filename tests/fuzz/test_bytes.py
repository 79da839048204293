"""Bytes of any kind at every door: texts of dates, seed files, and a server as users start it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.fuzz.effort import check, effort
from tests.served import served
from timeline.errors import Invalid, Several
from timeline.importers.seed import read_seed
from timeline.values.dates import parse_edtf
from timeline.values.phrases import suggest

ROOT = Path(__file__).parents[2]
SEEDS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "seeds").glob("*.y*ml"))]
PATHS = [
    "/",
    "/graphql",
    "/log",
    "/schema.graphql",
    "/healthz",
    "/readyz",
    "/graphiql",
    "/graphiql/examples.json",
    "/x",
]
METHODS = ["GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH", "BREW"]
NAMES = ["accept", "content-type", "authorization", "if-none-match", "last-event-id", "x-request-id", "origin", "range"]
NAMES += ["transfer-encoding", "content-length", "expect", "upgrade", "sec-websocket-key", "accept-encoding", "cookie"]
VALUES = [
    b"application/json",
    b"text/event-stream, */*",
    b"application/json;q=x",
    b"Bearer x",
    b"websocket",
    b"chunked",
]
PLAIN = st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), max_size=20)
LINES = st.one_of(st.sampled_from(VALUES), PLAIN.map(lambda text: text.encode("latin-1")))


@effort(3000)
@given(text=st.one_of(st.text("0123456789-/.,[]{}~?%XYES+:TZ ", max_size=40), st.text(max_size=30)))
def test_any_text_is_a_date_or_is_refused_as_none(text: str) -> None:
    with contextlib.suppress(Invalid):
        parse_edtf(text)


@effort(1000)
@given(text=st.one_of(st.text("last early mid late of since on the Monday July 0123456789,.-", max_size=40), st.text()))
def test_any_words_are_a_date_or_none(text: str) -> None:
    suggest(text, 20_000)


@effort(60)
@given(data=st.data())
def test_a_seed_file_with_a_piece_of_it_replaced_is_read_or_told_by_its_faults(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SEEDS))
    at = data.draw(st.integers(0, len(text)))
    signs = st.sampled_from(["- ", ": ", "&a ", "*a", "!!int ", "\t", "|\n", "{", "[", "? ", "---\n", "<<: "])
    piece = data.draw(st.one_of(st.text(max_size=6), signs))
    with contextlib.suppress(Several):
        read_seed(text[:at] + piece + text[at + data.draw(st.integers(0, 20)) :], "seed.yaml")


@effort(500)
@given(raw=st.one_of(st.binary(max_size=200), st.text("-:[]{}&*!|>'\"#%@`\n a1", max_size=60).map(str.encode)))
def test_any_bytes_are_a_seed_file_or_told_by_their_faults(raw: bytes) -> None:
    with contextlib.suppress(Several, UnicodeDecodeError):
        read_seed(raw.decode(), "seed.yaml")


# On a server as users start it ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server that logs every request; at the end its log must hold no defect of ours."""
    folder = tmp_path_factory.mktemp("fuzzed")
    (folder / "timeline.db").write_bytes(sqlite_template.read_bytes())
    log = {**os.environ, "TIMELINE_LOG": "json", "TIMELINE_LOG_DETAILS": "on", "TIMELINE_LIMIT_SECONDS": "2"}
    said: list[str] = []
    with served("serve", f"sqlite:///{folder / 'timeline.db'}", folder, log) as (client, process):
        assert process.stdout is not None
        # A pipe that nobody reads would be full one day, and the server would wait for it.
        reader = threading.Thread(target=said.extend, args=(process.stdout,))
        reader.start()
        yield client
        assert process.poll() is None, "the server is still there"
        process.terminate()
        reader.join()
    assert [line for line in said if "Traceback" in line or '"level": "ERROR"' in line] == []


def is_alive(server: httpx.Client) -> bool:
    return server.get("/healthz").json() == {"status": "alive"}


def exchange(server: httpx.Client, raw: bytes) -> bytes:
    """What the server sends back for these bytes, until it ends or has said nothing for a while."""
    parts = []
    with socket.create_connection(("127.0.0.1", server.base_url.port or 0), timeout=0.15) as plug:
        plug.sendall(raw)
        with contextlib.suppress(OSError):
            while part := plug.recv(65536):
                parts.append(part)
    return b"".join(parts)


@effort(60)
@given(raw=st.binary(max_size=300))
def test_bytes_that_are_no_http_are_refused_and_the_server_goes_on(server: httpx.Client, raw: bytes) -> None:
    answer = exchange(server, raw)
    assert not answer.startswith(b"HTTP/1.1 5")
    assert is_alive(server)


@effort(150)
@given(
    method=st.sampled_from(METHODS),
    path=st.sampled_from(PATHS),
    query=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
    headers=st.lists(st.tuples(st.sampled_from(NAMES), LINES), max_size=4),
    body=st.one_of(st.just(b""), st.just(b'{"query": "{ position }"}'), st.binary(max_size=60)),
)
def test_any_request_has_an_answer_that_is_none_of_ours_to_repair(
    server: httpx.Client, method: str, path: str, query: str, headers: list[tuple[str, bytes]], body: bytes
) -> None:
    said = b"".join(b"%s: %s\r\n" % (name.encode(), value) for name, value in headers)
    length = b"" if any(name in ("content-length", "transfer-encoding") for name, _ in headers) else b"content-length: "
    sized = length + str(len(body)).encode() + b"\r\n" if length else b""
    start = f"{method} {path}?{query} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n".encode()
    answer = exchange(server, start + said + sized + b"\r\n" + body)
    # What HTTP itself cannot read, such as two lengths, is refused by the server below; it may also just hang up.
    assert answer == b"" or answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4", b"HTTP/1.1 101")), answer
    assert b"Traceback" not in answer


@effort(120)
@given(query=st.binary(max_size=60), accept=st.sampled_from(["application/json", "application/graphql-response+json"]))
def test_any_body_and_any_query_string_is_answered_in_json(server: httpx.Client, query: bytes, accept: str) -> None:
    headers = {"accept": accept, "content-type": "application/json"}
    check(server.post("/graphql", content=query, headers=headers))
    check(server.get("/graphql", params={"query": query, "variables": query}, headers=headers))
    check(server.post("/graphql", content=json.dumps({"query": query.decode("latin-1")}), headers=headers))


QUERIES = st.one_of(st.sampled_from(["{ position }", "subscription { recorded { position } }"]), st.text())
MESSAGES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["connection_init", "subscribe", "complete", "ping", "pong", "next", "x"])},
        optional={
            "id": st.one_of(st.text(max_size=3), st.integers(), st.none()),
            "payload": st.one_of(
                st.none(),
                st.integers(),
                st.fixed_dictionaries(
                    {
                        "query": st.one_of(
                            st.just("{ position }"), st.just("subscription { recorded { id } }"), st.text()
                        )
                    },
                    optional={"variables": st.one_of(st.none(), st.lists(st.none())), "operationName": st.integers()},
                ),
            ),
        },
    ).map(json.dumps),
)


@effort(60)
@given(messages=st.lists(MESSAGES, max_size=6), begun=st.booleans())
def test_any_messages_on_a_socket_are_answered_or_close_it(
    server: httpx.Client, messages: list[Any], begun: bool
) -> None:
    url = f"ws://127.0.0.1:{server.base_url.port}/graphql"
    with contextlib.suppress(ConnectionClosed), connect(url, subprotocols=["graphql-transport-ws"]) as plug:  # type: ignore[list-item]
        for message in ([json.dumps({"type": "connection_init"})] if begun else []) + messages:
            plug.send(message)
        plug.send(json.dumps({"type": "ping"}))
        for _ in range(20):
            told = json.loads(plug.recv(5))
            assert told["type"] in ("connection_ack", "next", "error", "complete", "pong")
            if told["type"] == "pong":
                break
    assert is_alive(server)
