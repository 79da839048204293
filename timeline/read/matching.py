"""Patterns over time: steps, each with its candidates, matched into sequences by the bounds of their dates. Pure.

A match takes one candidate a step, none twice, such that each comes after the one before: its start lies `least` to
`most` days behind the end of that one, for some choice of all dates within their bounds. It is certain when that holds
for every choice. All matches are given, overlapping ones too, in the order of their occurrences. An optional step is
filled whenever something fits: a match that leaves it out is given only if nothing does. Without a date nothing takes
part. What must not come between does so when it starts `margin` days or more after the one and ends as long before
the other; a doubted date ('?') is never certain to lie between, and the occurrences of the match itself never do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, chain, combinations
from operator import attrgetter

from timeline.errors import Refused
from timeline.values.dates import INFINITY, Bounds

Key = tuple[int, int, str]
"""Earliest start, latest end, id: a place in the documented order."""
KEY = attrgetter("key")
MAX_STEPS = 8
MAX_WORK = 1_000_000
"""How many candidates are looked at before a pattern is called too wide."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An occurrence that may fill a step. `shared` is what it may have in common with the other steps, by kind."""

    id: str
    bounds: Bounds
    shared: tuple[frozenset[str], ...] = ()

    @property
    def key(self) -> Key:
        """Its place in the documented order."""
        return (self.bounds.es, self.bounds.le, self.id)


Ids = frozenset[str]
NONE: Ids = frozenset()
Chosen = tuple[Candidate | None, ...]
"""The occurrences of the steps so far; None where an optional one is left out."""


class Ordered:
    """Candidates in the documented order, found by a window for their start. Each is made when first looked at."""

    def __init__(self, keys: Sequence[Key], latest: Sequence[int], make: Callable[[int], Candidate]) -> None:
        self.keys = keys
        self._starts = [key[0] for key in keys]
        self._latest = latest
        """The latest start of each."""
        self._reached = list(accumulate(latest, max))
        """How late those up to each may start."""
        self._make = make
        self._made: dict[int, Candidate] = {}

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> Ordered:
        """Candidates that are made already."""
        items = sorted(candidates, key=KEY)
        return cls([each.key for each in items], [each.bounds.ls for each in items], items.__getitem__)

    def __getitem__(self, index: int) -> Candidate:
        if index not in self._made:
            self._made[index] = self._make(index)
        return self._made[index]

    def onwards(self, key: Key | None) -> Iterator[Candidate]:
        """All of them, or those from a key on."""
        begin = 0 if key is None else bisect_left(self.keys, key)
        return (self[index] for index in range(begin, len(self.keys)))

    def starting(self, first: int, last: int) -> Iterator[Candidate]:
        """Those that may start on a day from `first` to `last`."""
        # How late they may start never falls along the list, so all before the first that reaches the window are out.
        for index in range(bisect_left(self._reached, first), bisect_right(self._starts, last)):
            if self._latest[index] >= first:
                yield self[index]


@dataclass(frozen=True, slots=True)
class Step:
    """What a pattern asks of one step and of the time since the step before it.

    `margin` is 1 in strict order and 0 when the same day is allowed. `without` must not come between.
    """

    candidates: Sequence[Candidate] | Ordered
    least: int = 1
    most: int = INFINITY
    margin: int = 1
    optional: bool = False
    without: Sequence[Candidate] | Ordered = ()


@dataclass(frozen=True, slots=True)
class Match:
    """One way to fill the steps; None where an optional one is left out."""

    occurrences: Chosen
    certain: bool

    @property
    def ids(self) -> tuple[str | None, ...]:
        """The ids of the occurrences."""
        return tuple(None if each is None else each.id for each in self.occurrences)

    @property
    def key(self) -> tuple[Key, ...]:
        """Its place among the matches: left-out steps sort last."""
        return tuple((INFINITY, 0, "") if each is None else each.key for each in self.occurrences)


