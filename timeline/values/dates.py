"""Imprecise dates: EDTF (ISO 8601-2, Library of Congress text of 2019), levels 0 to 2, and their four bounds.

Longer than most modules because grammar and bounds of one notation belong together. Our own parser, for the libraries
at hand are slow, wrong in places or unbounded; docs/decisions/own-edtf-parser.md has the figures. Days are numbered
from 1970-01-01 in the proleptic Gregorian calendar; infinity is ±2^62 so that plain integer comparison orders all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import Final

from timeline.errors import Invalid

INFINITY: Final = 2**62
MAX_LENGTH: Final = 200
EPOCH: Final = date(1970, 1, 1).toordinal()
MAX_YEAR: Final = 10**15
"""Beyond it a year is valid and its bounds are infinite."""
MAX_EXPONENT: Final = 100_000

SEASONS: Final[dict[int, tuple[int, int]]] = {
    21: (3, 3),
    22: (6, 3),
    23: (9, 3),
    24: (12, 3),
    25: (3, 3),
    26: (6, 3),
    27: (9, 3),
    28: (12, 3),
    29: (9, 3),
    30: (12, 3),
    31: (3, 3),
    32: (6, 3),
    33: (1, 3),
    34: (4, 3),
    35: (7, 3),
    36: (10, 3),
    37: (1, 4),
    38: (5, 4),
    39: (9, 4),
    40: (1, 6),
    41: (7, 6),
}
"""First month and length in months of sub-year groups. 21 to 24 are northern meteorological seasons by default;
25 to 28 name the northern ones, 29 to 32 the southern; winter runs into the next year."""

WIDEN_DAYS: Final = {"day": 3, "month": 31, "season": 91, "year": 365}
"""Version 1 of how far '~' and '%' reach on each side, by the finest unit they qualify."""


class EdtfError(Invalid):
    """The text is no EDTF date."""

    def __init__(self, text: str, why: str) -> None:
        shown = text if len(text) <= 40 else text[:40] + "…"
        super().__init__("EDTF_INVALID", f"{shown!r} is no date: {why}")


class Precision(StrEnum):
    """The finest unit that the text states."""

    TIME = "TIME"
    """A time of day."""
    DAY = "DAY"
    """A day."""
    MONTH = "MONTH"
    """A month."""
    SEASON = "SEASON"
    """A season, quarter or the like."""
    YEAR = "YEAR"
    """A year."""
    DECADE = "DECADE"
    """A decade."""
    CENTURY = "CENTURY"
    """A century."""
    MILLENNIUM = "MILLENNIUM"
    """A millennium."""
    INTERVAL = "INTERVAL"
    """From a start to an end."""
    SET = "SET"
    """One or all of several dates."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Earliest and latest start, earliest and latest end, in day numbers; CIDOC-CRM's P82a, P81a, P81b, P82b.

    `uncertain` says that the source doubts the date: what would be certain is then only possible.
    """

    es: int
    ls: int
    ee: int
    le: int
    uncertain: bool = False

    def __post_init__(self) -> None:
        assert self.es <= self.ls, "the earliest start is not after the latest"
        assert self.ee <= self.le, "the earliest end is not after the latest"
        assert self.es <= self.ee, "nothing ends before it can start"
        assert self.ls <= self.le, "nothing starts after its latest end"


EVERYWHEN: Final = Bounds(-INFINITY, INFINITY, -INFINITY, INFINITY)


@dataclass(frozen=True, slots=True)
class Span:
    """One date as written: earliest and latest completion of its masked digits, each with first and last day."""

    p_first: int
    p_last: int
    r_first: int
    r_last: int
    precision: Precision
    level: int
    uncertain: bool = False
    approximate: str | None = None


@dataclass(frozen=True, slots=True)
class Edtf:
    """A parsed date. `bounds` reads it as 'sometime within' and without widening; `throughout` as 'for all of'."""

    text: str
    level: int
    bounds: Bounds
    throughout: Bounds
    precision: Precision
    approximate: str | None = None
    all_of: bool = False
    members: tuple[str, ...] = ()
    has_open_end: bool = False


def parse_edtf(text: str) -> Edtf:
    """The date that the text means. Raises `EdtfError`; at most 5 ms for any text of up to 200 characters."""
    if len(text) > MAX_LENGTH:
        raise EdtfError(text, f"it has {len(text)} characters; {MAX_LENGTH} are allowed")
    return _parsed(text)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Edtf:
    if not text:
        raise EdtfError(text, "it is empty; write a date such as 2025-07-11")
    if text[0] in "[{":
        return _set(text)
    if "/" in text:
        return _interval(text)
    span = _span(text, text)
    within = Bounds(span.p_first, span.r_last, span.p_first, span.r_last, span.uncertain)
    throughout = Bounds(span.p_first, span.r_first, span.p_last, span.r_last, span.uncertain)
    return Edtf(text, span.level, within, throughout, span.precision, span.approximate)


def bounds(
    text: str | None, *, throughout: bool = False, report_day: int | None = None, contains: str | None = None
) -> Bounds:
    """The four bounds under today's policy: '~' and '%' widen, an open end reaches at least to the report.

    `contains` is a date on which it was certainly under way; with no text at all it is all that is known.
    Raises `EdtfError`.
    """
    if text is None:
        return EVERYWHEN if contains is None else _containing(EVERYWHEN, parse_edtf(contains).bounds, "", contains)
    date = parse_edtf(text)
    found = date.throughout if throughout else date.bounds
    if date.approximate:
        margin = WIDEN_DAYS[date.approximate]
        found = replace(
            found,
            es=_moved(found.es, -margin),
            ls=_moved(found.ls, margin),
            ee=_moved(found.ee, -margin),
            le=_moved(found.le, margin),
        )
    if date.has_open_end and report_day is not None:
        found = replace(found, ee=max(found.ee, report_day))
    if contains is not None:
        known = parse_edtf(contains).bounds
        found = _containing(found, known, text, contains)
    return found


def _containing(found: Bounds, known: Bounds, text: str, contains: str) -> Bounds:
    if known.es < found.es or known.le > found.le:
        raise EdtfError(contains, f"it lies outside {text}, which should contain it")
    ls, ee = min(found.ls, known.ls), max(found.ee, known.ee)
    return replace(found, ls=ls, ee=ee)


def _moved(day: int, by: int) -> int:
    return day if abs(day) >= INFINITY else day + by


# Days ---------------------------------------------------------------------------------------------------------------


def day_of(year: int, month: int, day: int) -> int:
    """Day number of a proleptic Gregorian date, by integer arithmetic for any year."""
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


def civil(number: int) -> tuple[int, int, int]:
    """Year, month and day of a day number."""
    era, day_of_era = divmod(number + 719468, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + (3 if month_from_march < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day


def month_length(year: int, month: int) -> int:
    """Days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


