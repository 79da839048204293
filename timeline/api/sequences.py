"""Questions over time: patterns of steps, and with them series, itineraries and histories of posts."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

import strawberry
from strawberry import Parent

from timeline.api.connections import OccurrenceConnection, PageInfo, page_info
from timeline.api.context import View
from timeline.api.enums import WantedCertainty, described
from timeline.api.fields import First, page_size, said
from timeline.api.gaps import Gap, since_previous
from timeline.api.inputs import After, OccurrenceFilter, given, read_filter
from timeline.api.itineraries import Itinerary, PostHistory, ask_itinerary, ask_post_history, ask_together
from timeline.api.occurrences import OCCURRENCE_KINDS, Concurrent, Meeting, Occurrence, ask_concurrent
from timeline.api.series import Series, SeriesSummaries, ask_all_series, ask_series
from timeline.errors import Invalid
from timeline.read import sequences
from timeline.values.relations import Certainty

Root = Parent[View]
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
    for index, step in enumerate(steps):
        _check_kinds(step.filter, index, "filter")
        _check_kinds(step.without, index, "without")
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


def _check_kinds(filter: OccurrenceFilter | None, index: int, name: str) -> None:
    """Raises `Invalid` for a kind that never happens."""
    for kind in (filter and filter.kinds) or ():
        if kind.value not in OCCURRENCE_KINDS:
            message = f"{kind.name} is no occurrence; a pattern has none"
            raise Invalid("KIND_INVALID", message, ("steps", index, name, "kinds"))


def _days(text: str | None, index: int) -> int | None:
    """'P30D' in days. Raises `Invalid` that says how a duration is written."""
    if text is None:
        return None
    found = re.fullmatch(r"P(\d{1,5})([DWMY])", text)
    if found is None:
        message = f"{text!r} is no duration; write it as 'P30D', 'P2W', 'P1M' (31 days) or 'P1Y' (366 days)"
        raise Invalid("DURATION_INVALID", message, ("steps", index, "within"))
    return int(found[1]) * UNITS[found[2]]


@strawberry.type(description="The questions over time.")
class TimeQueries:
    """The fields of the root that ask over time."""

    series: Series = strawberry.field(
        resolver=ask_series,
        description="All meetings of exactly these parties in order, with the time between them. "
        "Only those that were held, unless the filter names other statuses.",
    )
    all_series: SeriesSummaries = strawberry.field(
        resolver=ask_all_series, description="Every set of parties that met, in figures; meetings count that were held."
    )
    sequences: SequenceMatches = strawberry.field(
        resolver=_sequences, description="Patterns over time: A, then B within 30 days, and no C between."
    )
    concurrent: list[Concurrent] | None = strawberry.field(
        resolver=ask_concurrent,
        description="What else happened when an occurrence did: shares a day with it, for certain or possibly. "
        "Null when there is no such occurrence.",
    )
    itinerary: Itinerary = strawberry.field(
        resolver=ask_itinerary, description="Where a person was, in order; absences where somebody stood in are shown."
    )
    together: OccurrenceConnection[Meeting] = strawberry.field(
        resolver=ask_together, description="Every meeting in which all of these took part."
    )
    post_history: PostHistory = strawberry.field(
        resolver=ask_post_history, description="Who held a post and who was nominated to it, in order of time."
    )
