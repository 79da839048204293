"""What all records share, and the facts inside them: dates, citations, names, relations, the past of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from timeline.api import enums  # noqa: F401  (makes the vocabulary known to the schema)
from timeline.api.context import Doc
from timeline.api.fields import DateTime, Edtf, Json, derived, found, many, moment, one, said, told
from timeline.values.dates import Precision
from timeline.values.roles import Role
from timeline.values.vocabulary import Basis, ClaimKind, Kind, RelationType

if TYPE_CHECKING:
    from timeline.api.entities import Actor, Source
    from timeline.api.occurrences import Milestone, Occurrence

ActorRef = Annotated["Actor", strawberry.lazy("timeline.api.entities")]
SourceRef = Annotated["Source", strawberry.lazy("timeline.api.entities")]
MilestoneRef = Annotated["Milestone", strawberry.lazy("timeline.api.occurrences")]
OccurrenceRef = Annotated["Occurrence", strawberry.lazy("timeline.api.occurrences")]
TYPE_NAMES = {kind.value: kind.value.capitalize() for kind in Kind} | {"state": "FormerState", "country": "Country"}


@strawberry.interface(description="Anything with an id.")
class Node:
    id: strawberry.ID = said("The id: kind and slug ('meeting/seoul-trichod'), or the code of a state ('KR').")

    @classmethod
    def resolve_type(cls, source: Doc, *_: Any) -> str:
        return TYPE_NAMES[source.data["kind"]]

    @classmethod
    def is_type_of(cls, source: Doc, *_: Any) -> bool:
        return TYPE_NAMES[source.data["kind"]] == cls.__name__


@strawberry.type(description="A field of a record before and after an event, in the form of schema/events.json.")
class FieldChange:
    field: str = said("The field's name.")
    was: Json | None = said("What it said before; null when it said nothing, and of what another source gives.")
    now: Json | None = said("What it says since, or what another source gives; null when that is nothing.")


@strawberry.type(description="One event in the past of a record.")
class HistoryEntry:
    position: int = said("Its position in the log.")
    version: int = said("The version of the record since.")
    type: str = said("What happened, such as RecordCorrected; schema/events.json lists all.")
    recorded_at: DateTime = derived(lambda data: moment(data["recorded_us"]), "When the log learned it.", "recorded_us")
    actor: str = said("Who recorded it.")
    source: SourceRef | None = one("source", "The source on which it was recorded.")
    append_id: str = said("The request that recorded it.")
    erased: bool = said("Whether what it said was erased; then nothing more of it is known.")
    reason: str | None = said("Why, where a reason was given; the legal basis of an erasure.")
    citation: Citation | None = said("Where it is read.")
    changes: list[FieldChange] = said("The fields that it changed; none for the first event of a record.")


@strawberry.type(description="What a source gives for a field on which sources disagree.")
class Reading:
    field: str = said("The field's name.")
    value: Json | None = said("The value, in the form of schema/events.json; null means that it is not so.")
    when: When | None = said("The value made readable, where it is a date.")
    citation: Citation | None = said(
        "Where it is read; null for what the record says of itself, with its own citations."
    )


@strawberry.type(description="A record was withdrawn.")
class Retraction:
    reason: str = said("Why.")
    citation: Citation | None = said("Where it is read.")
    position: int = said("The log position of the withdrawal.")
    recorded_at: DateTime = derived(lambda data: moment(data["recorded_us"]), "When the log learned it.", "recorded_us")


@strawberry.type(description="A later release of the source that gave a record no longer lists it.")
class Delisting:
    source: SourceRef | None = one("source", "The release that no longer lists it.")
    position: int = said("The log position at which that was noticed.")
    recorded_at: DateTime = derived(lambda data: moment(data["recorded_us"]), "When the log learned it.", "recorded_us")


@strawberry.type(description="Only some see a record until a moment. Whoever does not see it is not told of this.")
class Embargo:
    role: Role = said("The least role that sees it.")
    until: DateTime = derived(lambda data: moment(data["until_us"]), "Since when, or when, all see it.")
    reason: str = said("Why.")
    position: int = said("The log position of the embargo.")
    recorded_at: DateTime = derived(lambda data: moment(data["recorded_us"]), "When the log learned it.")


@strawberry.type(description="Content was erased by order; that it was recorded stays in the log and in every proof.")
class Erasure:
    label: str = derived(
        lambda data: f"erased on {moment(data['recorded_us'])[:10]} by order of {data['order']} ({data['basis']})",
        "For people: 'erased on 2026-11-25 by order of ...'.",
        *("recorded_us", "order", "basis"),
    )
    basis: str = said("The legal basis.")
    order: str = said("By whose order.")
    position: int = said("The log position of the erasure.")
    recorded_at: DateTime = derived(lambda data: moment(data["recorded_us"]), "When it was erased.", "recorded_us")
    whole: bool = said("Whether all that the record said was erased; lists leave it out then.")


async def _history(root: Doc) -> list[Doc]:
    return [Doc(root.view, entry) for entry in await root.view.snapshot.history(root.data["id"])]


def _readings(root: Doc, *, shown: bool) -> list[Doc]:
    return [Doc(root.view, each) for each in root.data["conflicts"] if each.get("shown", False) is shown]


@strawberry.interface(description="Whatever is recorded under an id, with what became of it in the log.")
class Record(Node):
    kind: Kind = said("What the record is about.")
    version: int = said("How many events the record has; expected by mutations that change it.")
    position: int = said("The log position of its last event.")
    recorded_at: DateTime = derived(
        lambda data: moment(data["recorded_us"]), "When its last event was recorded.", "recorded_us"
    )
    first_position: int = said("The log position of its first event.")
    first_recorded_at: DateTime = derived(
        lambda data: moment(data["first_recorded_us"]), "When its first event was recorded.", "first_recorded_us"
    )
    corrections: int = said("How often it was corrected.")
    conflicts: list[Reading] = told(
        lambda root: _readings(root, shown=False),
        "What other sources give for its fields; the record shows the preferred value.",
    )
    preferred: list[Reading] = told(
        lambda root: _readings(root, shown=True), "Where what it shows of contested fields is read."
    )
    retracted: Retraction | None = said("That it was withdrawn, and why; lists leave it out then.")
    embargo: Embargo | None = said("Who alone sees it until when; null when all may, or one was lifted.")
    erased: Erasure | None = said("That content of it was erased, and by whose order.")
    delisted: Delisting | None = said("That its source dropped it from a later release; it stays on record.")
    distinct_from: list[Node] = many("distinct_from", "Records that somebody found not to be the same, however alike.")
    history: list[HistoryEntry] = told(_history, "Every event of the record, oldest first.")


@strawberry.type(description="The four bounds of an imprecise date, as days; null is open or unknown.")
class DateBounds:
    earliest_start: str | None = derived(lambda data: data.get("es"), "The first day on which it can have begun.", "es")
    latest_start: str | None = derived(lambda data: data.get("ls"), "The last day on which it can have begun.", "ls")
    earliest_end: str | None = derived(lambda data: data.get("ee"), "The first day on which it can have ended.", "ee")
    latest_end: str | None = derived(lambda data: data.get("le"), "The last day on which it can have ended.", "le")


@strawberry.type(description="A date as precise as its source, with the words as reported and how we read them.")
class When:
    label: str | None = said("The date for people, in English: 'late June 2025', '10–11 July 2025'.")
    edtf: Edtf | None = said("The date as EDTF; null when only words are known, or only a day within it.")
    contains: Edtf | None = said("A day on which it was certainly under way.")
    wording: str | None = said("The words of the source: 'On Friday'.")
    basis: Basis = said("How the date is known.")
    anchor: SourceRef | None = one("anchor", "The source whose publication date resolved the words.")
    rule: str | None = said("By which rule the words were resolved.")
    zone: str | None = said("The IANA time zone in which the date is meant.")
    precision: Precision | None = said("The finest unit that the date states.")
    uncertain: bool = said("Whether the source doubts the date itself ('?'); it then matches nothing for certain.")
    earliest: str | None = said("The first day it can lie on, as 'YYYY-MM-DD'.")
    latest: str | None = said("The last day it can lie on, as 'YYYY-MM-DD'.")
    bounds: DateBounds = said("All four bounds.")


@strawberry.type(description="Where a fact is read: a source, the place in it and a short quotation.")
class Citation:
    source: SourceRef | None = one("source", "The source.")
    locator: str | None = said("The place in the source: a page, a line.")
    quote: str | None = said("A short quotation.")


@strawberry.type(description="One of several names.")
class Name:
    text: str = said("The name.")
    language: str | None = said("Its language, as a BCP 47 tag: 'ko', 'ko-Latn'.")
    note: str | None = said("What is to be known of the name.")


@strawberry.type(description="An identifier in somebody else's scheme, as of one snapshot of it.")
class ExternalId:
    scheme: str = said("The scheme.")
    value: str = said("The identifier.")
    snapshot: str | None = said("The release of the scheme in which it holds; identifiers get renumbered.")


@strawberry.type(description="How a record stands to another.")
class Relation:
    type: RelationType = said("How.")
    target: OccurrenceRef | None = one("target", "The other record.")
    note: str | None = said("What is to be known of it.")
    citation: Citation | None = said("Where it is read.")


@strawberry.type(description="What a source claims about a record; never asserted by us.")
class Claim:
    kind: ClaimKind = said("What is claimed.")
    scope: str = said("Of what it is claimed to be the first.")
    since: MilestoneRef | None = one("since", "Since when it is claimed to be the first.")
    citation: Citation | None = said("Where it is read.")


MOST_SPECIFIC = ("person", "speaker", "organization", "party")


@strawberry.type(description="Who speaks, or is spoken to: a person, an organization, a party, an anonymous speaker.")
class Voice:
    actor: ActorRef | None = found(
        lambda data: next((data[key] for key in MOST_SPECIFIC if data.get(key)), None),
        "The most specific of them.",
    )
    person: ActorRef | None = one("person", "The person.")
    speaker: ActorRef | None = one("speaker", "The anonymous speaker.")
    organization: ActorRef | None = one("organization", "The organization that speaks or is spoken for.")
    party: ActorRef | None = one("party", "The state or organization that speaks or is spoken for.")
    role: str | None = said("The role as stated.")


def shown_name(root: Doc) -> str:
    """The name by which a record is shown: its first name, title or label."""
    return name_of(root.data)


NAMED_BY = ("names", "title", "label", "id")
"""What a name is taken from."""


def name_of(data: dict[str, Any], language: str | None = None) -> str:
    """The name in a language if the record has one, else the one by which it is shown."""
    names = data.get("names")
    if not names:
        return str(data.get("title") or data.get("label") or data["id"])
    if language is not None:
        for name in names:
            if (name.get("language") or "").split("-")[0] == language.split("-")[0]:
                return str(name["text"])
    return str(names[0]["text"])
