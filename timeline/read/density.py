"""How imprecise dates are spread over days, months or years. Pure."""

from __future__ import annotations

from collections import Counter

from timeline.read.filters import Bucket
from timeline.values.dates import INFINITY, civil, day_of, iso_day, month_length

MAX_BUCKETS = 10_000
"""How many buckets one date is spread over."""


def spread(rows: list[tuple[int, int, bool, int]], bucket: Bucket) -> list[tuple[str, int, int]]:
    """Per bucket how many lie in it certainly and how many possibly, from (es, le, uncertain, how many) rows."""
    finite = [day for es, le, _, _ in rows for day in (es, le) if abs(day) < INFINITY]
    if not finite:
        return []
    first, last = min(finite), max(finite)
    certain: Counter[int] = Counter()
    possible: Counter[int] = Counter()
    for es, le, uncertain, number in rows:
        start = _bucket_start(max(es, first), bucket)
        if not uncertain and _bucket_start(min(le, last), bucket) == start and es >= first and le <= last:
            certain[start] += number
        until, steps = min(le, last), 0
        while start <= until and steps < MAX_BUCKETS:
            possible[start] += number
            start, steps = _next_bucket(start, bucket), steps + 1
    return [(_label(day, bucket), certain[day], possible[day]) for day in sorted(possible)]


def _label(day: int, bucket: Bucket) -> str:
    """'2025-07-11', '2025-07', '2025' or '2020s'."""
    text = iso_day(day) or ""
    return {"DAY": text, "MONTH": text[:-3], "YEAR": text[:-6], "DECADE": f"{text[:-6]}s"}[bucket]


def _bucket_start(day: int, bucket: Bucket) -> int:
    year, month, _ = civil(day)
    starts = {"DAY": day, "MONTH": day_of(year, month, 1), "YEAR": day_of(year, 1, 1)}
    return starts.get(bucket, day_of(year - year % 10, 1, 1))


def _next_bucket(start: int, bucket: Bucket) -> int:
    year, month, _ = civil(start)
    if bucket == "DAY":
        return start + 1
    if bucket == "MONTH":
        return start + month_length(year, month)
    return day_of(year + (10 if bucket == "DECADE" else 1), 1, 1)
