"""Cursors: the sort key of a row as opaque text. They stay valid whatever is recorded later."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson

from timeline.errors import Invalid


def cursor_of(key: Sequence[Any]) -> str:
    """The cursor of a row with this sort key."""
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def key_of(cursor: str, types: tuple[type, ...], name: str = "after") -> list[Any]:
    """The sort key in a cursor. Raises `Invalid`, at `name`, for what no list of this kind has given out."""
    try:
        key = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        key = None
    fits = isinstance(key, list) and [type(part) for part in key] == list(types)
    if not fits or any("\0" in part if isinstance(part, str) else abs(part) > 2**62 for part in key):
        raise Invalid("CURSOR_INVALID", "a cursor is one that an edge or pageInfo of the same list gave", (name,))
    assert isinstance(key, list)
    return key
