"""The only code that writes the read tables: with each append, in batches behind it, or all anew on the other shelf.

The rows do not depend on how events were batched: every event leaves its own versions behind, so a rebuild gives the
same tables and their digests can be compared.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from timeline.database import Database
from timeline.errors import Conflict
from timeline.events.codec import decode
from timeline.log.read import events_after, head
from timeline.log.stored import StoredEvent
from timeline.log.tables import log_head
from timeline.read.documents import Document, content_of, project
from timeline.read.index import columns, finished, is_hidden, links, sources_of, texts
from timeline.read.tables import SHELF, Shelf, other, read_state
from timeline.values.facts import references

BATCH = 2_000
CHUNK = 400
"""How many ids one statement asks for; SQLite bounds the number of parameters."""
READERS_SECONDS = 20.0
"""How long after a swap a request may still read the shelf that was live before: longer than any request may take."""
CLOSE_ENOUGH = 500
"""How far behind the log a rebuild may be when it takes the lock to finish."""
Row = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild read and wrote, and whether the new tables are equal to those they replaced."""

    digest_live: str
    digest_new: str
    equal: bool
    events: int
    records: int


def apply(connection: Connection, events: Sequence[StoredEvent]) -> None:
    """Bring the live tables up to these events, in the transaction that appends them."""
    state = connection.execute(select(read_state.c.shelf, read_state.c.position)).one()
    if not events or state.position >= events[-1].position:
        return
    if state.position + 1 != events[0].position:
        catch_up(connection)
        return
    _advance_state(connection, _fill(connection, SHELF[state.shelf], events), events[-1].position)


def catch_up(connection: Connection) -> int:
    """Bring the live tables up to the log, for what was appended without them. The number of events it took."""
    total = 0
    while taken := _take(connection):
        total += taken
    return total


def bring_up(database: Database) -> int:
    """The same in a transaction for each batch, after a migration that emptied the tables."""
    total = 0
    while True:
        with database.write() as connection:
            taken = _take(connection)
        if not taken:
            break
        total += taken
    if total:
        database.gather_statistics()
    return total


def _take(connection: Connection) -> int:
    """Project one batch of what the live tables lack. How many events it was."""
    state = connection.execute(select(read_state.c.shelf, read_state.c.position).with_for_update()).one()
    events = events_after(connection, state.position, limit=BATCH)
    if events:
        _advance_state(connection, _fill(connection, SHELF[state.shelf], events), events[-1].position)
    return len(events)


def rebuild(database: Database, progress: Progress | None = None) -> RebuildReport:
    """Make the tables anew on the other shelf while the live ones answer, compare, and swap whatever the outcome.

    The log is the truth: where the digests differ, the live tables were wrong or this software reads facts otherwise.
    It waits for requests that may still read what the last rebuild replaced. Raises `Conflict` when another rebuild
    takes over.
    """
    with database.read() as connection:
        since_swap = time.time() - connection.execute(select(read_state.c.swapped_us)).scalar_one() / 1e6
    time.sleep(min(max(READERS_SECONDS - since_swap, 0), READERS_SECONDS))
    token = str(uuid.uuid4())
    with database.write() as connection:
        shelf = SHELF[other(connection.execute(select(read_state.c.shelf)).scalar_one())]
        connection.execute(update(read_state).values(rebuild=token))
        _clear(connection, shelf)
    position, behind, merges = 0, CLOSE_ENOUGH + 1, 0
    while behind > CLOSE_ENOUGH:
        with database.write() as connection:
            _check_ours(connection, token)
            events = events_after(connection, position, limit=BATCH)
            merges = max(merges, _fill(connection, shelf, events))
            position = events[-1].position if events else position
            total = head(connection).position
        behind = total - position
        if progress is not None:
            progress(position, total)
    report = _finish(database, shelf, token, position, merges, progress)
    database.gather_statistics()
    return report


