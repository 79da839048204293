"""People and posts in time: where somebody was, when several were together, who held a post and who was nominated."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import strawberry
from strawberry import Parent

from timeline.api.connections import OccurrenceConnection, PageInfo, listing, page_info
from timeline.api.context import View
from timeline.api.entities import Tenure
from timeline.api.enums import described
from timeline.api.fields import one, said
from timeline.api.gaps import Gap, since_previous
from timeline.api.inputs import After, PageFirst, read_page
from timeline.api.occurrences import Meeting, Nomination
from timeline.errors import Invalid
from timeline.read import itineraries
from timeline.read.documents import dates_of
from timeline.read.filters import OccurrenceFilter as ReadFilter

Root = Parent[View]


@described
class Presence(StrEnum):
    """How a person was there."""

    PRESENT = "PRESENT"
    """The person took part."""
    ABSENT = "ABSENT"
    """Somebody stood in for the person."""


@strawberry.type(description="Where a person was, or was to be.")
class ItineraryStop:
    cursor: str = said("Where it stands in the itinerary.")
    meeting: Meeting = said("The meeting.")
    presence: Presence = said("Whether the person took part, or somebody stood in.")


@strawberry.type(description="A page of an itinerary.")
class Itinerary:
    stops: list[ItineraryStop] = said("The stops, by earliest start, then latest end, then id.")
    page_info: PageInfo = said("Where the page lies in the itinerary.")


async def ask_itinerary(
    root: Root,
    person: Annotated[strawberry.ID, strawberry.argument(description="Whose.")],
    first: PageFirst = None,
    after: After = None,
) -> Itinerary:
    found = await itineraries.itinerary(root.snapshot, person, read_page(first, after))
    stops = [
        {
            "cursor": stop.cursor,
            "meeting": stop.document,
            "presence": Presence.PRESENT if stop.is_present else Presence.ABSENT,
        }
        for stop in found.stops
    ]
    cursors = [stop.cursor for stop in found.stops]
    return root.shape({"stops": stops, "page_info": page_info(cursors, after is not None, found.has_next)})


def ask_together(
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
    cursor: str = said("Where it stands in the history.")
    tenure: Tenure | None = one("tenure", "The tenure.")
    nomination: Nomination | None = one("nomination", "The nomination.")
    since_previous: Gap | None = said("The time since the tenure before ended; null where it is not known.")


@strawberry.type(description="A page of the history of a post.")
class PostHistory:
    entries: list[PostHistoryEntry] = said("Tenures and nominations, by earliest start, then latest end, then id.")
    page_info: PageInfo = said("Where the page lies in the history.")


async def ask_post_history(
    root: Root,
    post: Annotated[strawberry.ID, strawberry.argument(description="Which post.")],
    first: PageFirst = None,
    after: After = None,
) -> PostHistory:
    found, before = await itineraries.post_history(root.snapshot, post, read_page(first, after))
    shown = [stop.document for stop in found.stops]
    held = [dates_of(each.get("when")) if each and each["kind"] == "tenure" else None for each in (before, *shown)]
    _, *gaps = since_previous(held)
    entries = [
        {"cursor": stop.cursor, "tenure": None, "nomination": None, "since_previous": days}
        | {stop.document["kind"]: stop.document["id"]}
        for stop, days in zip(found.stops, gaps, strict=True)
    ]
    cursors = [stop.cursor for stop in found.stops]
    return root.shape({"entries": entries, "page_info": page_info(cursors, after is not None, found.has_next)})
