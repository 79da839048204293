"""Sequences: a pattern's candidates from the read tables, only as many as the rarest step lets matter, then matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from timeline.errors import Refused
from timeline.read.cursors import cursor_of, key_of
from timeline.read.documents import Document
from timeline.read.filters import OccurrenceFilter
from timeline.read.matching import Candidate, Key, Match, Matcher, Ordered, Step, check_steps, too_wide
from timeline.read.shared import WANT_DOCUMENTS, what_is_shared
from timeline.read.snapshot import Snapshot
from timeline.read.steps import EE, ES, IN_ORDER, LE, LS, Row, Window, near_windows, read_step, too_many
from timeline.threads import in_thread, stoppable
from timeline.values.dates import INFINITY, Bounds

WHOLE = 50_000
"""Up to so many occurrences that pass a step's filter are read whole; of more only those near other candidates."""
FEW = 2_000
"""So many rows are put in order at once; more in a thread."""
MAX_ROWS = 200_000
"""How many occurrences all steps may have at hand together."""
MAX_DOCUMENTS = 20_000
"""How many candidates a step may have whose documents have to be read, for people or places in common."""


@dataclass(frozen=True, slots=True)
class StepAsked:
    """One step as it is asked: which occurrences, and how long after the one before."""

    filter: OccurrenceFilter
    at_least: int | None = None
    at_most: int | None = None
    same_day: bool = False
    optional: bool = False
    without: OccurrenceFilter | None = None

    @property
    def margin(self) -> int:
        """0 when the same day is allowed, else 1."""
        return 0 if self.same_day else 1

    @property
    def least(self) -> int:
        """The least days since the end of the one before."""
        return max(self.margin, self.at_least or 0)

    @property
    def most(self) -> int:
        """The most days since the end of the one before."""
        return INFINITY if self.at_most is None else self.at_most


@dataclass(frozen=True, slots=True)
class Found:
    """A page of matches with their documents; None where an optional step is left out."""

    matches: list[Match]
    documents: dict[str, Document]
    cursors: list[str]
    has_next: bool


async def find_sequences(
    snapshot: Snapshot,
    asked: Sequence[StepAsked],
    *,
    sharing: Sequence[str] = (),
    only_certain: bool = False,
    first: int = 50,
    after: str | None = None,
) -> Found:
    """Matches of the pattern. Raises `Refused` for one that is malformed or too wide."""
    check_steps([step.optional for step in asked])
    for number, step in enumerate(asked):
        if step.at_least is not None and step.at_least < 0:
            message = f"atLeastDays is {step.at_least}; a step begins 0 or more days after the one before"
            raise Refused("PATTERN_INVALID", message, ("steps", number, "atLeastDays"))
        if step.most < step.least:
            message = f"no time is at least {step.least} and at most {step.most} days long"
            raise Refused("PATTERN_INVALID", message, ("steps", number, "within"))
    steps = await _steps(snapshot, asked, sharing)
    begin = _key(after, len(asked)) if after is not None else None
    # In a thread: matching may take seconds, in which others want to be answered.
    found = await in_thread(_matched, Matcher(steps), begin, first + 1, only_certain=only_certain)
    shown = found[:first]
    ids = sorted({each.id for match in shown for each in match.occurrences if each is not None})
    cursors = [cursor_of([part for key in match.key for part in key]) for match in shown]
    return Found(shown, await snapshot.documents(ids), cursors, has_next=len(found) > first)


def _matched(matcher: Matcher, begin: tuple[Key, ...] | None, most: int, *, only_certain: bool) -> list[Match]:
    with stoppable(matcher.stop):
        found = (match for match in matcher.matches(begin) if match.certain or not only_certain)
        return list(islice(found, most))