def digest(connection: Connection, shelf: str) -> str:
    """SHA-256 over all rows of a shelf in order, as hexadecimal."""
    seen = hashlib.sha256()
    for table in SHELF[shelf].tables:
        shown = [column for column in table.c if column.name != "n"]
        order = [table.c.id, table.c.rank, table.c.from_position] if "rank" in table.c else list(table.primary_key)
        rows = connection.execute(select(*shown).order_by(*order).execution_options(yield_per=BATCH))
        seen.update(table.name.partition("_")[2].encode())
        for row in rows:
            seen.update(orjson.dumps(list(row)))
    return seen.hexdigest()


def _finish(
    database: Database, shelf: Shelf, token: str, position: int, merges: int, progress: Progress | None
) -> RebuildReport:
    """Under the lock of the log's head nobody appends: catch up, compare, swap."""
    with database.write() as connection:
        connection.execute(select(log_head.c.position).where(log_head.c.id == 1).with_for_update()).one()
        live = connection.execute(select(read_state.c.shelf)).scalar_one()
        _check_ours(connection, token)
        catch_up(connection)
        while events := events_after(connection, position, limit=BATCH):
            merges = max(merges, _fill(connection, shelf, events))
            position = events[-1].position
        was, now = digest(connection, live), digest(connection, shelf.name)
        records = connection.execute(select(func.count()).select_from(shelf.records)).scalar_one()
        values = {"shelf": shelf.name, "position": position, "merges": merges, "rebuild": None}
        values["swapped_us"] = time.time_ns() // 1000
        connection.execute(update(read_state).values(values))
    if progress is not None:
        progress(position, position)
    return RebuildReport(digest_live=was, digest_new=now, equal=was == now, events=position, records=records)


def _check_ours(connection: Connection, token: str) -> None:
    if connection.execute(select(read_state.c.rebuild)).scalar_one() != token:
        raise Conflict("REBUILD_SUPERSEDED", "another rebuild has taken over; let that one finish")


def _clear(connection: Connection, shelf: Shelf) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"INSERT INTO {shelf.name}_words ({shelf.name}_words) VALUES ('delete-all')"))
    for table in shelf.tables:
        connection.execute(delete(table))


def _advance_state(connection: Connection, merges: int, position: int) -> None:
    values = {"position": position} | ({"merges": merges} if merges else {})
    connection.execute(update(read_state).values(values))


def _fill(connection: Connection, shelf: Shelf, events: Sequence[StoredEvent]) -> int:
    """Write what these events make of the shelf. The position of the last merge or unmerge among them, or 0."""
    batch = _Batch(connection, shelf)
    decoded = [decode(stored.type, stored.schema, stored.body) for stored in events]
    batch.load(stored.stream for stored in events)
    batch.load(value for event in decoded for _, value in references(event))
    batch.find_dependents({stored.stream for stored in events if _is_leaned_on(stored.stream)})
    merges = 0
    for stored, event in zip(events, decoded, strict=True):
        batch.take(project(batch.lookup(stored.stream), event, stored), stored.position)
        if stored.type in ("RecordMerged", "RecordUnmerged"):
            merges = stored.position
    batch.write()
    return merges


def _is_leaned_on(id: str) -> bool:
    """Whether the index of other records depends on this one: places lie within it, dates rest on it."""
    return id.startswith(("place/", "source/"))


