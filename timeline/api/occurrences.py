"""What happened: meetings, statements, nominations, milestones, and the interface that they share."""

from __future__ import annotations

import strawberry

from timeline.api.context import Doc
from timeline.api.entities import Actor, Organization, Party, Person, Place, Post
from timeline.api.fields import linked, many, one, said, told
from timeline.api.records import Citation, Claim, Node, Record, Relation, Voice, When, shown_name
from timeline.read.documents import content_of
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


@strawberry.interface(description="Something that happened, or is to happen, in the world.")
class Occurrence(Record, Node):
    title: str = told(shown_name, "What it is called.")
    when: When | None = said("When; null when the sources do not say.")
    topics: list[str] = said("What it is about, in words.")
    relations: list[Relation] = said("How it stands to others.")
    related_from: list[Occurrence] = linked("TARGET", OCCURRENCE_KINDS, "Occurrences that name a relation to it.")
    citations: list[Citation] = said("Where it is read.")
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


@strawberry.type(description="Parties that met, or were to meet.")
class Meeting(Occurrence, Record, Node):
    place: Place | None = one("place", "Where.")
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


@strawberry.type(description="A person put forward for a post, and how far it got. A nominee holds nothing.")
class Nomination(Occurrence, Record, Node):
    nominee: Person | None = one("nominee", "Who is nominated.")
    post: Post | None = one("post", "To which post.")
    by: Voice | None = said("Who nominates.")
    steps: list[NominationStep] = said("The steps, in order.")
    last_step: NominationStep | None = told(lambda root: _step(root, done=True), "The last step that was taken.")
    next_step: NominationStep | None = told(lambda root: _step(root, done=False), "The next step, if one is awaited.")
    pending: bool = told(lambda root: is_pending(content_of(root.data)), "Whether it is still open.")


@strawberry.type(description="Something else that dates are counted from: a government takes office.")
class Milestone(Occurrence, Record, Node):
    parties: list[Party] = many("parties", "The parties it concerns.")
    place: Place | None = one("place", "Where.")
    claimed_since: list[Occurrence] = linked("SINCE", OCCURRENCE_KINDS, "Occurrences that claims count from here.")


__all__ = ["Actor", "Meeting", "Milestone", "Nomination", "Occurrence", "Statement"]
