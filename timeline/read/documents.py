"""The document of a record: what it says, with every date made readable, after one more fact.

Other records stay references, joined when a document is read (docs/decisions/documents-hold-references.md), so
projecting an event needs nothing but the record's own document before. What is null is left out
(docs/decisions/documents-hold-what-is-stated.md); lists are there even when they are empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any, assert_never

import msgspec
from msgspec import Struct

from timeline.events import records as events
from timeline.events.records import AnyEvent
from timeline.log.stored import StoredEvent
from timeline.values import facts
from timeline.values.dates import INFINITY, Bounds, bounds, day_number, iso_day, parse_edtf, plain_day
from timeline.values.facts import CONTENT
from timeline.values.rendering import render
from timeline.values.vocabulary import Attribution, Format, Holding, Level

Document = dict[str, Any]
FORMATS = (None, Format.UNILATERAL, Format.BILATERAL, Format.TRILATERAL, Format.QUADRILATERAL)
THROUGHOUT = ("tenure", "state")
"""Kinds whose dates are read as 'for all of', not 'sometime within'; so is the period that a source covers."""
DATE_FIELDS = ("when", "published", "valid")
RANKS = {level: rank for rank, level in enumerate(Level)}
OF_MEETINGS = ("format_declared", "format_computed", "level_declared", "level_actual")
"""What is computed of a meeting and can be null."""
_WHEN = facts.When.__struct_fields__
_GONE = "erased"
_UNNAMED = [facts.Name(text=_GONE)]
LEFT: dict[str, facts.Content] = {
    "meeting": facts.Meeting(title=_GONE),
    "statement": facts.Statement(title=_GONE, attribution=Attribution.UNNAMED_SOURCES, voices=[]),
    "nomination": facts.Nomination(nominee="person/erased", post="post/erased"),
    "milestone": facts.Milestone(title=_GONE),
    "person": facts.Person(names=_UNNAMED),
    "organization": facts.Organization(names=_UNNAMED),
    "state": facts.State(names=_UNNAMED),
    "place": facts.Place(names=_UNNAMED),
    "post": facts.Post(names=_UNNAMED),
    "tenure": facts.Tenure(person="person/erased", post="post/erased", holding=Holding.DESIGNATE, when=facts.When()),
    "source": facts.Source(title=_GONE),
    "speaker": facts.Speaker(source="source/erased", label=_GONE),
}
"""What a record shows of which everything was erased: just what its kind cannot be without. No list shows it."""
OPEN_END = b'/.."'
"""How an open end looks in JSON: a document without it has none, and need not be searched for one."""


def project(before: Document | None, event: AnyEvent, stored: StoredEvent, named: set[str]) -> Document:
    """The document after one more event, which names these ids. It never refuses."""
    document = _projected(before, event, stored)
    cited = _cited_beside(event, stored, named)
    return {**document, "cited": sorted({*document["cited"], *cited})} if cited else document


def _cited_beside(event: AnyEvent, stored: StoredEvent, named: set[str]) -> set[str]:
    """The sources that the event rests on beside those that the content names, which has links of its own."""
    source = stored.source
    if isinstance(event, events.Recorded):
        return {source} if source and source not in named else set()
    sources = {id for id in named if id.startswith("source/")}
    return {*sources, source} if source else sources


def _projected(before: Document | None, event: AnyEvent, stored: StoredEvent) -> Document:
    match event:
        case (
            events.MeetingReported()
            | events.StatementReported()
            | events.NominationReported()
            | events.MilestoneReported()
            | events.PersonRegistered()
            | events.OrganizationRegistered()
            | events.StateRegistered()
            | events.PlaceRegistered()
            | events.PostRegistered()
            | events.TenureReported()
            | events.SourceRegistered()
            | events.SpeakerRegistered()
        ):
            return _entered(_new(before, stored), event.content, stored)
        case events.RecordCorrected(changes=changes):
            document = _changed(before, {change.field: change.now for change in changes}, stored)
            return {**document, "corrections": document["corrections"] + 1}
        case events.MeetingRescheduled(now=now):
            return _changed(before, {"when": msgspec.to_builtins(now), "status": "SCHEDULED"}, stored)
        case events.MeetingHeld(when=when):
            dated = {} if when is None else {"when": msgspec.to_builtins(when)}
            return _changed(before, {"status": "HELD", **dated}, stored)
        case events.MeetingPostponed():
            return _changed(before, {"status": "POSTPONED"}, stored)
        case events.MeetingCancelled():
            return _changed(before, {"status": "CANCELLED"}, stored)
        case events.NominationAdvanced(step=step):
            return _appended(before, "steps", step, stored)
        case events.RecordsRelated(relation=relation):
            return _appended(before, "relations", relation, stored)
        case events.ReadingReported(field=field, value=value, citation=citation):
            return _read(_touched(before, stored), field, value, citation)
        case events.ReadingPreferred(change=change):
            return _preferred(_changed(before, {change.field: change.now}, stored), change)
        case events.RecordRetracted(reason=reason, citation=citation):
            withdrawn = {"reason": reason, "position": stored.position, "recorded_us": stored.recorded_us}
            return {**_touched(before, stored), "retracted": {**withdrawn, **_cited(citation)}}
        case events.RecordMerged(into=into):
            return {**_touched(before, stored), "merged_into": into}
        case events.RecordUnmerged():
            return _without(_touched(before, stored), "merged_into")
        case events.RecordDelisted(source=source):
            delisted = {"source": source, "position": stored.position, "recorded_us": stored.recorded_us}
            return {**_touched(before, stored), "delisted": delisted}
        case events.RecordRelisted():
            return _without(_touched(before, stored), "delisted")
        case events.RecordsDistinguished(other=other):
            document = _touched(before, stored)
            return {**document, "distinct_from": [*document["distinct_from"], other]}
        case events.RecordEmbargoed(role=role, until_us=until_us, reason=reason):
            embargo = {"role": role.value, "until_us": until_us, "reason": reason, "position": stored.position}
            return {**_touched(before, stored), "embargo": {**embargo, "recorded_us": stored.recorded_us}}
        case events.EmbargoLifted():
            return _without(_touched(before, stored), "embargo")
        case events.Erased(erasure=erasure):
            entered = _entered(_new(None, stored), LEFT[stored.stream.partition("/")[0]], stored)
            return _erased(entered if before is None else _touched(before, stored), erasure, is_whole=before is None)
        case events.RecordErased(basis=basis, order=order):
            told = events.Erasure(position=stored.position, recorded_us=stored.recorded_us, basis=basis, order=order)
            return _erased(_touched(before, stored), told)
        case _:
            assert_never(event)


def _erased(document: Document, erasure: events.Erasure | None, *, is_whole: bool = False) -> Document:
    """The document, which says that something of it was erased, and whether all of it was."""
    known = erasure or events.Erasure(position=0, recorded_us=0, basis="", order="")
    whole = is_whole or (document.get("erased") or {}).get("whole", False)
    return {**document, "erased": {**msgspec.to_builtins(known), "whole": whole}}


def content_of(document: Document) -> facts.Content:
    """The content that the document shows, exactly as it was recorded."""
    kind = CONTENT[document["kind"]]
    return msgspec.convert(_plain({name: document.get(name) for name in kind.__struct_fields__}), kind)


def dated(document: Document, report_day: Callable[[Document], int | None]) -> Document:
    """The document with open ends reaching to the report: `report_day` tells it, asked only where an end is open."""
    open_ends = [when for when in whens(document) if when.get("edtf") and parse_edtf(when["edtf"]).has_open_end]
    if not open_ends:
        return document
    throughout = document["kind"] in THROUGHOUT
    changed: dict[int, Document] = {}
    for when in open_ends:
        changed[id(when)] = _full_when(_plain(when), throughout=throughout, report_day=report_day(when))
    return _replaced(document, changed)  # type: ignore[no-any-return]


def whens(value: Any) -> Iterator[Document]:
    """Every date in a document, but for those that a reading gives as they were recorded."""
    if isinstance(value, dict):
        if "dated" in value:
            yield value
        else:
            for part in value.values():
                yield from whens(part)
    elif isinstance(value, list):
        for part in value:
            yield from whens(part)


def bounds_of(when: Document, *, throughout: bool = False, report_day: int | None = None) -> Bounds | None:
    """The four bounds of a date in a document; None when it has words only."""
    edtf, contains = when.get("edtf"), when.get("contains")
    if edtf is None and contains is None:
        return None
    return bounds(edtf, throughout=throughout, report_day=report_day, contains=contains)


def dates_of(when: Document | None) -> Bounds | None:
    """The four bounds that a date in a document shows; None when there is no date, or words only."""
    if when is None or not when["dated"]:
        return None
    days = when["bounds"]
    first = days.get("es")
    if first is not None and first == days.get("le"):
        day = day_number(first)
        return Bounds(day, day, day, day, when["uncertain"])
    low = [-INFINITY if (day := days.get(name)) is None else day_number(day) for name in ("es", "ee")]
    high = [INFINITY if (day := days.get(name)) is None else day_number(day) for name in ("ls", "le")]
    return Bounds(low[0], high[0], low[1], high[1], when["uncertain"])


def _read(document: Document, field: str, value: Any, citation: facts.Citation | None) -> Document:
    """The document with one more reading of a field, which the record does not show."""
    reading = {"field": field, "shown": False, **_cited(citation)}
    if value is not None:
        reading["value"] = value
        if field in DATE_FIELDS:
            reading["when"] = _full_when(value, throughout=document["kind"] in THROUGHOUT)
    return {**document, "conflicts": [*document["conflicts"], reading]}


def _cited(citation: facts.Citation | None) -> Document:
    return {} if citation is None else {"citation": _full(citation)}


def _compared(readings: list[Document], shown: Document) -> list[Document]:
    """The readings of a record, each with whether it is what the record shows."""
    return [{**each, "shown": each.get("value") == shown.get(each["field"])} for each in readings]


def _preferred(document: Document, change: events.FieldChange) -> Document:
    """The document in which what was shown before is a reading, too; it may have been one all along."""
    known = [(each["field"], each.get("value")) for each in document["conflicts"]]
    return document if (change.field, change.was) in known else _read(document, change.field, change.was, None)


def _new(before: Document | None, stored: StoredEvent) -> Document:
    assert before is None, "a record enters the log once"
    return {
        "id": stored.stream,
        "kind": stored.stream.partition("/")[0],
        "first_position": stored.position,
        "first_recorded_us": stored.recorded_us,
        "corrections": 0,
        "conflicts": [],
        "distinct_from": [],
        "cited": [],
    }


def _without(document: Document, *names: str) -> Document:
    return {name: value for name, value in document.items() if name not in names}


def _touched(before: Document | None, stored: StoredEvent) -> Document:
    assert before is not None, "a record enters the log before anything happens to it"
    return {**before, **_version(stored)}


def _version(stored: StoredEvent) -> Document:
    return {"version": stored.version, "position": stored.position, "recorded_us": stored.recorded_us}


def _changed(before: Document | None, changes: Document, stored: StoredEvent) -> Document:
    """Some fields set anew, in the form the content has in JSON; None takes a field back."""
    assert before is not None, "a record enters the log before anything happens to it"
    plain = msgspec.to_builtins(content_of(before)) | changes
    kept, kind = {name: value for name, value in plain.items() if value is not None}, CONTENT[before["kind"]]
    return _entered(_without(before, *_optional(kind)), msgspec.convert(kept, kind), stored)


def _appended(before: Document | None, field: str, item: facts.Fact, stored: StoredEvent) -> Document:
    assert before is not None, "a record enters the log before anything happens to it"
    items = msgspec.to_builtins(getattr(content_of(before), field))
    return _changed(before, {field: [*items, msgspec.to_builtins(item)]}, stored)


def _entered(document: Document, content: facts.Content, stored: StoredEvent) -> Document:
    """The document with this content and what is computed of it."""
    said = _full(content, throughout=document["kind"] in THROUGHOUT)
    if document["conflicts"]:
        said["conflicts"] = _compared(document["conflicts"], msgspec.to_builtins(content))
    computed = _meeting(content) if type(content) is facts.Meeting else {}
    return {**document, **_version(stored), **said, **computed}


@cache
def _optional(kind: type[facts.Content]) -> tuple[str, ...]:
    """What a document of this kind lacks where nothing is stated."""
    stated = tuple(field.name for field in msgspec.structs.fields(kind) if field.default is None)
    return (*stated, *OF_MEETINGS) if kind is facts.Meeting else stated


def _meeting(meeting: facts.Meeting) -> Document:
    parties = sorted({participation.party for participation in meeting.parties})
    actual = _actual_level(meeting)
    format = FORMATS[len(parties)] if len(parties) < len(FORMATS) else Format.MULTILATERAL
    # Drivers take long for values of an enum.
    computed = zip(OF_MEETINGS, (meeting.format, format, meeting.level, actual), strict=True)
    return {
        "party_set": parties,
        **{name: value.value for name, value in computed if value is not None},
        "level_mismatch": None not in (meeting.level, actual) and meeting.level != actual,
    }


def _actual_level(meeting: facts.Meeting) -> Level | None:
    """The rank at which it really met: of each party's highest the lowest; None when no rank is stated."""
    highest: dict[str, Level] = {}
    for part in meeting.parties:
        if part.level is not None:
            highest[part.party] = min(part.level, highest.get(part.party, part.level), key=RANKS.__getitem__)
    return max(highest.values(), key=RANKS.__getitem__, default=None)


