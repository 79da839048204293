"""GraphQL filters into read filters: ids, dates and words are checked here, and faults name the argument."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from timeline.api.enums import OccurrenceOrder, WantedCertainty
from timeline.api.fields import MAX_PAGE, Edtf, asked, page_size
from timeline.errors import Invalid
from timeline.read.filters import OccurrenceFilter as ReadFilter
from timeline.read.filters import Page, TimeFilter
from timeline.values.vocabulary import Attribution, Format, Kind, Level, MeetingStatus, StepKind, Wording

ID = strawberry.ID
RELATIONS = ("during", "overlaps", "before", "after")
MAX_VALUES = 100
"""How many values one list of a filter may have."""

PageFirst = Annotated[int | None, strawberry.argument(description=f"The first so many; up to {MAX_PAGE}, 50 if unset.")]
PageLast = Annotated[int | None, strawberry.argument(description=f"The last so many; up to {MAX_PAGE}.")]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]
OrderBy = Annotated[OccurrenceOrder, strawberry.argument(description="How the list is sorted.")]


def given(description: str) -> Any:
    """An optional field of a filter."""
    return strawberry.field(description=description, default=None)


@strawberry.input(description="By the set of parties that take part. All given conditions must hold.")
class PartyFilter:
    exactly: list[ID] | None = given("These parties and no other.")
    all_of: list[ID] | None = given("All of these, perhaps with others.")
    any_of: list[ID] | None = given("At least one of these.")
    none_of: list[ID] | None = given("None of these.")


@strawberry.input(description="What all occurrences can be filtered by. All given conditions must hold.")
class CommonFilter:
    ids: list[ID] | None = given("Only these records; ids of merged ones stand for the survivor.")
    parties: PartyFilter | None = given("By parties.")
    people: list[ID] | None = given("All of these persons take part or speak.")
    place: ID | None = given("A place or a country; what lies within is included.")
    topics: list[str] | None = given("At least one of these topics, whatever the case.")
    source: ID | None = given("Cites this source.")
    related_to: ID | None = given("Names a relation to this occurrence.")
    text: str | None = given("Has all these words, or they name somebody who takes part.")
    during: Edtf | None = given("Begins and ends within these days.")
    overlaps: Edtf | None = given("Shares a day with these: was in progress then.")
    before: Edtf | None = given("Ends before these days begin.")
    after: Edtf | None = given("Begins after these days end.")
    certainty: WantedCertainty = strawberry.field(
        description="Whether the conditions on time must hold for certain or may only be possible.",
        default=WantedCertainty.POSSIBLE,
    )
    published_before: Edtf | None = given(
        "Known from a source published before these days: what could be known from the press then."
    )


@strawberry.input(description="Which meetings. All given conditions must hold.")
class MeetingFilter(CommonFilter):
    levels: list[Level] | None = given("Declared at one of these levels.")
    formats: list[Format] | None = given("Of one of these formats, as declared or else by the number of parties.")
    statuses: list[MeetingStatus] | None = given("With one of these statuses.")
    stand_ins_for: list[ID] | None = given("Somebody stands in for one of these persons or posts.")
    has_stand_in: bool | None = given("Whether somebody stands in for another.")


@strawberry.input(description="Which statements. All given conditions must hold.")
class StatementFilter(CommonFilter):
    attributions: list[Attribution] | None = given("Attributed in one of these ways.")
    wordings: list[Wording] | None = given("With a passage of one of these kinds.")
    voices: list[ID] | None = given("One of these speaks: a person, party, organization or anonymous speaker.")
    addressed_to: list[ID] | None = given("Addressed to one of these.")
    about: ID | None = given("About this occurrence.")
    made_at: ID | None = given("Made at this meeting.")
    reported_in: ID | None = given("Reported in this statement.")
    figure_unit: str | None = given("Names a number whose unit has these words: 'percent of GDP'.")


@strawberry.input(description="Which nominations. All given conditions must hold.")
class NominationFilter(CommonFilter):
    nominee: ID | None = given("Of this person.")
    post: ID | None = given("To this post.")
    steps: list[StepKind] | None = given("One of these steps was taken.")


@strawberry.input(description="Which occurrences, of whatever kind. All given conditions must hold.")
class OccurrenceFilter(MeetingFilter, StatementFilter, NominationFilter):
    kinds: list[Kind] | None = given("Of one of these kinds.")


def read_filter(filter: CommonFilter | None, *kinds: str) -> ReadFilter:
    """The filter as the read side asks it. Raises `Invalid`."""
    if filter is None:
        return ReadFilter(kinds=kinds)
    values = dict(vars(filter))
    parties = values.pop("parties") or PartyFilter()
    certainty = values.pop("certainty")
    times = tuple(
        TimeFilter(relation, asked(text, "filter", relation), certainty.value)  # type: ignore[arg-type]
        for relation in RELATIONS
        if (text := values.pop(relation)) is not None
    )
    if (published := values.pop("published_before")) is not None:
        values["published_before"] = asked(published, "filter", "publishedBefore").es
    values.setdefault("kinds", None)
    chosen = {name: _listed(value, "filter", name) for name, value in values.items() if value is not None}
    chosen |= {
        name: _listed(value, "filter", "parties", name) for name, value in vars(parties).items() if value is not None
    }
    chosen.setdefault("kinds", kinds)
    return ReadFilter(times=times, **chosen)


def read_page(
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    order: OccurrenceOrder = OccurrenceOrder.EARLIEST_FIRST,
) -> Page:
    """The page as the read side asks it. Raises `Invalid` beyond the limit."""
    for name, size in (("first", first), ("last", last)):
        if size is not None:
            page_size(size, name)
    return Page(first, last, after, before, descending=order is OccurrenceOrder.LATEST_FIRST)


def _listed(value: Any, *path: str) -> Any:
    if not isinstance(value, list):
        return value
    *outer, name = (to_camel_case(each) for each in path)
    if not value and name != "exactly":
        raise Invalid("FILTER_EMPTY", f"{name} is empty; leave it out, or name at least one", (*outer, name))
    if len(value) > MAX_VALUES:
        message = f"{name} has {len(value)} values; at most {MAX_VALUES} are allowed"
        raise Invalid("FILTER_TOO_LONG", message, (*outer, name))
    return tuple(getattr(part, "value", part) for part in value)
