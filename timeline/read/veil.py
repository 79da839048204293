"""What is hidden from a viewer while an embargo is in force.

It is judged as of now, whatever position of the log is asked: what is hidden today is hidden in every past, and what
is free again is free in every past. Hidden is a record under embargo, and whatever cites, or ever cited, a source that
is. The usual case, no embargo in force, costs nothing: `read_state` says when the last one ends.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, select, text

from timeline.database import Database
from timeline.log.stored import StoredEvent
from timeline.read.documents import Document
from timeline.read.tables import read_state
from timeline.values.roles import Role

FOR_EVER = 2**63
KEPT = 16
"""For how many states and ranks it is kept what is hidden."""
_SECRET = secrets.token_bytes(32)
"""Of this process. Digests show in entity tags: without a secret somebody could try which ids make the tag they got."""
_ID = re.compile(rb'"([a-z]+/[a-z0-9.-]+)"')
_kept: WeakKeyDictionary[Database, OrderedDict[tuple[Any, ...], tuple[int, int, Veil | None]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Veil:
    """The ids that do not exist for a viewer."""

    hidden: frozenset[str]
    listed: str = field(default="", compare=False, repr=False)
    """The same as a list in JSON, as a query takes it."""
    digest: str = ""
    """Equal digests hide the same."""

    def over(self, merged: Iterable[str]) -> Veil:
        """The same over records that were merged into hidden ones, as of some position."""
        more = self.hidden.union(merged)
        return self if len(more) == len(self.hidden) else _over(sorted(more))

    def document(self, document: Document) -> Document:
        """The document without hidden ids in what other sources give for its fields. All else leads to records."""
        if not document["conflicts"]:
            return document
        conflicts = [{**each, "value": self.value(each.get("value"))} for each in document["conflicts"]]
        return {**document, "conflicts": conflicts}

    def text(self, text: str) -> str:
        """The same of a document as JSON."""
        if '"conflicts":[]' in text:
            return text
        return orjson.dumps(self.document(orjson.loads(text))).decode()

    def value(self, value: Any) -> Any:
        """Plain data in which nothing names what is hidden: null stands for it, and lists are without it."""
        if isinstance(value, str):
            return None if value in self.hidden else value
        if isinstance(value, dict):
            return {name: self.value(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.value(part) for part in value if not (isinstance(part, str) and part in self.hidden)]
        return value

    def entry(self, entry: Document) -> Document:
        """One event in the history of a record that is seen."""
        changes = [
            {**each, "was": self.value(each["was"]), "now": self.value(each["now"])} for each in entry["changes"]
        ]
        return {**entry, "changes": changes}

    def hides(self, event: StoredEvent) -> bool:
        """Whether an event as it is stored does not exist: it is of a hidden record, rests on one or names one.

        The exact bytes of an event are hashed, so a part of them cannot be left out.
        """
        if event.stream in self.hidden or event.source in self.hidden:
            return True
        return any(found.decode() in self.hidden for found in _ID.findall(event.body))


def seen(veil: Veil | None, events: Sequence[StoredEvent]) -> list[StoredEvent]:
    """The events that exist for a viewer."""
    return [event for event in events if veil is None or not veil.hides(event)]


async def veil_of(database: Database, shelf: str, version: tuple[int, int], rank: int, now_us: int) -> Veil | None:
    """What is hidden from this rank; None when nothing is. `version` is the position of the tables and their age."""
    kept = _kept.setdefault(database, OrderedDict())
    key = (shelf, *version, rank)
    since, until, veil = kept.get(key, (0, 0, None))
    if not since <= now_us < until:
        rows = await database.fetch(_hidden(shelf), rank=rank, now=now_us)
        until, veil = _veil(rows)
        kept[key] = (now_us, until, veil)
        if len(kept) > KEPT:
            kept.popitem(last=False)
    return veil


def hidden_now(connection: Connection, rank: int, now_us: int) -> frozenset[str]:
    """The same ids, asked in the transaction that appends."""
    if rank >= Role.ADMIN.rank:
        return frozenset()
    state = connection.execute(select(read_state.c.shelf, read_state.c.embargoed_us)).one()
    if state.embargoed_us <= now_us:
        return frozenset()
    veil = _veil(connection.execute(text(_hidden(state.shelf)), {"rank": rank, "now": now_us}).all())[1]
    return veil.hidden if veil is not None else frozenset()


def _hidden(shelf: str) -> str:
    """Hidden ids, each with when that ends for the embargo by which it is hidden."""
    held = f"SELECT id, until_us FROM {shelf}_embargoes WHERE until_us > :now AND least_rank > :rank"
    cites = "l.value = e.id AND l.role IN ('SOURCE', 'CITED')"
    return f"{held} UNION SELECT l.id, e.until_us FROM ({held}) e JOIN {shelf}_links l ON {cites}"


def _veil(rows: Iterable[Sequence[Any]]) -> tuple[int, Veil | None]:
    """What is hidden, and until when that holds if nothing more is recorded."""
    found = [(row[0], row[1]) for row in rows]
    if not found:
        return FOR_EVER, None
    hidden = sorted({id for id, _ in found})
    return min(until for _, until in found), _over(hidden)


def _over(hidden: Sequence[str]) -> Veil:
    listed = orjson.dumps(hidden)
    return Veil(frozenset(hidden), listed.decode(), hashlib.blake2b(listed, key=_SECRET, digest_size=16).hexdigest())