@dataclass
class _Batch:
    """Versions in memory on their way to the tables."""

    connection: Connection
    shelf: Shelf
    current: dict[str, tuple[Row, Document] | None] = field(default_factory=dict)
    dependents: dict[str, set[str]] = field(default_factory=dict)
    is_new: set[int] = field(default_factory=set)
    rows: dict[str, list[Row]] = field(default_factory=lambda: {"records": [], "links": [], "aliases": [], "texts": []})
    closed: dict[str, list[Row]] = field(
        default_factory=lambda: {"records": [], "links": [], "aliases": [], "texts": []}
    )
    open_links: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    open_texts: dict[tuple[str, int], Row] = field(default_factory=dict)
    open_aliases: dict[str, Row] = field(default_factory=dict)

    def load(self, ids: Iterable[str]) -> None:
        """Have these records at hand."""
        wanted = sorted({id for id in ids if id not in self.current and "/" in id})
        table = self.shelf.records
        for at in range(0, len(wanted), CHUNK):
            chunk = wanted[at : at + CHUNK]
            self.current.update(dict.fromkeys(chunk))
            found = select(table).where(table.c.id.in_(chunk), table.c.to_position.is_(None))
            for row in self.connection.execute(found).mappings():
                self.current[row["id"]] = (dict(row), orjson.loads(row["doc"]))

    def find_dependents(self, ids: set[str]) -> None:
        """Whose index rests on these records, by the links in the tables."""
        wanted, table = sorted(ids), self.shelf.links
        for at in range(0, len(wanted), CHUNK):
            chunk = wanted[at : at + CHUNK]
            found = select(table.c.value, table.c.id).where(
                table.c.value.in_(chunk), table.c.role.in_(("PLACE", "SOURCE")), table.c.to_position.is_(None)
            )
            for value, id in self.connection.execute(found):
                self.dependents.setdefault(value, set()).add(id)

    def lookup(self, id: str) -> Document | None:
        """The document of a record as of the event at hand."""
        if id not in self.current:
            self.load([id])
        found = self.current.get(id)
        return None if found is None else found[1]

    def survivor(self, id: str) -> Document | None:
        """The document, or the one it was merged into."""
        found = self.lookup(id)
        while found is not None and found["merged_into"] is not None:
            found = self.lookup(found["merged_into"])
        return found

    def take(self, document: Document, position: int) -> None:
        """A new version of a record, and of what rests on it."""
        id = document["id"]
        self._alias(id, document, position)
        self._version(document, position, always=True)
        if _is_leaned_on(id):
            resting = sorted(self.dependents.get(id, set()) - {id})
            self.load(resting)
            for each in resting:
                other = self.lookup(each)
                if other is not None and not is_hidden(other):
                    self._version(other, position, always=False)

    def _version(self, document: Document, position: int, *, always: bool) -> None:
        id = document["id"]
        found = self.current.get(id)
        before = found[0] if found else None
        # A record may name itself as an ancestor; while it is indexed it is its own new version.
        if before is not None:
            self.current[id] = (before, document)
        content = content_of(document)
        sources = sources_of(content)
        document = finished(document, sources, self.survivor)
        named = links(document, content, sources, self.survivor)
        row = {
            "id": id,
            "from_position": position,
            "to_position": None,
            **columns(document, sources, self.survivor),
            "doc": orjson.dumps(document).decode(),
            "links": orjson.dumps(named).decode(),
        }
        if before is not None and not always and _same(before, row):
            return
        if before is not None:
            self._close("records", before, {"id": id, "from_position": before["from_position"]}, position)
        self._open("records", row)
        self._relink(before, row, named)
        if always:
            self._reword(row, texts(document, content))
        self.current[id] = (row, document)

    def _relink(self, before: Row | None, row: Row, named: list[tuple[str, str]]) -> None:
        """Close and open only the links that differ. The row keeps from where each of its links is open."""
        shown = {name: row[name] for name in ("kind", "es", "le")}
        was: dict[tuple[str, str], int] = {}
        same_dates = before is not None and all(before[name] == row[name] for name in ("es", "le"))
        if before is not None:
            was = {(role, value): since for role, value, since in orjson.loads(before["links"])}
        kept = {link for link in named if same_dates and link in was}
        position = row["from_position"]
        for (role, value), since in was.items():
            if (role, value) not in kept:
                key = {"value": value, "role": role, "id": row["id"], "from_position": since}
                link = self.open_links.pop((value, role, row["id"]), None)
                self._close("links", link if link is not None else key, key, position)
        for role, value in named:
            if (role, value) not in kept:
                link = {"value": value, "role": role, "id": row["id"], "from_position": position, "to_position": None}
                link.update(shown)
                self._open("links", link)
                self.open_links[(value, role, row["id"])] = link
                if role in ("PLACE", "SOURCE"):
                    self.dependents.setdefault(value, set()).add(row["id"])
        since_when = [(role, value, was[role, value] if (role, value) in kept else position) for role, value in named]
        row["links"] = orjson.dumps(since_when).decode()

    def _reword(self, row: Row, words: list[tuple[int, str]]) -> None:
        """Words follow their own record only, so every version of it has its own."""
        id, position = row["id"], row["from_position"]
        now = dict(words)
        for rank in (0, 1):
            before = self._open_text(id, rank)
            if before is not None and before["words"] == now.get(rank):
                continue
            if before is not None:
                key = {"id": id, "rank": rank, "from_position": before["from_position"]}
                self._close("texts", before, key, position)
                self.open_texts.pop((id, rank), None)
            if rank in now:
                new = {"id": id, "rank": rank, "from_position": position, "to_position": None}
                new |= {"kind": row["kind"], "words": now[rank]}
                self._open("texts", new)
                self.open_texts[(id, rank)] = new

    def _open_text(self, id: str, rank: int) -> Row | None:
        if (id, rank) not in self.open_texts and self.current.get(id) is not None:
            table = self.shelf.texts
            found = select(table).where(table.c.id == id, table.c.to_position.is_(None))
            closing = {(row["id"], row["rank"], row["from_position"]) for row in self.closed["texts"]}
            for row in self.connection.execute(found).mappings():
                if (id, row["rank"], row["from_position"]) not in closing:
                    self.open_texts.setdefault((id, row["rank"]), dict(row))
        return self.open_texts.get((id, rank))

    def _alias(self, id: str, document: Document, position: int) -> None:
        before = self.lookup(id)
        was = before["merged_into"] if before else None
        if was == document["merged_into"]:
            return
        if was is not None:
            self._close_alias(id, position)
        if document["merged_into"] is not None:
            alias = {"id": id, "from_position": position, "to_position": None, "survivor": document["merged_into"]}
            self._open("aliases", alias)
            self.open_aliases[id] = alias

    def _close_alias(self, id: str, position: int) -> None:
        alias = self.open_aliases.pop(id, None)
        if alias is None:
            table = self.shelf.aliases
            found = select(table).where(table.c.id == id, table.c.to_position.is_(None))
            alias = dict(self.connection.execute(found).mappings().one())
        self._close("aliases", alias, {"id": id, "from_position": alias["from_position"]}, position)

    def _open(self, table: str, row: Row) -> None:
        self.rows[table].append(row)
        self.is_new.add(id(row))

    def _close(self, table: str, row: Row, key: Row, position: int) -> None:
        """A row of this batch is closed in memory, one of the tables by an update."""
        if id(row) in self.is_new:
            row["to_position"] = position
        else:
            self.closed[table].append({**key, "until": position})

    def write(self) -> None:
        """Everything at once: a statement per table and kind of change."""
        for name, closed in self.closed.items():
            table = getattr(self.shelf, name)
            keys = [column for column in ("value", "role", "id", "rank", "from_position") if column in table.c]
            if closed:
                where = [table.c[key] == bindparam(f"k_{key}") for key in keys]
                rows = [{f"k_{key}": row[key] for key in keys} | {"until": row["until"]} for row in closed]
                self.connection.execute(update(table).where(*where).values(to_position=bindparam("until")), rows)
        for name, rows in self.rows.items():
            if rows:
                self.connection.execute(insert(getattr(self.shelf, name)), rows)


def _same(before: Row, row: Row) -> bool:
    """Whether indexing a record again changed nothing."""
    ignored = ("from_position", "to_position", "links")
    links_were = [[role, value] for role, value, _ in orjson.loads(before["links"])]
    same = links_were == orjson.loads(row["links"])
    return same and all(before[name] == row[name] for name in row if name not in ignored)
