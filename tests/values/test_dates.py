"""Imprecise dates: the specification's examples, and laws that hold for every date."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.errors import Invalid
from timeline.values.dates import (
    INFINITY,
    Bounds,
    EdtfError,
    Precision,
    bounds,
    civil,
    day_number,
    day_of,
    iso_day,
    parse_edtf,
)
from timeline.values.rendering import render

PIECES = st.sampled_from(["2025", "-", "07", "11", "X", "/", "..", "[", "]", "{", "}", ",", "~", "?", "%", "Y", "S2"])
SOUP = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=30)
DAYS = st.dates(date(1, 1, 1), date(9998, 12, 31))


def shown(number: int) -> str:
    """As the examples write days: years of more than four digits without Y."""
    if abs(number) >= INFINITY:
        return "+inf" if number > 0 else "-inf"
    return str(iso_day(number)).replace("Y", "")


def as_text(found: Bounds) -> dict[str, str]:
    return {name: shown(getattr(found, name)) for name in ("es", "ls", "ee", "le")}


def test_every_line_of_the_examples(shared_data: Path) -> None:
    examples = json.loads((shared_data / "edtf" / "examples.json").read_text(encoding="utf-8"))
    wrong = []
    for example in examples:
        text = example["edtf"]
        try:
            found = parse_edtf(text)
        except EdtfError:
            if example["valid"]:
                wrong.append((text, "refused"))
            continue
        if not example["valid"]:
            wrong.append((text, "accepted"))
            continue
        assert found.level == example["level"], text
        render(text)
        for name, reading in (("bounds", found.bounds), ("throughout", found.throughout)):
            if name in example and as_text(reading) != example[name]:
                wrong.append((text, name, as_text(reading)))
    assert len(examples) == 590
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[2025-07-12..]", ("2025-07-12", "+inf", "2025-07-12", "+inf")),
        ("[..2025-06-30]", ("-inf", "2025-06-30", "-inf", "2025-06-30")),
        ("[2025-06-21..2025-06-30]", ("2025-06-21", "2025-06-30", "2025-06-21", "2025-06-30")),
        ("2025-07-10/2025-07-11", ("2025-07-10", "2025-07-10", "2025-07-11", "2025-07-11")),
        ("2024-02-XX", ("2024-02-01", "2024-02-29", "2024-02-01", "2024-02-29")),
        ("2025-07-11~", ("2025-07-08", "2025-07-14", "2025-07-08", "2025-07-14")),
        ("2025-07?", ("2025-07-01", "2025-07-31", "2025-07-01", "2025-07-31")),
    ],
)
def test_the_four_bounds(text: str, expected: tuple[str, ...]) -> None:
    assert tuple(as_text(bounds(text)).values()) == expected


def test_a_day_it_contains_tightens_what_is_otherwise_unknown() -> None:
    found = bounds(None, contains="2025-07-11")
    assert tuple(as_text(found).values()) == ("-inf", "2025-07-11", "2025-07-11", "+inf")
    with pytest.raises(EdtfError, match="lies outside"):
        bounds("2025-06", contains="2025-07-11")


def test_an_open_end_reaches_at_least_to_the_report_and_an_unknown_end_does_not() -> None:
    report = day_number("2025-07-11")
    assert bounds("2025-06/..", report_day=report).ee == report
    assert bounds("2025-06/", report_day=report).ee == day_number("2025-06-01")


@pytest.mark.parametrize(
    "text", ["", "2025-13", "2025-02-29", "2025-07-11/2025-07-10", "late June", "2025-7-1", "١٩٨٥"]
)
def test_what_is_no_date_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(EdtfError) as caught:
        parse_edtf(text)
    assert caught.value.code == "EDTF_INVALID"
    assert repr(text)[:10] in caught.value.message


@given(SOUP)
def test_any_text_gives_a_date_or_an_error_and_a_date_can_be_shown(text: str) -> None:
    try:
        found = bounds(text)
    except Invalid:
        return
    assert found.es <= found.ls <= found.le
    assert found.es <= found.ee <= found.le
    assert render(text)


@given(DAYS)
def test_days_agree_with_the_calendar_of_the_standard_library(day: date) -> None:
    number = day_of(day.year, day.month, day.day)
    assert number == day.toordinal() - date(1970, 1, 1).toordinal()
    assert civil(number) == (day.year, day.month, day.day)
    assert day_number(day.isoformat()) == number
    assert iso_day(number) == day.isoformat()


@given(st.integers(-300_000_000_000, 300_000_000_000))
def test_a_day_is_read_back_as_it_is_written(number: int) -> None:
    assert day_number(str(iso_day(number))) == number


@given(DAYS)
def test_a_day_an_interval_of_it_and_a_set_of_it_are_one(day: date) -> None:
    text = day.isoformat()
    plain = bounds(text)
    assert plain == bounds(f"{text}/{text}") == bounds(f"[{text}]") == bounds(text, throughout=True)


@given(DAYS, st.sampled_from(["day", "month", "decade", "approximate"]))
def test_less_precision_never_narrows(day: date, how: str) -> None:
    text = day.isoformat()
    wider = {"day": f"{text[:8]}XX", "month": f"{text[:5]}XX-XX", "decade": f"{text[:3]}X", "approximate": f"{text}~"}
    a, b = bounds(text), bounds(wider[how])
    assert b.es <= a.es
    assert a.ls <= b.ls
    assert b.ee <= a.ee
    assert a.le <= b.le


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-07-11", "11 July 2025"),
        ("2025-07-10/2025-07-11", "10–11 July 2025"),
        ("[2025-07-10,2025-07-11]", "10 or 11 July 2025"),
        ("[2025-06-21..2025-06-30]", "late June 2025"),
        ("[2025-06-11..2025-06-20]", "mid-June 2025"),
        ("[2025-07-10..2025-07-12]", "between 10 and 12 July 2025"),
        ("[2025-07-12..]", "12 July 2025 or later"),
        ("2025-06/", "from June 2025, end unknown"),
        ("2024~", "c. 2024"),
        ("2025-07-11?", "11 July 2025 (uncertain)"),
        ("2025-24", "winter 2025–26"),
        ("2025-07-XX", "a day in July 2025"),
        ("2025-06-28/2025-07-02", "28 June – 2 July 2025"),
        ("-0043", "44 BC"),
    ],
)
def test_dates_for_people_never_print_a_unit_finer_than_stated(text: str, expected: str) -> None:
    assert render(text) == expected


def test_an_open_end_is_shown_with_the_day_of_the_report() -> None:
    report = day_number("2025-07-11")
    assert render("2025-06/..", report_day=report) == "since June 2025 (ongoing as of 11 July 2025)"


@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
def test_a_plain_day_is_read_as_the_same_day_with_a_doubt_is(year: int, month: int, day: int) -> None:
    text = f"{year:04d}-{month:02d}-{day:02d}"
    try:
        doubted = bounds(f"{text}?")
    except EdtfError:
        with pytest.raises(EdtfError):
            parse_edtf(text)
        return
    assert replace(bounds(text), uncertain=True) == doubted
    assert (parse_edtf(text).precision, parse_edtf(text).level) == (Precision.DAY, 0)
