"""An OpenID Connect provider of a test: keys, a server on loopback that publishes them, tokens as wrong as wanted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "timeline"
MAKERS: dict[str, Any] = {
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


class TestProvider:
    """A provider that counts how often its keys are asked for."""

    __test__ = False

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.keys: dict[str, tuple[str, Any]] = {}
        self.asked: list[str] = []
        self.is_down = False
        self.add("one")

    def add(self, kid: str, algorithm: str = "RS256") -> None:
        self.keys[kid] = (algorithm, MAKERS[algorithm]())

    def published(self) -> dict[str, Any]:
        jwks = []
        for kid, (algorithm, key) in self.keys.items():
            maker = jwt.get_algorithm_by_name(algorithm)
            jwks.append({**json.loads(maker.to_jwk(key.public_key())), "kid": kid, "use": "sig", "alg": algorithm})
        return {"keys": jwks}

    def answer(self, path: str) -> Any:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        return self.published()

    def claims(self, **other: Any) -> dict[str, Any]:
        now = int(time.time())
        said: dict[str, Any] = {"iss": self.issuer, "aud": AUDIENCE, "sub": "u-1", "exp": now + 600, "iat": now}
        return {
            name: value for name, value in {**said, "timeline_role": "editor", **other}.items() if value is not None
        }

    def token(self, kid: str = "one", headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token signed with a key; a claim that is None is left out."""
        algorithm, key = self.keys[kid]
        return jwt.encode(self.claims(**claims), key, algorithm, {"kid": kid, **(headers or {})})


@contextmanager
def provider() -> Iterator[TestProvider]:
    """A provider, serving on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(ours.answer(self.path)).encode()
            self.send_response(500 if ours.is_down else 200)
            self.end_headers()
            self.wfile.write(b"" if ours.is_down else body)

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ours = TestProvider(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
