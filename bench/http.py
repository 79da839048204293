"""Times a server over HTTP, one connection: new answers, kept answers, 'not modified', and a plain hello, in one run.

python -m bench.http --database sqlite:///bench.db, where something is recorded.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import subprocess
import sys
import time

PAGE = (
    "{ meetings(first: 50) { nodes { id title when { label } place { name } "
    "parties { party { name } person { name } role } } } }"
)
JSON = {"Content-Type": "application/json"}


def main() -> None:
    """Start a server, ask it, print requests a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--times", type=int, default=500)
    chosen = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "timeline", "serve", "--port", str(port), "--database", chosen.database]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        connection = _connected(port)
        hello = _rate(connection, [("{ __typename }", {}, {})] * chosen.times)
        new = _rate(connection, [(PAGE, {"n": number}, {}) for number in range(chosen.times // 2)])
        kept = _rate(connection, [(PAGE, {}, {})] * chosen.times)
        tag = _ask(connection, PAGE, {}, {}).headers["ETag"]
        same = _rate(connection, [(PAGE, {}, {"If-None-Match": tag})] * chosen.times)
    finally:
        server.terminate()
        server.wait()
    for name, rate in (("hello", hello), ("a new page of 50", new), ("the same, kept", kept), ("not modified", same)):
        print(f"{name:20} {rate:8,.0f} requests/s   {rate / hello:.2f}")


def _connected(port: int) -> http.client.HTTPConnection:
    for _ in range(100):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.connect()
            return connection
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise SystemExit("the server does not answer")


def _ask(
    connection: http.client.HTTPConnection, query: str, variables: dict, headers: dict
) -> http.client.HTTPResponse:
    body = json.dumps({"query": query, "variables": variables})
    connection.request("POST", "/graphql", body, {**JSON, **headers})
    answer = connection.getresponse()
    answer.read()
    assert answer.status in (200, 304), answer.status
    return answer


def _rate(connection: http.client.HTTPConnection, asked: list[tuple[str, dict, dict]]) -> float:
    begin = time.perf_counter()
    for query, variables, headers in asked:
        _ask(connection, query, variables, headers)
    return len(asked) / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
