"""The environment, read once into one frozen value. Nothing below `app` knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from timeline.errors import Invalid

DEFAULT_DATABASE = "sqlite:///timeline.db"
KNOWN = {"TIMELINE_DATABASE_URL": "database_url", "TIMELINE_HOST": "host", "TIMELINE_PORT": "port"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the record lies and where the service listens."""

    database_url: str = DEFAULT_DATABASE
    host: str = "127.0.0.1"
    port: int = 8000


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings from TIMELINE_ variables. An unknown one is an error: a misspelt name must not be passed over."""
    for name in environment:
        if name.startswith("TIMELINE_") and not name.startswith("TIMELINE_TEST_") and name not in KNOWN:
            raise Invalid("SETTING_UNKNOWN", f"{name} is no setting; there are {', '.join(KNOWN)}", (name,))
    port = environment.get("TIMELINE_PORT", "8000")
    if not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise Invalid("SETTING_INVALID", f"TIMELINE_PORT is {port!r}; it must be 0 to 65535", ("TIMELINE_PORT",))
    return Settings(
        database_url=environment.get("TIMELINE_DATABASE_URL", DEFAULT_DATABASE),
        host=environment.get("TIMELINE_HOST", "127.0.0.1"),
        port=int(port),
    )


def shipped(name: str) -> Path:
    """A folder that comes with the software: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).parent
    inside = package / "_shipped" / name
    return inside if inside.is_dir() else package.parent / name
