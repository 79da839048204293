"""The file of a backup: compressed lines of JSON, of which the last tells whether all the others are there.

{"backup": {"format": 1, "schema": ..., "madeUs": ..., "position": ..., "root": ...}}
the lines of `timeline export`: every append, and the events of it
{"kept": "tokens", "row": {...}}        what the log does not tell again
{"end": {"sha256": ...}}                over all the bytes before this line
"""

from __future__ import annotations

import gzip
import hashlib
import os
import uuid
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from timeline.errors import Invalid, Refused

FORMAT = 1
LEVEL = 6
"""How hard it is compressed; 9 takes three times as long for two percent."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup says it holds: the log up to a position with this root, in this version of the schema."""

    format: int
    schema: str
    made_us: int
    position: int
    root: str


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """Where to write what gets its name when the block ends well, and is gone otherwise. Raises `Refused`."""
    check_free(path)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.unfinished")
    try:
        yield beside
        check_free(path)
        beside.rename(path)
        _sync(path.parent)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}; nothing is left of it"
        raise Refused("BACKUP_UNWRITABLE", message, (str(path),)) from error
    finally:
        beside.unlink(missing_ok=True)


def write_lines(path: Path, head: Head, lines: Iterable[bytes]) -> None:
    """Write a new file of these lines, on the disk when this returns. Only its owner may read it: it holds all."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=out, mtime=0) as packed:
            _write(packed, orjson.dumps({"backup": asdict(head)}), lines)
        out.flush()
        os.fsync(out.fileno())


def check_free(path: Path) -> None:
    """Raise `Refused` when there is something under this name already: a backup is never written over."""
    if path.exists():
        raise Refused("BACKUP_EXISTS", f"{path} exists already; name a new file", (str(path),))


def _write(packed: gzip.GzipFile, first: bytes, lines: Iterable[bytes]) -> None:
    seen = hashlib.sha256()
    for line in chain([first], lines):
        packed.write(line + b"\n")
        seen.update(line + b"\n")
    packed.write(orjson.dumps({"end": {"sha256": seen.hexdigest()}}) + b"\n")


def _sync(folder: Path) -> None:
    """Have the new name on the disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def read_head(path: Path) -> Head:
    """What the backup says it holds. Raises `Invalid`."""
    return _head(next(_lines(path), b""), path)


def read_body(path: Path) -> Iterator[bytes]:
    """The lines between the first and the last. Raises `Invalid` behind them unless all are there and as written."""
    lines = _lines(path)
    seen = hashlib.sha256(next(lines, b""))
    before = next(lines, b"")
    for line in lines:
        seen.update(before)
        yield before.rstrip(b"\n")
        before = line
    if _end(before) != seen.hexdigest():
        raise damaged(path, "its end is missing, or something in it was changed")


def damaged(path: Path, why: str) -> Invalid:
    """The error for a file that is not, or no longer, a backup."""
    return Invalid("BACKUP_DAMAGED", f"{path} is no whole backup: {why}; take another one", (str(path),))


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as packed:
            yield from packed
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, str(error)) from None
    except OSError as error:
        raise Refused("BACKUP_UNREADABLE", f"{path} cannot be read: {error.strerror}", (str(path),)) from error


def _head(line: bytes, path: Path) -> Head:
    try:
        head = Head(**orjson.loads(line)["backup"])
    except (ValueError, KeyError, TypeError):
        raise damaged(path, "it does not begin as one") from None
    if head.format != FORMAT:
        raise damaged(path, f"its format is {head.format}, and this software reads {FORMAT}")
    return head


def _end(line: bytes) -> Any:
    try:
        return orjson.loads(line)["end"]["sha256"]
    except (ValueError, KeyError, TypeError):
        return None
