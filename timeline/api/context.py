"""What resolvers work on: a document seen as of one position, and the others that lie one load away.

Types of the schema have no instances. Wherever the schema says Meeting or Citation, the value is a `Doc`: plain data
and the view it was read in, so that its references are looked up as of the same position.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from strawberry.dataloader import DataLoader

from timeline.database import Database
from timeline.log.follow import Watcher
from timeline.read.documents import Document
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.rights.gate import ANYBODY, Caller
from timeline.values.countries import all_countries


class Doc:
    """A document, or a part of one, and the view it belongs to."""

    __slots__ = ("data", "view")

    def __init__(self, view: View, data: Document) -> None:
        self.view = view
        self.data = data

    @property
    def kind(self) -> str:
        """The kind of the record; '' for what is no record."""
        return str(self.data.get("kind", ""))


class Unread(Doc):
    """A document that is read from its text when it is asked for as a whole; a plan reads just what it needs."""

    __slots__ = ("kind", "looked", "text", "whole")
    kind: str

    def __init__(self, view: View, kind: str, text: str) -> None:
        self.view = view
        self.kind = kind
        self.text = text
        self.whole: Document | None = None
        """The document, once it was asked for."""
        self.looked: tuple[object, Document] | None = None
        """Who looked at it last, and what that one needed of it."""

    @property
    def data(self) -> Document:  # type: ignore[override]
        """The document."""
        if self.whole is None:
            self.whole = self.view.snapshot.read(self.text)
        return self.whole


Loaded = Awaitable[Doc | None] | Doc | None


@dataclass(frozen=True, slots=True)
class Context:
    """What one request may use: the record as it stood at its start, a clock, whoever follows the log, who asks."""

    database: Database
    now: View
    now_us: Callable[[], int]
    watcher: Watcher
    caller: Caller = ANYBODY

    async def open(self) -> Snapshot:
        """The record as it is by now, for whoever asks."""
        return await open_snapshot(self.database, rank=self.caller.viewer.rank, now_us=self.now_us())


class Known(dict[str | None, Document | None]):
    """The records that a request has at hand, by id. Asked for another one, it notes that and answers None."""

    def __init__(self, view: View) -> None:
        super().__init__({None: None})
        self.view = view
        self.missing: set[str] = set()

    def __missing__(self, id: str | None) -> Document | None:
        assert id is not None, "nothing is known under no id"
        found = self.view.at_hand(id)
        if found is None:
            self.missing.add(id)
        else:
            self[id] = found
        return found


class View:
    """The record as of one position, with every load of one level of a query batched into one."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.known = Known(self)
        self._linked: dict[tuple[Any, ...], DataLoader[str, list[Doc]]] = {}

    @cached_property
    def _records(self) -> DataLoader[str, Doc | None]:
        return DataLoader(self._load_records)

    @cached_property
    def _same_day(self) -> DataLoader[str, list[str]]:
        return DataLoader(self._load_same_day)

    def at_hand(self, id: str) -> Document | None:
        """The record under an id, or the state of a code, if no load is needed; None tells nothing."""
        return self.snapshot.at_hand(id) if "/" in id else country(id)

    async def find(self, id: str) -> Doc | None:
        """The record under an id from outside; None when it is unknown."""
        found = self.at_hand(id)
        if found is not None:
            return Doc(self, found)
        text = (await self.snapshot.texts([id])).get(id) if "/" in id else None
        return None if text is None else Unread(self, *text)

    def find_each(self, ids: Sequence[str]) -> Awaitable[Sequence[Doc | None]]:
        """The records under these ids, None for those unknown."""
        return self._records.load_many(list(ids))

    def one(self, id: str | None) -> Loaded:
        """The record under an id, or the state of a code; merged ids lead to the survivor."""
        if id is None:
            return None
        found = self.at_hand(id)
        return self._records.load(id) if found is None else Doc(self, found)

    async def ensure(self, ids: Iterable[str]) -> None:
        """Have these records at hand, in one load; None stands for those that are unknown."""
        wanted = list(ids)
        found = await self.snapshot.documents([id for id in wanted if "/" in id])
        self.known.update((id, found.get(id)) for id in wanted)

    async def many(self, ids: Sequence[str]) -> list[Doc]:
        """The records under these ids in this order, without those that are unknown."""
        return [found for found in await self.find_each(ids) if found is not None]

    def shape(self, data: Document) -> Any:
        """Data of ours in the shape of a type of the schema."""
        return Doc(self, data)

    def linked(self, role: str, id: str, kinds: Sequence[str], first: int) -> Awaitable[list[Doc]]:
        """The records that name this one in a role, in order of time."""
        key = (role, tuple(kinds), first)
        if key not in self._linked:

            async def load(ids: list[str]) -> list[list[Doc]]:
                found = await self.snapshot.linked(role, ids, kinds, limit_each=first)
                return [[Doc(self, document) for document in found[id]] for id in ids]

            self._linked[key] = DataLoader(load)
        return self._linked[key].load(id)

    async def same_day(self, id: str) -> list[Doc]:
        """The other meetings of the same single day that share a party."""
        return await self.many(await self._same_day.load(id))

    async def _load_records(self, ids: list[str]) -> list[Doc | None]:
        found = await self.snapshot.documents([id for id in ids if "/" in id])
        documents = [found[id] if id in found else country(id) for id in ids]
        return [None if document is None else Doc(self, document) for document in documents]

    async def _load_same_day(self, ids: list[str]) -> list[list[str]]:
        found = await self.snapshot.same_day(ids)
        return [found.get(id, []) for id in ids]


def country(code: str) -> Document | None:
    """A state of today by its ISO 3166-1 alpha-2 code, in the form of a document."""
    # What is no code is not kept: clients may ask for ever longer ones.
    return _country(code) if len(code) == 2 else None


@lru_cache(maxsize=1024)
def _country(code: str) -> Document | None:
    known = all_countries().get(code)
    if known is None:
        return None
    names = [{"text": text, "language": language} for language, text in known.names.items()]
    data = {"id": code, "kind": "country", "code": code, "alpha3": known.alpha3, "official_name": known.official}
    return {**data, "names": names}


def read_field(source: Any, name: str) -> Any:
    """The value of a field without a resolver of its own."""
    if not isinstance(source, Doc):
        return getattr(source, name)
    value = source.data.get(name)
    if type(value) is dict:
        return Doc(source.view, value)
    if type(value) is list:
        return [Doc(source.view, part) if type(part) is dict else part for part in value]
    return value
