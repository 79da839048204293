"""The whole application with the shipped record, on both engines, for tests that ask it anything at all."""

from __future__ import annotations

from tests.api.conftest import asked_anew, client, seeded, server

__all__ = ["asked_anew", "client", "seeded", "server"]
