"""Documents that one process has read and keeps, never older than the snapshot that asks for them.

Only the newest version of a record is kept, and with it the position since which it holds. Whoever opens a snapshot
first lets go of whatever got a newer version up to the head of the log; that is one look into the index of positions
when something was recorded, and nothing when not. So a kept document is exact: it answers a snapshot only if its
version held there and no later one had come by the head.
"""

from __future__ import annotations

from collections import OrderedDict
from weakref import WeakKeyDictionary

from timeline.database import Database
from timeline.read.documents import Document

MOST_CHARACTERS = 6_000_000
"""How much is kept, counted as JSON text; in memory a document takes about seven times as much."""
MOST_CHANGES = 2_000
"""Beyond so many new versions all is let go of."""


class Kept:
    """The newest versions of records as of one position, the least recently used dropped first."""

    def __init__(self, shelf: str = "", live_since_us: int = 0, *, most: int = MOST_CHARACTERS) -> None:
        self.most = most
        self.position = -1
        self.tables = (shelf, live_since_us)
        self._documents: OrderedDict[str, tuple[int, Document, int]] = OrderedDict()
        self._characters = 0

    def find(self, id: str, position: int) -> Document | None:
        """The record as it stood at a position, if that is known here."""
        found = self._documents.get(id)
        if found is None or not found[0] <= position <= self.position:
            return None
        self._documents.move_to_end(id)
        return found[1]

    def keep(self, id: str, since: int, document: Document, size: int, position: int) -> None:
        """Have a document at hand that was read as of a position; not when more was recorded since that reading."""
        if position != self.position or id in self._documents:
            return
        self._documents[id] = (since, document, size)
        self._characters += size
        while self._characters > self.most:
            self._characters -= self._documents.popitem(last=False)[1][2]

    async def advance(self, database: Database, head: int) -> None:
        """Let go of all that is not the newest version at the head of the log."""
        if self.position < 0:
            self.position = head
        while head > self.position:
            was = self.position
            rows = await database.fetch(
                f"SELECT DISTINCT id FROM {self.tables[0]}_records "
                "WHERE from_position > :was AND from_position <= :head LIMIT :most",
                was=was,
                head=head,
                most=MOST_CHANGES,
            )
            if was != self.position:
                continue  # Somebody has advanced meanwhile.
            if len(rows) == MOST_CHANGES:
                self._documents.clear()
                self._characters = 0
            for (id,) in rows:
                dropped = self._documents.pop(id, None)
                self._characters -= dropped[2] if dropped is not None else 0
            self.position = head


_kept: WeakKeyDictionary[Database, Kept] = WeakKeyDictionary()


async def kept_at(database: Database, shelf: str, live_since_us: int, head: int) -> Kept:
    """What this process keeps of these tables, as new as the head of the log."""
    kept = _kept.get(database)
    if kept is None or kept.tables != (shelf, live_since_us):
        # Whoever still reads the tables that were live before goes on with what was kept of those.
        kept = _kept[database] = Kept(shelf, live_since_us)
    await kept.advance(database, head)
    return kept
