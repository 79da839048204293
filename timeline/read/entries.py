"""Pages of a series: its meetings in order with their numbers, their neighbours, and how long passed between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, NamedTuple

from timeline.read.cursors import cursor_of, key_of
from timeline.read.filters import OccurrenceFilter, Page, size_of
from timeline.read.numbering import END, Key, Numbering, numbering
from timeline.read.snapshot import Snapshot
from timeline.values.dates import INFINITY, Bounds
from timeline.values.gaps import Gap, gap

BOUNDS = ("es", "ls", "ee", "le", "uncertain")
KEY = attrgetter("key")


class Place(NamedTuple):
    """A meeting where it stands, with the text of its document; without bounds when it has no date."""

    key: Key
    text: str
    bounds: Bounds | None


class Entry(NamedTuple):
    """A meeting in its series, and its neighbours. `ordinal` counts from 1; the undated come last."""

    place: Place
    ordinal: int
    previous: Place | None
    next: Place | None
    since_previous: Gap | None


@dataclass(frozen=True, slots=True)
class Entries:
    """A page of a series."""

    entries: list[Entry]
    has_next: bool
    has_previous: bool


async def entries(snapshot: Snapshot, filter: OccurrenceFilter, page: Page) -> Entries:
    """A page of the series with its neighbours. These stand at the cursors, so mostly one query has them all."""
    size = size_of(page)
    known = await numbering(snapshot, filter)
    first, last = (size + 2, None) if page.last is None else (None, size + 2)
    places = await _places(snapshot, filter, replace(page, first=first, last=last, is_closed=True))
    begin, end = _inside(places, page, size)
    # What a cursor was given for may be gone since.
    before = places[begin - 1 : begin] if begin else await _before(snapshot, filter, page, places[:end])
    after = places[end : end + 1] if end < len(places) else await _after(snapshot, filter, page, places[begin:])
    shown = places[begin:end]
    number = await _number(known, snapshot, filter, page, shown, after)
    if shown:
        known.mark(shown[0].key, number)
        known.mark(shown[-1].key, number + len(shown) - 1)
    return Entries(_entries(before, shown, after, number), has_next=bool(after), has_previous=bool(before))


def _entries(before: list[Place], shown: list[Place], after: list[Place], first: int) -> list[Entry]:
    nothing: list[Place | None] = [None]
    earlier = [*(before or nothing), *shown]
    later = [*shown[1:], *(after or nothing)]
    return [
        Entry(place, number, was, following, None if was is None else _gap(was.bounds, place.bounds))
        for number, (was, place, following) in enumerate(zip(earlier, shown, later, strict=False), start=first)
    ]


def _inside(places: Sequence[Place], page: Page, size: int) -> tuple[int, int]:
    """From where to where the page goes in what was read."""
    begin = 0 if page.after is None else bisect_right(places, _key(page.after, "after"), key=KEY)
    end = len(places) if page.before is None else bisect_left(places, _key(page.before, "before"), key=KEY)
    end = max(begin, end)
    return (begin, min(end, begin + size)) if page.last is None else (max(begin, end - size), end)


async def _number(
    known: Numbering,
    snapshot: Snapshot,
    filter: OccurrenceFilter,
    page: Page,
    shown: Sequence[Place],
    after: Sequence[Place],
) -> int:
    """The ordinal of the first one shown, from what stands up to the cursor."""
    if page.last is None:
        return 1 if page.after is None else 1 + await known.up_to(snapshot, filter, _key(page.after, "after"))
    key = END if page.before is None else _key(page.before, "before")
    number = await known.up_to(snapshot, filter, key)
    is_there = bool(after) and after[0].key == key
    return number - is_there - len(shown) + 1


async def _before(snapshot: Snapshot, filter: OccurrenceFilter, page: Page, shown: Sequence[Place]) -> list[Place]:
    """The one before the page, when what was read begins with the page."""
    if page.after is None:
        return []
    cursor = cursor_of(shown[0].key) if shown else page.after
    return await _places(snapshot, filter, Page(last=1, before=cursor))


async def _after(snapshot: Snapshot, filter: OccurrenceFilter, page: Page, shown: Sequence[Place]) -> list[Place]:
    """The one after the page, when what was read ends with the page."""
    if page.before is None:
        return []
    cursor = cursor_of(shown[-1].key) if shown else page.before
    return await _places(snapshot, filter, Page(first=1, after=cursor))


async def _places(snapshot: Snapshot, filter: OccurrenceFilter, page: Page) -> list[Place]:
    # Dates are read from columns, not from documents.
    found = await snapshot.occurrences(filter, page, BOUNDS)
    rows = zip(found.keys, found.texts, found.shown, strict=True)
    return [Place((key[0], key[1], key[2]), text, _bounds(shown)) for key, text, shown in rows]


def _key(cursor: str, name: str) -> Key:
    es, le, id = key_of(cursor, (int, int, str), name)
    return es, le, id


def _bounds(row: Sequence[Any]) -> Bounds | None:
    """The four bounds in a row's columns; None when the meeting has no date."""
    es, ls, ee, le, uncertain = row
    return None if es >= INFINITY else Bounds(es, ls, ee, le, bool(uncertain))


def _gap(a: Bounds | None, b: Bounds | None) -> Gap | None:
    """The gap between two meetings; None when one has no date."""
    return None if a is None or b is None else gap(a, b)
