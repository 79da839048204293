"""Reading a backup: every hash, every position and the root over all of it are checked before anybody relies on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from timeline.backup.file import Head, damaged, read_body, read_head
from timeline.errors import Invalid
from timeline.log.merkle import extended, root
from timeline.log.transfer import StoredAppend, read_lines

KEPT = b'{"kept":'
"""How the lines begin that are not of the log."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A backup that is whole: what it holds."""

    head: Head
    appends: int
    kept: int


def check(path: Path, progress: Callable[[str, int, int], None] | None = None) -> Checked:
    """Read all of a backup. Raises `Invalid` unless it is whole and its root the one over its events."""
    head = read_head(path)
    edge, position, appends = b"", 0, 0
    for append in stored_appends(path):
        if append.first != position + 1:
            raise damaged(path, f"position {position + 1} is missing")
        edge = extended(edge, position, (event.leaf_hash for event in append.events))
        position, appends = append.last, appends + 1
        if progress is not None:
            progress("Checking", position, head.position)
    if (position, root(edge).hex()) != (head.position, head.root):
        raise damaged(path, "its events are not those of which it tells the root")
    return Checked(head, appends, len(list(kept_lines(path))))


def stored_appends(path: Path) -> Iterator[StoredAppend]:
    """The appends, every hash checked. Raises `Invalid`."""
    try:
        yield from read_lines((line for line in read_body(path) if not line.startswith(KEPT)), first=2)
    except Invalid as fault:
        if fault.code != "LINE_INVALID":
            raise
        raise damaged(path, fault.message) from None


def kept_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Table and row of what is kept beside the log."""
    for line in read_body(path):
        if line.startswith(KEPT):
            plain = orjson.loads(line)
            yield plain["kept"], plain["row"]
