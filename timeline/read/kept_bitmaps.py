"""The bitmap indexes that a process keeps, and which questions they answer.

An index answers exactly one position of the log, and it moves on with the log: whoever asks at a later one first lets
go of the indexes of all that newer versions are linked to, or were. What none holds is asked of the database: the past,
what an embargo hides, merged values, long lists, and filters beside those of `ONE_OF` and `PARTIES`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import orjson

from timeline.database import Database
from timeline.read.bitmaps import ONE_OF, PARTIES, SEPARATOR, Bitmaps, Selection, built
from timeline.read.conditions import Expand, Query, occurrence_query
from timeline.read.facets import FACETS, SHORT
from timeline.read.filters import OccurrenceFilter
from timeline.read.rarity import MOST, links_of, rarest_first
from timeline.read.search import fold
from timeline.threads import in_thread
from timeline.values.vocabulary import OCCURRENCES

if TYPE_CHECKING:
    from timeline.read.snapshot import Snapshot

ROWS = MOST - 1
"""A longer list has no index: reading it takes longer than what it saves before something changes. So many can be told
from more without reading any."""
BYTES = 40_000_000
"""How much is kept; what was not asked for longest goes first."""
ASKED = 5_000
"""Of so many values it is known that they were asked about once."""
CHANGES = 2_000
"""Beyond so many new versions all is let go of."""
LOADS = 2
"""How many are read at once: each keeps a core of the database busy, and others have questions, too."""
LEADS = {
    "place": "PLACE",
    "source": "SOURCE",
    "about": "ABOUT",
    "related_to": "TARGET",
    "reported_in": "REPORTED_IN",
    "made_at": "MADE_AT",
    "nominee": "NOMINEE",
}
"""Filters by one value, each with the role of the links that lead to its records."""
LISTED = {
    "topics": "TOPIC",
    "voices": "VOICE",
    "addressed_to": "ADDRESSEE",
    "wordings": "WORDING",
    "steps": "STEP",
}
"""Filters by some values of which any one will do: where there is but one, it leads."""
DEFAULTS = {each.name: each.default for each in fields(OccurrenceFilter)}
_values = attrgetter(*DEFAULTS)
NONE = Bitmaps(0, {})
"""Of nothing it tells nothing."""
KINDS = {kind.value for kind in OCCURRENCES}
Key = tuple[str, str]
"""(role, value)"""


async def select(snapshot: Snapshot, filter: OccurrenceFilter, facets: Sequence[str]) -> Selection | None:
    """What the filter asks for, if an index tells that and these facets; None: ask the database."""
    if snapshot.veil is not None or snapshot.position != snapshot.head:
        return None
    asked = {
        name
        for name, value, default in zip(DEFAULTS, _values(filter), DEFAULTS.values(), strict=True)
        if value != default
    }
    if not KINDS.issuperset(filter.kinds) or (key := await _leading(snapshot, filter, asked)) is None:
        return None
    needed = {"KIND", *facets, *(ONE_OF[name] for name in asked if name in ONE_OF)}
    if asked.intersection(PARTIES):
        needed.add("PARTY")
    expand: Expand = (await snapshot.query()).expand if snapshot.merges else list
    if expand([key[1]]) != [key[1]]:
        return None
    is_told_by_links = needed == {"KIND"} and not facets
    index = await _kept_of(snapshot).find(snapshot, key, needed, is_wanted=not is_told_by_links)
    return None if index is None else Selection(index, index.matching(filter, expand))


async def _leading(snapshot: Snapshot, filter: OccurrenceFilter, asked: set[str]) -> Key | None:
    """The value whose links lead to all that the filter asks for."""
    beside = asked.difference(ONE_OF, PARTIES)
    if not beside:
        parties = filter.all_of or (filter.any_of if len(filter.any_of) == 1 else ())
        return ("PARTY", (await _rarest(snapshot, parties))) if parties else None
    name = beside.pop()
    return None if beside else _key(name, getattr(filter, name), filter.kinds)


async def _rarest(snapshot: Snapshot, parties: Sequence[str]) -> str:
    return (await rarest_first(snapshot.database, snapshot.shelf, snapshot.position, "PARTY", parties))[0]


def _key(name: str, asked: Any, kinds: Sequence[str]) -> Key | None:
    """The value and the role by which this field of a filter leads to records."""
    if name in LEADS:
        return LEADS[name], asked
    if name in LISTED and len(asked) == 1:
        return LISTED[name], fold(asked[0]) if name == "topics" else asked[0]
    if name == "people" and len(asked) == len(kinds) == 1:  # They take part in meetings and speak in statements.
        return ("PERSON" if kinds[0] == "meeting" else "VOICE"), asked[0]
    return None


class Kept:
    """The indexes that a process has of one shelf, all as of one position."""

    def __init__(self, tables: tuple[str, int]) -> None:
        self.tables = tables
        self.position = -1
        self._indexes: OrderedDict[Key, Bitmaps | None] = OrderedDict()
        """By what leads; None for a list that is too long."""
        self._asked: set[Key] = set()
        """What was asked for once since it last changed."""
        self._loading: dict[tuple[int, Key], asyncio.Task[Bitmaps | None]] = {}
        """By the position that is asked, too."""
        self._turns = asyncio.Semaphore(LOADS)
        self._bytes = 0

    async def find(self, snapshot: Snapshot, key: Key, needed: set[str], *, is_wanted: bool) -> Bitmaps | None:
        """The index of what the value leads to at the snapshot's position, with these columns.

        It is not wanted where links alone tell: then a long list is not read for it.
        """
        if self.position < snapshot.position:
            await self._advance(snapshot.database, snapshot.position)
        if self.position != snapshot.position:
            return None
        if not self._has(snapshot, key, needed):
            is_first = self._is_first(key)
            # Counting a long list in the database takes as long as reading it.
            is_due = is_wanted if await _is_long(snapshot, key) else not is_first
            return _with_bits(await self._loaded(snapshot, key, needed), needed) if is_due else None
        self._indexes.move_to_end(key)
        return _with_bits(self._indexes[key], needed)

    def _has(self, snapshot: Snapshot, key: Key, needed: set[str]) -> bool:
        """Whether an index of this position is there that tells these columns, or that the list is too long for any."""
        held = self._indexes.get(key, NONE)
        return self.position == snapshot.position and (held is None or held.columns.keys() >= needed)

    def _is_first(self, key: Key) -> bool:
        """Whether it was not asked for since it changed: reading an index takes up to three times as long as counting
        once, which should not come with each change of a list that is asked for now and then."""
        if key in self._indexes or key in self._asked:
            return False
        if len(self._asked) >= ASKED:
            self._asked.clear()
        self._asked.add(key)
        return True

    async def _loaded(self, snapshot: Snapshot, key: Key, needed: set[str]) -> Bitmaps | None:
        """Read once for all who come meanwhile, and to its end even if whoever came first gives up."""
        if self._has(snapshot, key, needed):
            return self._indexes[key]  # It was read while this one asked how long the list is.
        at = (snapshot.position, key)
        while (reading := self._loading.get(at)) is not None and not reading.done():
            if (index := await asyncio.shield(reading)) is None or index.columns.keys() >= needed:
                return index
        reading = self._loading[at] = asyncio.create_task(self._load(snapshot, key, needed))
        reading.add_done_callback(lambda done: self._end(at, done))
        return await asyncio.shield(reading)

    def _end(self, at: tuple[int, Key], done: asyncio.Task[Bitmaps | None]) -> None:
        if self._loading.get(at) is done:
            del self._loading[at]
        if not done.cancelled():
            done.exception()  # Who waits is told; nobody may.

    async def _load(self, snapshot: Snapshot, key: Key, needed: set[str]) -> Bitmaps | None:
        held = self._indexes.get(key)
        async with self._turns:
            index = await _read(snapshot, key, sorted(needed.union(held.columns if held else ())))
        if self.position == snapshot.position:
            self._drop(key)
            self._indexes[key] = index
            self._bytes += _size(index)
            while self._bytes > BYTES:
                self._drop(next(iter(self._indexes)))
        return index

    def _drop(self, key: Key) -> None:
        self._asked.discard(key)
        if key in self._indexes:
            self._bytes -= _size(self._indexes.pop(key))

    async def _advance(self, database: Database, head: int) -> None:
        """Let go of the indexes of all that got a newer version: by what it is linked to now, and was before."""
        while self.position < head:
            was = self.position
            links = await _changed(database, self.tables[0], was, head) if self._indexes else []
            if self.position != was:
                continue  # Somebody has advanced meanwhile.
            if not self._indexes or len(links) >= CHANGES:
                self._indexes.clear()
                self._asked.clear()
                self._bytes = 0
            for role, value, _ in (link for each in links for link in orjson.loads(each)):
                self._drop((role, value))
            self.position = head


_kept: WeakKeyDictionary[Database, Kept] = WeakKeyDictionary()


def _kept_of(snapshot: Snapshot) -> Kept:
    tables = (snapshot.shelf, snapshot.live_since_us)
    kept = _kept.get(snapshot.database)
    if kept is None or kept.tables != tables:
        kept = _kept[snapshot.database] = Kept(tables)
    return kept


def _with_bits(index: Bitmaps | None, needed: set[str]) -> Bitmaps | None:
    return None if index is None or any(index.columns[name] is None for name in needed) else index


def _size(index: Bitmaps | None) -> int:
    return 1_000 if index is None else index.size()


async def _changed(database: Database, shelf: str, was: int, head: int) -> list[str]:
    """The links of all versions of changed records that held somewhere behind one position and up to another."""
    changed = f"SELECT id FROM {shelf}_records WHERE from_position > :was AND from_position <= :head LIMIT {CHANGES}"
    rows = await database.fetch(
        f"SELECT r.links FROM {shelf}_records r WHERE r.id IN ({changed}) "
        "AND r.from_position <= :head AND (r.to_position IS NULL OR r.to_position > :was)",
        was=was,
        head=head,
    )
    return [row[0] for row in rows]


async def _is_long(snapshot: Snapshot, key: Key) -> bool:
    return await links_of(snapshot.database, snapshot.shelf, snapshot.position, *key) > SHORT


async def _read(snapshot: Snapshot, key: Key, names: Sequence[str]) -> Bitmaps | None:
    """Each column comes as one text: a row of the driver for each record took ten times as long, and memory."""
    if await links_of(snapshot.database, snapshot.shelf, snapshot.position, *key) > ROWS:
        return None
    query = await snapshot.query()
    query.drive(*key)
    occurrence_query(query, OccurrenceFilter())
    columns = list(dict.fromkeys(FACETS[name][0] for name in names))
    rows = f"SELECT {', '.join(f'r.{column}' for column in columns)} FROM {_led(query)} LIMIT {query.put(ROWS + 1)}"
    joined = "group_concat" if query.dialect == "sqlite" else "string_agg"
    mark = query.put(SEPARATOR)
    texts = ", ".join(f"{joined}(COALESCE(CAST({column} AS text), ''), {mark})" for column in columns)
    found = await snapshot.rows(query, f"SELECT COUNT(*), {texts} FROM ({rows}) told")
    length, *told = found[0]
    return None if length > ROWS else await in_thread(built, length, dict(zip(columns, told, strict=True)), names)


def _led(query: Query) -> str:
    """All records that the links lead to. In order of their ids PostgreSQL finds them in two thirds of the time."""
    if query.dialect == "sqlite":
        return f"{query.records} WHERE {query.condition}"
    ids = f"ARRAY(SELECT d.id FROM {query.links})"
    return f"{query.shelf}_records r WHERE r.id = ANY({ids}) AND {query.valid('r')}"
