"""What a document puts into the indexes: the columns that filters and orders use, its links, its words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from timeline.read.documents import Document, dated, dates_of
from timeline.read.search import fold, folded, phrase
from timeline.values import facts
from timeline.values.dates import INFINITY
from timeline.values.vocabulary import StepStatus

Lookup = Callable[[str], Document | None]
Published = Callable[[str], int | None]
"""A source's id to the day by which it was certainly published; None when that is not known."""
Link = tuple[str, str]
"""(role, value)"""
Named = tuple[str, str | None]
"""The same of what may be not stated."""
UNDATED = {"es": INFINITY, "ls": INFINITY, "ee": -INFINITY, "le": -INFINITY, "uncertain": False}
DATES = {"tenure": "when", "source": "published", "state": "valid"}


def finished(document: Document, sources: set[str], published: Published) -> Document:
    """The document with its open ends reaching to the report they rest on."""

    def report_day(when: Document) -> int | None:
        rests_on = {when["anchor"]} if when.get("anchor") else sources
        days = [day for source in rests_on if (day := published(source)) is not None]
        return max(days, default=None)

    return dated(document, report_day)


def columns(document: Document, sources: set[str], published: Published) -> dict[str, Any]:
    """The index columns of a record's row, from its finished document."""
    names = document.get("names")
    title = names[0]["text"] if names else document.get("title") or document.get("label") or ""
    return {
        "kind": document["kind"],
        **_bounds(document),
        "party_key": "|".join(_party_set(document)),
        "place": document.get("place"),
        "level": document.get("level"),
        "level_actual": document.get("level_actual"),
        "format": document.get("format_declared") or document.get("format_computed"),
        "status": document.get("status"),
        "attribution": document.get("attribution"),
        "hidden": is_hidden(document),
        "known_from": min((day for each in sources if (day := published(each)) is not None), default=None),
        "name": phrase(title),
    }


def is_hidden(document: Document) -> bool:
    """Whether lists leave it out: it was retracted or erased, or stands behind the record it was merged into."""
    if document.get("retracted") is not None or document.get("merged_into") is not None:
        return True
    return "erased" in document and bool(document["erased"]["whole"])


def links(document: Document, content: facts.Content, sources: set[str], lookup: Lookup) -> list[Link]:
    """Under which values, in which roles, the record is found. Nothing leads to a hidden one.

    CITED tells only what is hidden with a source that is under embargo.
    """
    found: list[Named] = [("CITED", source) for source in document["cited"]]
    if not is_hidden(document):
        found += [("SOURCE", source) for source in sources]
        found += [("SOURCE", each["citation"]["source"]) for each in document["conflicts"] if each.get("citation")]
        found += _own(content, lookup)
    return sorted({(role, value) for role, value in found if value})


def texts(document: Document, content: facts.Content) -> list[tuple[int, str]]:
    """(rank, words): names and titles rank before all other words."""
    if is_hidden(document):
        return []
    titles = [getattr(content, "title", None), getattr(content, "label", None)]
    titles += [name.text for name in getattr(content, "names", [])]
    first = folded(titles)
    every = first | folded(_words(content))
    found = [(0, " ".join(first))] if first else []
    return found if len(every) == len(first) else [*found, (1, " ".join(every))]


def publication_day(source: Document | None) -> int | None:
    """The day by which a source was certainly published; None when that is not known."""
    if source is None or source.get("published") is None:
        return None
    found = dates_of(source["published"])
    return None if found is None or abs(found.le) >= INFINITY else found.le


def sources_of(named: set[str]) -> set[str]:
    """The sources among the ids that a content names."""
    return {id for id in named if id.startswith("source/")}


def _bounds(document: Document) -> dict[str, Any]:
    when = document.get(DATES.get(document["kind"], "when"))
    if when is None and document["kind"] == "nomination":
        taken = (step.get("when") for step in document["steps"] if step["status"] == "DONE")
        when = next((day for day in taken if day), None)
    found = dates_of(when)
    if found is None or found.es >= INFINITY:
        return UNDATED
    return {"es": found.es, "ls": found.ls, "ee": found.ee, "le": found.le, "uncertain": found.uncertain}


def _party_set(document: Document) -> list[str]:
    if document["kind"] == "milestone":
        return sorted(set(document["parties"]))
    return list(document.get("party_set", []))


# Links, kind by kind ------------------------------------------------------------------------------------------------


