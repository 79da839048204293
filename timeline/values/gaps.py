"""How long between two imprecise dates: from the end of one to the start of the other, as the least and most days."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from timeline.values.dates import INFINITY, Bounds
from timeline.values.relations import Certainty, overlaps


@dataclass(frozen=True, slots=True)
class Gap:
    """Days from the end of A to the start of B: 1 is the next day, 0 the same day, negative when B began before.

    None is unbounded.
    """

    at_least: int | None
    at_most: int | None
    same_day: Certainty

    @property
    def days(self) -> int | None:
        """The days, when the dates leave no doubt."""
        return self.at_least if self.at_least == self.at_most else None


@dataclass(frozen=True, slots=True)
class Days:
    """A number of days, at least and at most. None is unbounded."""

    at_least: int | None
    at_most: int | None

    @property
    def days(self) -> int | None:
        """The days, when the dates leave no doubt."""
        return self.at_least if self.at_least == self.at_most else None


def days_of(at_least: int, at_most: int) -> Days:
    """A number of days between these."""
    return Days(_finite(at_least), _finite(at_most))


def gap(a: Bounds, b: Bounds) -> Gap:
    """The gap between A and B."""
    return _gap(b.es - a.le, b.ls - a.ee, overlaps(a, b))


@lru_cache(maxsize=4096)
def _gap(at_least: int, at_most: int, same_day: Certainty) -> Gap:
    # Many gaps are alike: a page of a series has fifty.
    return Gap(_finite(at_least), _finite(at_most), same_day)


def _finite(days: int) -> int | None:
    # Half of infinity: a sum of an infinite bound and any day of history stays beyond it.
    return None if abs(days) >= INFINITY // 2 else days
