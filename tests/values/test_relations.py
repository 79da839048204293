"""Relations of imprecise dates against the definition: try every start and end inside the bounds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.values import relations
from timeline.values.dates import Bounds
from timeline.values.relations import Certainty

Concrete = tuple[int, int]
LAST = 4


def concrete(b: Bounds) -> list[Concrete]:
    """Every (start, end) that the bounds allow."""
    return [(s, e) for s, e in product(range(b.es, b.ls + 1), range(b.ee, b.le + 1)) if s <= e]


ALL = [
    Bounds(es, ls, ee, le)
    for es, ls, ee, le in product(range(LAST + 1), repeat=4)
    if es <= ls and ee <= le and es <= ee and ls <= le
]
BOUNDS = st.sampled_from(ALL)
RELATIONS: dict[str, tuple[Callable[[Bounds, Bounds], Certainty], Callable[[Concrete, Concrete], bool]]] = {
    "before": (relations.before, lambda a, b: a[1] < b[0]),
    "after": (relations.after, lambda a, b: a[0] > b[1]),
    "overlaps": (relations.overlaps, lambda a, b: a[0] <= b[1] and b[0] <= a[1]),
    "within": (relations.within, lambda a, b: a[0] >= b[0] and a[1] <= b[1]),
    "starts_in": (relations.starts_in, lambda a, b: b[0] <= a[0] <= b[1]),
    "meets": (relations.meets, lambda a, b: a[1] + 1 == b[0]),
    "equals": (relations.equals, lambda a, b: a == b),
    "then_within_2": (lambda a, b: relations.then_within(a, b, 2), lambda a, b: 1 <= b[0] - a[1] <= 2),
    "then_same_day": (
        lambda a, b: relations.then_within(a, b, 2, same_day=True),
        lambda a, b: 0 <= b[0] - a[1] <= 2,
    ),
    "then": (lambda a, b: relations.then_within(a, b), lambda a, b: b[0] - a[1] >= 1),
}


@pytest.mark.parametrize("name", RELATIONS)
def test_each_relation_agrees_with_every_concrete_pair_on_a_five_day_axis(name: str) -> None:
    judge, holds = RELATIONS[name]
    completions = {b: concrete(b) for b in ALL}
    for a, b in product(ALL[::3], ALL):
        truths = {holds(x, y) for x, y in product(completions[a], completions[b])}
        expected = (
            Certainty.CERTAIN if truths == {True} else Certainty.POSSIBLE if True in truths else Certainty.IMPOSSIBLE
        )
        assert judge(a, b) is expected, (name, a, b)


@given(BOUNDS, BOUNDS)
def test_doubt_turns_certain_into_possible_and_changes_nothing_else(a: Bounds, b: Bounds) -> None:
    doubted = Bounds(a.es, a.ls, a.ee, a.le, uncertain=True)
    for judge, _ in RELATIONS.values():
        plain = judge(a, b)
        assert judge(doubted, b) is (Certainty.POSSIBLE if plain is Certainty.CERTAIN else plain)


@given(BOUNDS, BOUNDS)
def test_certainly_before_means_impossible_after_and_impossible_overlap(a: Bounds, b: Bounds) -> None:
    if relations.before(a, b) is Certainty.CERTAIN:
        assert relations.after(a, b) is Certainty.IMPOSSIBLE
        assert relations.overlaps(a, b) is Certainty.IMPOSSIBLE
    assert relations.before(a, b) is relations.after(b, a)
