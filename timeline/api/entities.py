"""Who and what takes part: persons, states, organizations, places, posts and their holders, sources, speakers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import Parent

from timeline.api.context import Doc
from timeline.api.enums import Knowledge
from timeline.api.fields import Derived, Edtf, asked, linked, many, one, planned, said
from timeline.api.records import NAMED_BY, Citation, ExternalId, Name, Node, Record, When, name_of, shown_name
from timeline.read.documents import Document, content_of, dates_of
from timeline.values.dates import INFINITY, Bounds
from timeline.values.relations import Certainty
from timeline.values.vocabulary import Classification, Holding, Level
from timeline.write.rules import is_pending

if TYPE_CHECKING:
    from timeline.api.occurrences import Meeting, Nomination, Occurrence, Statement

MeetingRef = Annotated["Meeting", strawberry.lazy("timeline.api.occurrences")]
StatementRef = Annotated["Statement", strawberry.lazy("timeline.api.occurrences")]
NominationRef = Annotated["Nomination", strawberry.lazy("timeline.api.occurrences")]
OccurrenceRef = Annotated["Occurrence", strawberry.lazy("timeline.api.occurrences")]


Language = Annotated[str | None, strawberry.argument(description="A BCP 47 tag; the first name when there is none.")]


def _name(root: Parent[Doc], language: Language = None) -> str:
    return name_of(root.data, language)


NAME: Any = strawberry.field(
    resolver=_name,
    description="The name shown, or the one in a language.",
    metadata={"plan": Derived(name_of, NAMED_BY)},
)


@strawberry.interface(description="Whoever can act or speak: a person, a state, an organization, an anonymous speaker.")
class Actor(Node):
    name: str = NAME


@strawberry.interface(description="A state or an international organization that takes part in meetings.")
class Party(Node):
    name: str = NAME


@strawberry.type(description="A state of today, by its ISO 3166-1 code.")
class Country(Actor, Party, Node):
    code: str = said("The ISO 3166-1 alpha-2 code.")
    alpha3: str = said("The ISO 3166-1 alpha-3 code.")
    official_name: str = said("The official name in English by ISO 3166-1.")
    names: list[Name] = said("The names, from CLDR.")
    meetings: list[MeetingRef] = linked("PARTY", ("meeting",), "Meetings it took part in, in order of time.")
    people: list[Person] = linked("MEMBER", ("person",), "Persons of this state.")
    posts: list[Post] = linked("MEMBER", ("post",), "Posts of this state.")


@strawberry.type(description="A state that has no ISO 3166-1 code today, such as Prussia.")
class FormerState(Record, Actor, Party, Node):
    names: list[Name] = said("Its names; the first is the one shown.")
    valid: When | None = said("The period in which it existed.")
    successors: list[Party] = many("successors", "The states that followed it.")
    external_ids: list[ExternalId] = said("Identifiers in other schemes.")
    citations: list[Citation] = said("Where it is read.")
    meetings: list[MeetingRef] = linked("PARTY", ("meeting",), "Meetings it took part in, in order of time.")
    people: list[Person] = linked("MEMBER", ("person",), "Persons of this state.")
    posts: list[Post] = linked("MEMBER", ("post",), "Posts of this state.")


@strawberry.type(description="A ministry, a parliament, an alliance, a newspaper.")
class Organization(Record, Actor, Party, Node):
    classification: Classification = said("What it is.")
    names: list[Name] = said("Its names; the first is the one shown.")
    party: Party | None = one("party", "The state it belongs to.")
    parent: Organization | None = one("parent", "The organization it is a part of.")
    seat: Place | None = one("seat", "Where it sits.")
    external_ids: list[ExternalId] = said("Identifiers in other schemes.")
    citations: list[Citation] = said("Where it is read.")
    meetings: list[MeetingRef] = linked("PARTY", ("meeting",), "Meetings it took part in as a party.")
    statements: list[StatementRef] = linked("VOICE", ("statement",), "Statements in its name.")


@strawberry.type(description="Somebody with a name.")
class Person(Record, Actor, Node):
    names: list[Name] = said("The names; the first is the one shown.")
    party: Party | None = one("party", "The state or organization the person acts for.")
    note: str | None = said("What is to be known of the person.")
    external_ids: list[ExternalId] = said("Identifiers in other schemes.")
    citations: list[Citation] = said("Where it is read.")
    meetings: list[MeetingRef] = linked("PERSON", ("meeting",), "Meetings the person took part in, in order of time.")
    absences: list[MeetingRef] = linked("ABSENT", ("meeting",), "Meetings at which somebody else stood in.")
    statements: list[StatementRef] = linked("VOICE", ("statement",), "What the person said.")
    tenures: list[Tenure] = linked("HOLDER", ("tenure",), "Posts held. A nomination is none.")
    nominations: list[NominationRef] = linked("NOMINEE", ("nomination",), "Nominations of the person.")


@strawberry.type(description="A city or a site.")
class Place(Record, Node):
    name: str = NAME
    names: list[Name] = said("The names; the first is the one shown.")
    country: Party | None = one("country", "The state it lies in.")
    within: Place | None = one("within", "The larger place it lies in.")
    zone: str | None = said("Its IANA time zone.")
    external_ids: list[ExternalId] = said("Identifiers in other schemes.")
    citations: list[Citation] = said("Where it is read.")
    meetings: list[MeetingRef] = linked("PLACE", ("meeting",), "Meetings there or within, in order of time.")


@strawberry.type(description="Somebody who may have held a post on the days asked for.")
class PossibleHolder:
    tenure: Tenure = said("The tenure.")
    certainty: Certainty = said("Whether the dates make it certain or leave it open.")


@strawberry.type(description="Who held a post: known, possible or unknown; a nominee holds nothing.")
class HolderAnswer:
    known: Knowledge = said("What the record knows.")
    holders: list[PossibleHolder] = said("Those who held it, certainly or possibly; designates are left out.")
    pending: list[NominationRef] = said("Nominations to the post that are pending in the record as asked.")
    explanation: str = said("The answer in a sentence.")


async def _holder(
    root: Parent[Doc],
    on: Annotated[Edtf, strawberry.argument(description="The day or days asked for.")],
) -> HolderAnswer:
    days, view = asked(on, "on"), root.view
    found = await view.snapshot.holders(root.data["id"], days)
    nominations = await view.linked("POST", root.data["id"], ("nomination",), 100)
    pending = [each for each in nominations if is_pending(content_of(each.data))]
    known = Knowledge.UNKNOWN
    if any(sure == "CERTAIN" for _, sure in found):
        known = Knowledge.CERTAIN
    elif not all(_has_lost_end(tenure, days) for tenure, _ in found):
        known = Knowledge.POSSIBLE
    sentence = {
        Knowledge.CERTAIN: f"{shown_name(root)} on {on}: recorded.",
        Knowledge.POSSIBLE: f"{shown_name(root)} on {on}: the dates on record leave it open.",
        Knowledge.UNKNOWN: f"{shown_name(root)} on {on}: no holder is recorded.",
    }[known]
    if found and known is Knowledge.UNKNOWN:
        names = [shown_name(each) for each in await view.many([tenure["person"] for tenure, _ in found])]
        sentence += f" Of {', '.join(names)} the record knows no end: it is not known whether they still held it."
    if pending:
        people = [shown_name(each) for each in await view.many([each.data["nominee"] for each in pending])]
        sentence += f" A nomination is pending ({', '.join(people)}); a nominee does not hold the post."
    holders = [{"tenure": tenure, "certainty": sure} for tenure, sure in found]
    answer = {"known": known, "holders": holders, "pending": [each.data for each in pending], "explanation": sentence}
    return view.shape(answer)


def _has_lost_end(tenure: Document, days: Bounds) -> bool:
    """Whether nothing but an end that nobody recorded lets the tenure reach these days: that is not knowing."""
    held = dates_of(tenure["when"])
    return held is not None and held.le >= INFINITY and held.ee < days.es


@strawberry.type(description="An office that persons hold one after another.")
class Post(Record, Node):
    name: str = NAME
    names: list[Name] = said("The names; the first is the one shown.")
    party: Party | None = one("party", "The state or organization whose post it is.")
    organization: Organization | None = one("organization", "The organization it belongs to.")
    level: Level | None = said("Its rank.")
    external_ids: list[ExternalId] = said("Identifiers in other schemes.")
    citations: list[Citation] = said("Where it is read.")
    tenures: list[Tenure] = linked("POST", ("tenure",), "Who held it, in order of time.")
    nominations: list[NominationRef] = linked("POST", ("nomination",), "Nominations to it, in order of time.")
    holder: HolderAnswer = planned(_holder, "Who held it on a day. It can be unknown.")


@strawberry.type(description="A person holds a post. An unknown end is unknown, never 'still in office'.")
class Tenure(Record, Node):
    person: Person | None = one("person", "Who.")
    post: Post | None = one("post", "Which post.")
    holding: Holding = said("In which capacity.")
    when: When = said("From when to when.")
    role: str | None = said("The title as stated.")
    accredited_to: Party | None = one("accredited_to", "To which state or organization the head of a mission is sent.")
    seat: Place | None = one("seat", "Where one resides who is sent to several at once.")
    concurrent_with: list[Tenure] = many("concurrent_with", "Tenures held at the same time by one appointment.")
    concurrent_from: list[Tenure] = linked("CONCURRENT", ("tenure",), "Tenures that name this one as concurrent.")
    note: str | None = said("What else the source says of it.")
    external_ids: list[ExternalId] = said("Identifiers in other schemes.")
    citations: list[Citation] = said("Where it is read.")


@strawberry.type(description="What a source claims to list completely: all meetings of these parties in a period.")
class Coverage:
    parties: list[Party] = many("parties", "The exact set of parties.")
    levels: list[Level] = said("At these levels; at any when there is none.")
    when: When = said("In this period.")
    note: str | None = said("What is to be known of it.")


@strawberry.type(description="A document that facts rest on. Its publication date anchors words like 'Friday'.")
class Source(Record, Node):
    title: str = said("Its title.")
    publisher: Organization | None = one("publisher", "Who published it.")
    published: When | None = said("When it was published.")
    zone: str | None = said("The IANA time zone in which its words about days are meant.")
    language: str | None = said("Its language, as a BCP 47 tag.")
    url: str | None = said("Where it can be read.")
    note: str | None = said("What is to be known of it.")
    coverage: list[Coverage] = said("What it claims to list completely; claims of firstness are checked by it.")
    occurrences: list[OccurrenceRef] = linked(
        "SOURCE", ("meeting", "statement", "nomination", "milestone"), "What is recorded from it, in order of time."
    )
    speakers: list[Speaker] = linked("SOURCE", ("speaker",), "Its anonymous speakers.")


@strawberry.type(description="Anonymous speakers as one source describes them; never merged across sources.")
class Speaker(Record, Actor, Node):
    source: Source | None = one("source", "The only source they belong to.")
    label: str = said("A label of ours: 'official A'.")
    described: str | None = said("How the source describes them.")
    party: Party | None = one("party", "For whom they speak, if stated.")
    organization: Organization | None = one("organization", "The organization they belong to, if stated.")
    several: bool = said("Whether they are more than one.")
    statements: list[StatementRef] = linked("VOICE", ("statement",), "What they said.")
