"""Certain, possible, impossible: how two imprecise dates stand to each other.

Certain means true for every start and end inside the bounds, possible for some. A doubted date ('?') is never certain.
"""

from __future__ import annotations

from enum import StrEnum

from timeline.values.dates import Bounds


class Certainty(StrEnum):
    """How sure a statement about imprecise dates is."""

    IMPOSSIBLE = "IMPOSSIBLE"
    """False for every start and end inside the bounds."""
    POSSIBLE = "POSSIBLE"
    """True for some start and end inside the bounds."""
    CERTAIN = "CERTAIN"
    """True for every start and end inside the bounds."""


def _judged(a: Bounds, b: Bounds, *, certain: bool, possible: bool) -> Certainty:
    if certain and not (a.uncertain or b.uncertain):
        return Certainty.CERTAIN
    return Certainty.POSSIBLE if possible else Certainty.IMPOSSIBLE


def before(a: Bounds, b: Bounds) -> Certainty:
    """A ends before B starts."""
    return _judged(a, b, certain=a.le < b.es, possible=a.ee < b.ls)


def after(a: Bounds, b: Bounds) -> Certainty:
    """A starts after B ends."""
    return before(b, a)


def overlaps(a: Bounds, b: Bounds) -> Certainty:
    """A and B share a day."""
    return _judged(a, b, certain=a.ls <= b.ee and b.ls <= a.ee, possible=a.es <= b.le and b.es <= a.le)


def within(a: Bounds, b: Bounds) -> Certainty:
    """A starts and ends inside B."""
    return _judged(a, b, certain=a.es >= b.ls and a.le <= b.ee, possible=a.ls >= b.es and a.ee <= b.le)


def starts_in(a: Bounds, b: Bounds) -> Certainty:
    """A starts inside B."""
    certain = a.es >= b.ls and a.ls <= b.ee
    return _judged(a, b, certain=certain, possible=max(a.es, b.es) <= min(a.ls, b.le))


def meets(a: Bounds, b: Bounds) -> Certainty:
    """B starts the day after A ends."""
    certain = a.ee == a.le and b.es == b.ls and a.le + 1 == b.es
    return _judged(a, b, certain=certain, possible=max(a.ee + 1, b.es) <= min(a.le + 1, b.ls))


def equals(a: Bounds, b: Bounds) -> Certainty:
    """A and B start and end on the same days."""
    exact = a.es == a.ls == b.es == b.ls and a.ee == a.le == b.ee == b.le
    meet = max(a.es, b.es) <= min(a.ls, b.ls) and max(a.ee, b.ee) <= min(a.le, b.le)
    return _judged(a, b, certain=exact, possible=meet)


def same_day(a: Bounds, b: Bounds) -> Certainty:
    """A and B each lie within one and the same day."""
    certain = a.es == a.le == b.es == b.le
    return _judged(a, b, certain=certain, possible=max(a.ee, b.ee) <= min(a.ls, b.ls))


def then_within(a: Bounds, b: Bounds, days: int | None = None, *, same_day: bool = False) -> Certainty:
    """A, then B at most this many days after A's end; with `same_day`, B may start on the day A ends."""
    least = 0 if same_day else 1
    if days is None:
        certain, possible = b.es - a.le >= least, b.ls - a.ee >= least
    else:
        certain = b.es - a.le >= least and b.ls - a.ee <= days
        possible = max(b.es - a.le, least) <= min(b.ls - a.ee, days)
    return _judged(a, b, certain=certain, possible=possible)
