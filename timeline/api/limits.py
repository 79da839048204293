"""What clients may ask at most. Each limit has an error that names it; docs/limits.md says what each is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _limit(default: float, least: float, most: float) -> Any:
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Limits:
    """The name of a limit is that of its field: in `extensions.limit` of its error, and in TIMELINE_LIMIT_...

    `cost` counts the fields of an answer as they would be if every page were full: page sizes multiply along a path.
    A client is a credential or, without one, an address.
    """

    body_bytes: int = _limit(1_000_000, 1_000, 100_000_000)
    tokens: int = _limit(10_000, 100, 1_000_000)
    depth: int = _limit(25, 2, 100)
    aliases: int = _limit(100, 0, 100_000)
    breadth: int = _limit(300, 10, 100_000)
    cost: int = _limit(500_000, 100, 1_000_000_000)
    page: int = _limit(200, 50, 200)
    seconds: float = _limit(15.0, 0.01, 3600)
    operations: int = _limit(20, 1, 10_000)
    subscriptions: int = _limit(100, 1, 1_000_000)
    subscriptions_in_all: int = _limit(1_000, 1, 1_000_000)
    writes_per_minute: int = _limit(600, 1, 10_000_000)
