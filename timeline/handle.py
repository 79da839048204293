"""The one way in: load the records, decide, append. A whole seed file is one append; so is a mutation.

All commands are decided before anything is written, in their order, each on what the ones before left behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import Connection

from timeline.bulk import collector_at_rest
from timeline.database import Database
from timeline.errors import Conflict, Invalid, NotFound, Path, Refused, Several, TimelineError
from timeline.events.codec import SCHEMA, canonical, decode, encode
from timeline.events.records import AnyEvent, Recorded, RecordMerged, RecordsDistinguished
from timeline.log.append import Append, Appended, NewEvent, announce, append
from timeline.log.erase import ERASURE
from timeline.log.read import append_seen, events_after, head, stream_events, stream_versions, streams_events
from timeline.log.stored import StoredEvent, is_erased
from timeline.log.transfer import StoredAppend, insert_appends
from timeline.read import projector
from timeline.read.now import linked_now
from timeline.read.veil import hidden_now
from timeline.values import facts
from timeline.values.roles import OPERATOR, Viewer
from timeline.write.anchors import publication_day, reresolved
from timeline.write.commands import AnyCommand, Correct, Erase, Put, Report
from timeline.write.decide import decide
from timeline.write.rules import is_pending, nominee_faults
from timeline.write.state import Record, evolve, fold

NEVER_ERASED = (ERASURE, "RecordEmbargoed", "EmbargoLifted")
"""Events that say nothing of what happened, only who may know of it."""
BULK_EVENTS = 500
"""From so many events on an append changes what a planner should know of the tables."""
RESTORE_EVENTS = 5000
RESTORE_APPENDS = 5000
"""How much of another copy of the log is taken in by one transaction: the larger, the fewer pages are written twice."""
ATTEMPTS = 5
"""How often a request without an expected version is decided anew when another writer was faster."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: its positions in the log (none when all was recorded already) and the new versions."""

    first: int
    last: int
    replayed: bool
    recorded: int
    versions: dict[str, int]
    new: int
    corrected: int
    id: str | None = None
    """The record of the first command. It has another id than was asked for where that one is hidden."""


@dataclass(frozen=True, slots=True)
class Request:
    """Commands that are recorded together or not at all.

    `append_id` makes a retry safe: the same id with the same commands answers as the first time. `expected` maps
    record ids to the version the caller saw. What is under embargo for `viewer` does not exist for the request.
    """

    append_id: str
    actor: str
    commands: Sequence[AnyCommand]
    source: str | None = None
    expected: dict[str, int] | None = None
    viewer: Viewer = OPERATOR

    def digest(self) -> bytes:
        """SHA-256 over what is asked, so that an append id cannot be used twice for different wishes."""
        asked = [[type(command).__name__, msgspec.to_builtins(command)] for command in self.commands]
        return hashlib.sha256(canonical([asked, self.source])).digest()


def handle(database: Database, request: Request, *, now_us: int) -> Outcome:
    """Record what is asked, in one transaction with the read tables.

    Raises what the decision raises, or `Conflict`.
    """
    for attempt in range(ATTEMPTS):
        try:
            with database.write() as connection:
                outcome = _record(connection, request, now_us)
            break
        except Conflict as conflict:
            raced = conflict.code == "VERSION_CONFLICT" and not request.expected
            if not raced or attempt == ATTEMPTS - 1:
                raise
    if outcome.recorded:
        announce(database, outcome.last)
    return outcome


def _record(connection: Connection, request: Request, now_us: int) -> Outcome:
    digest = request.digest()
    seen = append_seen(connection, request.append_id)
    if seen is not None:
        return _again(connection, request, digest, seen)
    hidden = hidden_now(connection, request.viewer.rank, now_us)
    asked = _renamed(request, hidden)
    records = load(connection, {command.id for command in asked})
    before = dict(records)
    records |= {id: Record(id=id) for id in _unseen(connection, records, hidden)}
    decided = _decide_all([_located(connection, command) for command in asked], records)
    decided += _resolve_again(connection, before, records)
    versions = {id: record.version for id, record in before.items()}
    _check_references(connection, decided, records, hidden, request)
    leads = _check_merges(connection, decided, records)
    batch = Append(
        append_id=request.append_id,
        request_digest=digest,
        actor=request.actor,
        events=[
            NewEvent(stream=id, type=type(event).__name__, schema=SCHEMA, body=encode(event), source=request.source)
            for id, event in decided
        ],
        expected={**leads, **{id: versions[id] for id, _ in decided}, **(request.expected or {})},
    )
    appended = append(connection, batch, now_us=now_us, inline=projector.apply)
    return replace(_outcome(appended, decided, versions, records), id=next((each.id for each in asked), None))


