"""One import: a reading against what is recorded, then the commands that make the record say it, batch by batch.

A run that is interrupted is started again: it recognises what is there and goes on. The same reading twice writes
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from sqlalchemy import Connection

from timeline import handle
from timeline.database import Database
from timeline.errors import Several, TimelineError
from timeline.importers.foreign import Draft, Reading, SetAside, under
from timeline.importers.recognition import Known, Said, changes_between, core_of, recognise
from timeline.intake import quarantine
from timeline.intake.ledger import prefix_of, said_before
from timeline.log.read import head
from timeline.read.now import places_now
from timeline.values import facts
from timeline.write.commands import AnyCommand, Correct, Delist, Relist, Report
from timeline.write.rules import faults
from timeline.write.state import Record

BATCH = 2000
"""How many commands are recorded together or not at all."""
ORDER = (
    *("state", "organization", "source", "place", "person", "post", "speaker"),
    *("tenure", "nomination", "milestone", "meeting", "statement"),
)
"""A record comes after those that it names."""
Progress = Callable[[int, int], None]


@dataclass
class Counts:
    """What became of the records of one kind."""

    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    gone: int = 0
    relisted: int = 0


@dataclass
class Result:
    """What an import did, or would do."""

    rows: int
    kinds: dict[str, Counts] = field(default_factory=dict)
    supporting: Counter[str] = field(default_factory=Counter)
    set_aside: list[SetAside] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    events: int = 0

    def of(self, kind: str) -> Counts:
        """The counts of a kind."""
        return self.kinds.setdefault(kind, Counts())


@dataclass(frozen=True, slots=True)
class _Step:
    """One command, the draft it comes from, and how it is counted."""

    command: AnyCommand
    draft: Draft | None
    counted: str


def take_in(
    database: Database, reading: Reading, *, now_us: int, dry_run: bool = False, progress: Progress | None = None
) -> Result:
    """Record what a reading says that is new or changed. Raises nothing for a row: what cannot be is set aside."""
    report = Result(reading.rows, set_aside=list(reading.set_aside), remarks=list(reading.remarks))
    with database.read() as connection:
        steps = list(_plan(connection, reading, report))
    if dry_run:
        _count(report, steps)
        report.set_aside.sort(key=_place)
        return report
    for at in range(0, len(steps), BATCH):
        _record(database, reading.scheme, steps[at : at + BATCH], report, now_us)
        if progress is not None:
            progress(min(at + BATCH, len(steps)), len(steps))
    report.set_aside.sort(key=_place)
    with database.write() as connection:
        quarantine.keep(connection, reading.scheme, reading.release, report.set_aside, now_us)
    if report.events >= handle.BULK_EVENTS:
        database.gather_statistics()
    return report


def _place(row: SetAside) -> tuple[str, int]:
    return row.at.file, row.at.line


# What is to be done -------------------------------------------------------------------------------------------------


def _plan(connection: Connection, reading: Reading, report: Result) -> Iterator[_Step]:
    """The commands in an order in which each finds what it names."""
    said = said_before(connection, reading.scheme)
    ids = _known_places(connection, reading.drafts)
    present = handle.load(connection, {draft.id for draft in reading.drafts})
    aside: set[str] = set()
    # A row that cannot be read now is not gone.
    unread = {each.row for each in reading.set_aside}
    for kind in ORDER:
        drafts = [draft for draft in reading.drafts if draft.id.startswith(f"{kind}/")]
        for draft in drafts:
            if not draft.row and draft.id not in ids and present[draft.id].content is None:
                yield from _sound(
                    _Step(Report(id=draft.id, content=under(draft, ids).content), draft, ""), aside, report
                )
        before = {id: each for id, each in said.items() if id.startswith(f"{kind}/")}
        listed = [draft for draft in drafts if draft.row]
        found = recognise(listed, before, ids)
        for known in found.known:
            ids[known.draft.id] = known.id
            yield from _update(reading, known, before[known.id], ids, report)
        for draft in found.new:
            yield from _enter(connection, reading, draft, present, ids, aside, report)
        for id in found.gone if reading.is_complete else ():
            if not before[id].is_delisted and before[id].number not in unread:
                yield _Step(Delist(id=id, source=reading.source), None, "gone")


def _update(reading: Reading, known: Known, was: Said, ids: Mapping[str, str], report: Result) -> Iterator[_Step]:
    """What an earlier release gave, as this one gives it."""
    if was.is_delisted:
        yield _Step(Relist(id=known.id, source=reading.source), known.draft, "relisted")
    if known.changes:
        citation = next(iter(getattr(known.draft.content, "citations", ())), None)
        reason = f"{reading.scheme}, release {reading.release}"
        plain = msgspec.to_builtins(under(known.draft, ids).content)
        changes = {name: plain.get(name) for name in known.changes}
        yield _Step(Correct(id=known.id, changes=changes, reason=reason, citation=citation), known.draft, "corrected")
    elif not was.is_delisted:
        report.of(known.id.partition("/")[0]).unchanged += 1


def _enter(
    connection: Connection,
    reading: Reading,
    draft: Draft,
    present: Mapping[str, Record],
    ids: dict[str, str],
    aside: set[str],
    report: Result,
) -> Iterator[_Step]:
    """What no release gave before: taken over where another import of the same scheme entered it, else new."""
    own = present[draft.id].content
    content = under(draft, ids).content
    if own is not None and _same_identifier(own, content):
        plain, differ = msgspec.to_builtins(content), changes_between(core_of(own, {}), core_of(content, {}))
        changes = {name: plain[name] for name in differ if plain.get(name) is not None}
        if changes:
            reason = f"{reading.scheme}, release {reading.release}, tells more"
            citation = next(iter(getattr(content, "citations", ())), None)
            yield _Step(Correct(id=draft.id, changes=changes, reason=reason, citation=citation), draft, "corrected")
        else:
            report.of(draft.id.partition("/")[0]).unchanged += 1
        return
    if own is not None:
        ids[draft.id] = _free(connection, draft.id, set(ids.values()))
    yield from _sound(_Step(Report(id=ids.get(draft.id, draft.id), content=content), draft, "new"), aside, report)


def _sound(step: _Step, aside: set[str], report: Result) -> Iterator[_Step]:
    """The step, unless its content breaks a rule or names what was set aside."""
    assert isinstance(step.command, Report)
    assert step.draft is not None
    content = step.command.content
    found = [f"{fault.message}" for fault in faults(content)]
    found += [f"it names {id}, which was set aside" for _, id in facts.references(content) if id in aside]
    if found:
        aside.add(step.command.id)
        row = step.draft.row or step.draft.id
        report.set_aside.append(SetAside(step.draft.at, row, "ROW_INVALID", "; ".join(found)))
    else:
        yield step


def _known_places(connection: Connection, drafts: Sequence[Draft]) -> dict[str, str]:
    """Places that are recorded already under another id: the same name in the same country is the same place."""
    recorded = places_now(connection)
    known = {}
    for draft in drafts:
        if isinstance(draft.content, facts.Place):
            id = recorded.get((draft.content.names[0].text, draft.content.country))
            if id is not None and id != draft.id:
                known[draft.id] = id
    return known


def _same_identifier(one: facts.Content, other: facts.Content) -> bool:
    """Whether some source knows both by one identifier."""
    first, second = (
        {(each.scheme, each.value) for each in getattr(content, "external_ids", ())} for content in (one, other)
    )
    return bool(first & second)


def _free(connection: Connection, id: str, taken: set[str]) -> str:
    """The id with the first number under which nothing is recorded."""
    number = 2
    while True:
        free = f"{id}-{number}"
        if free not in taken and handle.load(connection, {free})[free].content is None:
            return free
        number += 1


# Doing it -----------------------------------------------------------------------------------------------------------


def _record(database: Database, scheme: str, steps: Sequence[_Step], report: Result, now_us: int) -> None:
    """Record these steps together; if one cannot be, it alone is set aside."""
    request = handle.Request(append_id="", actor="import", commands=[step.command for step in steps])
    with database.read() as connection:
        # With the position, because a record can be dropped, listed and dropped again.
        id = f"{prefix_of(scheme)}{head(connection).position}/{request.digest().hex()[:32]}"
    try:
        outcome = handle.handle(database, replace(request, append_id=id), now_us=now_us)
    except TimelineError as fault:
        draft = steps[0].draft
        if len(steps) > 1:
            middle = len(steps) // 2
            _record(database, scheme, steps[:middle], report, now_us)
            _record(database, scheme, steps[middle:], report, now_us)
        elif draft is None:
            raise
        else:
            told = fault.faults[0] if isinstance(fault, Several) else fault
            report.set_aside.append(SetAside(draft.at, draft.row or draft.id, told.code, told.message))
        return
    _count(report, steps)
    report.events += outcome.recorded


def _count(report: Result, steps: Sequence[_Step]) -> None:
    for step in steps:
        kind = step.command.id.partition("/")[0]
        if step.counted:
            counts = report.of(kind)
            setattr(counts, step.counted, getattr(counts, step.counted) + 1)
        else:
            report.supporting[kind] += 1
