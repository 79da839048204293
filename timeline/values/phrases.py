"""Words about days to EDTF, as seen from the day of publication. Suggestions only: a person confirms.

A small table of rules of our own; no match gives nothing, never today. The rules are version 1: a bare weekday is the
nearest one not after publication, two weekdays are an interval that ends on the last, early, mid and late are the
first, second and last third of a month, and what would reach beyond publication is cut there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from timeline.values.dates import civil, day_of, iso_day, month_length

RULES_VERSION = 1
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_LEAD = re.compile(r"^(?:(?:also|only|held|earlier|on|in|the|during)\s+)+")
_DAY = "|".join(WEEKDAYS)
_MONTH = "|".join(MONTHS)


def suggest(words: str, published: int) -> str | None:
    """The EDTF text that these words mean in a source published on this day number; None when no rule fits."""
    text = _LEAD.sub("", " ".join(words.lower().replace(".", " ").replace(",", " ").split()))
    for pattern, rule in _RULES:
        found = pattern.fullmatch(text)
        if found is not None:
            return rule(found, published)
    return None


def _weekday(found: re.Match[str], published: int) -> str:
    """The nearest such day not after publication; 'last' means before it."""
    upto = published - 1 if found["last"] else published
    return _iso(_back_to(found["day"], upto))


def _weekdays(found: re.Match[str], published: int) -> str:
    last = _back_to(found["last"], published)
    return f"{_iso(_back_to(found['first'], last - 1))}/{_iso(last)}"


def _part_of_month(found: re.Match[str], published: int) -> str | None:
    year, month = _month(found, published)
    first, last = {"early": (1, 10), "mid": (11, 20), "late": (21, month_length(year, month))}[found["part"]]
    start, end = day_of(year, month, first), min(day_of(year, month, last), published)
    return _one_of(start, end)


def _whole_month(found: re.Match[str], published: int) -> str:
    year, month = _month(found, published)
    return f"{year:04d}-{month:02d}"


def _relative(found: re.Match[str], published: int) -> str | None:
    year, month, _ = civil(published)
    monday = published - (published + 3) % 7
    before = (year, month - 1) if month > 1 else (year - 1, 12)
    return {
        "today": _iso(published),
        "yesterday": _iso(published - 1),
        "this week": _one_of(monday, published),
        "last week": _one_of(monday - 7, monday - 1),
        "this month": _one_of(day_of(year, month, 1), published),
        "last month": f"{before[0]:04d}-{before[1]:02d}",
        "this year": f"{year:04d}",
        "last year": f"{year - 1:04d}",
    }[found[0]]


def _since(found: re.Match[str], published: int) -> str | None:
    start = suggest(found["start"], published)
    return None if start is None or not re.fullmatch(r"[\d-]+", start) else f"{start}/.."


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], int], str | None]], ...] = (
    (re.compile(rf"(?P<last>last\s+)?(?P<day>{_DAY})"), _weekday),
    (re.compile(rf"(?P<first>{_DAY}) (?:and|to|through) (?P<last>{_DAY})"), _weekdays),
    (re.compile(rf"(?P<part>early|mid|late)[ -](?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?"), _part_of_month),
    (re.compile(rf"(?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?"), _whole_month),
    (re.compile(r"today|yesterday|(?:this|last) (?:week|month|year)"), _relative),
    (re.compile(r"since (?P<start>.+)"), _since),
)


def _month(found: re.Match[str], published: int) -> tuple[int, int]:
    """The month named, of the year named or else the latest one that began by publication."""
    month = MONTHS.index(found["month"]) + 1
    year = int(found["year"]) if found["year"] else civil(published)[0]
    if not found["year"] and day_of(year, month, 1) > published:
        year -= 1
    return year, month


def _back_to(weekday: str, day: int) -> int:
    """The latest such weekday not after a day. Day 0 of 1970 was a Thursday."""
    return day - (day + 3 - WEEKDAYS.index(weekday)) % 7


def _one_of(first: int, last: int) -> str | None:
    """One day of these; None when publication came before all of them."""
    if last < first:
        return None
    return _iso(first) if first == last else f"[{_iso(first)}..{_iso(last)}]"


def _iso(day: int) -> str:
    found = iso_day(day)
    assert found is not None, "publication dates are finite"
    return found
