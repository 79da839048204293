"""What happened: meetings, statements, nominations, milestones, and the interface that they share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import strawberry
from strawberry import Parent

from timeline.api.context import Doc, View
from timeline.api.entities import Organization, Party, Person, Place, Post
from timeline.api.enums import WantedCertainty, described
from timeline.api.fields import First, derived, linked, many, one, page_size, planned, said, told
from timeline.api.gaps import Gap, TimeRelations, since_previous, time_relations
from timeline.api.records import NAMED_BY, Citation, Claim, ExternalId, Node, Record, Relation, Voice, When, name_of
from timeline.errors import NotFound
from timeline.read.claims import check
from timeline.read.documents import content_of, dates_of
from timeline.read.filters import OccurrenceFilter, Page, TimeFilter
from timeline.values.relations import Certainty, overlaps
from timeline.values.vocabulary import (
    Attribution,
    Capacity,
    Format,
    Level,
    MeetingStatus,
    Mode,
    SpeechAct,
    StepKind,
    StepStatus,
    Wording,
)
from timeline.write.rules import is_pending

OCCURRENCE_KINDS = ("meeting", "statement", "nomination", "milestone")


@strawberry.type(description="Something that happened at the same time.")
class Concurrent:
    occurrence: Occurrence = said("What happened.")
    certainty: Certainty = said("Whether they certainly share a day, or possibly.")


async def _relation_to(
    root: Parent[Doc],
    id: Annotated[strawberry.ID, strawberry.argument(description="The other occurrence.")],
) -> TimeRelations | None:
    other = await root.view.find(id)
    if other is None or other.data["kind"] not in OCCURRENCE_KINDS:
        raise NotFound("RECORD_UNKNOWN", f"{id} is no occurrence on record", ("id",))
    return time_relations(root, other)


async def _concurrent(
    root: Parent[Doc],
    certainty: Annotated[
        WantedCertainty, strawberry.argument(description="Whether it must be certain or may only be possible.")
    ] = WantedCertainty.POSSIBLE,
    first: First = 50,
) -> list[Concurrent]:
    dates = dates_of(root.data.get("when"))
    if dates is None:
        return []
    wanted = OccurrenceFilter(kinds=OCCURRENCE_KINDS, times=(TimeFilter("overlaps", dates, certainty.value),))
    # One more than asked: the occurrence itself is among them.
    found = await root.view.snapshot.occurrences(wanted, Page(first=page_size(first) + 1))
    return [
        root.view.shape({"occurrence": each, "certainty": overlaps(dates, others)})
        for each in found.documents
        if each["id"] != root.data["id"] and (others := dates_of(each.get("when"))) is not None
    ][:first]


async def ask_concurrent(
    root: Parent[View],
    occurrence: Annotated[strawberry.ID, strawberry.argument(description="The occurrence.")],
    certainty: Annotated[
        WantedCertainty, strawberry.argument(description="Whether it must be certain or may only be possible.")
    ] = WantedCertainty.POSSIBLE,
    first: First = 50,
) -> list[Concurrent] | None:
    found = await root.find(occurrence)
    if found is None or found.data["kind"] not in OCCURRENCE_KINDS:
        return None
    return await _concurrent(found, certainty, first)


@strawberry.interface(description="Something that happened, or is to happen, in the world.")
class Occurrence(Record, Node):
    title: str = derived(name_of, "What it is called.", *NAMED_BY)
    when: When | None = said("When; null when the sources do not say.")
    topics: list[str] = said("What it is about, in words.")
    external_ids: list[ExternalId] = said("Identifiers in other schemes.")
    relations: list[Relation] = said("How it stands to others.")
    related_from: list[Occurrence] = linked("TARGET", OCCURRENCE_KINDS, "Occurrences that name a relation to it.")
    citations: list[Citation] = said("Where it is read.")
    relation_to: TimeRelations | None = planned(
        _relation_to, "How it stands in time to another; null when either has no date."
    )
    concurrent: list[Concurrent] = planned(
        _concurrent, "What else happened then: shares a day with it, for certain or possibly."
    )
    statements: list[Statement] = linked("ABOUT", ("statement",), "Statements about it, in order of time.")


@strawberry.type(description="Whom a participant stands in for. The absent one is not a participant.")
class StandIn:
    person: Person | None = one("person", "The absent person.")
    post: Post | None = one("post", "The post whose holder is absent, or which is vacant.")
    role: str | None = said("The role of the absent one, as stated.")
    reason: str | None = said("Why, as stated.")


@strawberry.type(description="A party at a meeting, perhaps a person, the role as stated, and the capacity.")
class Participation:
    party: Party | None = one("party", "The state or international organization.")
    person: Person | None = one("person", "The person; null when nobody is named.")
    role: str | None = said("The role as stated on that day.")
    capacity: Capacity = said("In which capacity.")
    level: Level | None = said("The rank at which the party was really represented, if stated.")
    post: Post | None = one("post", "The post held, if recorded.")
    in_place_of: StandIn | None = said("Whom the participant stands in for.")
    unnamed: str | None = said("Further participants whom the source does not name.")


@described
class ClaimVerdict(StrEnum):
    """What the record says of a claim."""

    CONSISTENT = "CONSISTENT"
    """Some source covers the time, and nothing on record speaks against the claim."""
    CONTRADICTED = "CONTRADICTED"
    """Something on record speaks against the claim."""
    UNDECIDABLE = "UNDECIDABLE"
    """The record does not tell."""


@strawberry.type(description="A claim held against the record.")
class ClaimCheck:
    claim: Claim = said("The claim.")
    verdict: ClaimVerdict = said("What the record says of it.")
    reason: str = said("Why, in a sentence.")
    by: list[Record] = said("The records on which this rests.")


async def _claim_checks(root: Doc) -> list[Doc]:
    checks = [(claim, await check(root.view.snapshot, root.data, claim)) for claim in root.data["claims"]]
    return [
        Doc(root.view, {"claim": claim, "verdict": found.verdict, "reason": found.reason, "by": found.by})
        for claim, found in checks
    ]


@strawberry.type(description="Parties that met, or were to meet.")
class Meeting(Occurrence, Record, Node):
    place: Place | None = one("place", "Where.")
    also_at: list[Place] = many("also_at", "Other places of the same meeting, in the order of the source.")
    parties: list[Participation] = said("Who took part, party by party.")
    party_set: list[Party] = many("party_set", "Each party once, in order of the ids.")
    format_declared: Format | None = said("The format as the source calls it.")
    format_computed: Format | None = said("The format by the number of parties; null when none is stated.")
    level_declared: Level | None = said("The level as the source calls it.")
    level_actual: Level | None = said("The lowest of the ranks at which parties were really represented.")
    level_mismatch: bool = said("Whether the declared and the actual level differ.")
    mode: Mode | None = said("Whether people were in one room.")
    status: MeetingStatus = said("How far it got.")
    summary: str | None = said("What it came to, in our words.")
    agenda: str | None = said("What was on the agenda, or what is said about it.")
    claims: list[Claim] = said("What sources claim about it.")
    claim_checks: list[ClaimCheck] = told(
        _claim_checks, "Whether the record bears out what sources claim about it; never asserted by us."
    )
    same_day_as: list[Meeting] = told(
        lambda root: root.view.same_day(root.data["id"]),
        "Other meetings of the same single day that share a party: unordered within the day.",
    )
    statements_made: list[Statement] = linked("MADE_AT", ("statement",), "Statements made at it.")


@strawberry.type(description="Words: quoted, partly quoted or paraphrased.")
class Passage:
    text: str = said("The words.")
    mode: Wording = said("How close they are to what was spoken.")
    language: str | None = said("The language of the words, as a BCP 47 tag.")
    locator: str | None = said("The place in the source.")


@strawberry.type(description="A number that a statement names, as stated.")
class Figure:
    value: str = said("The number: '5'.")
    unit: str = said("Of what: 'percent of GDP'.")
    qualifier: str | None = said("How exact: 'around'.")


@strawberry.type(description="What somebody said, as a source gives it.")
class Statement(Occurrence, Record, Node):
    attribution: Attribution = said("To whom the source attributes it.")
    voices: list[Voice] = said("Who speaks.")
    passages: list[Passage] = said("The words.")
    act: SpeechAct = said("What the speaker does by speaking.")
    place: Place | None = one("place", "Where it was made.")
    made_at: Meeting | None = one("made_at", "The meeting at which it was made.")
    about: list[Occurrence] = many("about", "What it is about.")
    addressed_to: list[Voice] = said("To whom it is addressed.")
    asked_by: Organization | None = one("asked_by", "Whose question it answers.")
    reported_in: Statement | None = one("reported_in", "The statement that reports this one.")
    reports: list[Statement] = linked("REPORTED_IN", ("statement",), "The statements of others that it reports.")
    figures: list[Figure] = said("Numbers that it names.")
    claims: list[Claim] = said("What sources claim about it.")


@strawberry.type(description="One step of a nomination: taken, scheduled or expected.")
class NominationStep:
    step: StepKind = said("Which step.")
    status: StepStatus = said("Whether it was taken.")
    when: When | None = said("When.")
    body: Organization | None = one("body", "The body that takes it.")
    note: str | None = said("What is to be known of it.")
    citation: Citation | None = said("Where it is read.")


def _step(root: Doc, *, done: bool) -> Doc | None:
    steps = [step for step in root.data["steps"] if (step["status"] == "DONE") == done]
    found = (steps[-1] if done else steps[0]) if steps else None
    return None if found is None else Doc(root.view, found)


@strawberry.type(description="A step of a nomination and the time since the dated step before it.")
class StepTime:
    step: NominationStep = said("The step.")
    since_previous: Gap | None = said("The time since the last step that has a date; null without dates.")


def _step_times(root: Doc) -> list[Doc]:
    steps = root.data["steps"]
    gaps = since_previous(dates_of(step.get("when")) for step in steps)
    return [Doc(root.view, {"step": step, "since_previous": days}) for step, days in zip(steps, gaps, strict=True)]


@strawberry.type(description="A person put forward for a post, and how far it got. A nominee holds nothing.")
class Nomination(Occurrence, Record, Node):
    nominee: Person | None = one("nominee", "Who is nominated.")
    post: Post | None = one("post", "To which post.")
    role: str | None = said("The title as stated.")
    by: Voice | None = said("Who nominates.")
    steps: list[NominationStep] = said("The steps, in order.")
    step_times: list[StepTime] = told(_step_times, "The steps with the time that each took.")
    last_step: NominationStep | None = told(lambda root: _step(root, done=True), "The last step that was taken.")
    next_step: NominationStep | None = told(lambda root: _step(root, done=False), "The next step, if one is awaited.")
    pending: bool = derived(lambda data: is_pending(content_of(data)), "Whether it is still open.")
    note: str | None = said("What else the source says of it.")


@strawberry.type(description="Something else that dates are counted from: a government takes office.")
class Milestone(Occurrence, Record, Node):
    parties: list[Party] = many("parties", "The parties it concerns.")
    place: Place | None = one("place", "Where.")
    claimed_since: list[Occurrence] = linked("SINCE", OCCURRENCE_KINDS, "Occurrences that claims count from here.")