_MARKS = re.compile("[?~%]")
_FAR_DAY = re.compile(r"Y(-?[0-9]{5,9})-([0-9]{2})-([0-9]{2})")
"""A day of a year with more than four digits, which EDTF has no form for."""


def plain_day(text: str) -> int | None:
    """Day number of a day without any mark, as most dates are; None for all else, also for a day that is none."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    try:
        return date.fromisoformat(text).toordinal() - EPOCH
    except ValueError:
        return None


def day_number(iso: str) -> int:
    """Day number of one plain day, '2025-07-11' or as `iso_day` writes it. Raises `EdtfError`."""
    plain = plain_day(iso)
    if plain is not None:
        return plain
    far = _FAR_DAY.fullmatch(iso)
    if far:
        return day_of(*map(int, far.groups()))
    date = parse_edtf(iso)
    if date.precision is not Precision.DAY or date.bounds.es != date.bounds.le:
        raise EdtfError(iso, "one day is needed, such as 2025-07-11")
    return date.bounds.es


def iso_day(number: int) -> str | None:
    """The day as ISO 8601 text; None when it is infinite."""
    if 0 < number + EPOCH <= date.max.toordinal():
        return date.fromordinal(number + EPOCH).isoformat()
    if abs(number) >= INFINITY:
        return None
    year, month, day = civil(number)
    shown = f"{year:04d}" if 0 <= year <= 9999 else f"-{-year:04d}" if -9999 <= year < 0 else f"Y{year}"
    return f"{shown}-{month:02d}-{day:02d}"


def year_of(number: int) -> int | None:
    """The year of a day; None when it is infinite."""
    return None if abs(number) >= INFINITY else civil(number)[0]


def _year_span(first: int, last: int) -> tuple[int, int]:
    start = -INFINITY if first < -MAX_YEAR else INFINITY if first > MAX_YEAR else day_of(first, 1, 1)
    end = -INFINITY if last < -MAX_YEAR else INFINITY if last > MAX_YEAR else day_of(last, 12, 31)
    return start, end


# One date -------------------------------------------------------------------------------------------------------------

_DATE = re.compile(
    r"(?P<qy>[?~%]?)(?P<year>-?[0-9X]{4})(?:S(?P<digits>[1-9][0-9]{0,9}))?(?P<ry>[?~%]?)"
    r"(?:-(?P<qm>[?~%]?)(?P<month>[0-9X]{2})(?P<rm>[?~%]?)"
    r"(?:-(?P<qd>[?~%]?)(?P<day>[0-9X]{2})(?P<rd>[?~%]?))?)?",
    re.ASCII,
)
_LONG_YEAR = re.compile(
    r"(?P<qy>[?~%]?)Y(?P<year>-?[1-9][0-9]*)(?:E(?P<exponent>[1-9][0-9]*))?(?:S(?P<digits>[1-9][0-9]*))?(?P<ry>[?~%]?)",
    re.ASCII,
)
_TIME = re.compile(
    r"(?P<date>-?[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<h>[0-9]{2}):(?P<m>[0-9]{2}):(?P<s>[0-9]{2})"
    r"(?P<zone>Z|[+-][0-9]{2}(?::[0-9]{2})?)?",
    re.ASCII,
)


def _span(text: str, whole: str) -> Span:
    day = plain_day(text)
    if day is not None:
        return Span(day, day, day, day, Precision.DAY, 0)
    found = _DATE.fullmatch(text)
    if found:
        return _plain(found, whole)
    found = _LONG_YEAR.fullmatch(text)
    if found:
        return _long_year(found, whole)
    found = _TIME.fullmatch(text)
    if found:
        return _time(found, whole)
    raise EdtfError(whole, "write 2025, 2025-07, 2025-07-11, 2025-07-XX, 2025-07-10/2025-07-11 or another EDTF form")


def _time(found: re.Match[str], whole: str) -> Span:
    hour, minute, second = int(found["h"]), int(found["m"]), int(found["s"])
    if hour > 23 or minute > 59 or second > 59:
        raise EdtfError(whole, "the clock time does not exist; hours run to 23, minutes and seconds to 59")
    zone = found["zone"]
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:6] or 0)
        if hours > 14 or minutes > 59 or (hours == 14 and minutes > 0) or (zone[0] == "-" and not hours + minutes):
            raise EdtfError(whole, "the shift from UTC does not exist")
    day = _span(found["date"], whole)
    return replace(day, precision=Precision.TIME)


def _plain(found: re.Match[str], whole: str) -> Span:
    year, month, day = found["year"], found["month"], found["day"]
    if year == "-0000":
        raise EdtfError(whole, "there is no year -0000; year 0 is 0000")
    uncertain, approximate, level = _qualifiers(found, whole)
    if found["digits"]:
        if month is not None or "X" in year:
            raise EdtfError(whole, "significant digits stand behind a whole year, as in 1950S2")
        span = _significant(int(year), int(found["digits"]), whole)
    elif month is None:
        span = _masked_year(year)
    elif month.isdigit() and int(month) in SEASONS:
        if day is not None:
            raise EdtfError(whole, f"{month} names a season or part of a year, which has no days")
        span = _season(year, int(month), whole)
    elif day is None:
        span = _masked(year, month, None, whole)
    else:
        span = _masked(year, month, day, whole)
    masks = _mask_level(year, month, day)
    return replace(span, uncertain=uncertain, approximate=approximate, level=max(span.level, level, masks))


def _qualifiers(found: re.Match[str], whole: str) -> tuple[bool, str | None, int]:
    """Whether doubted, the finest approximate unit, and the level of the notation."""
    if not _MARKS.search(whole):
        return False, None, 0
    units = [("year", "y"), ("month", "m"), ("day", "d")]
    groups = found.re.groupindex
    present = [(unit, found["q" + c] or "", found["r" + c] or "") for unit, c in units if "q" + c in groups]
    marks: dict[str, str] = {}
    for index, (unit, left, right) in enumerate(present):
        if left and right:
            raise EdtfError(whole, f"the {unit} is qualified twice; one of '?', '~', '%' is enough")
        for other, _, _ in present[:index] if right else []:
            marks[other] = marks.get(other, "") + right
        marks[unit] = marks.get(unit, "") + left + right
    joined = "".join(marks.values())
    if not joined:
        return False, None, 0
    stated = [unit for unit, c in units if unit == "year" or (unit in groups and found[unit] is not None)]
    last = found["r" + {"year": "y", "month": "m", "day": "d"}[stated[-1]]]
    others = [left + right for unit, left, right in present if unit != stated[-1]] + [
        left for unit, left, _ in present if unit == stated[-1]
    ]
    only_whole = bool(last) and not any(others)
    finest = next((unit for unit in reversed(stated) if set(marks.get(unit, "")) & set("~%")), None)
    if finest == "month" and found["month"].isdigit() and int(found["month"]) in SEASONS:
        finest = "season"
    return bool(set(joined) & set("?%")), finest, 1 if only_whole else 2


def _mask_level(year: str, month: str | None, day: str | None) -> int:
    if "X" not in year + (month or "") + (day or ""):
        return 1 if year.startswith("-") else 0
    digits = year.lstrip("-")
    right_year = re.fullmatch(r"[0-9]{2}(?:[0-9]X|XX)", digits) is not None and month is None
    right_rest = digits.isdigit() and (
        (month == "XX" and day in (None, "XX")) or (month is not None and month.isdigit() and day == "XX")
    )
    return 1 if right_year or right_rest else 2


def _masked_year(year: str) -> Span:
    low, high = sorted(_extremes(year))
    p_first, p_last = _year_span(low, low)
    r_first, r_last = _year_span(high, high)
    masked = len(year.lstrip("-")) - len(year.lstrip("-").rstrip("X"))
    precision = {0: Precision.YEAR, 1: Precision.DECADE, 2: Precision.CENTURY}.get(masked, Precision.MILLENNIUM)
    return Span(p_first, p_last, r_first, r_last, precision, 0)


def _extremes(masked: str) -> tuple[int, int]:
    return int(masked.replace("X", "0")), int(masked.replace("X", "9"))


def _completions(masked: str, *, descending: bool) -> Iterator[int]:
    """Numbers that the masked digits can stand for, in order."""
    negative = masked.startswith("-")
    digits = "9876543210" if descending != negative else "0123456789"
    choices = [digits if char == "X" else char for char in masked.lstrip("-")]
    for combination in product(*choices):
        number = int("".join(combination))
        if number or not negative:
            yield -number if negative else number


def _season(year: str, season: int, whole: str) -> Span:
    if "X" in year:
        low, high = sorted(_extremes(year))
    else:
        low = high = int(year)
    first, length = SEASONS[season]

    def days(of: int) -> tuple[int, int]:
        last_month, carried = (first + length - 2) % 12 + 1, (first + length - 2) // 12
        return day_of(of, first, 1), day_of(of + carried, last_month, month_length(of + carried, last_month))

    (p_first, p_last), (r_first, r_last) = days(low), days(high)
    return Span(p_first, p_last, r_first, r_last, Precision.SEASON, 1 if season <= 24 else 2)


def _dated(year: int, month: int, day: int | None) -> tuple[int, int, int | None] | None:
    """The date, if there is such a month and day."""
    exists = 1 <= month <= 12 and (day is None or 1 <= day <= month_length(year, month))
    return (year, month, day) if exists else None


def _masked(year: str, month: str, day: str | None, whole: str) -> Span:
    def search(descending: bool) -> tuple[int, int, int | None] | None:
        for of_year in _completions(year, descending=descending):
            for of_month in _completions(month, descending=descending):
                if not 1 <= of_month <= 12:
                    continue
                if day is None:
                    return of_year, of_month, None
                for of_day in _completions(day, descending=descending):
                    if 1 <= of_day <= month_length(of_year, of_month):
                        return of_year, of_month, of_day
        return None

    if "X" in year + month + (day or ""):
        low, high = search(False), search(True)
    else:
        low = high = _dated(int(year), int(month), None if day is None else int(day))
    if low is None or high is None:
        raise EdtfError(whole, "there is no such month or day" if day else "there is no such month")

    def days(at: tuple[int, int, int | None]) -> tuple[int, int]:
        of_year, of_month, of_day = at
        if of_day is not None:
            number = day_of(of_year, of_month, of_day)
            return number, number
        return day_of(of_year, of_month, 1), day_of(of_year, of_month, month_length(of_year, of_month))

    (p_first, p_last), (r_first, r_last) = days(low), days(high)
    if day == "XX" and month == "XX":
        precision = Precision.YEAR
    elif day is not None and day != "XX":
        precision = Precision.DAY
    else:
        precision = Precision.MONTH if month != "XX" else Precision.YEAR
    return Span(p_first, p_last, r_first, r_last, precision, 0)


def _significant(year: int, digits: int, whole: str) -> Span:
    length = len(str(abs(year)))
    if digits > length:
        raise EdtfError(whole, f"the year has {length} digits; {digits} cannot be significant")
    unit = 10 ** (length - digits)
    low = abs(year) // unit * unit
    first, last = (low, low + unit - 1) if year >= 0 else (-(low + unit - 1), -low)
    (p_first, p_last), (r_first, r_last) = _year_span(first, first), _year_span(last, last)
    return Span(p_first, p_last, r_first, r_last, Precision.YEAR, 2)


def _long_year(found: re.Match[str], whole: str) -> Span:
    digits, exponent = found["year"], found["exponent"]
    if exponent is None and len(digits.lstrip("-")) < 5:
        raise EdtfError(whole, "a year of up to four digits is written without Y")
    if exponent and (len(exponent) > 6 or int(exponent) > MAX_EXPONENT):
        raise EdtfError(whole, f"the exponent is beyond {MAX_EXPONENT}")
    # A huge exponent needs no big number: any year beyond MAX_YEAR has infinite bounds.
    year = int(digits) * 10 ** min(int(exponent or 0), 30)
    uncertain = (found["qy"] or found["ry"] or "") in ("?", "%") and bool(found["qy"] or found["ry"])
    approximate = "year" if (found["qy"] or found["ry"]) in ("~", "%") else None
    if found["digits"]:
        count = found["digits"]
        span = _significant(year, int(count) if len(count) < 4 else 999, whole)
    else:
        (p_first, p_last), (r_first, r_last) = _year_span(year, year), _year_span(year, year)
        span = Span(p_first, p_last, r_first, r_last, Precision.YEAR, 2 if exponent else 1)
    level = 2 if found["qy"] else span.level
    return replace(span, uncertain=uncertain, approximate=approximate, level=level)


# Intervals and sets ---------------------------------------------------------------------------------------------------


def _member(text: str, whole: str) -> Span:
    """A date inside an interval or a set, where clock times have no place and masks are of level 2."""
    span = _span(text, whole)
    if span.precision is Precision.TIME:
        raise EdtfError(whole, "a clock time stands alone; an interval or a set has days")
    return replace(span, level=2) if "X" in text else span


def _finest(spans: list[Span]) -> str | None:
    units = [span.approximate for span in spans if span.approximate]
    return min(units, key=["day", "month", "season", "year"].index) if units else None


def _interval(text: str) -> Edtf:
    left, _, right = text.partition("/")
    if "/" in right:
        raise EdtfError(text, "an interval has one '/'")
    if left in ("", "..") and right in ("", ".."):
        raise EdtfError(text, "an interval needs a start or an end")
    a = None if left in ("", "..") else _member(left, text)
    b = None if right in ("", "..") else _member(right, text)
    es, ls = (a.p_first, a.r_last) if a else (-INFINITY, INFINITY)
    ee, le = (b.p_first, b.r_last) if b else (-INFINITY, INFINITY)
    if a and b and es > le:
        raise EdtfError(text, "it ends before it starts")
    # An end is no earlier than the earliest start, a start no later than the latest end.
    ee, ls = max(ee, es), min(ls, le)
    spans = [span for span in (a, b) if span]
    whole = Bounds(es, ls, ee, le, any(span.uncertain for span in spans))
    level = max([span.level for span in spans] + [0 if a and b else 1])
    return Edtf(text, level, whole, whole, Precision.INTERVAL, _finest(spans), has_open_end=right == "..")


def _set(text: str) -> Edtf:
    closing = {"[": "]", "{": "}"}[text[0]]
    if not text.endswith(closing) or len(text) < 3:
        raise EdtfError(text, f"a set that begins with {text[0]!r} ends with {closing!r} and has members")
    parts = text[1:-1].split(",")
    ranges = [_range(part, text, first=index == 0, last=index == len(parts) - 1) for index, part in enumerate(parts)]
    spans = [span for pair in ranges for span in pair if span]
    lows = [a.p_first if a else -INFINITY for a, _ in ranges]
    highs = [b.r_last if b else INFINITY for _, b in ranges]
    all_of = text[0] == "{"
    starts, ends = _set_inner(ranges, all_of, throughout=False)
    first, last = _set_inner(ranges, all_of, throughout=True)
    doubted = any(span.uncertain for span in spans)
    within = Bounds(min(lows), starts, ends, max(highs), doubted)
    return Edtf(
        text,
        2,
        within,
        Bounds(min(lows), first, last, max(highs), doubted),
        Precision.SET,
        _finest(spans),
        all_of,
        tuple(parts),
    )


def _set_inner(ranges: list[tuple[Span | None, Span | None]], all_of: bool, *, throughout: bool) -> tuple[int, int]:
    """Latest start and earliest end: of one of the members, or of all of them together."""
    firsts, lasts = [], []
    for a, b in ranges:
        begins = (a.r_first if throughout else a.r_last) if a else -INFINITY
        ends = (b.p_last if throughout else b.p_first) if b else INFINITY
        if all_of:
            firsts.append(begins)
            lasts.append(ends)
        else:
            firsts.append((b.r_first if throughout else b.r_last) if b else INFINITY)
            lasts.append((a.p_last if throughout else a.p_first) if a else -INFINITY)
    return (min(firsts), max(lasts)) if all_of else (max(firsts), min(lasts))


def _range(part: str, text: str, *, first: bool, last: bool) -> tuple[Span | None, Span | None]:
    """One member of a set: a date, 'a..b', or an open '..b' first and 'a..' last."""
    begin, dots, end = part.partition("..")
    if part in ("", "..") or (dots and not begin and not first) or (dots and not end and not last):
        raise EdtfError(text, "members are dates or ranges; '..' may open the first and the last one")
    a = _member(begin, text) if begin else None
    b = _member(end, text) if end else (None if dots else a)
    if a and b and a.precision is not b.precision:
        raise EdtfError(text, f"both ends of {part} need the same precision")
    if a and b and a.p_first > b.r_last:
        raise EdtfError(text, f"{part} ends before it starts")
    return a, b