SEED = "seed/"
"""How the append id of every seed load begins; what seed files said is the fold of the events under such ids."""


def seed(
    database: Database,
    contents: Mapping[str, facts.Content],
    *,
    reason: str,
    actor: str,
    now_us: int,
    progress: Callable[[int], None] | None = None,
) -> Outcome | None:
    """Make the record say what seed files say, in one append; None when it does so already.

    A file is compared with what seed files said before, not with what others have corrected since: an unchanged file
    never undoes a correction, an edited one corrects just the fields that were edited. The path of a fault begins with
    the id of the record that it is in, where it is in one.
    """
    with database.write() as connection:
        commands = list(_seed_commands(connection, contents, reason, progress))
        if not commands:
            return None
        position = head(connection).position
        request = Request(append_id="", actor=actor, commands=commands)
        request = replace(request, append_id=f"{SEED}{position}/{request.digest().hex()[:32]}")
        try:
            outcome = _record(connection, request, now_us)
        except (Invalid, Refused, NotFound, Several) as failed:
            raise _under_ids(failed, commands) from failed
        if not outcome.recorded:
            connection.rollback()
            return None
    if outcome.recorded >= BULK_EVENTS:
        database.gather_statistics()
    announce(database, outcome.last)
    return outcome


def restore(database: Database, appends: Iterable[StoredAppend], progress: Callable[[int], None] | None = None) -> int:
    """Take in the appends of another copy of the log, in batches; a second run goes on where the first one ended.

    Returns how many events were stored. Raises what `insert_appends` raises; earlier batches stay.
    """
    stored = 0
    with collector_at_rest():
        for batch in _batches(appends):
            with database.write() as connection:
                stored += insert_appends(connection, batch, projector.apply)
            if progress is not None:
                progress(sum(len(append.events) for append in batch))
    if stored:
        database.gather_statistics()
        with database.read() as connection:
            position = head(connection).position
        announce(database, position)
    return stored


def _batches(appends: Iterable[StoredAppend]) -> Iterator[list[StoredAppend]]:
    batch: list[StoredAppend] = []
    events = 0
    for each in appends:
        batch.append(each)
        events += len(each.events)
        if events >= RESTORE_EVENTS or len(batch) >= RESTORE_APPENDS:
            yield batch
            batch, events = [], 0
    if batch:
        yield batch


