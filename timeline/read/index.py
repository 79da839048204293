"""What a document puts into the indexes: the columns that filters and orders use, its links, its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    found: set[tuple[str, str | None]] = {("CITED", source) for source in document["cited"]}
    if is_hidden(document):
        return sorted((role, value) for role, value in found if value is not None)
    found.update(("SOURCE", source) for source in sources)
    found.update(("SOURCE", each["citation"]["source"]) for each in document["conflicts"] if each.get("citation"))
    found.update(_own(content, lookup))
    return sorted((role, value) for role, value in found if value is not None and value != "")


def texts(document: Document, content: facts.Content) -> list[tuple[int, str]]:
    """(rank, words): names and titles rank before all other words."""
    if is_hidden(document):
        return []
    titles = [getattr(content, "title", None), getattr(content, "label", None)]
    titles += [name.text for name in getattr(content, "names", [])]
    first = folded(titles)
    rest = folded([*titles, *_words(content)])
    return [(rank, words) for rank, words in ((0, first), (1, rest)) if words and (rank == 0 or words != first)]


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


def _own(content: facts.Content, lookup: Lookup) -> Iterator[tuple[str, str | None]]:
    for topic in getattr(content, "topics", []):
        yield "TOPIC", fold(topic)
    for relation in getattr(content, "relations", []):
        yield "TARGET", relation.target
    for claim in getattr(content, "claims", []):
        yield "SINCE", claim.since
    match content:
        case facts.Meeting():
            yield from _meeting(content)
            for place in (content.place, *content.also_at):
                yield from _place(place, lookup)
        case facts.Statement():
            yield from _statement(content)
            yield from _place(content.place, lookup)
        case facts.Nomination():
            yield from (("NOMINEE", content.nominee), ("POST", content.post))
            yield from (("STEP", step.step.value) for step in content.steps if step.status is StepStatus.DONE)
            yield from _voice("BY", content.by)
        case facts.Milestone():
            yield from (("PARTY", party) for party in content.parties)
            yield from _place(content.place, lookup)
        case facts.Tenure():
            yield from (("HOLDER", content.person), ("POST", content.post), ("ACCREDITED", content.accredited_to))
            yield from (("CONCURRENT", tenure) for tenure in content.concurrent_with)
        case facts.Place():
            yield from (("PLACE", content.country), ("MEMBER", content.country))
            yield from _place(content.within, lookup)
        case facts.Person():
            yield "MEMBER", content.party
        case facts.Organization():
            yield from (("MEMBER", content.party), ("PARENT", content.parent))
            yield from _place(content.seat, lookup)
        case facts.Post() | facts.Speaker():
            yield from (("MEMBER", content.party), ("ORGANIZATION", content.organization))
        case facts.Source():
            yield "PUBLISHER", content.publisher
            yield from (("COVERS", party) for covered in content.coverage for party in covered.parties)
        case facts.State():
            yield from (("SUCCESSOR", state) for state in content.successors)


def _meeting(meeting: facts.Meeting) -> Iterator[tuple[str, str | None]]:
    for part in meeting.parties:
        yield from (("PARTY", part.party), ("PERSON", part.person), ("POST", part.post))
        if part.in_place_of is not None:
            yield from (("ABSENT", part.in_place_of.person), ("ABSENT", part.in_place_of.post), ("HAS", "STAND_IN"))


def _statement(statement: facts.Statement) -> Iterator[tuple[str, str | None]]:
    for voice in statement.voices:
        yield from _voice("VOICE", voice)
    for voice in statement.addressed_to:
        yield from _voice("ADDRESSEE", voice)
    yield from (("ABOUT", target) for target in statement.about)
    yield from (("MADE_AT", statement.made_at), ("REPORTED_IN", statement.reported_in))
    yield "ASKED_BY", statement.asked_by
    yield from (("WORDING", passage.mode.value) for passage in statement.passages)
    yield from (("UNIT", phrase(figure.unit)) for figure in statement.figures)


def _voice(role: str, voice: facts.Voice | None) -> Iterator[tuple[str, str | None]]:
    if voice is not None:
        yield from ((role, who) for who in (voice.person, voice.organization, voice.party, voice.speaker))


def _place(place: str | None, lookup: Lookup) -> Iterator[tuple[str, str | None]]:
    """The place, all it lies within, and their countries. A place that is its own ancestor ends the way up."""
    passed: set[str] = set()
    while place is not None and place not in passed:
        passed.add(place)
        yield "PLACE", place
        known = lookup(place)
        if known is None:
            return
        if known["id"] != place:
            yield "PLACE", known["id"]
        yield "PLACE", known.get("country")
        place = known.get("within")


def _words(content: facts.Content) -> Iterator[str | None]:
    for field in _worded(type(content)):
        yield getattr(content, field)
    yield from getattr(content, "topics", [])
    for passage in getattr(content, "passages", []):
        yield passage.text
    for figure in getattr(content, "figures", []):
        yield from (figure.value, figure.unit)
    for part in getattr(content, "parties", []):
        if isinstance(part, facts.Participation):
            yield from (part.role, part.unnamed)
    for voice in getattr(content, "voices", []):
        yield voice.role
    for claim in getattr(content, "claims", []):
        yield claim.scope
    if isinstance(content, facts.Nomination | facts.Tenure):
        yield content.role


@cache
def _worded(kind: type[facts.Content]) -> list[str]:
    """The fields of a content that are words and no title."""
    return [name for name in kind.__struct_fields__ if name in ("summary", "agenda", "note", "described", "url")]