async def _steps(snapshot: Snapshot, asked: Sequence[StepAsked], sharing: Sequence[str]) -> list[Step]:
    """The steps with their candidates, from the rarest outwards: each bounds in time what its neighbours may be."""
    read = await _whole(snapshot, [step.filter for step in asked])
    between = await _whole(snapshot, [step.without if index else None for index, step in enumerate(asked)])
    # Later steps are looked at where those before them end. Where all is at hand, only what comes before the rarest has
    # to be narrowed.
    is_free = None not in (*read, *between) and not WANT_DOCUMENTS.intersection(sharing)
    sizes = [WHOLE + 1 if rows is None else len(rows) for rows in read]
    rarest = min(range(len(asked)), key=lambda index: (asked[index].optional, sizes[index]))
    near: dict[int, Sequence[Row]] = {}
    for index in (rarest, *range(rarest + 1, len(asked)), *range(rarest - 1, -1, -1)):
        rows, path = read[index], ("steps", index, "filter")
        if rows is None or not is_free or index < rarest:
            rows = await near_windows(snapshot, asked[index].filter, rows, _windows(asked, near, rarest, index), path)
        if WANT_DOCUMENTS.intersection(sharing) and len(rows) > MAX_DOCUMENTS:
            raise too_many(MAX_DOCUMENTS, path)
        near[index] = rows
    steps = []
    for index, step in enumerate(asked):
        candidates = await _candidates(snapshot, near[index], sharing)
        without: Ordered | tuple[()] = ()
        if step.without is not None and index > 0:
            rows, path = between[index], ("steps", index, "without")
            if rows is None or not is_free:
                rows = await near_windows(snapshot, step.without, rows, _between(step, near[index]), path)
            without = await _candidates(snapshot, rows, ())
        steps.append(Step(candidates, step.least, step.most, step.margin, step.optional, without))
    return steps


async def _whole(snapshot: Snapshot, filters: Sequence[OccurrenceFilter | None]) -> list[Sequence[Row] | None]:
    """All that passes each filter; None where that is too much to be read whole. Nothing passes no filter."""
    found: list[Sequence[Row] | None] = []
    for filter in filters:
        rows = () if filter is None else await read_step(snapshot, filter, WHOLE + 1)
        found.append(rows if len(rows) <= WHOLE else None)
        if sum(len(each or ()) for each in found) > MAX_ROWS:
            raise too_wide()
    return found


def _windows(
    asked: Sequence[StepAsked], near: dict[int, Sequence[Row]], rarest: int, index: int
) -> list[Window] | None:
    """Days that what fills a step must touch; None for the rarest, which nothing bounds."""
    if index == rarest:
        return None
    return (_after if index > rarest else _before)(asked, near, rarest, index)


def _after(asked: Sequence[StepAsked], near: dict[int, Sequence[Row]], rarest: int, index: int) -> list[Window]:
    """Days on which a later step can begin: behind those that may come right before it."""
    windows = []
    least, most = asked[index].least, asked[index].most
    for before in range(index - 1, rarest - 1, -1):
        windows += [(row[EE] + least, row[LE] + most) for row in near[before]]
        if not asked[before].optional:
            break
    return windows


def _before(asked: Sequence[StepAsked], near: dict[int, Sequence[Row]], rarest: int, index: int) -> list[Window]:
    """Days on which an earlier step can end, as days that it must touch."""
    windows = []
    for after in range(index + 1, rarest + 1):
        least, most = asked[after].least, asked[after].most
        windows += [(row[ES] - most, row[LS] - least) for row in near[after]]
        if not asked[after].optional:
            break
    return windows


def _between(step: StepAsked, rows: Sequence[Row]) -> list[Window]:
    """Days on which something can come between: back from a step's candidates as far as the step reaches."""
    return [(row[ES] - step.most, row[LS]) for row in rows]


async def _candidates(snapshot: Snapshot, rows: Sequence[Row], sharing: Sequence[str]) -> Ordered:
    """What may fill a step, in order, each with what it may share with others."""
    told = await what_is_shared(snapshot, rows, sharing)
    ids = sorted(await snapshot.seen(list({id for named in told for each in named.values() for id in each})))
    leads = dict(zip(ids, await snapshot.survivors(ids), strict=True))
    if len(rows) > FEW:
        return await in_thread(_ordered, rows, sharing, told, leads)
    return _ordered(rows, sharing, told, leads)


def _ordered(
    rows: Sequence[Row], sharing: Sequence[str], told: Sequence[dict[str, list[str]]], leads: dict[str, str]
) -> Ordered:
    rows = sorted(rows, key=IN_ORDER)

    def make(index: int) -> Candidate:
        id, es, ls, ee, le, uncertain, parties = rows[index]
        named = (each[parties if what == "PARTIES" else id] for what, each in zip(sharing, told, strict=True))
        shared = tuple(frozenset(leads[each] for each in ids if each in leads) for ids in named)
        return Candidate(id, Bounds(es, ls, ee, le, bool(uncertain)), shared)

    return Ordered(list(map(IN_ORDER, rows)), [row[LS] for row in rows], make)


def _key(after: str, steps: int) -> tuple[Key, ...]:
    parts = key_of(after, (int, int, str) * steps)
    return tuple((parts[at], parts[at + 1], parts[at + 2]) for at in range(0, len(parts), 3))
