"""The record as of one position of the log. Every question of the API is asked of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from timeline.database import Database
from timeline.read.filters import Bucket, Document, OccurrenceFilter, Page, Slice, TimeFilter
from timeline.values.dates import Bounds

__all__ = ["Bucket", "Document", "OccurrenceFilter", "Page", "Slice", "Snapshot", "TimeFilter", "open_snapshot"]


async def open_snapshot(database: Database, position: int | None = None, recorded_us: int | None = None) -> Snapshot:
    """The record now, or as it was at a position or a time. Raises `Invalid` for a position beyond the head."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The record as of a position: the same question has the same answer for ever."""

    database: Database
    position: int
    recorded_us: int
    shelf: str
    merges: int

    async def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        """The documents under these ids; retracted ones say so, merged ids lead to the survivor. Unknown: left out."""
        raise NotImplementedError

    async def occurrences(self, filter: OccurrenceFilter, page: Page) -> Slice:
        """Occurrences by earliest start, latest end, id; descending by latest end. The undated come last."""
        raise NotImplementedError

    async def count(self, filter: OccurrenceFilter, cap: int = 10_000) -> tuple[int, bool]:
        """How many there are, and whether that is exact; beyond the cap it is (cap, False)."""
        raise NotImplementedError

    async def facets(
        self, filter: OccurrenceFilter, names: Sequence[str], limit: int = 20
    ) -> dict[str, list[tuple[str, int]]]:
        """Per facet (KIND PARTY PLACE LEVEL FORMAT YEAR SOURCE ATTRIBUTION STATUS) the values and their counts."""
        raise NotImplementedError

    async def density(self, filter: OccurrenceFilter, bucket: Bucket) -> list[tuple[str, int, int]]:
        """Per bucket ('2025-07-11', '2025-07', '2025'): how many lie in it certainly, and how many possibly."""
        raise NotImplementedError

    async def entities(
        self,
        kinds: Sequence[str],
        page: Page,
        *,
        text: str | None = None,
        ids: Sequence[str] = (),
        party: str | None = None,
        person: str | None = None,
        post: str | None = None,
        source: str | None = None,
    ) -> Slice:
        """People, places, posts, tenures, sources and the like, by name, then id."""
        raise NotImplementedError

    async def count_entities(
        self,
        kinds: Sequence[str],
        *,
        text: str | None = None,
        ids: Sequence[str] = (),
        party: str | None = None,
        person: str | None = None,
        post: str | None = None,
        source: str | None = None,
        cap: int = 10_000,
    ) -> tuple[int, bool]:
        """How many there are, and whether that is exact."""
        raise NotImplementedError

    async def linked(
        self, role: str, values: Sequence[str], kinds: Sequence[str] = (), limit_each: int = 100
    ) -> dict[str, list[Document]]:
        """Per value the documents that name it in this role, by earliest start, latest end, id. Every value is a key."""
        raise NotImplementedError

    async def search(self, text: str, kinds: Sequence[str] = (), page: Page = Page(first=20)) -> Slice:
        """Records whose names, titles or words begin with every word; then what those found take part in."""
        raise NotImplementedError

    async def count_search(self, text: str, kinds: Sequence[str] = (), cap: int = 10_000) -> tuple[int, bool]:
        """How many records the search finds, and whether that is exact."""
        raise NotImplementedError

    async def holders(self, post: str, on: Bounds) -> list[tuple[Document, str]]:
        """Tenures of the post that share a day with these: (document, CERTAIN or POSSIBLE). Nominees hold nothing."""
        raise NotImplementedError

    async def same_day(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Per meeting the other meetings of the same single day that have a party in common."""
        raise NotImplementedError

    async def history(self, id: str) -> list[Document]:
        """The events of a record, oldest first, with what each one changed."""
        raise NotImplementedError

    async def log(self, after: int, first: int, types: Sequence[str] = ()) -> list[Document]:
        """The raw events behind a position, up to this snapshot."""
        raise NotImplementedError

    async def changes(self, since: int) -> list[Document]:
        """What became of records after a position: {id, kind, change, before, after}."""
        raise NotImplementedError
