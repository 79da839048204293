"""What an adapter makes of somebody else's records: drafts of ours, and rows that it sets aside with a reason.

The next format is one file: a function from a path to a `Reading`, entered in `formats.py`. It reads, it maps, it
decides nothing: whether a draft is known, has changed or is new is found out by `recognition`, and written by
`timeline.intake`. docs/importing.md explains the interface.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from timeline.errors import Refused
from timeline.values import facts
from timeline.values.facts import Citation, ExternalId


@dataclass(frozen=True, slots=True)
class At:
    """Where a foreign record stands: the file below the path that was named, and the line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A foreign record in our words, before anybody knows whether it is recorded already.

    `id` is the id that it gets when it is new, and under which other drafts name it. `row` is the name that the source
    gives the record; a draft without one supports others, such as a place, and is used as it is when it is recorded.
    """

    id: str
    content: facts.Content
    at: At
    row: str = ""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that cannot be recorded as it is: never dropped, never repaired in silence."""

    at: At
    row: str
    code: str
    reason: str


@dataclass
class Reading:
    """What a source says in one release.

    `scheme` names the source's identifiers, `release` this state of them, `source` the record that is cited.
    `remarks` are for the person who imports. `is_complete` tells whether what is missing is gone upstream.
    """

    scheme: str
    release: str
    source: str
    is_complete: bool = True
    rows: int = 0
    drafts: list[Draft] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)

    def support(self, id: str, content: facts.Content, at: At) -> str:
        """A record that others name. The same id again adds nothing. Returns the id."""
        if id not in self._ids:
            self._ids.add(id)
            self.drafts.append(Draft(id, content, at))
        return id

    def add(self, id: str, content: facts.Content, at: At, row: str) -> str:
        """A foreign record. A taken id gets a number. Returns the id."""
        free, number = id, 1
        while free in self._ids:
            number += 1
            free = f"{id}-{number}"
        self._ids.add(free)
        self.drafts.append(Draft(free, content, at, row))
        return free

    def aside(self, at: At, row: str, code: str, reason: str) -> None:
        """A row that cannot be recorded."""
        self.set_aside.append(SetAside(at, row, code, reason))

    def cite(self, locator: str, quote: str | None = None) -> list[Citation]:
        """The place in the source."""
        return [Citation(source=self.source, locator=locator, quote=quote)]

    def known_as(self, value: str, scheme: str | None = None) -> list[ExternalId]:
        """The identifier that the source gives, in its own scheme or another one that it uses."""
        return [ExternalId(scheme=scheme or self.scheme, value=value, snapshot=self.release)]


Adapter = Callable[[Path, str | None], Reading]
"""Reads what lies under a path, as the release that is named. Raises `Refused` when it is not of the format."""


def release_of(files: Iterable[Path], root: Path) -> str:
    """A name for this state of the files: the same files always have the same."""
    seen = hashlib.sha256()
    for file in sorted(files):
        seen.update(str(file.relative_to(root)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return f"sha256-{seen.hexdigest()[:12]}"


def files_under(root: Path, pattern: str, what: str) -> list[Path]:
    """The files of a format in order of their names. Raises `Refused` when there is none."""
    found = sorted(root.glob(pattern))
    if not found:
        raise Refused("FORMAT_NOT_FOUND", f"{root} holds no {pattern}; {what}", (str(root),))
    return found


def renamed(content: facts.Content, ids: Mapping[str, str]) -> facts.Content:
    """The content with other ids in place of those it names."""
    if not any(target in ids for _, target in facts.references(content)):
        return content
    return msgspec.convert(_renamed(msgspec.to_builtins(content), ids), type(content))


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(part, ids) for name, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, ids) for part in value]
    return ids.get(value, value) if isinstance(value, str) else value


def under(draft: Draft, ids: Mapping[str, str]) -> Draft:
    """The draft under the ids that its records really have."""
    return replace(draft, id=ids.get(draft.id, draft.id), content=renamed(draft.content, ids))
