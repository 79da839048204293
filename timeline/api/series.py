"""Series: all meetings of one set of parties in order, and all sets of parties that met, in figures."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any

import strawberry
from strawberry import Parent

from timeline.api.connections import PageInfo, page_info
from timeline.api.context import Doc, Unread, View
from timeline.api.entities import Party
from timeline.api.enums import described
from timeline.api.fields import First, derived, held, many, one, page_size, said, told
from timeline.api.gaps import DayCount, Gap, shown_days, shown_gap
from timeline.api.inputs import After, Before, MeetingFilter, PageFirst, PageLast, read_filter, read_page
from timeline.api.occurrences import Meeting
from timeline.errors import Invalid
from timeline.read import series
from timeline.read.cursors import cursor_of
from timeline.read.entries import Place, entries
from timeline.read.figures import Figures
from timeline.read.filters import OccurrenceFilter as ReadFilter
from timeline.read.filters import Page
from timeline.read.numbering import Key
from timeline.values.dates import iso_day
from timeline.values.relations import Certainty
from timeline.values.vocabulary import Format, Kind, Level

Root = Parent[View]


@described
class SeriesOrder(StrEnum):
    """How the sets of parties that met are sorted."""

    COUNT = "COUNT"
    """Those that met most often first."""
    LAST = "LAST"
    """Those that met most recently first."""
    SILENT_LONGEST = "SILENT_LONGEST"
    """Those whose last meeting is the longest ago first."""
    LONGEST_SILENCE = "LONGEST_SILENCE"
    """Those with the longest time between two meetings first."""
    FIRST = "FIRST"
    """Those that began to meet earliest first."""


@strawberry.type(description="A meeting in its series.")
class SeriesEntry:
    cursor: str = derived(lambda data: cursor_of(data["key"]), "Where it stands in the series.", "key")
    ordinal: int = said("Its number in the series, from 1. On one day numbers follow the ids and claim no order.")
    meeting: Meeting = held("The meeting.")
    previous: Meeting | None = held("The meeting before it in the series.")
    next: Meeting | None = held("The meeting after it in the series.")
    since_previous: Gap | None = said("The time since the meeting before; null for the first and without dates.")
    unordered_with_previous: bool = said("Whether the dates leave open which of the two came first.")


class SeriesQuery:
    """A series that was asked for."""

    def __init__(self, view: View, filter: ReadFilter, page: Page) -> None:
        self.view = view
        self.filter = filter
        self.page = page


async def _entries(root: Parent[SeriesQuery]) -> SeriesPage:
    found = await entries(root.view.snapshot, root.filter, root.page)
    view = root.view
    meetings: dict[Key, Doc] = {}

    def meeting(place: Place | None) -> Doc | None:
        """The same one for the entry and for its neighbours: it is read once."""
        if place is None:
            return None
        if place.key not in meetings:
            meetings[place.key] = Unread(view, "meeting", place.text)
        return meetings[place.key]

    shown = [
        {
            "key": each.place.key,
            "ordinal": each.ordinal,
            "meeting": meeting(each.place),
            "previous": meeting(each.previous),
            "next": meeting(each.next),
            "since_previous": shown_gap(each.since_previous),
            "unordered_with_previous": each.since_previous is not None
            and each.since_previous.same_day is not Certainty.IMPOSSIBLE,
        }
        for each in found.entries
    ]
    cursors = [cursor_of(each.place.key) for each in (*found.entries[:1], *found.entries[-1:])]
    return view.shape({"entries": shown, "page_info": page_info(cursors, found.has_previous, found.has_next)})


async def _series_figures(root: Parent[SeriesQuery]) -> SeriesFigures:
    return root.view.shape(_shown_figures(await series.figures(root.view.snapshot, root.filter)))


def _shown_figures(found: Figures) -> dict[str, Any]:
    """Figures as the schema shows them; meetings stay ids."""
    begin, end = found.longest_between or (None, None)
    return {
        "count": found.count,
        "dated": found.dated,
        "first": found.first,
        "last": found.last,
        "span": shown_days(found.span),
        "median_gap_days": found.median_gap,
        "longest_silence": shown_gap(found.longest),
        "longest_silence_from": begin,
        "longest_silence_to": end,
    }


@strawberry.type(description="A page of a series.")
class SeriesPage:
    entries: list[SeriesEntry] = said("The meetings, by earliest start, then latest end, then id.")
    page_info: PageInfo = said("Where the page lies in the series.")


@strawberry.type(description="A series in figures.")
class SeriesFigures:
    count: int = said("How many meetings.")
    dated: int = said("How many of them have a date.")
    first: Meeting | None = one("first", "The first.")
    last: Meeting | None = one("last", "The last.")
    span: DayCount | None = said("The days from the start of the first to the end of the last; 0 on one day.")
    median_gap_days: float | None = said("The median of the least days between neighbours.")
    longest_silence: Gap | None = said(
        "The longest time in which certainly none of them was going on, from the end of one to the start of the next."
    )
    longest_silence_from: Meeting | None = one("longest_silence_from", "The meeting that ends before it.")
    longest_silence_to: Meeting | None = one("longest_silence_to", "The meeting that begins after it.")


@strawberry.type(description="All meetings of exactly these parties, in order.")
class Series:
    page: SeriesPage = strawberry.field(resolver=_entries, description="The meetings asked for.")
    figures: SeriesFigures = strawberry.field(
        resolver=_series_figures, description="Count, first, last, gaps: of the whole series."
    )


@strawberry.input(description="The parties of a series.")
class SeriesParties:
    exactly: list[strawberry.ID] = strawberry.field(description="These parties and no other.")


def ask_series(
    root: Root,
    parties: Annotated[SeriesParties, strawberry.argument(description="Whose meetings.")],
    level: Annotated[Level | None, strawberry.argument(description="Only those declared at this level.")] = None,
    kind: Annotated[Kind | None, strawberry.argument(description="Of what: there are series of meetings only.")] = None,
    format: Annotated[
        Format | None, strawberry.argument(description="Only those of this format, as declared or else by the parties.")
    ] = None,
    filter: Annotated[
        MeetingFilter | None, strawberry.argument(description="Which of them beside that: place, time, topics ...")
    ] = None,
    first: PageFirst = None,
    after: After = None,
    last: PageLast = None,
    before: Before = None,
) -> Series:
    if kind is not None and kind is not Kind.MEETING:
        message = f"there are series of meetings, and none of kind {kind.name}; ask for a timeline or for sequences"
        raise Invalid("SERIES_INVALID", message, ("kind",))
    wanted = read_filter(filter)
    wanted = replace(
        wanted, levels=_both("level", level, wanted.levels), formats=_both("format", format, wanted.formats)
    )
    page = read_page(first, after, last, before)
    return SeriesQuery(root, series.exact_set(parties.exactly, wanted), page)  # type: ignore[return-value]


def _both(name: str, one: Level | Format | None, several: tuple[str, ...]) -> tuple[str, ...]:
    """What an argument and a list of the filter ask for together. Raises `Invalid` when that is nothing."""
    if one is None:
        return several
    if several and one.value not in several:
        message = f"{one.name} is none of the filter's {name}s; leave one of the two out"
        raise Invalid("SERIES_INVALID", message, (name,))
    return (one.value,)


class SetFigures:
    """The figures of all sets of a page, read together once a field needs them."""

    def __init__(self, view: View, filter: ReadFilter, keys: list[str]) -> None:
        self._view = view
        self._filter = filter
        self._keys = keys
        self._found: asyncio.Future[dict[str, Figures]] | None = None

    async def of(self, key: str) -> Doc:
        """The figures of one set."""
        if self._found is None:
            self._found = asyncio.ensure_future(series.figures_of(self._view.snapshot, self._filter, self._keys))
        return Doc(self._view, _shown_figures((await self._found)[key]))


@strawberry.type(description="A set of parties that met, in figures.")
class SeriesSummary:
    cursor: str = said("Where it stands in the list.")
    parties: list[Party] = many("parties", "The parties.")
    count: int = said("How many meetings.")
    first: str | None = said("The first day on which one can have begun, 'YYYY-MM-DD'.")
    last: str | None = said("The last day on which one can have ended, 'YYYY-MM-DD'.")
    figures: SeriesFigures = told(lambda root: root.data["all"].of(root.data["key"]), "All figures of the series.")


@strawberry.type(description="Sets of parties that met.")
class SeriesSummaries:
    nodes: list[SeriesSummary] = said("The sets of the page.")
    page_info: PageInfo = said("Where the page lies in the list.")


async def ask_all_series(
    root: Root,
    filter: Annotated[MeetingFilter | None, strawberry.argument(description="Which meetings count.")] = None,
    party_count: Annotated[int | None, strawberry.argument(description="Only sets of so many parties.")] = None,
    min_count: Annotated[int, strawberry.argument(description="Only sets that met as often.")] = 1,
    order_by: Annotated[SeriesOrder, strawberry.argument(description="How they are sorted.")] = SeriesOrder.COUNT,
    first: First = 50,
    after: After = None,
) -> SeriesSummaries:
    wanted = read_filter(filter)
    rows, more = await series.all_series(
        root.snapshot,
        wanted,
        party_count=party_count,
        min_count=min_count,
        order=order_by.value,
        first=page_size(first),
        after=after,
    )
    together = SetFigures(root, wanted, [row.key for row in rows])
    nodes = [
        {
            "cursor": row.cursor,
            "parties": row.key.split("|"),
            "count": row.count,
            "first": None if row.first is None else iso_day(row.first),
            "last": None if row.last is None else iso_day(row.last),
            "key": row.key,
            "all": together,
        }
        for row in rows
    ]
    return root.shape({"nodes": nodes, "page_info": page_info([row.cursor for row in rows], after is not None, more)})
