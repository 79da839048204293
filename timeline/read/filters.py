"""What a reader may ask for: which occurrences, which page, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import orjson

from timeline.errors import Invalid
from timeline.read.cursors import cursor_of
from timeline.read.documents import Document
from timeline.values.dates import Bounds

TimeRelation = Literal["during", "overlaps", "before", "after"]
Wanted = Literal["POSSIBLE", "CERTAIN"]
DEFAULT_FIRST = 50
Bucket = Literal["DAY", "MONTH", "YEAR", "DECADE"]


@dataclass(frozen=True, slots=True)
class TimeFilter:
    """How an occurrence stands to a span of days. What has no date matches no such filter."""

    relation: TimeRelation
    bounds: Bounds
    certainty: Wanted = "POSSIBLE"


@dataclass(frozen=True, slots=True)
class OccurrenceFilter:
    """Which occurrences: every field that is set must hold. Ids of merged records stand for the survivor.

    `people` all take part or speak; of `voices`, `formats` and the like any one will do. `place` is the id of a place
    or the code of a country and includes what lies within. `published_before` is a day number.
    """

    kinds: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    exactly: tuple[str, ...] | None = None
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    stand_ins_for: tuple[str, ...] = ()
    has_stand_in: bool | None = None
    place: str | None = None
    levels: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    source: str | None = None
    attributions: tuple[str, ...] = ()
    wordings: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    addressed_to: tuple[str, ...] = ()
    about: str | None = None
    related_to: str | None = None
    reported_in: str | None = None
    made_at: str | None = None
    nominee: str | None = None
    post: str | None = None
    steps: tuple[str, ...] = ()
    figure_unit: str | None = None
    text: str | None = None
    times: tuple[TimeFilter, ...] = ()
    published_before: int | None = None


@dataclass(frozen=True, slots=True)
class EntityFilter:
    """Which people, places, posts, tenures, sources and the like: every field that is set must hold."""

    kinds: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    text: str | None = None
    party: str | None = None
    person: str | None = None
    post: str | None = None
    source: str | None = None
    accredited_to: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a list: the `first` ones after a cursor or the `last` ones before one, 50 when neither is given."""

    first: int | None = None
    last: int | None = None
    after: str | None = None
    before: str | None = None
    descending: bool = False
    is_closed: bool = False
    """Whether what stands at the cursors themselves is asked for, too."""


def size_of(page: Page) -> int:
    """How many rows the page holds. Raises `Invalid` when both directions, or a negative number, are asked."""
    if page.first is not None and page.last is not None:
        raise Invalid("PAGE_INVALID", "ask for the first ones or the last ones, not both", ("last",))
    size = page.first if page.first is not None else page.last
    if size is not None and size < 0:
        raise Invalid("PAGE_INVALID", "a page has no fewer than 0 entries", ("first",))
    return DEFAULT_FIRST if size is None else size


@dataclass
class Slice:
    """One page in order, and whether there is more."""

    rows: Sequence[Sequence[Any]]
    """As they were read: the sort key, the columns that were asked for, the kind, the document's text."""
    width: int
    """How many columns the sort key has."""
    shows: Callable[[str], str]
    """The text of a document as whoever asks may see it."""
    has_next: bool
    has_previous: bool

    @cached_property
    def keys(self) -> list[list[Any]]:
        """The sort key of each."""
        return [list(row[: self.width]) for row in self.rows]

    @cached_property
    def kinds(self) -> list[str]:
        """What each is."""
        return [row[-2] for row in self.rows]

    @cached_property
    def texts(self) -> list[str]:
        """The text of each one's document."""
        return [self.shows(row[-1]) for row in self.rows]

    @property
    def shown(self) -> list[Sequence[Any]]:
        """The columns of each that were asked for beside it."""
        return [row[self.width : -2] for row in self.rows]

    @cached_property
    def documents(self) -> list[Document]:
        """The documents."""
        return [orjson.loads(text) for text in self.texts]

    @cached_property
    def cursors(self) -> list[str]:
        """A cursor for each."""
        return [cursor_of(key) for key in self.keys]
