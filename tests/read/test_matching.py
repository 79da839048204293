"""The matcher against the definition: all ways to fill the steps, all choices of dates, straight from the words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import Refused
from timeline.read.matching import Candidate, Chosen, Matcher, Ordered, Step
from timeline.values.dates import Bounds

DAYS = 4
Dates = tuple[int, int]


@st.composite
def imprecise(draw: st.DrawFn) -> Bounds:
    day = st.integers(0, DAYS - 1)
    es, ls = sorted((draw(day), draw(day)))
    ee, le = sorted((draw(day), draw(day)))
    return Bounds(es, max(ls, es), max(ee, es), max(le, ls, ee), draw(st.sampled_from([False, False, False, True])))


@st.composite
def candidates(draw: st.DrawFn, most: int = 3) -> list[Candidate]:
    ids = draw(st.lists(st.sampled_from("abcdefg"), max_size=most, unique=True))
    return [Candidate(id, draw(imprecise()), (draw(st.frozensets(st.sampled_from("KU"), max_size=2)),)) for id in ids]


@st.composite
def patterns(draw: st.DrawFn) -> list[Step]:
    known: dict[str, Candidate] = {}

    def same(found: list[Candidate]) -> list[Candidate]:
        """One id has one date, in whatever step it stands."""
        return [known.setdefault(each.id, each) for each in found]

    steps = []
    for index in range(draw(st.integers(1, 3))):
        margin = draw(st.integers(0, 1))
        least = max(margin, draw(st.integers(-1, 2)))
        most = draw(st.integers(least, 5))
        without = same(draw(candidates(most=1))) if index else []
        optional = index > 0 and draw(st.booleans())
        steps.append(Step(same(draw(candidates())), least, most, margin, optional, without))
    return steps


def dates(bounds: Bounds) -> list[Dates]:
    starts, ends = range(bounds.es, bounds.ls + 1), range(bounds.ee, bounds.le + 1)
    return [(s, e) for s, e in product(starts, ends) if s <= e]


def holds(steps: Sequence[Step], chosen: Chosen, at: dict[str, Dates], others: dict[str, Dates]) -> bool:
    """Whether the pattern holds for this one choice of all dates."""
    last: Candidate | None = None
    for step, each in zip(steps, chosen, strict=True):
        if each is None:
            continue
        if last is not None:
            end, start = at[last.id][1], at[each.id][0]
            if not step.least <= start - end <= step.most:
                return False
            between = (others[c.id] for c in step.without if c.id in others)
            if any(s - end >= step.margin and start - e >= step.margin for s, e in between):
                return False
        last = each
    return True


def judged(steps: Sequence[Step], chosen: Chosen) -> tuple[bool, bool]:
    """(possible, certain) by every choice of dates."""
    own = {each.id: each for each in chosen if each is not None}
    without = {c.id: c for step in steps for c in step.without if c.id not in own}

    def choices(those: list[Candidate]) -> Iterator[tuple[dict[str, Dates], dict[str, Dates]]]:
        for picked in product(*(dates(each.bounds) for each in [*own.values(), *those])):
            yield (
                dict(zip(own, picked, strict=False)),
                dict(zip([c.id for c in those], picked[len(own) :], strict=True)),
            )

    sure = [c for c in without.values() if not c.bounds.uncertain]
    possible = any(holds(steps, chosen, *choice) for choice in choices(sure))
    doubted = any(each.bounds.uncertain for each in own.values())
    certain = not doubted and all(holds(steps, chosen, *choice) for choice in choices(list(without.values())))
    return possible, certain


def reference(steps: Sequence[Step]) -> set[tuple[tuple[str | None, ...], bool]]:
    """All matches, straight from the definition."""
    ways = [[*step.candidates, *([None] if step.optional else [])] for step in steps]
    found = {}
    for chosen in product(*ways):
        taken = [each for each in chosen if each is not None]
        if len({each.id for each in taken}) < len(taken):
            continue
        if len(taken) > 1 and not frozenset.intersection(*(each.shared[0] for each in taken)):
            continue
        possible, certain = judged(steps, chosen)
        if possible:
            found[tuple(each and each.id for each in chosen)] = certain

    def fuller(ids: tuple[str | None, ...]) -> bool:
        return any(
            other != ids and all(mine in (None, theirs) for mine, theirs in zip(ids, other, strict=True))
            for other in found
        )

    return {(ids, certain) for ids, certain in found.items() if None not in ids or not fuller(ids)}


@settings(max_examples=1500, deadline=None)
@given(patterns())
def test_the_matcher_agrees_with_the_definition(steps: list[Step]) -> None:
    found = [
        (tuple(each and each.id for each in match.occurrences), match.certain) for match in Matcher(steps).matches()
    ]
    assert len(found) == len(set(found)), "no match is given twice"
    assert set(found) == reference(steps)


@settings(max_examples=200, deadline=None)
@given(patterns(), st.integers(0, 20))
def test_going_on_behind_a_match_gives_the_rest(steps: list[Step], at: int) -> None:
    found = list(Matcher(steps).matches())
    assert [match.key for match in found] == sorted(match.key for match in found)
    if found:
        at %= len(found)
        assert list(Matcher(steps).matches(found[at].key)) == found[at + 1 :]


def day(id: str, number: int) -> Candidate:
    return Candidate(id, Bounds(number, number, number, number, False))


def test_candidates_are_made_when_they_are_first_looked_at_and_once() -> None:
    made: list[int] = []

    def make(index: int) -> Candidate:
        made.append(index)
        return day(f"c{index}", index)

    many = Ordered([(index, index, f"c{index}") for index in range(1000)], range(1000), make)
    found = Matcher([Step(many), Step(many, most=2)]).matches(((500, 0, ""), (0, 0, "")))
    assert [match.ids for match, _ in zip(found, range(3), strict=False)] == [
        ("c500", "c501"),
        ("c500", "c502"),
        ("c501", "c502"),
    ]
    assert made == [500, 501, 502, 503]


def test_a_pattern_that_takes_too_much_work_is_refused() -> None:
    wide = [Step([day(f"{step}{number}", number) for number in range(40)], most=50) for step in range(4)]
    with pytest.raises(Refused) as refused:
        list(Matcher(wide, work=5000).matches())
    assert refused.value.code == "PATTERN_TOO_WIDE"


@pytest.mark.parametrize("steps", [[], [Step([], optional=True)], [Step([])] * 9])
def test_a_pattern_has_one_to_eight_steps_and_begins_with_a_required_one(steps: list[Step]) -> None:
    with pytest.raises(Refused) as refused:
        Matcher(steps)
    assert refused.value.code == "PATTERN_INVALID"


def test_what_fills_a_later_step_does_not_lie_between_the_earlier_ones() -> None:
    def day(id: str, number: int) -> Candidate:
        return Candidate(id, Bounds(number, number, number, number, False))

    c = day("c", 3)
    steps = [
        Step([day("a", 2)]),
        Step([day("b", 3)], least=1, margin=0, without=[c]),
        Step([c], least=0, margin=0),
    ]
    assert [match.ids for match in Matcher(steps).matches()] == [("a", "b", "c")]
    assert list(Matcher(steps[:2]).matches()) == []
