"""Sequences: a pattern's candidates from the read tables, only as many as the rarest step lets matter, then matched."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from timeline.errors import Refused
from timeline.read.conditions import Query
from timeline.read.cursors import cursor_of, key_of
from timeline.read.documents import Document
from timeline.read.filters import OccurrenceFilter
from timeline.read.matching import Candidate, Match, Matcher, Step, check_steps
from timeline.read.snapshot import Snapshot
from timeline.read.steps import Row, read_step
from timeline.values.dates import INFINITY, Bounds

MAX_CANDIDATES = 20_000
"""How many candidates a step may have once the steps beside it bound it in time."""
WHOLE = 20_000
"""Up to so many occurrences that pass a step's filter are read whole; of more only those near other candidates."""
CHUNK = 50
"""How many windows one query asks for."""
LONG_DAYS = 366
"""What may span more days than this is read apart, so that all else lies in a narrow range of an index."""


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
        if step.most < step.least:
            message = f"between {step.least} and {step.most} days can be nothing"
            raise Refused("PATTERN_INVALID", message, ("steps", number, "within"))
    steps = await _steps(snapshot, asked, sharing)
    begin = _key(after, len(asked)) if after is not None else None
    found: list[Match] = []
    for match in Matcher(steps).matches(begin):
        if match.certain or not only_certain:
            found.append(match)
            if len(found) > first:
                break
    shown = found[:first]
    ids = sorted({each.id for match in shown for each in match.occurrences if each is not None})
    cursors = [cursor_of([part for key in match.key for part in key]) for match in shown]
    return Found(shown, await snapshot.documents(ids), cursors, has_next=len(found) > first)


async def _steps(snapshot: Snapshot, asked: Sequence[StepAsked], sharing: Sequence[str]) -> list[Step]:
    """The steps with their candidates, from the rarest outwards: each bounds in time what its neighbours may be."""
    read = [await read_step(snapshot, step.filter, WHOLE + 1) for step in asked]
    rarest = min(range(len(asked)), key=lambda index: (asked[index].optional, len(read[index])))
    candidates: dict[int, list[Candidate]] = {}

    async def take(index: int, windows: list[tuple[int, int]] | None) -> None:
        path = ("steps", index, "filter")
        candidates[index] = await _candidates(snapshot, asked[index].filter, read[index], windows, sharing, path)

    await take(rarest, None)
    for index in range(rarest + 1, len(asked)):
        await take(index, _windows_after(asked, candidates, rarest, index))
    for index in range(rarest - 1, -1, -1):
        await take(index, _windows_before(asked, candidates, rarest, index))
    steps = []
    for index, step in enumerate(asked):
        without: list[Candidate] = []
        if step.without is not None and index > 0:
            rows = await read_step(snapshot, step.without, WHOLE + 1)
            windows = _between(step, candidates[index])
            path = ("steps", index, "without")
            without = await _candidates(snapshot, step.without, rows, windows, (), path)
        steps.append(Step(candidates[index], step.least, step.most, step.margin, step.optional, without))
    return steps


def _windows_after(
    asked: Sequence[StepAsked], candidates: dict[int, list[Candidate]], rarest: int, index: int
) -> list[tuple[int, int]]:
    """Days on which a later step can begin: behind those that may come right before it."""
    windows = []
    for before in range(index - 1, rarest - 1, -1):
        step = asked[index]
        windows += [(each.bounds.ee + step.least, each.bounds.le + step.most) for each in candidates[before]]
        if not asked[before].optional:
            break
    return windows


def _windows_before(
    asked: Sequence[StepAsked], candidates: dict[int, list[Candidate]], rarest: int, index: int
) -> list[tuple[int, int]]:
    """Days on which an earlier step can end, as days that it must touch."""
    windows = []
    for after in range(index + 1, rarest + 1):
        step = asked[after]
        windows += [(each.bounds.es - step.most, each.bounds.ls - step.least) for each in candidates[after]]
        if not asked[after].optional:
            break
    return windows


def _between(step: StepAsked, candidates: list[Candidate]) -> list[tuple[int, int]]:
    """Days on which something can come between: back from a step's candidates as far as the step reaches."""
    return [(each.bounds.es - step.most, each.bounds.ls) for each in candidates]


