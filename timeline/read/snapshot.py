"""The record as of one position of the log. Every question of the API is asked of a snapshot.

A snapshot needs no transaction: rows say from which position to which they held, so what is recorded meanwhile
changes no answer. A rebuild fills the other shelf, and clears this one no sooner than `READERS_SECONDS` after the swap.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from timeline.database import Database
from timeline.errors import Invalid
from timeline.log.read import events_after, stream_events
from timeline.log.stored import StoredEvent
from timeline.read import kept_bitmaps
from timeline.read.conditions import Query, entity_query, occurrence_query
from timeline.read.cursors import key_of
from timeline.read.density import spread
from timeline.read.documents import Document, dates_of
from timeline.read.facets import BELONGING, COLUMNS, Faceted, check, faceted, facets
from timeline.read.filters import Bucket, EntityFilter, OccurrenceFilter, Page, Slice, size_of
from timeline.read.history import entries, raw
from timeline.read.index import is_hidden
from timeline.read.kept import Kept, Newest, kept_at
from timeline.read.merged import expander, survivor_of, way_of
from timeline.read.paging import counted
from timeline.read.paging import page as page_of
from timeline.read.rarity import rarest_first
from timeline.read.rows import Version, chunks, state_at, state_now, versions_of
from timeline.read.veil import Veil, seen, veil_of
from timeline.threads import in_thread
from timeline.values.dates import INFINITY, Bounds, day_number
from timeline.values.relations import Certainty, overlaps
from timeline.values.vocabulary import OCCURRENCES

COUNTED = 10_000
"""A list is counted so far and no further."""
EARLY = 200
"""How many rows a page of a list is taken to look for."""
MAX_HOLDERS = 1000
"""How many tenures of one post are looked at; the longest list known, two centuries of envoys, has about a hundred."""
OCCURRENCE_KINDS = {kind.value for kind in OCCURRENCES}
ALIASES = 64
"""For how many states of a database it is kept who was merged into whom."""
_aliases: WeakKeyDictionary[Database, OrderedDict[tuple[str, int], dict[str, str]]] = WeakKeyDictionary()


async def open_snapshot(
    database: Database,
    position: int | None = None,
    recorded_us: int | None = None,
    *,
    rank: int = 0,
    now_us: int | None = None,
) -> Snapshot:
    """The record now, or as it was at a position or a time, for a viewer of this rank.

    Raises `Invalid` for a position beyond the head.
    """
    if position is None and recorded_us is None:
        shelf, head, merges, since_us, embargoed_us, found, us = await state_now(database)
    else:
        shelf, head, merges, since_us, embargoed_us, found, us = await state_at(database, position, recorded_us)
    if not 0 <= found <= head:
        message = f"the log ends at position {head}; ask for one from 0 to {head}"
        raise Invalid("POSITION_INVALID", message, ("position",))
    kept = await kept_at(database, shelf, since_us, head)
    now_us = time.time_ns() // 1000 if now_us is None else now_us
    veil = await veil_of(database, shelf, (head, since_us), rank, now_us) if embargoed_us > now_us else None
    return Snapshot(database, found, us, shelf, merges, since_us, kept, veil, head)


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: its key's columns and types; all columns go the same way."""

    up: tuple[str, ...]
    down: tuple[str, ...]
    types: tuple[type, ...]


