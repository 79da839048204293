"""Time between occurrences, and how two of them stand in time, as types of the schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import strawberry

from timeline.api.context import Doc
from timeline.api.fields import said
from timeline.read.documents import dates_of
from timeline.values import relations
from timeline.values.dates import Bounds
from timeline.values.gaps import Days as DayRange
from timeline.values.gaps import Gap as Days
from timeline.values.gaps import gap
from timeline.values.relations import Certainty


@strawberry.type(description="Days from the end of one to the start of the next: 1 is the next day, 0 the same day.")
class Gap:
    at_least: int | None = said("The least that the dates allow; negative when the next may have begun before.")
    at_most: int | None = said("The most that the dates allow.")
    days: int | None = said("The days, when the dates leave no doubt.")
    same_day: Certainty = said("Whether they share a day: then nothing tells which came first.")
    label: str = said("The gap for people, in English.")


@strawberry.type(description="A number of days, as far as the dates tell.")
class DayCount:
    at_least: int | None = said("The least that the dates allow.")
    at_most: int | None = said("The most that the dates allow.")
    days: int | None = said("The days, when the dates leave no doubt.")
    label: str = said("The number for people, in English.")


def shown_days(found: DayRange | None) -> dict[str, Any] | None:
    """A number of days as the schema shows it."""
    if found is None:
        return None
    plain = {"at_least": found.at_least, "at_most": found.at_most, "days": found.days}
    return {**plain, "label": days_label(found)}


@lru_cache(maxsize=4096)
def shown_gap(found: Days | None) -> dict[str, Any] | None:
    """A gap as the schema shows it. Nobody changes it: it is kept for the next one like it."""
    if found is None:
        return None
    plain = {"at_least": found.at_least, "at_most": found.at_most, "days": found.days, "same_day": found.same_day}
    return {**plain, "label": gap_label(found)}


def since_previous(dates: Iterable[Bounds | None]) -> Iterator[dict[str, Any] | None]:
    """For each date the gap since the last one that is known; None for the first and for what has no date."""
    before: Bounds | None = None
    for each in dates:
        yield None if each is None or before is None else shown_gap(gap(before, each))
        before = each or before


def gap_label(found: Days) -> str:
    """'3 days', 'the same day', 'overlapping', '10 days before it ends', 'at most 3 days, perhaps before it ends'."""
    if found.days == 0:
        return "the same day"
    if found.at_least is not None and found.at_least >= 0:
        return days_label(found)
    if found.at_most is None:
        return "unknown"
    if found.at_most >= 0:
        most = "the same day" if found.at_most == 0 else days_label(DayRange(found.at_most, found.at_most))
        return f"at most {most}, perhaps before it ends"
    if found.same_day is Certainty.CERTAIN:
        return "overlapping"
    earlier = DayRange(-found.at_most, None if found.at_least is None else -found.at_least)
    return f"{days_label(earlier)} before it ends"


def days_label(found: Days | DayRange) -> str:
    """'3 days', '19 to 28 days', 'at least 5 days'."""
    if found.days is not None:
        return "1 day" if found.days == 1 else f"{found.days} days"
    if found.at_least is None and found.at_most is None:
        return "unknown"
    if found.at_least is None:
        return f"at most {found.at_most} days"
    if found.at_most is None:
        return f"at least {found.at_least} days"
    return f"{found.at_least} to {found.at_most} days"


@strawberry.type(description="How two occurrences stand in time, as far as their dates tell.")
class TimeRelations:
    before: Certainty = said("This one ends before the other begins.")
    after: Certainty = said("This one begins after the other ends.")
    during: Certainty = said("This one begins and ends within the other.")
    contains: Certainty = said("The other begins and ends within this one.")
    overlaps: Certainty = said("They share a day.")
    same_day: Certainty = said("Both lie on one and the same day.")
    on_sidelines_of: bool = said("A source says that this one is on the sidelines of the other.")
    gap: Gap | None = said("The days from the end of this one to the start of the other.")


def time_relations(one: Doc, other: Doc) -> Any:
    """How they stand in time; None when either has no date."""
    a, b = (dates_of(each.data.get("when")) for each in (one, other))
    if a is None or b is None:
        return None
    beside = [each["target"] for each in one.data.get("relations", ()) if each["type"] == "ON_SIDELINES_OF"]
    return one.view.shape(
        {
            "before": relations.before(a, b),
            "after": relations.after(a, b),
            "during": relations.within(a, b),
            "contains": relations.within(b, a),
            "overlaps": relations.overlaps(a, b),
            "same_day": relations.same_day(a, b),
            "on_sidelines_of": other.data["id"] in beside,
            "gap": shown_gap(gap(a, b)),
        }
    )
