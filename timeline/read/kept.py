"""Documents that one process has read and keeps, never older than the snapshot that asks for them.

Only the newest version of a record is kept, and with it the position since which it holds. Whoever opens a snapshot
first lets go of whatever got a newer version up to the head of the log; that is one look into the index of positions
when something was recorded, and nothing when not. So a kept document is exact: it answers a snapshot only if its
version held there and no later one had come by the head.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from timeline.database import Database
from timeline.read.documents import Document

MOST_CHARACTERS = 6_000_000
"""How much is kept, counted as JSON text; in memory a document takes about seven times as much."""
MOST_CHANGES = 2_000
"""Beyond so many new versions all is let go of."""

MOST_MADE = 10_000
MOST_MAKERS = 200
"""Of more than this all is let go of that was made of documents."""
COUNTED_EACH = 8
"""After so many readings what was made is counted: one adds no more than its own answer refers to."""
Newest = tuple[Callable[[str | None], Document | None], dict[Any, dict[str | None, Any]]]


class Kept:
    """The newest versions of records as of one position, in two generations: what is not used for long is dropped.

    What is found in the older generation moves to the newer one. When that holds half of what may be kept, it becomes
    the older one. So a find costs no bookkeeping.
    """

    def __init__(self, shelf: str = "", live_since_us: int = 0, *, most: int = MOST_CHARACTERS) -> None:
        self.most = most
        self.position = -1
        self.tables = (shelf, live_since_us)
        self._since: dict[str, tuple[int, int]] = {}
        """Since which position what is kept holds, and its size."""
        self._new: dict[str | None, Document] = {}
        self._old: dict[str | None, Document] = {}
        self._characters = 0
        """How much is in the newer generation."""
        self._made: dict[Any, dict[str | None, Any]] = {}
        self._asked = 0

    def find(self, id: str, position: int) -> Document | None:
        """The record as it stood at a position, if that is known here."""
        since, size = self._since.get(id, (-1, 0))
        if not 0 <= since <= position <= self.position:
            return None
        found = self._new.get(id)
        if found is None:
            found = self._old.pop(id)
            self._put(id, found, size)
        return found

    def newest(self, position: int) -> Newest | None:
        """How to find what was used lately, without any check, until somebody else may run; None behind the head.

        Beside it a place for what is made of these documents and nothing else: by maker and id, it goes with them.
        """
        if position != self.position:
            return None
        self._asked += 1
        is_due = self._asked % COUNTED_EACH == 0
        if len(self._made) > MOST_MAKERS or (is_due and sum(map(len, self._made.values())) > MOST_MADE):
            self._made.clear()
        return self._new.get, self._made

    def keep(self, id: str, since: int, document: Document, size: int, position: int) -> None:
        """Have a document at hand that was read as of a position; not when more was recorded since that reading.

        One that was merged into another is not kept: whoever asks for it means the other.
        """
        if position != self.position or id in self._since or document.get("merged_into") is not None:
            return
        self._since[id] = (since, size)
        self._put(id, document, size)

    def _put(self, id: str, document: Document, size: int) -> None:
        self._new[id] = document
        self._characters += size
        if self._characters > self.most // 2:
            for dropped in self._old:
                del self._since[str(dropped)]
            self._old, self._new, self._characters = self._new, {}, 0
            self._made.clear()

    def _drop(self, id: str) -> None:
        _, size = self._since.pop(id, (0, 0))
        if self._new.pop(id, None) is not None:
            self._characters -= size
        self._old.pop(id, None)
        for made in self._made.values():
            made.pop(id, None)

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
                self._since, self._new, self._old, self._characters = {}, {}, {}, 0
                self._made.clear()
            for (id,) in rows:
                self._drop(id)
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
