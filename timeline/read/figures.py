"""A series in figures, from the dates of its meetings. Pure.

Ten thousand meetings are no rare series, so dates are read column by column and not one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from statistics import median
from typing import Any

from timeline.values.dates import INFINITY, Bounds
from timeline.values.gaps import Days, Gap, days_of
from timeline.values.relations import overlaps

Row = Sequence[Any]
"""Id, earliest and latest start, earliest and latest end, doubt, and whatever follows."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A series in figures."""

    count: int
    dated: int = 0
    first: str | None = None
    last: str | None = None
    span: Days | None = None
    """From the start of the first to the end of the last."""
    median_gap: float | None = None
    """Of the least number of days from the end of one meeting to the start of the next."""
    longest: Gap | None = None
    """The longest time in which certainly none of them was going on."""
    longest_between: tuple[str, str] | None = None


def figures_of_rows(rows: Sequence[Row]) -> Figures:
    """The figures of meetings in whatever order."""
    dated = sorted((row for row in rows if row[1] < INFINITY), key=itemgetter(1, 4, 0))
    if not dated:
        return Figures(len(rows))
    ids, es, ls, ee, le, *_ = zip(*dated, strict=True)
    gaps = [start - end for start, end in zip(es[1:], le, strict=False) if abs(start - end) < INFINITY // 2]
    longest, between = _longest_silence(dated)
    return Figures(
        count=len(rows),
        dated=len(dated),
        first=ids[0],
        last=ids[-1],
        # Between the latest first start and the earliest last end may lie less than nothing: then one day had them all.
        span=days_of(max(max(ee) - min(ls), 0), max(le) - min(es)),
        median_gap=median(gaps) if gaps else None,
        longest=longest,
        longest_between=between,
    )


def _longest_silence(dated: Sequence[Row]) -> tuple[Gap | None, tuple[str, str] | None]:
    """The longest time before one of them in which none of the earlier ones can have gone on, and what bounds it."""
    ends = list(accumulate((row[4] for row in dated), max))
    days = [row[1] - end for row, end in zip(dated[1:], ends, strict=False)]
    at = max(range(len(days)), key=days.__getitem__, default=None)
    if at is None or days[at] < 0:
        return None, None
    a = next(row for row in dated if row[4] == ends[at])
    b = dated[at + 1]
    most = days_of(0, b[2] - max(row[3] for row in dated[: at + 1])).at_most
    same_day = overlaps(*(Bounds(row[1], row[2], row[3], row[4], bool(row[5])) for row in (a, b)))
    return Gap(days[at], most, same_day), (a[0], b[0])