@dataclass
class Matcher:
    """Finds the matches of a pattern in order. Raises `Refused` when that takes more than `work`."""

    steps: Sequence[Step]
    work: int = MAX_WORK
    _ordered: list[Ordered] = field(default_factory=list)
    _without: list[Ordered] = field(default_factory=list)
    _is_stopped: bool = False

    def __post_init__(self) -> None:
        self._ordered = [_ordered(step.candidates) for step in self.steps]
        self._without = [_ordered(step.without) for step in self.steps]
        check_steps([step.optional for step in self.steps])

    def matches(self, after: tuple[Key, ...] | None = None) -> Iterator[Match]:
        """All matches behind a key, in order."""
        for first in self._ordered[0].onwards(None if after is None else after[0]):
            found = sorted(self._begun(first), key=KEY)
            yield from (match for match in found if after is None or match.key > after)

    def stop(self) -> None:
        """Refuse to look any further, because nobody waits for what would be found. From any thread."""
        self._is_stopped = True

    @cached_property
    def _later(self) -> list[Ids]:
        """Per step who may fill one behind it."""
        ids = [frozenset(key[2] for key in each.keys) for each in self._ordered]
        return [NONE.union(*ids[index + 1 :]) for index in range(len(ids))]

    def _begun(self, first: Candidate) -> Iterator[Match]:
        """The matches that begin with this one."""
        end = (first.bounds.ee, first.bounds.le)
        found = list(self._continued((first,), 1, end, not first.bounds.uncertain, first.shared))
        filled = {match.ids for match in found}
        for match in found:
            if None not in match.ids or not any(_fills(other, match.ids) for other in filled):
                yield match

    def _continued(
        self,
        chosen: Chosen,
        index: int,
        end: tuple[int, int],
        certain: bool,
        shared: tuple[frozenset[str], ...],
        needed: Ids = NONE,
        barred: Ids = NONE,
    ) -> Iterator[Match]:
        """The matches that go on from here. `end` are the days on which the last one chosen may end.

        Whoever is `needed` has to fill a later step, whoever is `barred` may not.
        """
        if index == len(self.steps):
            if not needed:
                yield Match(chosen, certain)
            return
        step = self.steps[index]
        last = next(each for each in reversed(chosen) if each is not None)
        out = barred.union(each.id for each in chosen if each is not None)
        for candidate in self._ordered[index].starting(end[0] + step.least, end[1] + step.most):
            self._work()
            if candidate.id in out:
                continue
            common = tuple(a & b for a, b in zip(shared, candidate.shared, strict=True))
            if not all(common):
                continue
            left = needed - {candidate.id}
            for ours, others in self._returning(index, chosen, last, candidate, left):
                start = self._earliest_start(index, chosen, end, candidate, ours)
                if start is None:
                    continue
                doubted = candidate.bounds.uncertain or not self._is_certain(index, chosen, last, candidate, ours)
                ends = (max(candidate.bounds.ee, start), candidate.bounds.le)
                on = ((*chosen, candidate), index + 1, ends, certain and not doubted, common)
                yield from self._continued(*on, left | ours, barred | others)
        if step.optional:
            yield from self._continued((*chosen, None), index + 1, end, certain, shared, needed, barred)

    def _returning(
        self, index: int, chosen: Chosen, a: Candidate, b: Candidate, needed: Ids
    ) -> Iterator[tuple[Ids, Ids]]:
        """Who may both lie between A and B and fill a later step, on the same day: every split into those who do fill
        one, and so do not count as lying between, and those who do not."""
        may = frozenset(
            each.id
            for each in self._between(index, chosen, (a.bounds.ee, a.bounds.le), b)
            if each.id in self._later[index] and each.bounds.ls >= b.bounds.ee
        )
        for ours in chain.from_iterable(combinations(sorted(may - needed), size) for size in range(len(may) + 1)):
            self._work()
            ids = needed & may | frozenset(ours)
            yield ids, may - ids

    def _earliest_start(self, index: int, chosen: Chosen, end: tuple[int, int], b: Candidate, ours: Ids) -> int | None:
        """The first day on which B can start so that the step holds; None when there is none.

        Starting early leaves most room to what follows. Where something must not come between, ending A later may let
        it fall before A's end: those ends are tried, too.
        """
        step = self.steps[index]
        others = (c for c in self._between(index, chosen, end, b) if c.id not in ours)
        between = [c.bounds for c in others if not c.bounds.uncertain]
        ends = sorted({end[0], *(c.es - step.margin + 1 for c in between)})
        for ending in ends:
            if not end[0] <= ending <= end[1]:
                continue
            start = max(b.bounds.es, ending + step.least)
            # A later end than needed would only move the start back.
            ending = max(ending, start - step.most)
            if start > min(b.bounds.ls, ending + step.most) or ending > end[1] or start > b.bounds.le:
                continue
            if not any(c.es - ending >= step.margin and start - c.le >= step.margin for c in between):
                return start
        return None

    def _is_certain(self, index: int, chosen: Chosen, a: Candidate, b: Candidate, ours: Ids) -> bool:
        step = self.steps[index]
        if b.bounds.es - a.bounds.le < step.least or b.bounds.ls - a.bounds.ee > step.most:
            return False
        return not any(
            _may_lie(c.bounds, a.bounds.ee + step.margin, b.bounds.ls - step.margin)
            for c in self._between(index, chosen, (a.bounds.ee, a.bounds.le), b)
            if c.id not in ours
        )

    def _between(self, index: int, chosen: Chosen, end: tuple[int, int], b: Candidate) -> Iterator[Candidate]:
        """What must not come between and may start there; the occurrences of the match itself are none of it."""
        own = {b.id, *(each.id for each in chosen if each is not None)}
        for candidate in self._without[index].starting(end[0], b.bounds.ls):
            self._work()
            if candidate.id not in own:
                yield candidate

    def _work(self) -> None:
        self.work -= 1
        if self.work < 0 or self._is_stopped:
            raise too_wide()


def _ordered(candidates: Sequence[Candidate] | Ordered) -> Ordered:
    return candidates if isinstance(candidates, Ordered) else Ordered.of(candidates)


def check_steps(optional: Sequence[bool]) -> None:
    """Raises `Refused` for what is no pattern, from which of its steps are optional."""
    if not 1 <= len(optional) <= MAX_STEPS:
        raise Refused("PATTERN_INVALID", f"a pattern has 1 to {MAX_STEPS} steps", ("steps",))
    if optional[0]:
        message = "the first step must occur; it cannot be optional"
        raise Refused("PATTERN_INVALID", message, ("steps", 0, "optional"))


def too_wide() -> Refused:
    """What a pattern that takes more work than is allowed is answered with."""
    message = "the pattern is too wide: narrow its steps, or bound the time between them"
    return Refused("PATTERN_TOO_WIDE", message, ("steps",))


def _may_lie(c: Bounds, first: int, last: int) -> bool:
    """Whether C can start and end within these days."""
    start = max(c.es, first)
    return start <= c.ls and max(c.ee, start) <= min(c.le, last)


def _fills(other: tuple[str | None, ...], ids: tuple[str | None, ...]) -> bool:
    """Whether another match is the same but for steps that this one leaves out."""
    return other != ids and all(mine is None or mine == theirs for mine, theirs in zip(ids, other, strict=True))