def _own(content: facts.Content, lookup: Lookup) -> list[Named]:
    found: list[Named] = [("TOPIC", fold(topic)) for topic in getattr(content, "topics", ())]
    found += [("TARGET", relation.target) for relation in getattr(content, "relations", ())]
    found += [("SINCE", claim.since) for claim in getattr(content, "claims", ())]
    match content:
        case facts.Meeting():
            places = [link for place in (content.place, *content.also_at) for link in _place(place, lookup)]
            return [*found, *_meeting(content), *places]
        case facts.Statement():
            return [*found, *_statement(content), *_place(content.place, lookup)]
        case facts.Nomination():
            steps = [("STEP", step.step.value) for step in content.steps if step.status is StepStatus.DONE]
            who = [("NOMINEE", content.nominee), ("POST", content.post), *_voice("BY", content.by)]
            return [*found, *who, *steps]
        case facts.Milestone():
            return [*found, *(("PARTY", party) for party in content.parties), *_place(content.place, lookup)]
        case facts.Tenure():
            held = [("HOLDER", content.person), ("POST", content.post), ("ACCREDITED", content.accredited_to)]
            return [*held, *(("CONCURRENT", tenure) for tenure in content.concurrent_with)]
        case facts.Place():
            return [("PLACE", content.country), ("MEMBER", content.country), *_place(content.within, lookup)]
        case facts.Person():
            return [("MEMBER", content.party)]
        case facts.Organization():
            return [("MEMBER", content.party), ("PARENT", content.parent), *_place(content.seat, lookup)]
        case facts.Post() | facts.Speaker():
            return [("MEMBER", content.party), ("ORGANIZATION", content.organization)]
        case facts.Source():
            covered = [("COVERS", party) for covered in content.coverage for party in covered.parties]
            return [("PUBLISHER", content.publisher), *covered]
        case facts.State():
            return [("SUCCESSOR", state) for state in content.successors]
    return found


def _meeting(meeting: facts.Meeting) -> list[Named]:
    found: list[Named] = []
    for part in meeting.parties:
        found += (("PARTY", part.party), ("PERSON", part.person), ("POST", part.post))
        if part.in_place_of is not None:
            found += (("ABSENT", part.in_place_of.person), ("ABSENT", part.in_place_of.post), ("HAS", "STAND_IN"))
    return found


def _statement(statement: facts.Statement) -> list[Named]:
    found: list[Named] = [("MADE_AT", statement.made_at), ("REPORTED_IN", statement.reported_in)]
    found.append(("ASKED_BY", statement.asked_by))
    for role, voices in (("VOICE", statement.voices), ("ADDRESSEE", statement.addressed_to)):
        for voice in voices:
            found += _voice(role, voice)
    found += [("ABOUT", target) for target in statement.about]
    found += [("WORDING", passage.mode.value) for passage in statement.passages]
    found += [("UNIT", phrase(figure.unit)) for figure in statement.figures]
    return found


def _voice(role: str, voice: facts.Voice | None) -> list[Named]:
    if voice is None:
        return []
    return [(role, voice.person), (role, voice.organization), (role, voice.party), (role, voice.speaker)]


def _place(place: str | None, lookup: Lookup) -> list[Named]:
    """The place, all it lies within, and their countries. A place that is its own ancestor ends the way up."""
    found: list[Named] = []
    passed: set[str] = set()
    while place is not None and place not in passed:
        passed.add(place)
        found.append(("PLACE", place))
        known = lookup(place)
        if known is None:
            break
        found += (("PLACE", known["id"]), ("PLACE", known.get("country")))
        place = known.get("within")
    return found


def _words(content: facts.Content) -> list[str | None]:
    found: list[str | None] = [getattr(content, field) for field in _worded(type(content))]
    found += getattr(content, "topics", ())
    match content:
        case facts.Meeting():
            for part in content.parties:
                found += (part.role, part.unnamed)
        case facts.Statement():
            found += [passage.text for passage in content.passages]
            for figure in content.figures:
                found += (figure.value, figure.unit)
            found += [voice.role for voice in content.voices]
        case facts.Nomination() | facts.Tenure():
            found.append(content.role)
    return [*found, *(claim.scope for claim in getattr(content, "claims", ()))]


@cache
def _worded(kind: type[facts.Content]) -> list[str]:
    """The fields of a content that are words and no title."""
    return [name for name in kind.__struct_fields__ if name in ("summary", "agenda", "note", "described", "url")]
