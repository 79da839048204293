"""Spans and silences against the definition: all choices of dates within their bounds."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tests.read.test_matching import dates, imprecise
from timeline.read.figures import figures_of_rows
from timeline.values.dates import INFINITY, Bounds

MEETINGS = st.lists(imprecise(), min_size=1, max_size=3).map(
    lambda found: sorted(found, key=lambda each: (each.es, each.le))
)


def rows(meetings: list[Bounds]) -> list[tuple[str, int, int, int, int, bool]]:
    return [(str(n), each.es, each.ls, each.ee, each.le, each.uncertain) for n, each in enumerate(meetings)]


@given(MEETINGS)
def test_the_span_is_that_of_the_shortest_and_the_longest_choice(meetings: list[Bounds]) -> None:
    spans = [max(e for _, e in chosen) - min(s for s, _ in chosen) for chosen in product(*map(dates, meetings))]
    found = figures_of_rows(rows(meetings)).span
    assert found is not None
    assert (found.at_least, found.at_most) == (min(spans), max(spans))


@given(MEETINGS)
def test_the_longest_silence_is_the_longest_run_of_days_that_no_choice_fills(meetings: list[Bounds]) -> None:
    filled = {day for each in meetings for day in range(each.es, each.le + 1)}
    longest = run = 0
    for day in range(min(filled), max(filled)):
        run = 0 if day in filled else run + 1
        longest = max(longest, run)
    found = figures_of_rows(rows(meetings)).longest
    assert longest == max((found.at_least or 0) - 1 if found else 0, 0)


def test_what_has_no_date_counts_and_makes_no_gap() -> None:
    undated = ("c", INFINITY, INFINITY, -INFINITY, -INFINITY, False)
    figures = figures_of_rows([("a", 1, 1, 1, 1, False), ("b", 4, 4, 4, 4, False), undated])
    assert (figures.count, figures.dated, figures.first, figures.last, figures.median_gap) == (3, 2, "a", "b", 3)
    assert figures.longest_between == ("a", "b")
    assert (figures_of_rows([undated]).count, figures_of_rows([undated]).span) == (1, None)


def test_a_long_meeting_is_no_silence_for_those_that_began_within_it() -> None:
    figures = figures_of_rows([("a", 0, 0, 30, 30, False), ("b", 2, 2, 2, 2, False), ("c", 33, 33, 33, 33, False)])
    assert figures.longest is not None
    assert (figures.longest.days, figures.longest_between) == (3, ("a", "c"))
