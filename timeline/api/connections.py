"""Lists in pages, as Relay's specification has them: edges, cursors, page information, a count."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry import Parent

from timeline.api.context import Doc, Unread, View
from timeline.api.enums import Bucket, Facet
from timeline.api.fields import held, page_size, said
from timeline.api.records import name_of
from timeline.read.cursors import cursor_of
from timeline.read.facets import Counts, Faceted
from timeline.read.filters import OccurrenceFilter, Page, Slice

T = TypeVar("T")


class Listing:
    """A list that was asked for; the page and the count are each read once, when a field needs them."""

    def __init__(
        self,
        view: View,
        page: Callable[[], Awaitable[Slice]],
        count: Callable[[], Awaitable[tuple[int, bool]]],
        facets: Callable[[Sequence[str], int], Awaitable[Faceted]],
        filter: OccurrenceFilter | None = None,
    ) -> None:
        self.view = view
        self.filter = filter
        self._page = page
        self._count = count
        self._facets = facets
        self._faceted: asyncio.Future[Faceted] | None = None
        self._sliced: asyncio.Future[Slice] | None = None
        self._counted: asyncio.Future[tuple[int, bool]] | None = None

    async def slice(self) -> Slice:
        """The page."""
        if self._sliced is None:
            self._sliced = asyncio.ensure_future(self._page())
        return await self._sliced

    async def counted(self) -> tuple[int, bool]:
        """How many there are, and whether that is exact."""
        if self._counted is None:
            self._counted = asyncio.ensure_future(self._count_once())
        return await self._counted

    async def _count_once(self) -> tuple[int, bool]:
        # Facets that are asked for beside the count have begun by now; of a short list they tell its length, too.
        await asyncio.sleep(0)
        length = (await asyncio.shield(self._faceted)).length if self._faceted is not None else None
        return (length, True) if length is not None else await self._count()

    async def facets(self, names: Sequence[str], limit: int) -> dict[str, Counts]:
        """Per facet the values and their counts."""
        asked = asyncio.ensure_future(self._facets(names, limit))
        self._faceted = self._faceted or asked
        return (await asked).values


def listing(view: View, wanted: OccurrenceFilter, page: Page) -> Any:
    """A list of occurrences."""
    snapshot = view.snapshot
    return Listing(
        view,
        lambda: snapshot.occurrences(wanted, page),
        lambda: snapshot.count(wanted),
        lambda names, limit: snapshot.facets(wanted, names, limit),
        wanted,
    )


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = said("Whether more follows.")
    has_previous_page: bool = said("Whether something precedes.")
    start_cursor: str | None = said("The cursor of the first entry.")
    end_cursor: str | None = said("The cursor of the last entry.")


@strawberry.type(description="An entry of a list.")
class Edge(Generic[T]):
    cursor: str = said("Where it stands in the list; it stays valid whatever is recorded later.")
    node: T = held("The record.")


async def _edges(root: Parent[Listing]):  # type: ignore[no-untyped-def]
    page = await root.slice()
    return [
        Doc(root.view, {"cursor": cursor, "node": Unread(root.view, kind, text)})
        for cursor, kind, text in zip(page.cursors, page.kinds, page.texts, strict=True)
    ]


async def _nodes(root: Parent[Listing]):  # type: ignore[no-untyped-def]
    page = await root.slice()
    return [Unread(root.view, kind, text) for kind, text in zip(page.kinds, page.texts, strict=True)]


async def _page_info(root: Parent[Listing]) -> PageInfo:
    page = await root.slice()
    ends = [cursor_of(key) for key in (page.keys[:1] + page.keys[-1:])]
    return root.view.shape(page_info(ends, page.has_previous, page.has_next))


def page_info(cursors: Sequence[str], has_previous: bool, has_next: bool) -> dict[str, Any]:
    """What the schema says of a page with these cursors."""
    ends = (cursors[0], cursors[-1]) if cursors else (None, None)
    flags = {"has_next_page": has_next, "has_previous_page": has_previous}
    return {**flags, "start_cursor": ends[0], "end_cursor": ends[1]}


async def _total_count(root: Parent[Listing]) -> int:
    return (await root.counted())[0]


async def _total_is_exact(root: Parent[Listing]) -> bool:
    return (await root.counted())[1]


@strawberry.type(description="A value and how many have it.")
class FacetValue:
    value: str = said("The value: a code, an id or a word.")
    label: str = said("The value for people.")
    count: int = said("How many of the list have it.")


@strawberry.type(description="The values of a facet, the most frequent first.")
class FacetCounts:
    facet: Facet = said("What was counted by.")
    values: list[FacetValue] = said("Values and counts.")


async def _facets(
    root: Parent[Listing],
    by: Annotated[list[Facet], strawberry.argument(description="What to count by.")],
    limit: Annotated[int, strawberry.argument(description="At most how many values each.")] = 20,
) -> list[FacetCounts]:
    names = list(dict.fromkeys(facet.value for facet in by))
    found = await root.facets(names, page_size(limit, "limit"))
    labels = await _labels(root.view, found)
    return [
        root.view.shape(
            {
                "facet": name,
                "values": [{"value": value, "label": labels.get(value, value), "count": n} for value, n in values],
            }
        )
        for name, values in found.items()
    ]


async def _labels(view: View, found: dict[str, Counts]) -> dict[str, str]:
    """The names of the parties, places and sources among the values."""
    ids = {value for name in ("PARTY", "PLACE", "SOURCE") for value, _ in found.get(name, ())}
    at_hand = {id: known for id in ids if (known := view.at_hand(id)) is not None}
    if missing := ids - at_hand.keys():
        at_hand |= await view.snapshot.documents(sorted(missing))
    return {id: name_of(record) for id, record in at_hand.items()}


@strawberry.type(description="A list in pages.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(resolver=_edges, description="The entries of the page with their cursors.")
    nodes: list[T] = strawberry.field(resolver=_nodes, description="The entries of the page.")
    page_info: PageInfo = strawberry.field(resolver=_page_info, description="Where the page lies in the list.")
    total_count: int = strawberry.field(
        resolver=_total_count, description="How many there are in all; counted to 10,000 and no further."
    )
    total_count_is_exact: bool = strawberry.field(
        resolver=_total_is_exact, description="False when there are more than totalCount says."
    )
    facets: list[FacetCounts] = strawberry.field(
        resolver=_facets,
        description="How often each value occurs in the whole list; what the records of a list do not have is empty.",
    )


@strawberry.type(description="A piece of time and how much lies in it.")
class DensityBucket:
    bucket: str = said("'2025-07-11', '2025-07', '2025' or '2020s'.")
    certain: int = said("How many certainly lie within it.")
    possible: int = said("How many share a day with it or may do so; the certain ones are among them.")


async def _density(
    root: Parent[Listing],
    bucket: Annotated[Bucket, strawberry.argument(description="Into which pieces time is cut.")],
) -> list[DensityBucket]:
    found = await root.view.snapshot.density(root.filter or OccurrenceFilter(), bucket.value)
    return [
        root.view.shape({"bucket": bucket, "certain": certain, "possible": possible})
        for bucket, certain, possible in found
    ]


@strawberry.type(description="A list of occurrences in pages, with what they can be narrowed by.")
class OccurrenceConnection(Connection[T]):
    density: list[DensityBucket] = strawberry.field(
        resolver=_density, description="How the whole list is spread over time. What has no date is left out."
    )
