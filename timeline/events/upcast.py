"""Old stored shapes to today's: one function per event type and version, applied on every path that reads events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

UPCASTERS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(type, version) to the function that makes version + 1 of it. Empty while every shape is in its first version."""


def upcast(type_name: str, schema: int, body: dict[str, Any]) -> dict[str, Any]:
    """The body in today's shape."""
    while (type_name, schema) in UPCASTERS:
        body = UPCASTERS[type_name, schema](body)
        schema += 1
    return body