def _seed_commands(
    connection: Connection, contents: Mapping[str, facts.Content], reason: str, progress: Callable[[int], None] | None
) -> Iterator[AnyCommand]:
    ids = sorted(contents)
    past = streams_events(connection, ids)
    for done, (id, content) in enumerate(contents.items(), start=1):
        said = fold(id, (event_of(stored) for stored in past.get(id, ()) if stored.append_id.startswith(SEED))).content
        if said is None:
            yield Put(id=id, content=content, reason=reason)
        elif said != content:
            was, now = msgspec.to_builtins(said), msgspec.to_builtins(content)
            changes = {name: now.get(name) for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
            yield Correct(id=id, changes=changes, reason=reason)
        if progress is not None:
            progress(done)


def _under_ids(failed: TimelineError | Several, commands: Sequence[AnyCommand]) -> Several:
    """The faults, each under the id of its record instead of under the number of its command."""
    found = []
    for fault in failed.faults if isinstance(failed, Several) else [failed]:
        number, path = (fault.path[0], fault.path[1:]) if fault.path else (None, ())
        if isinstance(number, int):
            fault = type(fault)(fault.code, fault.message, (commands[number].id, *path))
        elif len(commands) == 1:
            fault = type(fault)(fault.code, fault.message, (commands[0].id, *fault.path))
        found.append(fault)
    return Several(found)


def _renamed(request: Request, hidden: frozenset[str]) -> list[AnyCommand]:
    """The commands, where what is new would get a hidden id under one that is made of it.

    To say that the id is taken would tell what must not be told.
    """
    new = {command.id for command in request.commands if isinstance(command, Report)} & hidden
    mark = hashlib.sha256(request.append_id.encode()).hexdigest()[:6]
    return [
        msgspec.structs.replace(command, id=f"{command.id}-{mark}") if command.id in new else command
        for command in request.commands
    ]


def _unseen(connection: Connection, records: Mapping[str, Record], hidden: frozenset[str]) -> set[str]:
    """The records that do not exist for the request: they are hidden, or were merged into one that is."""
    found = set()
    for id, record in records.items() if hidden else ():
        way, at = {id}, record
        while at.merged_into is not None and at.merged_into not in way:
            way.add(at.merged_into)
            at = load(connection, {at.merged_into})[at.merged_into]
        if way & hidden:
            found.add(id)
    return found


def _again(connection: Connection, request: Request, digest: bytes, seen: tuple[bytes, int, int]) -> Outcome:
    if bytes(seen[0]) != digest:
        message = f"the append id {request.append_id!r} was used for another request; choose a new one"
        raise Conflict("APPEND_ID_REUSED", message, ("appendId",))
    recorded = events_after(connection, seen[1] - 1, limit=1) if seen[2] >= seen[1] else []
    id = next((event.stream for event in recorded), None)
    return Outcome(first=seen[1], last=seen[2], replayed=True, recorded=0, versions={}, new=0, corrected=0, id=id)


def load(connection: Connection, ids: set[str]) -> dict[str, Record]:
    """The records under these ids, as their events left them; an unknown id gives an empty one."""
    past = streams_events(connection, sorted(ids))
    return {id: fold(id, map(event_of, past.get(id, ()))) for id in ids}


def event_of(stored: StoredEvent) -> AnyEvent:
    """The event inside a row of the log."""
    return decode(stored.type, stored.schema, stored.body)


def _decide_all(commands: Sequence[AnyCommand], records: dict[str, Record]) -> list[tuple[str, AnyEvent]]:
    """Every event of every command; all faults of all commands at once. `records` ends as they leave it."""
    decided: list[tuple[str, AnyEvent]] = []
    faults: list[TimelineError] = []
    for index, command in enumerate(commands):
        at: Path = (index,) if len(commands) > 1 else ()
        try:
            for event in decide(command, records[command.id]):
                decided.append((command.id, event))
                records[command.id] = evolve(records[command.id], event)
        except Several as several:
            faults.extend(_at(at, fault) for fault in several.faults)
        except TimelineError as fault:
            faults.append(_at(at, fault))
    if faults:
        raise Several(faults) if len(faults) > 1 else faults[0]
    return decided


def _resolve_again(
    connection: Connection, before: dict[str, Record], records: dict[str, Record]
) -> list[tuple[str, AnyEvent]]:
    """Corrections of all dates that rest on a publication date which is being corrected.

    The records they are in join `before` and `records`.
    """
    decided: list[tuple[str, AnyEvent]] = []
    for source in sorted(id for id in before if id.startswith("source/")):
        was, now = (publication_day(each[source].content) for each in (before, records))
        if was is None or now is None or was == now:
            continue
        resting = load(connection, linked_now(connection, "SOURCE", {source}) - records.keys())
        before.update(resting)
        records.update(resting)
        for id in sorted(resting):
            content = records[id].content
            command = None if content is None else reresolved(id, content, source, was, now)
            for event in decide(command, records[id]) if command is not None else ():
                decided.append((id, event))
                records[id] = evolve(records[id], event)
    return decided


def _located(connection: Connection, command: AnyCommand) -> AnyCommand:
    """The command; an erasure with the positions of all that is left to be erased of what it names."""
    if not isinstance(command, Erase):
        return command
    past = [stored for stored in stream_events(connection, command.id) if stored.type not in NEVER_ERASED]
    if not past:
        raise NotFound("RECORD_UNKNOWN", f"nothing is recorded under {command.id}", ("id",))
    left = [stored.position for stored in past if not is_erased(stored)]
    unknown = sorted(set(command.positions) - {stored.position for stored in past})
    if unknown:
        message = f"position {unknown[0]} is no event of {command.id} that says anything"
        raise NotFound("POSITION_UNKNOWN", message, ("positions",))
    wanted = [position for position in left if position in command.positions or not command.positions]
    if wanted != left and past[0].position in wanted:
        message = f"all else in {command.id} rests on position {past[0].position}; erase the whole record"
        raise Refused("ERASE_THE_RECORD", message, ("positions",))
    return msgspec.structs.replace(command, positions=wanted)


def _at(path: Path, fault: TimelineError) -> TimelineError:
    return type(fault)(fault.code, fault.message, (*path, *fault.path))


def _check_references(
    connection: Connection,
    decided: list[tuple[str, AnyEvent]],
    records: dict[str, Record],
    hidden: frozenset[str],
    request: Request,
) -> None:
    """Every id that the touched records name must be recorded, and no nominee may hold the post yet."""
    touched = {id: records[id] for id, _ in decided}
    named = {
        (id, path, target)
        for id, record in touched.items()
        if record.content is not None
        for path, target in facts.references(record.content)
    }
    named |= {
        (id, path, target)
        for id, event in decided
        if not isinstance(event, Recorded)  # its content was looked at above
        for path, target in facts.references(event)
    }
    if request.source is not None:
        named |= {(id, ("fromSource",), request.source) for id, _ in decided}
    named |= {(id, ("into",), record.merged_into) for id, record in touched.items() if record.merged_into}
    named |= {(id, ("other",), event.other) for id, event in decided if isinstance(event, RecordsDistinguished)}
    # What is in the log has content, or had until it was erased. To read it all would take as long as to decide.
    known = set(stream_versions(connection, sorted({target for _, _, target in named} - records.keys())))
    if hidden:
        known -= _unseen(connection, load(connection, known), hidden) - _named_before(connection, touched, hidden)
    known |= {id for id, record in records.items() if record.content is not None or record.erased}
    faults: list[TimelineError] = [
        NotFound("REFERENCE_UNKNOWN", f"{id} names {target}, which is not recorded; register it first", path)
        for id, path, target in sorted((each for each in named if each[2] not in known), key=str)
    ]
    contents = [record.content for record in touched.values() if record.content is not None]
    pending = pending_nominations(connection, contents, records)
    pending = {held: id for held, id in pending.items() if id not in hidden}
    for content in contents:
        faults.extend(nominee_faults(content, pending))
    if faults:
        raise Several(faults) if len(faults) > 1 else faults[0]


def _named_before(connection: Connection, touched: Mapping[str, Record], hidden: frozenset[str]) -> set[str]:
    """What these records named already. Whoever changes them otherwise need not see that to leave it there."""
    if not hidden:
        return set()
    before = load(connection, set(touched))
    return {id for record in before.values() if record.content is not None for id in facts.ids_named(record.content)}


def _check_merges(
    connection: Connection, decided: list[tuple[str, AnyEvent]], records: dict[str, Record]
) -> dict[str, int]:
    """A merge leads to a record that is still shown, never back to itself.

    Answers the versions of the records on the way: none of them may be merged or withdrawn meanwhile.
    """
    versions: dict[str, int] = {}
    for id, event in decided:
        if not isinstance(event, RecordMerged):
            continue
        at: str | None = event.into
        while at is not None:
            if at == id:
                message = f"{event.into} was itself merged into {id}; unmerge that first"
                raise Refused("MERGE_IN_A_CIRCLE", message, ("into",))
            on_the_way = records.get(at) or load(connection, {at})[at]
            if on_the_way.erased:
                raise Refused("RECORD_ERASED", f"{at} was erased; merge into a record that stands", ("into",))
            if on_the_way.retracted:
                raise Refused("RECORD_RETRACTED", f"{at} was retracted; merge into a record that stands", ("into",))
            versions[at] = on_the_way.version
            at = on_the_way.merged_into
    return versions


def pending_nominations(
    connection: Connection, contents: Iterable[facts.Content], records: Mapping[str, Record]
) -> dict[tuple[str, str], str]:
    """Who of those said to hold a post is nominated and not yet in office: (person, post) to the nomination.

    `records` are at hand, and may say already what is not recorded yet.
    """
    people = {person for content in contents for person in _said_to_hold(content)}
    nominations = linked_now(connection, "NOMINEE", people) - records.keys()
    return {
        (record.content.nominee, record.content.post): id
        for id, record in {**load(connection, nominations), **records}.items()
        if isinstance(record.content, facts.Nomination) and not record.retracted and is_pending(record.content)
    }


def _said_to_hold(content: facts.Content) -> set[str]:
    """The persons whom the content shows in a post."""
    if isinstance(content, facts.Tenure):
        return {content.person}
    parties = content.parties if isinstance(content, facts.Meeting) else []
    return {party.person for party in parties if party.person and party.post}


def _outcome(
    appended: Appended, decided: list[tuple[str, AnyEvent]], before: dict[str, int], records: dict[str, Record]
) -> Outcome:
    new = {id for id, _ in decided if before[id] == 0}
    return Outcome(
        first=appended.first,
        last=appended.last,
        replayed=appended.replayed,
        recorded=0 if appended.replayed else len(decided),
        versions={id: record.version for id, record in records.items()},
        new=len(new),
        corrected=len({id for id, _ in decided} - new),
    )
