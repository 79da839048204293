"""How many meetings of a series stand up to one, kept by a process for as long as nothing before it changes.

To count them at every page took longer the further one had read. So what a page counted is kept: the next page goes on
from there, and a page elsewhere counts from the nearest number that is known. A cursor need tell nothing but its place.

Numbers hold from one position of the log to another. Whoever comes with a later one first looks which meetings of these
parties got new versions in between, and lets go of the numbers from the first of them on. Merges and erasures change
numbers of the past, too; they are in the key, as is what whoever asks may not see.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from timeline.database import Database
from timeline.read.conditions import occurrence_query, party_keys
from timeline.read.figures import Figures
from timeline.read.filters import OccurrenceFilter
from timeline.read.snapshot import Snapshot
from timeline.values.dates import INFINITY

SERIES_KEPT = 200
"""Of how many series numbers are kept."""
MARKS = 100
"""How many numbers are kept of a series. Of more every other one is let go of."""
MOST_EVENTS = 2_000
"""After so many events nothing is looked through for changes; the series is counted anew."""
Key = tuple[int, int, str]
"""Where a meeting stands: earliest start, latest end, id."""
START: Key = (-INFINITY - 1, 0, "")
"""Before all meetings."""
END: Key = (INFINITY + 1, 0, "")
"""Behind all meetings."""


@dataclass(slots=True)
class Numbering:
    """What is known of one series as it stood from one position of the log to another."""

    since: int
    until: int
    keys: list[Key] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """Per key how many stand up to it."""
    figures: Figures | None = None

    def mark(self, key: Key, number: int) -> None:
        """Keep how many stand up to a key."""
        at = bisect_left(self.keys, key)
        if self.keys[at : at + 1] == [key]:
            return
        self.keys.insert(at, key)
        self.numbers.insert(at, number)
        if len(self.keys) > MARKS:
            del self.keys[::2], self.numbers[::2]

    def before(self, key: Key, position: int) -> Numbering:
        """What stays known at a later position, when nothing before a key has changed."""
        at = bisect_left(self.keys, key)
        return Numbering(position, position, self.keys[:at], self.numbers[:at])

    async def up_to(self, snapshot: Snapshot, filter: OccurrenceFilter, key: Key) -> int:
        """How many meetings of the series stand up to a key, one that stands there among them."""
        at = bisect_right(self.keys, key)
        known, number = (self.keys[at - 1], self.numbers[at - 1]) if at else (None, 0)
        if known != key:
            number += await _between(snapshot, filter, known, key)
            self.mark(key, number)
        return number


_kept: WeakKeyDictionary[Database, OrderedDict[tuple[Any, ...], Numbering]] = WeakKeyDictionary()


async def numbering(snapshot: Snapshot, filter: OccurrenceFilter) -> Numbering:
    """What is known of this series as of the snapshot; to be filled by whoever finds out more."""
    at = snapshot.position
    if filter.text is not None or filter.exactly is None:
        return Numbering(at, at)  # Words are those of others, too: the series may change without its meetings.
    kept = _kept.setdefault(snapshot.database, OrderedDict())
    veil = None if snapshot.veil is None else snapshot.veil.digest
    past = at if at < snapshot.head else None
    key = (snapshot.shelf, snapshot.live_since_us, snapshot.merges, veil, past, filter)
    found = kept.get(key)
    if found is None:
        found = kept[key] = Numbering(at, at)
    if at > found.until:
        first = await _first_changed(snapshot, filter, found.until)
        if first is None:
            found.until = max(found.until, at)
        else:
            found = kept[key] = found.before(first, at)
    if at < found.since:
        return Numbering(at, at)  # Somebody else has gone on.
    if key in kept:
        kept.move_to_end(key)
    if len(kept) > SERIES_KEPT:
        kept.popitem(last=False)
    return found


def forget(database: Database) -> None:
    """Let go of all that is kept of a database: what is asked next is counted anew."""
    _kept.pop(database, None)


async def _first_changed(snapshot: Snapshot, filter: OccurrenceFilter, since: int) -> Key | None:
    """The first place at which a record of these parties stands, or stood, that got a new version since then."""
    if snapshot.position - since > MOST_EVENTS:
        return START
    query = await snapshot.query()
    of_these = query.among("r.party_key", party_keys(query, filter.exactly or ()))
    table = f"{query.shelf}_records"
    rows = await snapshot.rows(
        query,
        # SQLite takes the tables of a CROSS JOIN in the order in which they stand: first the few that are new.
        f"SELECT r.es, r.le, r.id FROM {table} c CROSS JOIN {table} r WHERE c.from_position > {query.put(since)} "
        f"AND c.from_position <= :at AND r.id = c.id AND {of_these} ORDER BY r.es, r.le, r.id LIMIT 1",
    )
    return (rows[0][0], rows[0][1], rows[0][2]) if rows else None


async def _between(snapshot: Snapshot, filter: OccurrenceFilter, after: Key | None, up_to: Key) -> int:
    query = occurrence_query(await snapshot.query(), filter)
    query.from_series()
    for key, how in ((after, ">"), (up_to, "<=")):
        if key is not None and key != END:
            query.where.append(f"(r.es, r.le, r.id) {how} ({', '.join(query.put(part) for part in key)})")
    rows = await snapshot.rows(query, f"SELECT COUNT(*) FROM {query.records} WHERE {query.condition}")
    number: int = rows[0][0]
    return number
