"""How long between two dates, in words for people."""

from __future__ import annotations

import pytest

from timeline.api.gaps import gap_label
from timeline.values.dates import bounds
from timeline.values.gaps import gap


@pytest.mark.parametrize(
    ("a", "b", "label"),
    [
        ("2025-07-11", "2025-07-12", "1 day"),
        ("2025-07-11", "2025-07-11", "the same day"),
        ("2025-07-11", "[2025-07-30..2025-08-08]", "19 to 28 days"),
        ("2025-07-11", "[2025-07-16..]", "at least 5 days"),
        ("2025-07-10/2025-07-12", "2025-07-11", "overlapping"),
        ("2025-07-11", "2025-07-01", "10 days before it ends"),
        ("2025-07-11", "[2025-07-01..2025-07-10]", "1 to 10 days before it ends"),
        ("2025-07-11", "[..2025-07-01]", "at least 10 days before it ends"),
        ("2025-07-11", "2025-07", "at most 20 days, perhaps before it ends"),
        ("2025-07", "2025-07-01", "at most the same day, perhaps before it ends"),
        ("[2025-07-01..]", "2025-07-11", "at most 10 days, perhaps before it ends"),
        ("2025-07", "[2025-07-02..]", "unknown"),
    ],
)
def test_a_gap_says_when_the_next_one_may_begin_before_the_end(a: str, b: str, label: str) -> None:
    assert gap_label(gap(bounds(a), bounds(b))) == label