def _full(value: facts.Fact, *, throughout: bool = False) -> Document:
    """Plain data with every list and choice present, and every date with its bounds and label."""
    stated: Document = msgspec.to_builtins(value)
    fill = _filling(type(value), throughout)
    return stated if fill is None else fill(stated)


@cache
def _filling(kind: type[Struct], throughout: bool) -> Callable[[Document], Document] | None:
    """What fills in JSON's form of such a value whatever is left out there because it is as it would be unstated.

    None where there is nothing to be filled in.
    """
    if kind is facts.When:
        return lambda stated: _full_when(stated, throughout=throughout)
    throughout = throughout or kind is facts.Coverage
    unstated = _not_stated(kind)
    inner = [(name, fill) for name, each in facts.inner_structs(kind) if (fill := _filling(each, throughout))]

    def filled(stated: Document) -> Document:
        found = {**unstated, **stated}
        for name, fill in inner:
            part = stated.get(name)
            if part is not None:
                found[name] = [fill(each) for each in part] if part.__class__ is list else fill(part)
        return found

    return filled if unstated or inner else None


@cache
def _not_stated(kind: type[Struct]) -> Document:
    """The fields that hold something when nothing is stated, in JSON's form."""
    empty: Document = {}
    for field in msgspec.structs.fields(kind):
        if field.default is not msgspec.NODEFAULT and field.default is not None:
            empty[field.name] = msgspec.to_builtins(field.default)
        elif field.default_factory is not msgspec.NODEFAULT:
            empty[field.name] = msgspec.to_builtins(field.default_factory())
    return empty


