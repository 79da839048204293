"""Documents that clients name instead of sending: those of the operator's folder, and what clients sent before.

The names are those of GraphQL over HTTP (`documentId`, "sha256:" and the hash) and of automatic persisted queries
(`extensions.persistedQuery.sha256Hash`); docs/documents.md shows both.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLSchema, GraphQLSyntaxError, parse, validate

from timeline.api.errors import refusal
from timeline.errors import Invalid

KEPT_CHARACTERS = 2_000_000
"""How much text is kept of what clients sent with its hash."""
HASH = re.compile(r"[0-9a-f]{64}")
ENTRY = 200
"""What an entry takes beside its text, about."""


class Persisted:
    """Documents by id. The trusted ones are there for good, others while there is room."""

    def __init__(self, trusted: Mapping[str, str] | None = None, *, only: bool = False) -> None:
        self.trusted = dict(trusted or {})
        self.only = only
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def find(self, id: str) -> str:
        """The document of this id. Raises `Refusal`."""
        name = id.removeprefix("sha256:")
        found = self.trusted.get(name) or self._sent.get(name)
        if found is None:
            message = "no document is known under this id; send the document with its SHA-256, or have it added"
            raise refusal("PERSISTED_QUERY_NOT_FOUND", message if not self.only else "no document has this id")
        if name in self._sent:
            self._sent.move_to_end(name)
        return found

    def check(self, text: str) -> None:
        """Raises `Refusal` for a text that is not trusted where only trusted ones may run."""
        if self.only and digest(text) not in self.trusted:
            raise refusal("DOCUMENT_NOT_TRUSTED", "only documents that the operator has added may run here", 403)

    def remember(self, id: str, text: str) -> None:
        """Keep what a client sent under the hash that it gave. Raises `Invalid` if that is another's."""
        name = id.removeprefix("sha256:")
        if digest(text) != name:
            raise Invalid("BAD_REQUEST", "the SHA-256 given is not that of 'query'; it is taken of its UTF-8 bytes")
        if self.only or name in self._sent or name in self.trusted:
            return
        self._sent[name] = text
        self._characters += len(text) + ENTRY
        while self._characters > KEPT_CHARACTERS:
            self._characters -= len(self._sent.popitem(last=False)[1]) + ENTRY


def digest(text: str) -> str:
    """The SHA-256 of a document, in lower-case hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_documents(folder: Path, schema: GraphQLSchema) -> dict[str, str]:
    """The documents of a folder by their ids: each .graphql file is one, each .json file a manifest of a build tool.

    Raises `Invalid` that names the file for one that does not fit the schema: no client can be served by it.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        for id, text in _documents_in(path):
            _check(path, id, text, schema)
            found[digest(text)] = text
            if id is not None:
                found[id.removeprefix("sha256:")] = text
    return found


def _documents_in(path: Path) -> Iterator[tuple[str | None, str]]:
    if path.suffix == ".graphql":
        text = path.read_text(encoding="utf-8")
        yield None, text
        if text.endswith("\n"):  # Editors end a file with a line break that the client's text may not have.
            yield None, text[:-1]
    if path.suffix == ".json":
        yield from _manifest(path)


def _manifest(path: Path) -> Iterator[tuple[str | None, str]]:
    """{id: text}, as Relay and GraphQL Code Generator write it, or Apollo's list of operations."""
    try:
        content: Any = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise _unfit(path, f"no valid JSON ({error})") from None
    entries: Any = content
    if isinstance(content, dict) and isinstance(content.get("operations"), list):
        operations = [each for each in content["operations"] if isinstance(each, dict)]
        entries = {each.get("id"): each.get("body") for each in operations}
    if not isinstance(entries, dict) or not all(isinstance(text, str) for pair in entries.items() for text in pair):
        raise _unfit(path, "it is neither {id: document} nor Apollo's manifest of operations")
    yield from entries.items()


def _check(path: Path, id: str | None, text: str, schema: GraphQLSchema) -> None:
    place = f"{id}: " if id else ""
    if id is not None and HASH.fullmatch(id.removeprefix("sha256:")) and digest(text) != id.removeprefix("sha256:"):
        raise _unfit(path, f"{place}it is the SHA-256 of another document")
    try:
        errors = validate(schema, parse(text))
    except GraphQLSyntaxError as error:
        raise _unfit(path, f"{place}{error.message}") from None
    if errors:
        raise _unfit(path, f"{place}{errors[0].message}")


def _unfit(path: Path, why: str) -> Invalid:
    return Invalid("DOCUMENT_INVALID", f"{path}: {why}", ("TIMELINE_DOCUMENTS",))