async def _candidates(
    snapshot: Snapshot,
    filter: OccurrenceFilter,
    rows: Sequence[Row],
    windows: list[tuple[int, int]] | None,
    sharing: Sequence[str],
    path: tuple[str | int, ...],
) -> list[Candidate]:
    """The dated occurrences that touch a window; all of them when nothing bounds them."""
    merged = None if windows is None else _merged(windows)
    if len(rows) > WHOLE:  # Then these are not all.
        if merged is None:
            rows = await read_step(snapshot, filter, MAX_CANDIDATES + 1)
        else:
            rows = await _read_near(snapshot, filter, merged)
    near = [row for row in rows if merged is None or _touches(merged, row[1], row[4])]
    if len(near) > MAX_CANDIDATES:
        message = f"more than {MAX_CANDIDATES} occurrences may fill this step; narrow it, or bound the time"
        raise Refused("PATTERN_TOO_WIDE", message, path)
    documents = await snapshot.documents([row[0] for row in near]) if {"PEOPLE", "PLACE"} & {*sharing} else {}
    named = [[_shared(row, documents, what) for what in sharing] for row in near]
    ids = sorted(await snapshot.seen([id for kinds in named for kind in kinds for id in kind]))
    lead = dict(zip(ids, await snapshot.survivors(ids), strict=True))
    return [
        Candidate(
            row[0],
            Bounds(row[1], row[2], row[3], row[4], bool(row[5])),
            tuple(frozenset(lead[id] for id in kind if id in lead) for kind in kinds),
        )
        for row, kinds in zip(near, named, strict=True)
    ]


async def _read_near(snapshot: Snapshot, filter: OccurrenceFilter, windows: list[tuple[int, int]]) -> list[Row]:
    """Occurrences that touch a window, piece of time by piece; and all of the few long ones."""
    found: dict[str, Row] = {}

    def long(query: Query) -> str:
        return f"{query.dated}.le - {query.dated}.es > {query.put(LONG_DAYS)}"

    for row in await read_step(snapshot, filter, MAX_CANDIDATES + 1, long):
        found[row[0]] = row
    for at in range(0, len(windows), CHUNK):
        chunk = windows[at : at + CHUNK]

        def touching(query: Query, chunk: list[tuple[int, int]] = chunk) -> str:
            es, le = f"{query.dated}.es", f"{query.dated}.le"
            each = (f"({es} <= {query.put(last)} AND {le} >= {query.put(first)})" for first, last in chunk)
            whole = f"{es} >= {query.put(chunk[0][0] - LONG_DAYS)} AND {es} <= {query.put(chunk[-1][1])}"
            return f"{whole} AND ({' OR '.join(each)})"

        for row in await read_step(snapshot, filter, MAX_CANDIDATES + 1, touching):
            found[row[0]] = row
        if len(found) > MAX_CANDIDATES:
            break
    return list(found.values())


def _touches(windows: list[tuple[int, int]], first: int, last: int) -> bool:
    """Whether days touch one of these windows, which are sorted and apart."""
    at = bisect_right(windows, (last, INFINITY))
    return at > 0 and windows[at - 1][1] >= first


def _shared(row: Row, documents: dict[str, Document], what: str) -> list[str]:
    """The ids of what the occurrence may have in common with others."""
    if what == "PARTIES":
        return [party for party in row[6].split("|") if party]
    return _places(documents[row[0]]) if what == "PLACE" else _people(documents[row[0]])


def _places(document: Document) -> list[str]:
    """Where it was, one place or several."""
    return [place for place in (document.get("place"), *document.get("also_at", ())) if place]


def _people(document: Document) -> list[str]:
    """The persons who take part or speak."""
    parts = document.get("parties") if document["kind"] == "meeting" else document.get("voices")
    people = [part["person"] for part in parts or () if part["person"]]
    return [*people, document["nominee"]] if document["kind"] == "nomination" else people


def _merged(windows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Windows that touch become one; each within the days that a database can hold."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted((max(first, -INFINITY), min(last, INFINITY)) for first, last in windows):
        if first > last:
            continue
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _key(after: str, steps: int) -> tuple[tuple[int, int, str], ...]:
    parts = key_of(after, (int, int, str) * steps)
    return tuple((parts[at], parts[at + 1], parts[at + 2]) for at in range(0, len(parts), 3))
