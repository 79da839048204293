"""Documents that one process has read and keeps, never older than the snapshot that asks for them.

Those that others refer to are kept read, for many look at them; those that were asked for by themselves as text, of
which each answer reads what it selects. Only the newest version of a record is kept, and with it the position since
which it holds. Whoever opens a snapshot first lets go of whatever got a newer version up to the head of the log; that
is one look into the index of positions when something was recorded, and nothing when not. So what is kept is exact: it
answers a snapshot only if its version held there and no later one had come by the head.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from timeline.database import Database
from timeline.read.documents import Document

MOST_READ = 6_000_000
"""How much is kept of documents that are read, counted as JSON text; in memory they take about seven times as much."""
MOST_TEXT = 20_000_000
"""How much is kept of the text of documents, in characters."""
MOST_CHANGES = 2_000
"""Beyond so many new versions all is let go of."""

MOST_MADE = 10_000
MOST_MAKERS = 200
"""Of more than this all is let go of that was made of documents."""
COUNTED_EACH = 8
"""After so many readings what was made is counted: one adds no more than its own answer refers to."""
T = TypeVar("T")
Newest = tuple[Callable[[str | None], Document | None], dict[Any, dict[str | None, Any]]]


class Generations(Generic[T]):
    """Newest versions of records in two generations: what is not used for long is dropped.

    What is found in the older generation moves to the newer one. When that holds half of what may be kept, it becomes
    the older one. So a find costs no bookkeeping.
    """

    def __init__(self, most: int, turned: Callable[[], object] = lambda: None) -> None:
        self.most = most
        self.new: dict[str | None, T] = {}
        """What was used lately."""
        self._old: dict[str | None, T] = {}
        self._since: dict[str, tuple[int, int]] = {}
        """Since which position what is kept holds, and its size."""
        self._characters = 0
        """How much is in the newer generation."""
        self._turned = turned
        """Called when the older generation was dropped."""

    def find(self, id: str, position: int) -> T | None:
        """The record, if the version that is kept held at a position."""
        since, size = self._since.get(id, (-1, 0))
        if not 0 <= since <= position:
            return None
        found = self.new.get(id)
        if found is None:
            found = self._old.pop(id)
            self._put(id, found, size)
        return found

    def keep(self, id: str, since: int, version: T, size: int) -> None:
        """Have a version at hand, unless one is."""
        if id not in self._since:
            self._since[id] = (since, size)
            self._put(id, version, size)

    def _put(self, id: str, version: T, size: int) -> None:
        self.new[id] = version
        self._characters += size
        if self._characters > self.most // 2:
            for dropped in self._old:
                del self._since[str(dropped)]
            self._old, self.new, self._characters = self.new, {}, 0
            self._turned()

    def drop(self, id: str) -> None:
        """Let go of a record."""
        _, size = self._since.pop(id, (0, 0))
        if self.new.pop(id, None) is not None:
            self._characters -= size
        self._old.pop(id, None)

    def clear(self) -> None:
        """Let go of all."""
        self._since, self.new, self._old, self._characters = {}, {}, {}, 0


class Kept:
    """The newest versions of records as of one position."""

    def __init__(self, shelf: str = "", live_since_us: int = 0, *, most: int = MOST_READ) -> None:
        self.position = -1
        self.tables = (shelf, live_since_us)
        self._made: dict[Any, dict[str | None, Any]] = {}
        self._read: Generations[Document] = Generations(most, self._made.clear)
        self._texts: Generations[str] = Generations(MOST_TEXT)
        self._asked = 0

    def find(self, id: str, position: int) -> Document | None:
        """The record as it stood at a position, if it is kept read."""
        return self._read.find(id, position) if position <= self.position else None

    def text(self, id: str, position: int) -> str | None:
        """The text of its document there, if that is kept."""
        return self._texts.find(id, position) if position <= self.position else None

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
        return self._read.new.get, self._made

    def keep(self, id: str, since: int, document: Document, size: int, position: int) -> None:
        """Have a document at hand that was read as of a position; not when more was recorded since that reading.

        One that was merged into another is not kept: whoever asks for it means the other.
        """
        if position == self.position and document.get("merged_into") is None:
            self._read.keep(id, since, document, size)

    def keep_text(self, id: str, since: int, text: str, position: int) -> None:
        """The same of a text."""
        if position == self.position:
            self._texts.keep(id, since, text, len(text))

    def _drop(self, id: str) -> None:
        self._read.drop(id)
        self._texts.drop(id)
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
                self._read.clear()
                self._texts.clear()
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
