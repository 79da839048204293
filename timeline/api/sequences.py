"""Questions over time: series of one set of parties, patterns of steps, who was where, claims of being the first."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

import strawberry
from strawberry import Parent

from timeline.api.connections import OccurrenceConnection, PageInfo, listing, page_info
from timeline.api.context import View
from timeline.api.entities import Party, Tenure
from timeline.api.enums import WantedCertainty, described
from timeline.api.fields import First, many, one, page_size, said
from timeline.api.gaps import Gap, shown_gap, since_previous
from timeline.api.inputs import (
    After,
    MeetingFilter,
    OccurrenceFilter,
    PageFirst,
    given,
    read_filter,
    read_page,
)
from timeline.api.occurrences import Meeting, Nomination, Occurrence
from timeline.errors import Invalid
from timeline.read import sequences, series
from timeline.read.documents import dates_of
from timeline.read.filters import OccurrenceFilter as ReadFilter
from timeline.read.filters import Page
from timeline.values.dates import iso_day
from timeline.values.relations import Certainty

Root = Parent[View]
Within = Annotated[str | None, strawberry.argument(description="At most this long between steps that do not say.")]
UNITS = {"D": 1, "W": 7, "M": 31, "Y": 366}


@described
class Shared(StrEnum):
    """What the occurrences of a sequence must have in common."""

    PARTIES = "PARTIES"
    """At least one party takes part in all."""
    PEOPLE = "PEOPLE"
    """At least one person takes part or speaks in all."""
    PLACE = "PLACE"
    """All are at the same place."""


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


@described
class Presence(StrEnum):
    """How a person was there."""

    PRESENT = "PRESENT"
    """The person took part."""
    ABSENT = "ABSENT"
    """Somebody stood in for the person."""


# Series -------------------------------------------------------------------------------------------------------------


@strawberry.type(description="A meeting in its series.")
class SeriesEntry:
    cursor: str = said("Where it stands in the series.")
    ordinal: int = said("Its number in the series, from 1. On one day numbers follow the ids and claim no order.")
    meeting: Meeting = said("The meeting.")
    previous: Meeting | None = said("The meeting before it in the series.")
    next: Meeting | None = said("The meeting after it in the series.")
    since_previous: Gap | None = said("The time since the meeting before; null for the first and without dates.")
    unordered_with_previous: bool = said("Whether the dates leave open which of the two came first.")


class SeriesQuery:
    """A series that was asked for."""

    def __init__(self, view: View, filter: ReadFilter, page: Page) -> None:
        self.view = view
        self.filter = filter
        self.page = page


async def _entries(root: Parent[SeriesQuery]) -> SeriesPage:
    found = await series.entries(root.view.snapshot, root.filter, root.page)
    shape = root.view.shape
    entries = [
        {
            "cursor": each.cursor,
            "ordinal": each.ordinal,
            "meeting": each.document,
            "previous": each.previous,
            "next": each.next,
            "since_previous": shown_gap(each.since_previous),
            "unordered_with_previous": each.since_previous is not None
            and each.since_previous.same_day is not Certainty.IMPOSSIBLE,
        }
        for each in found.entries
    ]
    cursors = [each.cursor for each in found.entries]
    return shape({"entries": entries, "page_info": page_info(cursors, found.has_previous, found.has_next)})


async def _series_figures(root: Parent[SeriesQuery]) -> SeriesFigures:
    found = await series.figures(root.view.snapshot, root.filter)
    ids = [found.first, found.last, *(found.longest_between or (None, None))]
    documents = await root.view.snapshot.documents([id for id in ids if id is not None])
    first, last, begin, end = (None if id is None else documents[id] for id in ids)
    return root.view.shape(
        {
            "count": found.count,
            "dated": found.dated,
            "first": first,
            "last": last,
            "median_gap_days": found.median_gap,
            "longest_silence": shown_gap(found.longest),
            "longest_silence_from": begin,
            "longest_silence_to": end,
        }
    )


@strawberry.type(description="A page of a series.")
class SeriesPage:
    entries: list[SeriesEntry] = said("The meetings, by earliest start, then latest end, then id.")
    page_info: PageInfo = said("Where the page lies in the series.")


@strawberry.type(description="A series in figures.")
class SeriesFigures:
    count: int = said("How many meetings.")
    dated: int = said("How many of them have a date.")
    first: Meeting | None = said("The first.")
    last: Meeting | None = said("The last.")
    median_gap_days: float | None = said("The median of the least days between neighbours.")
    longest_silence: Gap | None = said("The longest time between neighbours, by the least days.")
    longest_silence_from: Meeting | None = said("The meeting before it.")
    longest_silence_to: Meeting | None = said("The meeting after it.")


@strawberry.type(description="All meetings of exactly these parties, in order.")
class Series:
    page: SeriesPage = strawberry.field(resolver=_entries, description="The meetings asked for.")
    figures: SeriesFigures = strawberry.field(
        resolver=_series_figures, description="Count, first, last, gaps: of the whole series."
    )


@strawberry.input(description="The parties of a series.")
class SeriesParties:
    exactly: list[strawberry.ID] = strawberry.field(description="These parties and no other.")


def _series(
    root: Root,
    parties: Annotated[SeriesParties, strawberry.argument(description="Whose meetings.")],
    filter: Annotated[MeetingFilter | None, strawberry.argument(description="Which of them: level, format ...")] = None,
    first: PageFirst = None,
    after: After = None,
) -> Series:
    wanted = series.exact_set(parties.exactly, read_filter(filter))
    return SeriesQuery(root, wanted, read_page(first, after))  # type: ignore[return-value]


@strawberry.type(description="A set of parties that met, in figures.")
class SeriesSummary:
    parties: list[Party] = many("parties", "The parties.")
    count: int = said("How many meetings.")
    first: str | None = said("The first day on which one can have begun, 'YYYY-MM-DD'.")
    last: str | None = said("The last day on which one can have ended, 'YYYY-MM-DD'.")
    longest_silence_days: int | None = said("The least days of the longest time between two neighbours.")


@strawberry.type(description="Sets of parties that met.")
class SeriesSummaries:
    nodes: list[SeriesSummary] = said("The sets of the page.")
    has_next_page: bool = said("Whether more follow.")


async def _all_series(
    root: Root,
    filter: Annotated[MeetingFilter | None, strawberry.argument(description="Which meetings count.")] = None,
    party_count: Annotated[int | None, strawberry.argument(description="Only sets of so many parties.")] = None,
    min_count: Annotated[int, strawberry.argument(description="Only sets that met as often.")] = 1,
    order_by: Annotated[SeriesOrder, strawberry.argument(description="How they are sorted.")] = SeriesOrder.COUNT,
    first: First = 50,
    offset: Annotated[int, strawberry.argument(description="How many to pass over.")] = 0,
) -> SeriesSummaries:
    rows, more = await series.all_series(
        root.snapshot,
        read_filter(filter),
        party_count=party_count,
        min_count=min_count,
        order=order_by.value,
        first=page_size(first),
        offset=max(offset, 0),
    )
    nodes = [
        {
            "parties": row.parties,
            "count": row.count,
            "first": None if row.first is None else iso_day(row.first),
            "last": None if row.last is None else iso_day(row.last),
            "longest_silence_days": row.longest_silence,
        }
        for row in rows
    ]
    return root.shape({"nodes": nodes, "has_next_page": more})


# Sequences ----------------------------------------------------------------------------------------------------------


@strawberry.input(description="One step of a pattern: which occurrences, and how long after the step before.")
class SequenceStep:
    filter: OccurrenceFilter = strawberry.field(description="Which occurrences.")
    within: str | None = given("At most this long after the end of the one before: 'P30D', 'P2W', 'P1M' (31 days).")
    at_least_days: int | None = given("At least so many days after the end of the one before.")
    same_day: bool = strawberry.field(
        description="Whether it may begin on the day on which the one before ends; else it comes on a later day.",
        default=False,
    )
    optional: bool = strawberry.field(
        description="Whether it may be left out; it is filled whenever something fits.", default=False
    )
    without: OccurrenceFilter | None = given("None of these may come between the one before and this one.")


@strawberry.type(description="One step of a match.")
class SequenceStepMatch:
    occurrence: Occurrence | None = said("The occurrence; null when an optional step is left out.")
    since_previous: Gap | None = said("The time since the one before; null for the first.")


@strawberry.type(description="Occurrences that match a pattern, one a step.")
class SequenceMatch:
    cursor: str = said("Where it stands among the matches.")
    certainty: Certainty = said("Whether the dates make the pattern hold, or only leave it possible.")
    steps: list[SequenceStepMatch] = said("The steps, in order.")


@strawberry.type(
    description="Matches of a pattern: all of them, overlapping ones too, in the order of their occurrences."
)
class SequenceMatches:
    nodes: list[SequenceMatch] = said("The matches of the page.")
    page_info: PageInfo = said("Where the page lies among the matches.")


async def _sequences(
    root: Root,
    steps: Annotated[list[SequenceStep], strawberry.argument(description="One to eight steps, in order of time.")],
    within: Annotated[
        str | None, strawberry.argument(description="At most this long between steps that do not say.")
    ] = None,
    sharing: Annotated[list[Shared] | None, strawberry.argument(description="What all must have in common.")] = None,
    certainty: Annotated[
        WantedCertainty, strawberry.argument(description="Whether matches must be certain or may only be possible.")
    ] = WantedCertainty.POSSIBLE,
    first: First = 50,
    after: After = None,
) -> SequenceMatches:
    asked = [
        sequences.StepAsked(
            filter=read_filter(step.filter),
            at_least=step.at_least_days,
            at_most=_days(step.within if step.within is not None else within, index),
            same_day=step.same_day,
            optional=step.optional,
            without=None if step.without is None else read_filter(step.without),
        )
        for index, step in enumerate(steps)
    ]
    found = await sequences.find_sequences(
        root.snapshot,
        asked,
        sharing=[each.value for each in sharing or ()],
        only_certain=certainty is WantedCertainty.CERTAIN,
        first=page_size(first),
        after=after,
    )
    nodes = [
        {
            "cursor": cursor,
            "certainty": "CERTAIN" if match.certain else "POSSIBLE",
            "steps": _steps(match, found.documents),
        }
        for match, cursor in zip(found.matches, found.cursors, strict=True)
    ]
    return root.shape({"nodes": nodes, "page_info": page_info(found.cursors, after is not None, found.has_next)})


def _steps(match: Any, documents: dict[str, Any]) -> list[dict[str, Any]]:
    gaps = since_previous(None if each is None else each.bounds for each in match.occurrences)
    return [
        {"occurrence": None if each is None else documents[each.id], "since_previous": days}
        for each, days in zip(match.occurrences, gaps, strict=True)
    ]


def _days(text: str | None, index: int) -> int | None:
    """'P30D' in days. Raises `Invalid` that says how a duration is written."""
    if text is None:
        return None
    found = re.fullmatch(r"P(\d{1,5})([DWMY])", text)
    if found is None:
        message = f"{text!r} is no duration; write it as 'P30D', 'P2W', 'P1M' (31 days) or 'P1Y' (366 days)"
        raise Invalid("DURATION_INVALID", message, ("steps", index, "within"))
    return int(found[1]) * UNITS[found[2]]


# People and posts in time -------------------------------------------------------------------------------------------


@strawberry.type(description="Where a person was, or was to be.")
class ItineraryStop:
    meeting: Meeting = said("The meeting.")
    presence: Presence = said("Whether the person took part, or somebody stood in.")


async def _itinerary(
    root: Root,
    person: Annotated[strawberry.ID, strawberry.argument(description="Whose.")],
    first: First = 50,
) -> list[ItineraryStop]:
    size = page_size(first)
    presences = {}
    for role, presence in (("ABSENT", Presence.ABSENT), ("PERSON", Presence.PRESENT)):
        presences.update({each.data["id"]: presence for each in await root.linked(role, person, ("meeting",), size)})
    if not presences:  # A filter by no ids asks for all.
        return []
    order = await root.snapshot.occurrences(ReadFilter(kinds=("meeting",), ids=tuple(presences)), Page(first=size))
    return [root.shape({"meeting": document, "presence": presences[document["id"]]}) for document in order.documents]


def _together(
    root: Root,
    people: Annotated[list[strawberry.ID] | None, strawberry.argument(description="All of these persons.")] = None,
    parties: Annotated[list[strawberry.ID] | None, strawberry.argument(description="All of these parties.")] = None,
    first: PageFirst = None,
    after: After = None,
) -> OccurrenceConnection[Meeting]:
    if len(people or ()) + len(parties or ()) < 2:
        raise Invalid("TOGETHER_INVALID", "name at least two persons or parties", ("people",))
    wanted = ReadFilter(kinds=("meeting",), people=tuple(people or ()), all_of=tuple(parties or ()))
    return listing(root, wanted, read_page(first, after))


@strawberry.type(description="One entry in the history of a post: a tenure or a nomination.")
class PostHistoryEntry:
    tenure: Tenure | None = one("tenure", "The tenure.")
    nomination: Nomination | None = one("nomination", "The nomination.")
    since_previous: Gap | None = said("The time since the tenure before ended; null where it is not known.")


async def _post_history(
    root: Root,
    post: Annotated[strawberry.ID, strawberry.argument(description="Which post.")],
    first: First = 50,
) -> list[PostHistoryEntry]:
    found = [each.data for each in await root.linked("POST", post, ("tenure", "nomination"), page_size(first))]
    gaps = since_previous(dates_of(each["when"]) if each["kind"] == "tenure" else None for each in found)
    return [
        root.shape({"tenure": None, "nomination": None, "since_previous": days, each["kind"]: each["id"]})
        for each, days in zip(found, gaps, strict=True)
    ]


@strawberry.type(description="The questions over time.")
class TimeQueries:
    """The fields of the root that ask over time."""

    series: Series = strawberry.field(
        resolver=_series, description="All meetings of exactly these parties in order, with the time between them."
    )
    all_series: SeriesSummaries = strawberry.field(
        resolver=_all_series, description="Every set of parties that met, in figures."
    )
    sequences: SequenceMatches = strawberry.field(
        resolver=_sequences, description="Patterns over time: A, then B within 30 days, and no C between."
    )
    itinerary: list[ItineraryStop] = strawberry.field(
        resolver=_itinerary, description="Where a person was, in order; absences where somebody stood in are shown."
    )
    together: OccurrenceConnection[Meeting] = strawberry.field(
        resolver=_together, description="Every meeting in which all of these took part."
    )
    post_history: list[PostHistoryEntry] = strawberry.field(
        resolver=_post_history, description="Who held a post and who was nominated to it, in order of time."
    )
