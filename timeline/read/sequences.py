"""Sequences: a pattern's candidates from the read tables, only as many as the rarest step lets matter, then matched."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from timeline.errors import Refused
from timeline.read.conditions import Query
from timeline.read.cursors import cursor_of, key_of
from timeline.read.documents import Document
from timeline.read.filters import OccurrenceFilter
from timeline.read.matching import Candidate, Match, Matcher, Ordered, Step, check_steps, too_wide
from timeline.read.snapshot import Snapshot
from timeline.read.steps import Row, read_step
from timeline.values.dates import INFINITY, Bounds

MAX_CANDIDATES = 50_000
"""How many candidates a step may have once the steps beside it bound it in time."""
WHOLE = 50_000
"""Up to so many occurrences that pass a step's filter are read whole; of more only those near other candidates."""
MAX_ROWS = 200_000
"""How many occurrences all steps may have at hand together."""
MAX_DOCUMENTS = 20_000
"""How many candidates a step may have whose documents have to be read, for people or places in common."""
DOCUMENTS = 1_000
"""How many documents are read at once."""
CHUNK = 50
"""How many windows one query asks for."""
WANT_DOCUMENTS = {"PEOPLE", "PLACE"}
"""What is shared and not told by columns."""
ES, LS, EE, LE, PARTIES = 1, 2, 3, 4, 6
"""Where columns stand in a row of `read_step`."""
IN_ORDER = itemgetter(ES, LE, 0)
Window = tuple[int, int]
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
        if step.at_least is not None and step.at_least < 0:
            message = f"atLeastDays is {step.at_least}; a step begins 0 or more days after the one before"
            raise Refused("PATTERN_INVALID", message, ("steps", number, "atLeastDays"))
        if step.most < step.least:
            message = f"no time is at least {step.least} and at most {step.most} days long"
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
            rows = await _near(snapshot, asked[index].filter, rows, _windows(asked, near, rarest, index), path)
        if WANT_DOCUMENTS.intersection(sharing) and len(rows) > MAX_DOCUMENTS:
            raise _too_many(MAX_DOCUMENTS, path)
        near[index] = rows
    steps = []
    for index, step in enumerate(asked):
        candidates = await _candidates(snapshot, near[index], sharing)
        without: Ordered | tuple[()] = ()
        if step.without is not None and index > 0:
            rows, path = between[index], ("steps", index, "without")
            if rows is None or not is_free:
                rows = await _near(snapshot, step.without, rows, _between(step, near[index]), path)
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


async def _near(
    snapshot: Snapshot,
    filter: OccurrenceFilter,
    rows: Sequence[Row] | None,
    windows: list[Window] | None,
    path: tuple[str | int, ...],
) -> Sequence[Row]:
    """The dated occurrences that touch a window; all of them when nothing bounds them. Without rows they are read."""
    merged = None if windows is None else _merged(windows)
    if rows is None and merged is None:
        rows = await read_step(snapshot, filter, MAX_CANDIDATES + 1)
    elif rows is None and merged is not None:
        rows = await _read_near(snapshot, filter, merged)
    near = [row for row in rows or () if merged is None or _touches(merged, row[ES], row[LE])]
    if len(near) > MAX_CANDIDATES:
        raise _too_many(MAX_CANDIDATES, path)
    return near


def _too_many(most: int, path: tuple[str | int, ...]) -> Refused:
    message = f"more than {most:,} occurrences may fill this step; narrow it, or bound the time"
    return Refused("PATTERN_TOO_WIDE", message, path)


async def _candidates(snapshot: Snapshot, rows: Sequence[Row], sharing: Sequence[str]) -> Ordered:
    """What may fill a step, in order, each with what it may share with others."""
    rows = sorted(rows, key=IN_ORDER)
    told = await _told(snapshot, rows, sharing)
    ids = sorted(await snapshot.seen(list({id for named in told for each in named.values() for id in each})))
    leads = dict(zip(ids, await snapshot.survivors(ids), strict=True))

    def make(index: int) -> Candidate:
        id, es, ls, ee, le, uncertain, parties = rows[index]
        named = (each[parties if what == "PARTIES" else id] for what, each in zip(sharing, told, strict=True))
        shared = tuple(frozenset(leads[each] for each in ids if each in leads) for ids in named)
        return Candidate(id, Bounds(es, ls, ee, le, bool(uncertain)), shared)

    return Ordered(list(map(IN_ORDER, rows)), [row[LS] for row in rows], make)


async def _read_near(snapshot: Snapshot, filter: OccurrenceFilter, windows: list[Window]) -> list[Row]:
    """Occurrences that touch a window, piece of time by piece; and all of the few long ones."""
    found: dict[str, Row] = {}

    def long(query: Query) -> str:
        return f"{query.dated}.le - {query.dated}.es > {query.put(LONG_DAYS)}"

    for row in await read_step(snapshot, filter, MAX_CANDIDATES + 1, long):
        found[row[0]] = row
    for at in range(0, len(windows), CHUNK):
        chunk = windows[at : at + CHUNK]

        def touching(query: Query, chunk: list[Window] = chunk) -> str:
            es, le = f"{query.dated}.es", f"{query.dated}.le"
            each = (f"({es} <= {query.put(last)} AND {le} >= {query.put(first)})" for first, last in chunk)
            whole = f"{es} >= {query.put(chunk[0][0] - LONG_DAYS)} AND {es} <= {query.put(chunk[-1][1])}"
            return f"{whole} AND ({' OR '.join(each)})"

        for row in await read_step(snapshot, filter, MAX_CANDIDATES + 1, touching):
            found[row[0]] = row
        if len(found) > MAX_CANDIDATES:
            break
    return list(found.values())


def _touches(windows: list[Window], first: int, last: int) -> bool:
    """Whether days touch one of these windows, which are sorted and apart."""
    at = bisect_right(windows, (last, INFINITY))
    return at > 0 and windows[at - 1][1] >= first


async def _told(snapshot: Snapshot, rows: Sequence[Row], sharing: Sequence[str]) -> list[dict[str, list[str]]]:
    """What occurrences may have in common with others, by ids: of their sets of parties, or else of them."""
    told: list[dict[str, list[str]]] = [{} for _ in sharing]
    read = {"PLACE": _places, "PEOPLE": _people}
    for what, named in zip(sharing, told, strict=True):
        if what == "PARTIES":
            named |= {each: [party for party in each.split("|") if party] for each in {row[PARTIES] for row in rows}}
    for at in range(0, len(rows) if WANT_DOCUMENTS.intersection(sharing) else 0, DOCUMENTS):
        # Piece by piece: documents are let go of as soon as they have told what is asked.
        documents = await snapshot.documents([row[0] for row in rows[at : at + DOCUMENTS]])
        for what, named in zip(sharing, told, strict=True):
            if what in read:
                named |= {id: read[what](document) for id, document in documents.items()}
    return told


def _places(document: Document) -> list[str]:
    """Where it was, one place or several."""
    return [place for place in (document.get("place"), *document.get("also_at", ())) if place]


def _people(document: Document) -> list[str]:
    """The persons who take part or speak."""
    parts = document.get("parties") if document["kind"] == "meeting" else document.get("voices")
    people = [part["person"] for part in parts or () if part["person"]]
    return [*people, document["nominee"]] if document["kind"] == "nomination" else people


def _merged(windows: list[Window]) -> list[Window]:
    """Windows that touch become one; each within the days that a database can hold."""
    merged: list[Window] = []
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