BY_DATE = Order(("es", "le", "id"), ("le", "es", "id"), (int, int, str))
BY_NAME = Order(("name", "id"), ("name", "id"), (str, str))
BY_RANK = Order(("rank", "id"), ("rank", "id"), (int, str))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The record as of a position: the same question has the same answer for ever."""

    database: Database
    position: int
    recorded_us: int
    shelf: str
    merges: int
    live_since_us: int = 0
    """When the tables that it reads became the live ones."""
    kept: Kept = field(default_factory=Kept, compare=False, repr=False)
    """What this process has at hand of the record."""
    veil: Veil | None = None
    """What does not exist for whoever asks."""
    head: int = 0
    """Where the log ended when it was opened."""

    def is_early(self, rows: int) -> bool:
        """Whether reading all that was recorded by then takes less than walking a list past what was recorded since.

        Looking for so many rows walks past some `head / position` for each of them.
        """
        return self.position < self.head and self.position**2 < rows * self.head

    async def at(self, position: int | None = None, recorded_us: int | None = None) -> Snapshot:
        """The record at another position or time, for the same viewer: rights are judged once for a request."""
        return replace(await open_snapshot(self.database, position, recorded_us), veil=self.veil)

    def at_hand(self, id: str) -> Document | None:
        """The record under an id, or its survivor, if this process has it; None tells nothing."""
        aliases: dict[str, str] | None = {}
        if self.merges:
            aliases = _aliases.get(self.database, OrderedDict()).get((self.shelf, min(self.merges, self.position)))
        if aliases is None or (self.veil is not None and self._hides(id, aliases)):
            return None
        found = self.kept.find(survivor_of(id, aliases), self.position)
        return found if self.veil is None or found is None else self.veil.document(found)

    def newest(self) -> Newest | None:
        """What this process has at hand by id, if nothing was recorded since this snapshot; no merged ids are in it."""
        return self.kept.newest(self.position) if self.veil is None else None

    async def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        """The documents under these ids; retracted ones say so, merged ids lead to the survivor. Unknown: left out."""
        leads = await self._leads(ids)
        found = await self._loaded(sorted(set(leads.values())))
        return {id: found[survivor] for id, survivor in leads.items() if survivor in found}

    async def texts(self, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The same, each as its kind and its text."""
        leads = await self._leads(ids)
        found = await self._texts(sorted(set(leads.values())))
        return {
            id: (survivor.partition("/")[0], self.shown(found[survivor]))
            for id, survivor in leads.items()
            if survivor in found
        }

    async def _leads(self, ids: Sequence[str]) -> dict[str, str]:
        """Where each of these ids leads to, without those that are hidden."""
        aliases = await self._merged()
        if not aliases and self.veil is None:
            return dict(zip(ids, ids, strict=True))
        return {id: survivor_of(id, aliases) for id in ids if not self._hides(id, aliases)}

    def _hides(self, id: str, aliases: dict[str, str]) -> bool:
        """Whether nothing is under this id: it, or what it leads to, is hidden."""
        return self.veil is not None and not self.veil.hidden.isdisjoint(way_of(id, aliases))

    async def occurrences(self, filter: OccurrenceFilter, page: Page, shown: Sequence[str] = ()) -> Slice:
        """Occurrences by earliest start, latest end, id; descending by latest end. The undated come last.

        `shown` are columns that each row tells beside its document.
        """
        query = await self.asked(filter)
        return await self._page(query, query.records, BY_DATE, page, shown)

    async def count(self, filter: OccurrenceFilter, cap: int = COUNTED) -> tuple[int, bool]:
        """How many there are, and whether that is exact; beyond the cap it is (cap, False)."""
        if (selected := await kept_bitmaps.select(self, filter, ())) is not None:
            return min(selected.length(), cap), selected.length() <= cap
        # Days in a filter have an index that leads to few rows.
        query = await self.asked(filter, EARLY if filter.times else cap, counting=True)
        query.count_series(filter)
        return await self._count(query, query.records, cap)

    async def facets(self, filter: OccurrenceFilter, names: Sequence[str], limit: int = 20) -> Faceted:
        """Per facet of `timeline.read.facets` the values and their counts, the most frequent first."""
        check(names)
        if (selected := await kept_bitmaps.select(self, filter, names)) is not None:
            length = selected.length()
            return await faceted(self, names, map(selected.counts, names), limit, length if length <= COUNTED else None)
        query = await self.asked(filter, counting=True)
        return await facets(self, query, query.records, names, limit)

    async def density(self, filter: OccurrenceFilter, bucket: Bucket) -> list[tuple[str, int, int]]:
        """Per bucket ('2025-07-11', '2025-07', '2025'): how many lie in it certainly, and how many possibly.

        Possibly counts what may share a day with the bucket, so certain ones too. What has no start or no end counts
        from the first to the last bucket in which anything else lies.
        """
        query = await self.asked(filter, counting=True)
        query.where.append(f"r.es < {query.put(INFINITY)}")
        rows = await self.rows(
            query,
            f"SELECT r.es, r.le, r.uncertain, COUNT(*) FROM {query.records} WHERE {query.condition} "
            "GROUP BY r.es, r.le, r.uncertain ORDER BY r.es, r.le",
        )
        return spread([(row[0], row[1], bool(row[2]), row[3]) for row in rows], bucket)

    async def entities(self, asked: EntityFilter, page: Page) -> Slice:
        """People, places, posts, tenures, sources and the like, by name, then id."""
        query = entity_query(await self.query(), asked)
        return await self._page(query, query.records, BY_NAME, page)

    async def count_entities(self, asked: EntityFilter, cap: int = COUNTED) -> tuple[int, bool]:
        """How many there are, and whether that is exact."""
        query = entity_query(await self.query(), asked)
        return await self._count(query, query.records, cap)

    async def facets_of_entities(self, asked: EntityFilter, names: Sequence[str], limit: int = 20) -> Faceted:
        """The same facets of people, places and the like; what they belong to is their party."""
        query = entity_query(await self.query(), asked)
        return await facets(self, query, query.records, names, limit, BELONGING)

    async def linked(
        self, role: str, values: Sequence[str], kinds: Sequence[str] = (), limit_each: int = 100
    ) -> dict[str, list[Document]]:
        """Per value the documents that name it in this role, by start, end, id. Every value is a key."""
        found = await self.linked_texts(role, values, kinds, limit_each)
        return {value: [self.read(text) for _, text in texts] for value, texts in found.items()}

    async def linked_texts(
        self, role: str, values: Sequence[str], kinds: Sequence[str] = (), limit_each: int = 100
    ) -> dict[str, list[tuple[str, str]]]:
        """The same, each as its kind and its text."""
        # Asked for under a merged id and under its survivor, both have what names any of them.
        leads = await self._leads(values)
        found: dict[str, dict[str, tuple[str, str]]] = {survivor: {} for survivor in leads.values()}
        for chunk in chunks(list(found)):
            query = await self.query()
            asked = {each: survivor for survivor in chunk for each in query.expand([survivor])}
            known = f"l.role = {query.put(role)} AND {query.among('l.value', list(asked))} AND {query.valid('l')}"
            if kinds:
                known += f" AND {query.among('l.kind', kinds)}"
            rows = await self.database.fetch_by_key(
                "SELECT k.value, r.id, r.kind, r.doc FROM (SELECT l.value, l.id, l.es, l.le, ROW_NUMBER() OVER "
                f"(PARTITION BY l.value ORDER BY l.es, l.le, l.id) AS place FROM {self.shelf}_links l WHERE {known}) k "
                f"JOIN {self.shelf}_records r ON r.id = k.id AND {query.valid('r')} "
                f"WHERE k.place <= {query.put(limit_each)} ORDER BY k.es, k.le, k.id",
                **query.parameters,
            )
            for value, id, kind, doc in rows:
                into = found[asked[value]]
                if len(into) < limit_each and id not in into:
                    into[id] = (kind, self.shown(doc))
        return {value: list(found[leads[value]].values()) if value in leads else [] for value in values}

    async def search(self, text: str, kinds: Sequence[str] = (), page: Page = Page(first=20)) -> Slice:
        """Records whose names, titles or words begin with every word; then what those found take part in."""
        query, table = self._found(await self.query(), text, kinds)
        return await self._page(query, table, BY_RANK, page)

    async def count_search(self, text: str, kinds: Sequence[str] = (), cap: int = COUNTED) -> tuple[int, bool]:
        """How many records the search finds, and whether that is exact."""
        query, table = self._found(await self.query(), text, kinds)
        return await self._count(query, table, cap)

    async def facets_of_search(self, text: str, kinds: Sequence[str], names: Sequence[str], limit: int = 20) -> Faceted:
        """The same facets of what the search finds."""
        query, table = self._found(await self.query(), text, kinds)
        return await facets(self, query, table, names, limit, BELONGING)

    async def holders(self, post: str, on: Bounds) -> list[tuple[Document, str]]:
        """Tenures of the post that share a day with these: (document, CERTAIN or POSSIBLE).

        Nominees hold nothing, nor do those designated.
        """
        found = (await self.linked("POST", [post], ["tenure"], MAX_HOLDERS))[post]
        judged = [(tenure, overlaps(held, on)) for tenure in found if (held := dates_of(tenure["when"])) is not None]
        return [
            (tenure, certainty.value)
            for tenure, certainty in judged
            if certainty is not Certainty.IMPOSSIBLE and tenure["holding"] != "DESIGNATE"
        ]

    async def same_day(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Per meeting the other meetings of the same single day that have a party in common."""
        asked = await self.documents(ids)
        days = {id: _single_day(document) for id, document in asked.items() if document["kind"] == "meeting"}
        found: dict[str, list[str]] = {id: [] for id in days}
        for chunk in chunks(sorted({day for day in days.values() if day is not None})):
            query = await self.query()
            query.where += ["r.kind = 'meeting'", "NOT r.hidden", "r.le = r.es", query.valid("r")]
            query.where.append(query.among("r.es", chunk))
            rows = await self.rows(
                query,
                f"SELECT r.id, r.es, r.party_key FROM {self.shelf}_records r WHERE {query.condition} ORDER BY r.id",
            )
            for id, day in days.items():
                # As any record may name them: merged ones under each id that was theirs.
                parties = set(query.expand(sorted(await self.seen(asked[id]["party_set"]))))
                found[id] += [
                    other
                    for other, on, key in rows
                    if on == day and other != asked[id]["id"] and parties & set(key.split("|"))
                ]
        return found

    async def history(self, id: str) -> list[Document]:
        """The events of a record, oldest first, with what each one changed."""

        def read() -> list[Document]:
            with self.database.read() as connection:
                past = stream_events(connection, id)
            shown = entries(stored for stored in past if stored.position <= self.position)
            return shown if self.veil is None else [self.veil.entry(each) for each in shown]

        return await in_thread(read)

    async def log(self, after: int, first: int, types: Sequence[str] = ()) -> list[Document]:
        """The raw events behind a position, up to this snapshot."""

        def read() -> list[Document]:
            wanted: list[StoredEvent] = []
            position, more = after, True
            with self.database.read() as connection:
                while more and len(wanted) < first:
                    found = events_after(connection, position, limit=first, types=list(types) or None)
                    wanted += [event for event in seen(self.veil, found) if event.position <= self.position]
                    more = len(found) == first and found[-1].position < self.position
                    position = found[-1].position if found else position
            return [raw(stored) for stored in wanted[:first]]

        return await in_thread(read)

    async def changes(self, since: int) -> list[Document]:
        """What became of records after a position: {id, kind, change, before, after}, in order of the ids."""
        query = await self.query()
        rows = await self.rows(
            query,
            f"SELECT DISTINCT r.id FROM {self.shelf}_records r "
            f"WHERE r.from_position > {query.put(since)} AND r.from_position <= :at AND {query.seen('r.id')} "
            "ORDER BY r.id",
        )
        ids = [row[0] for row in rows]
        earlier = replace(self, position=since, recorded_us=0)
        was, now = await earlier._loaded(ids), await self._loaded(ids)
        changed = [
            {"id": id, "kind": now[id]["kind"], "change": _change(was.get(id), now[id])}
            | {"before": was.get(id), "after": now[id]}
            for id in ids
        ]
        return [each for each in changed if each["change"] is not None]

    async def seen(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids that are not hidden."""
        if self.veil is None:
            return set(ids)
        aliases = await self._merged()
        return {id for id in ids if not self._hides(id, aliases)}

    async def survivors(self, ids: Sequence[str]) -> list[str]:
        """The ids under which these records are found now, merged ones by their survivor."""
        aliases = await self._merged()
        return [survivor_of(id, aliases) for id in ids] if aliases else list(ids)

    async def merged_ids(self, *prefixes: str) -> list[str]:
        """The ids with one of these prefixes that lead to another record."""
        return [id for id in await self._merged() if id.startswith(prefixes)]

    def shown(self, doc: str) -> str:
        """The text of a document from its row, as whoever asks may see it."""
        return doc if self.veil is None else self.veil.text(doc)

    def read(self, doc: str) -> Document:
        """A document from its row."""
        document: Document = orjson.loads(doc)
        return document if self.veil is None else self.veil.document(document)

    # Below: one query each ------------------------------------------------------------------------------------------

    async def _merged(self) -> dict[str, str]:
        """Merged id to the record it was merged into, which may itself be merged."""
        if self.merges == 0:
            return {}
        # Since the last merge nothing changed; before it each position may differ from the next.
        version = (f"{self.shelf}{self.live_since_us}", min(self.merges, self.position))
        kept = _aliases.setdefault(self.database, OrderedDict())
        if version not in kept:
            query = Query(self.shelf, self.database.dialect, list, parameters={"at": self.position})
            table = f"{self.shelf}_aliases a"
            rows = await self.rows(
                query, f"SELECT a.id, a.survivor FROM {table} WHERE {query.valid('a')} ORDER BY a.id"
            )
            kept[version] = {row[0]: row[1] for row in rows}
            if len(kept) > ALIASES:
                kept.popitem(last=False)
        return kept[version]

    async def asked(self, filter: OccurrenceFilter, rows: int = EARLY, *, counting: bool = False) -> Query:
        """A query of this snapshot that asks for these occurrences."""
        query = await self.query(rows)
        query.counting = counting
        if len(filter.all_of) > 1:
            first = await rarest_first(self.database, self.shelf, self.position, "PARTY", filter.all_of)
            filter = replace(filter, all_of=tuple(first))
        return occurrence_query(query, filter)

    async def query(self, rows: int = EARLY) -> Query:
        """A query of this snapshot that asks nothing yet and will look for so many rows."""
        aliases = await self._merged()
        veil = None if self.veil is None else self.veil.over(id for id in aliases if self._hides(id, aliases))
        expand = expander(aliases, veil.hidden if veil is not None else frozenset())
        parameters, early = {"at": self.position}, self.is_early(rows)
        return Query(self.shelf, self.database.dialect, expand, parameters=parameters, veil=veil, early=early)

    async def rows(self, query: Query, sql: str) -> Sequence[Sequence[Any]]:
        """The rows of a statement with the query's parameters."""
        return await self.database.fetch(sql, **query.parameters)

    async def _loaded(self, ids: Sequence[str]) -> dict[str, Document]:
        found = {id: kept for id in ids if (kept := self.kept.find(id, self.position)) is not None}
        for id, (doc, since) in (await self._versions([id for id in ids if id not in found])).items():
            found[id] = orjson.loads(doc)
            self.kept.keep(id, since, found[id], len(doc), self.position)
        # What is kept is kept for all.
        return found if self.veil is None else {id: self.veil.document(each) for id, each in found.items()}

    async def _texts(self, ids: Sequence[str]) -> dict[str, str]:
        found = {id: kept for id in ids if (kept := self.kept.text(id, self.position)) is not None}
        for id, (doc, since) in (await self._versions([id for id in ids if id not in found])).items():
            found[id] = doc
            self.kept.keep_text(id, since, doc, self.position)
        return found

    async def _versions(self, ids: Sequence[str]) -> dict[str, Version]:
        at = (self.shelf, self.live_since_us, self.position)
        return await versions_of(self.database, at, ids, is_head=self.position == self.head) if ids else {}

    async def _page(self, query: Query, table: str, order: Order, page: Page, shown: Sequence[str] = ()) -> Slice:
        """Keyset pages: the rows behind one key and before another, one more than asked to see if there is more."""
        size = size_of(page)
        backward = page.last is not None
        columns = order.down if page.descending else order.up
        names = [f"{query.dated}.{column}" if order is BY_DATE else f"r.{column}" for column in columns]
        key = f"({', '.join(names)})"
        for name, cursor, beyond in (
            ("after", page.after, not page.descending),
            ("before", page.before, page.descending),
        ):
            if cursor is not None:
                values = [query.put(part) for part in key_of(cursor, order.types, name)]
                than = f"{'>' if beyond else '<'}{'=' if page.is_closed else ''}"
                query.keyed.append(f"{key} {than} ({', '.join(values)})")
        way = " DESC" if page.descending != backward else ""
        fetch = self.database.fetch_by_key if query.is_planned_once else self.database.fetch
        rows = await fetch(page_of(query, table, names, [*shown, "kind", "doc"], way, size + 1), **query.parameters)
        more, kept = len(rows) > size, list(rows[:size])
        if backward:
            kept.reverse()
        return Slice(
            kept,
            len(names),
            self.shown,
            has_next=page.before is not None if backward else more,
            has_previous=more if backward else page.after is not None,
        )

    async def _count(self, query: Query, table: str, cap: int) -> tuple[int, bool]:
        limit = query.put(cap + 1)
        rows = await self.rows(query, f"SELECT COUNT(*) FROM ({counted(query, table)} LIMIT {limit}) counted")
        return min(rows[0][0], cap), rows[0][0] <= cap

    def _found(self, query: Query, text: str, kinds: Sequence[str]) -> tuple[Query, str]:
        """Each record that the search finds once, with its best rank."""
        kept = f" AND {query.among('r.kind', kinds)}" if kinds else ""
        columns = ", ".join(f"r.{column}" for column in ("id", "doc", *COLUMNS))
        found = (
            f"(SELECT h.rank, {columns} FROM (SELECT id, MIN(rank) AS rank FROM ({query.hits(text)}) hits "
            f"GROUP BY id) h JOIN {self.shelf}_records r ON r.id = h.id "
            f"WHERE {query.valid('r')} AND NOT r.hidden{kept}) r"
        )
        return query, found


def _single_day(meeting: Document) -> int | None:
    when = meeting.get("when") or {}
    day = when.get("earliest")
    return None if day is None or day != when.get("latest") else day_number(day)


def _change(was: Document | None, now: Document) -> str | None:
    """What became of a record; None when only its index changed."""
    if was is not None and was["version"] == now["version"]:
        return None
    if is_hidden(now) and (was is None or not is_hidden(was)):
        return "WITHDRAWN"
    if was is None:
        return "ADDED"
    return "MOVED" if now["kind"] in OCCURRENCE_KINDS and _dates(was) != _dates(now) else "CHANGED"


def _dates(document: Document) -> list[str | None]:
    """When it happened, without how that is known."""
    return [(document.get("when") or {}).get(name) for name in ("edtf", "contains")]