def _full_when(stated: Document, *, throughout: bool, report_day: int | None = None) -> Document:
    shown = _shown(stated.get("edtf"), stated.get("contains"), throughout, report_day)
    return {**_not_stated(facts.When), **stated, **shown}


@lru_cache(maxsize=4096)
def _shown(edtf: str | None, contains: str | None, throughout: bool, report_day: int | None) -> Document:
    """What is computed of a date. Kept, because the same dates come again and again."""
    if edtf is not None and contains is None and plain_day(edtf) is not None:
        return {
            "label": render(edtf),
            "earliest": edtf,
            "latest": edtf,
            "bounds": {"es": edtf, "ls": edtf, "ee": edtf, "le": edtf},
            "precision": "DAY",
            "uncertain": False,
            "dated": True,
        }
    found = bounds_of({"edtf": edtf, "contains": contains}, throughout=throughout, report_day=report_day)
    days = {} if found is None else {name: iso_day(getattr(found, name)) for name in ("es", "ls", "ee", "le")}
    shown = {
        "label": render(edtf, contains=contains, report_day=report_day),
        "earliest": days.get("es"),
        "latest": days.get("le"),
        "bounds": {name: day for name, day in days.items() if day is not None},
        "precision": None if edtf is None else parse_edtf(edtf).precision.value,
        "uncertain": found is not None and found.uncertain,
        "dated": found is not None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _plain(value: Any) -> Any:
    """Back to the form the content has in JSON: without what was computed, without what is not stated."""
    if isinstance(value, dict):
        names = _WHEN if "dated" in value else tuple(value)
        return {name: _plain(value[name]) for name in names if value.get(name) is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _replaced(value: Any, changed: dict[int, Document]) -> Any:
    if id(value) in changed:
        return changed[id(value)]
    if isinstance(value, dict):
        return {name: _replaced(part, changed) for name, part in value.items()}
    return [_replaced(part, changed) for part in value] if isinstance(value, list) else value
