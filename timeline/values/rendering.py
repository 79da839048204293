"""Dates for people: never a unit finer than stated. The words as reported stand beside it, in the document."""

from __future__ import annotations

import re

from timeline.values.dates import Precision, civil, month_length, parse_edtf, plain_day

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
SEASON_NAMES = {21: "spring", 22: "summer", 23: "autumn", 24: "winter"}
GROUPS = {
    **{25 + index: f"{name} (northern)" for index, name in enumerate(SEASON_NAMES.values())},
    **{29 + index: f"{name} (southern)" for index, name in enumerate(SEASON_NAMES.values())},
    **{33 + index: f"quarter {index + 1}" for index in range(4)},
    **{37 + index: f"third {index + 1}" for index in range(3)},
    **{40 + index: f"half {index + 1}" for index in range(2)},
}
_MARKS = re.compile("[?~%]")
_PLAIN = re.compile(r"(-?\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", re.ASCII)


def render(text: str | None, *, contains: str | None = None, report_day: int | None = None) -> str:
    """The date in English: 'late June 2025', '10–11 July 2025'. Raises `EdtfError`."""
    if text is None:
        return f"under way on {render(contains)}; start and end unknown" if contains else "date not stated"
    if plain_day(text) is not None:  # As most dates are, and need no further look.
        return f"{int(text[8:])} {MONTHS[int(text[5:7]) - 1]} {int(text[:4])}"
    date = parse_edtf(text)
    if date.precision is Precision.SET:
        return _set(date.members, date.all_of)
    if date.precision is Precision.INTERVAL:
        return _interval(text, report_day)
    return _one(text)


def _one(text: str) -> str:
    """One date with its qualifiers."""
    if not _MARKS.search(text):
        return _bare(text)
    shown = _bare(_MARKS.sub("", text))
    if "~" in text or "%" in text:
        shown = f"c. {shown}"
    return f"{shown} (uncertain)" if "?" in text or "%" in text else shown


def _bare(text: str) -> str:
    if "T" in text:
        day, _, clock = text.partition("T")
        zone = " UTC" if clock.endswith("Z") else f" (UTC{clock[8:]})" if len(clock) > 8 else ""
        return f"{_bare(day)}, {clock[:5]}{zone}"
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return _masked(text)
    year, month, day = plain[1], plain[2], plain[3]
    shown = _year(year)
    if month is None:
        return shown
    group = int(month)
    if group == 24:
        return f"winter {shown}–{(int(year) + 1) % 100:02d}"
    if group > 12:
        return f"{SEASON_NAMES.get(group) or GROUPS[group]} {shown}"
    return f"{int(day)} {MONTHS[group - 1]} {shown}" if day else f"{MONTHS[group - 1]} {shown}"


def _year(text: str) -> str:
    number = int(text)
    return str(number) if number > 0 else f"{1 - number} BC"


def _masked(text: str) -> str:
    if text.startswith("Y") or "S" in text:
        body, _, digits = text.partition("S")
        shown = f"year {body.removeprefix('Y')}"
        return f"{shown} (to {digits} significant digits)" if digits else shown
    parts = text.rsplit("-", text.lstrip("-").count("-"))
    year, month, day = parts[0], *[*parts[1:], "", ""][:2]
    where = f"in {_when(year, month)}"
    if day == "XX" and month != "XX":
        return f"a day {where}"
    if day == "XX" or (month == "XX" and not day):
        return f"a {'day' if day else 'month'} in {_when(year, '')}"
    if not month:
        return _when(year, "")
    return text


def _when(year: str, month: str) -> str:
    if year.endswith("XX") and year[:2].isdigit():
        shown = f"the {year[:2]}00s"
    elif year.endswith("X") and year[:3].isdigit():
        shown = f"the {year[:3]}0s"
    else:
        shown = _year(year) if "X" not in year else year
    return f"{MONTHS[int(month) - 1]} {shown}" if month.isdigit() and int(month) <= 12 else shown


def _interval(text: str, report_day: int | None) -> str:
    left, _, right = text.partition("/")
    if right == "..":
        since = f"since {_one(left)}"
        return f"{since} (ongoing as of {_day(report_day)})" if report_day is not None else f"{since}, ongoing"
    if right == "":
        return f"from {_one(left)}, end unknown"
    if left == "..":
        return f"until {_one(right)}"
    if left == "":
        return f"until {_one(right)}, start unknown"
    return _joined(left, right, "–")


def _day(number: int) -> str:
    year, month, day = civil(number)
    return f"{day} {MONTHS[month - 1]} {year}"


def _joined(left: str, right: str, joint: str) -> str:
    """Two dates without saying twice what they share: '10–11 July 2025', '10 June – 3 July 2025'."""
    a, b = _PLAIN.fullmatch(left), _PLAIN.fullmatch(right)
    loose = joint if joint.startswith(" ") else f" {joint} "
    if left == right:
        return _one(left)
    if a and b and a[3] and b[3] and a[1] == b[1]:
        if a[2] == b[2]:
            return f"{int(a[3])}{joint}{_bare(right)}"
        return f"{int(a[3])} {MONTHS[int(a[2]) - 1]}{loose}{_bare(right)}"
    if a and b and a[1] == b[1] and a[2] and b[2] and not a[3] and not b[3] and int(a[2]) <= 12:
        return f"{MONTHS[int(a[2]) - 1]}{loose}{_bare(right)}"
    return f"{_one(left)}{loose}{_one(right)}"


def _set(members: tuple[str, ...], all_of: bool) -> str:
    if len(members) == 1 and not all_of:
        begin, dots, end = members[0].partition("..")
        if dots and begin and end:
            return _third_of_month(begin, end) or f"between {_joined(begin, end, ' and ')}"
    shown = [_member(member) for member in members]
    word = "and" if all_of else "or"
    plain = [_PLAIN.fullmatch(member) for member in members]
    if len(members) > 1 and all(found and found[3] for found in plain):
        first = [found[1] + found[2] for found in plain if found]
        if len(set(first)) == 1:
            shown = [str(int(found[3])) for found in plain[:-1] if found] + [shown[-1]]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {word} {shown[-1]}"


def _member(member: str) -> str:
    begin, dots, end = member.partition("..")
    if not dots:
        return _one(member)
    if not end:
        return f"{_one(begin)} or later"
    return _joined(begin, end, "–") if begin else f"{_one(end)} or earlier"


def _third_of_month(begin: str, end: str) -> str | None:
    """News' early, mid and late month: days 1-10, 11-20, 21 to the end."""
    a, b = _PLAIN.fullmatch(begin), _PLAIN.fullmatch(end)
    if not (a and b and a[3] and b[3] and a.group(1, 2) == b.group(1, 2)):
        return None
    last = str(month_length(int(a[1]), int(a[2])))
    word = {("01", "10"): "early", ("11", "20"): "mid-", ("21", last): "late"}.get((a[3], b[3]))
    if word is None:
        return None
    shown = _bare(f"{a[1]}-{a[2]}")
    return f"{word}{shown}" if word.endswith("-") else f"{word} {shown}"
