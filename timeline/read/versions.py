"""New versions of records in memory, on their way from events to the read tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select

from timeline.bulk import execute_many, insert_rows
from timeline.events.codec import decode
from timeline.events.records import AnyEvent, EmbargoLifted, Recorded, RecordEmbargoed
from timeline.log.stored import StoredEvent
from timeline.read.documents import OPEN_END, Document, content_of, project
from timeline.read.index import Link, columns, finished, is_hidden, links, publication_day, sources_of, texts
from timeline.read.tables import Shelf
from timeline.values import facts

CHUNK = 400
"""How many ids one statement asks for; SQLite bounds the number of parameters."""
Row = dict[str, Any]
LinkRow = list[Any]
"""Value, role, id, from_position, to_position, kind, es, le, parties, as in the table: a record has seven of them."""
TO = 4
ROWS = ("records", "aliases", "texts")
TABLES = (*ROWS, "links")
KEYS = ("value", "role", "id", "rank", "from_position")
"""The columns that tell the rows of a table apart, where it has them."""


class Stored(dict[str, Any]):
    """A row that is in the tables already; all others are in memory only."""


@dataclass(frozen=True, slots=True)
class Read:
    """An event of the log, what it says, and whom it names."""

    stored: StoredEvent
    event: AnyEvent
    named: set[str]


def read(stored: StoredEvent) -> Read:
    """The event inside a row of the log."""
    event = decode(stored.type, stored.schema, stored.body)
    return Read(stored, event, facts.ids_named(event))


@dataclass(slots=True)
class Version:
    """How a record stands: its open row, and its document and content, which the row holds as text."""

    row: Row
    document: Document
    content: facts.Content | None = None
    opened: dict[Link, LinkRow] = field(default_factory=dict)
    """The links that were opened since the batch began; to close one is to change its row."""


@dataclass
class Changes:
    """What is to be written to the tables: `new` rows are inserted, `closed` ones updated."""

    new: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in ROWS})
    new_links: list[LinkRow] = field(default_factory=list)
    closed: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})
    embargoes: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    """Per record the rank that sees it and until when; None where an embargo was lifted."""


@dataclass
class Batch:
    """Versions on their way to one shelf."""

    connection: Connection
    shelf: Shelf
    changes: Changes = field(default_factory=Changes)
    written: int = -1
    """The position up to which rows that were made here are in the tables, or on their way there."""
    current: dict[str, Version | None] = field(default_factory=dict)
    dependents: dict[str, set[str]] = field(default_factory=dict)
    words: dict[str, dict[int, Row]] = field(default_factory=dict)
    """Per record its open rows of words by rank."""
    days: dict[str, int | None] = field(default_factory=dict)
    """When sources were published, as long as no source changes."""
    aliases: dict[str, Row] = field(default_factory=dict)
    """Per record the alias that was opened since the batch began."""
    _writing: Future[None] | None = None

    # What is there -------------------------------------------------------------------------------------------------

    def prepare(self, events: Sequence[Read]) -> None:
        """Have at hand what these events lead to, in few statements: all else is looked up one by one."""
        begun = {event.stored.stream for event in events if event.stored.version == 1}
        self.current.update(dict.fromkeys(begun))
        known = {event.stored.stream for event in events} - begun
        self._load(known)
        self._load_words(known)
        self._load(id for event in events for id in event.named if is_leaned_on(id))
        self._find_dependents({event.stored.stream for event in events if is_leaned_on(event.stored.stream)})

    def _load(self, ids: Iterable[str]) -> None:
        table = self.shelf.records
        names = table.c.keys()
        for chunk in _chunks(id for id in ids if id not in self.current and "/" in id):
            self.current.update(dict.fromkeys(chunk))
            found = select(table).where(table.c.id.in_(chunk), table.c.to_position.is_(None))
            for values in self._tables.execute(found):
                row = Stored(zip(names, values, strict=True))
                self.current[row["id"]] = Version(row, orjson.loads(row["doc"]))

    def _load_words(self, ids: Iterable[str]) -> None:
        table = self.shelf.texts
        shown = [column for column in table.c if column is not table.c.n]
        for chunk in _chunks(ids):
            found = select(*shown).where(table.c.id.in_(chunk), table.c.to_position.is_(None))
            for row in self._tables.execute(found).mappings():
                self.words.setdefault(row["id"], {})[row["rank"]] = Stored(row)

    def _find_dependents(self, ids: set[str]) -> None:
        """Whose index rests on these records, by the links in the tables."""
        table = self.shelf.links
        for chunk in _chunks(ids):
            found = select(table.c.value, table.c.id).where(
                table.c.value.in_(chunk), table.c.role.in_(("PLACE", "SOURCE")), table.c.to_position.is_(None)
            )
            for value, id in self._tables.execute(found):
                self.dependents.setdefault(value, set()).add(id)

    def lookup(self, id: str) -> Document | None:
        """The document of a record now."""
        if id not in self.current:
            self._load([id])
        found = self.current.get(id)
        return None if found is None else found.document

    def survivor(self, id: str) -> Document | None:
        """The document, or the one it was merged into. A circle, which older releases let pass, ends where it began."""
        found, passed = self.lookup(id), {id}
        while found is not None and (into := found.get("merged_into")) is not None and into not in passed:
            passed.add(into)
            found = self.lookup(into)
        return found

    def published(self, source: str) -> int | None:
        """The day by which a source, or the one it was merged into, was certainly published, now."""
        if source not in self.days:
            self.days[source] = publication_day(self.survivor(source))
        return self.days[source]

    # What an event makes of it -------------------------------------------------------------------------------------

    def take(self, read: Read) -> None:
        """A new version of the event's record, and of what rests on it."""
        stored, event = read.stored, read.event
        id, position = stored.stream, stored.position
        before = self.lookup(id)
        document = project(before, event, stored, read.named)
        content = event.content if isinstance(event, Recorded) else content_of(document)
        named = read.named if isinstance(event, Recorded) else facts.ids_named(content)
        self._alias(before, document, position)
        self._follow(document, content, sources_of(named), position)
        self._reword(document, content, position)
        if isinstance(event, RecordEmbargoed | EmbargoLifted):
            self.changes.embargoes[id] = None if isinstance(event, EmbargoLifted) else (event.role.rank, event.until_us)
        if is_leaned_on(id):
            resting = sorted(self.dependents.get(id, set()) - {id})
            self._load(resting)
            for each in resting:
                other = self.lookup(each)
                if other is not None and not is_hidden(other):
                    content = self._content(each)
                    sources = sources_of(facts.ids_named(content))
                    self._follow(other, content, sources, position, only_if_different=True)

    def _forget_days(self, changed: str) -> None:
        if changed.startswith("source/"):
            self.days.clear()

    def _content(self, id: str) -> facts.Content:
        version = self.current[id]
        assert version is not None, "only a record that is there is indexed again"
        if version.content is None:
            version.content = content_of(version.document)
        return version.content

    def _follow(
        self,
        document: Document,
        content: facts.Content,
        sources: set[str],
        position: int,
        *,
        only_if_different: bool = False,
    ) -> None:
        """A version of a record from this position on, or only if it is indexed otherwise than before."""
        id = document["id"]
        before = self.current.get(id)
        self._forget_days(id)
        if before is not None:
            # A record may name itself as an ancestor; while it is indexed it is its own new version.
            before.document = document
        written = orjson.dumps(document)
        if OPEN_END in written:
            document = finished(document, sources, self.published)
            written = orjson.dumps(document)
        named = links(document, content, sources, self.survivor)
        row = {"id": id, "from_position": position, "to_position": None}
        row |= columns(document, sources, self.published)
        row["doc"] = written.decode()
        was = {} if before is None else _links(before.row)
        if before is not None and only_if_different and named == list(was) and _same(before.row, row):
            return
        if before is not None:
            self._close("records", before.row, position)
        self.changes.new["records"].append(row)
        self.current[id] = version = Version(row, document, content)
        self._forget_days(id)
        self._relink(before, version, was, named)

    def _relink(self, before: Version | None, version: Version, was: dict[Link, int], named: list[Link]) -> None:
        """Close and open only the links that differ. The row keeps from where each of its links is open."""
        row = version.row
        id, position = row["id"], row["from_position"]
        kept = was.keys() & named if before is not None and _shows_same(before.row, row) else set()
        version.opened = {} if before is None else before.opened
        for link in was:
            if link not in kept:
                self._close_link(version.opened.pop(link, None), link, id, was[link], position)
        kind, es, le, parties = row["kind"], row["es"], row["le"], f"|{row['party_key']}|"
        new = [link for link in named if link not in kept] if kept else named
        made: list[LinkRow] = [
            [value, role, id, position, None, kind, es, le, parties if role == "PARTY" else ""] for role, value in new
        ]
        version.opened.update(zip(new, made, strict=True))
        self.changes.new_links += made
        for role, value in new:
            if role == "PLACE" or role == "SOURCE":
                self.dependents.setdefault(value, set()).add(id)
        since = [(*link, was[link] if link in kept else position) for link in named]
        row["links"] = orjson.dumps(since).decode()

    def _reword(self, document: Document, content: facts.Content, position: int) -> None:
        """Words follow their own record only, so every version of it has its own."""
        id, now = document["id"], dict(texts(document, content))
        held = self.words.setdefault(id, {})
        for rank in (0, 1):
            words, before = now.get(rank), held.get(rank)
            if before is not None and before["words"] == words:
                continue
            if before is not None:
                self._close("texts", held.pop(rank), position)
            if words is not None:
                held[rank] = {"id": id, "rank": rank, "from_position": position, "to_position": None}
                held[rank] |= {"kind": document["kind"], "words": words}
                self.changes.new["texts"].append(held[rank])

    def _alias(self, before: Document | None, document: Document, position: int) -> None:
        id, was, now = document["id"], before and before.get("merged_into"), document.get("merged_into")
        if was == now:
            return
        if was is not None:
            self._close("aliases", self.aliases.pop(id) if id in self.aliases else self._stored_alias(id), position)
        if now is not None:
            self.aliases[id] = {"id": id, "from_position": position, "to_position": None, "survivor": now}
            self.changes.new["aliases"].append(self.aliases[id])

    def _stored_alias(self, id: str) -> Stored:
        table = self.shelf.aliases
        found = select(table).where(table.c.id == id, table.c.to_position.is_(None))
        return Stored(self._tables.execute(found).mappings().one())

    def _close(self, table: str, row: Row, position: int) -> None:
        """A row of this batch is closed in memory, one of the tables by an update."""
        if isinstance(row, Stored) or row["from_position"] <= self.written:
            self.changes.closed[table].append({**row, "to_position": position})
        else:
            row["to_position"] = position

    def _close_link(self, row: LinkRow | None, link: Link, id: str, since: int, position: int) -> None:
        """The same of a link; without a row it is one of the tables."""
        if row is None or since <= self.written:
            role, value = link
            key = {"value": value, "role": role, "id": id, "from_position": since}
            self.changes.closed["links"].append({**key, "to_position": position})
        else:
            row[TO] = position

    # What is written -----------------------------------------------------------------------------------------------

    @property
    def _tables(self) -> Connection:
        """The connection, once nothing is being written over it."""
        self.settle()
        return self.connection

    def write(self) -> None:
        """Everything at once: a statement per table and kind of change."""
        _write(self._tables, self.shelf, self.changes)

    def write_beside(self, thread: Executor, position: int) -> None:
        """What there is up to this position, in a thread, while the next events are taken."""
        self.settle()
        changes, self.changes, self.written = self.changes, Changes(), position
        self._writing = thread.submit(_write, self.connection, self.shelf, changes)

    def settle(self) -> None:
        """Wait for what is being written. Raises what that raised."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()


def _write(connection: Connection, shelf: Shelf, changes: Changes) -> None:
    _write_embargoes(connection, shelf, changes.embargoes)
    for name, closed in changes.closed.items():
        table = getattr(shelf, name)
        keys = [key for key in KEYS if key in table.c]
        where = " AND ".join(f"{key} = ?" for key in keys)
        if closed:
            statement = f"UPDATE {table.name} SET to_position = ? WHERE {where}"
            execute_many(connection, statement, list(map(itemgetter("to_position", *keys), closed)))
    for name, rows in changes.new.items():
        table = getattr(shelf, name)
        columns = [column.name for column in table.c if column.name != "n"]
        insert_rows(connection, table, columns, list(map(itemgetter(*columns), rows)))
    # What lies together in the table and its indexes is written together: pages are touched once.
    insert_rows(connection, shelf.links, shelf.links.c.keys(), sorted(map(tuple, changes.new_links)))


def _write_embargoes(connection: Connection, shelf: Shelf, embargoes: Mapping[str, tuple[int, int] | None]) -> None:
    table = shelf.embargoes
    for chunk in _chunks(embargoes):
        connection.execute(delete(table).where(table.c.id.in_(chunk)))
    rows = [(id, *held) for id, held in embargoes.items() if held is not None]
    insert_rows(connection, table, ["id", "least_rank", "until_us"], rows)


def is_leaned_on(id: str) -> bool:
    """Whether the index of other records depends on this one: places lie within it, dates rest on it."""
    return id.startswith(("place/", "source/"))


def _shows_same(before: Row, row: Row) -> bool:
    """Whether what links show of their record is unchanged; else every link becomes another one."""
    return all(before[name] == row[name] for name in ("es", "le", "party_key"))


def _links(row: Row) -> dict[Link, int]:
    """The open links of a record, each with the position from which it is open."""
    return {(role, value): since for role, value, since in orjson.loads(row["links"])}


def _same(before: Row, row: Row) -> bool:
    """Whether indexing a record again changed nothing but its position."""
    return all(before[name] == value for name, value in row.items() if name not in ("from_position", "to_position"))


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(set(ids))
    return (wanted[at : at + CHUNK] for at in range(0, len(wanted), CHUNK))
