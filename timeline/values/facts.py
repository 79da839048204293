"""What a record says: the typed content of meetings, statements, nominations and of those who take part.

These shapes are stored for ever inside events, written in seed files and answered by GraphQL, so there is one
definition. Absent means not stated; no field has a default that invents a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, get_args, get_type_hints

from msgspec import Meta, Struct, field

from timeline.values.vocabulary import (
    Attribution,
    Basis,
    Capacity,
    ClaimKind,
    Classification,
    Format,
    Holding,
    Level,
    MeetingStatus,
    Mode,
    RelationType,
    SpeechAct,
    StepKind,
    StepStatus,
    Wording,
)

SLUG = r"[a-z0-9]+(?:[.-][a-z0-9]+)*"
Text = Annotated[str, Meta(min_length=1, max_length=10_000)]
Edtf = Annotated[str, Meta(min_length=1, max_length=200, description="A date in EDTF (ISO 8601-2), levels 0 to 2.")]
PersonId = Annotated[str, Meta(pattern=rf"^person/{SLUG}$", description="A person's id, 'person/cho-hyun'.")]
PlaceId = Annotated[str, Meta(pattern=rf"^place/{SLUG}$", description="A place's id, 'place/seoul'.")]
PostId = Annotated[str, Meta(pattern=rf"^post/{SLUG}$", description="A post's id, 'post/kr-foreign-minister'.")]
SourceId = Annotated[str, Meta(pattern=rf"^source/{SLUG}$", description="A source's id.")]
SpeakerId = Annotated[str, Meta(pattern=rf"^speaker/{SLUG}$", description="An anonymous speaker's id.")]
TenureId = Annotated[str, Meta(pattern=rf"^tenure/{SLUG}$", description="A tenure's id.")]
OrganizationId = Annotated[str, Meta(pattern=rf"^organization/{SLUG}$", description="An organization's id.")]
MilestoneId = Annotated[str, Meta(pattern=rf"^milestone/{SLUG}$", description="A milestone's id.")]
StatementId = Annotated[str, Meta(pattern=rf"^statement/{SLUG}$", description="A statement's id.")]
MeetingId = Annotated[str, Meta(pattern=rf"^meeting/{SLUG}$", description="A meeting's id.")]
PartyId = Annotated[
    str,
    Meta(
        pattern=rf"^(?:[A-Z]{{2}}|state/{SLUG}|organization/{SLUG})$",
        description="A party: ISO 3166-1 alpha-2 ('KR'), a former state ('state/ussr') or an organization.",
    ),
]
OccurrenceId = Annotated[
    str,
    Meta(
        pattern=rf"^(?:meeting|statement|nomination|milestone)/{SLUG}$",
        description="The id of something that happened.",
    ),
]


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A value without identity."""


class Citation(Fact, frozen=True):
    """Where we read it: the source, the place in it and a short quotation."""

    source: SourceId
    locator: Text | None = None
    quote: Text | None = None


class When(Fact, frozen=True):
    """A date exactly as precise as its source, with the words as reported and how we read them.

    `contains` is a day on which it was certainly under way, for what has no known start or end. `anchor` is the
    source whose publication date resolved the words.
    """

    edtf: Edtf | None = None
    contains: Edtf | None = None
    wording: Text | None = None
    basis: Basis = Basis.STATED
    anchor: SourceId | None = None
    rule: Text | None = None
    resolver: int | None = None
    zone: Text | None = None


class Name(Fact, frozen=True):
    """One of several names, with BCP 47 language tag."""

    text: Text
    language: Text | None = None
    note: Text | None = None


class ExternalId(Fact, frozen=True):
    """An identifier in somebody else's scheme, as of one snapshot of it."""

    scheme: Text
    value: Text
    snapshot: Text | None = None


class StandIn(Fact, frozen=True):
    """Whom the participant stands in for. The absent principal is not a participant."""

    person: PersonId | None = None
    post: PostId | None = None
    role: Text | None = None
    reason: Text | None = None


class Participation(Fact, frozen=True):
    """A party at a meeting, perhaps a person, the role as stated on that day, and the capacity."""

    party: PartyId
    person: PersonId | None = None
    role: Text | None = None
    capacity: Capacity = Capacity.REPRESENTATIVE
    level: Level | None = None
    post: PostId | None = None
    in_place_of: StandIn | None = None
    unnamed: Text | None = None


class Relation(Fact, frozen=True):
    """How this record stands to another."""

    type: RelationType
    target: OccurrenceId
    note: Text | None = None
    citation: Citation | None = None


class Claim(Fact, frozen=True):
    """What a source claims about this record, such as being the first of its kind since a milestone."""

    kind: ClaimKind
    scope: Text
    since: MilestoneId | None = None
    citation: Citation | None = None


class Passage(Fact, frozen=True):
    """The words: quoted, partly quoted or in our own paraphrase."""

    text: Text
    mode: Wording
    language: Text | None = None
    locator: Text | None = None


class Voice(Fact, frozen=True):
    """Who speaks, or is spoken to: a person, an organization, a party, or an anonymous speaker of one source."""

    person: PersonId | None = None
    organization: OrganizationId | None = None
    party: PartyId | None = None
    speaker: SpeakerId | None = None
    role: Text | None = None


class Figure(Fact, frozen=True):
    """A number that a statement names, as stated: '5', 'percent of GDP', 'around'."""

    value: Text
    unit: Text
    qualifier: Text | None = None


class Step(Fact, frozen=True):
    """One rung of a nomination: taken, scheduled or expected."""

    step: StepKind
    status: StepStatus = StepStatus.DONE
    when: When | None = None
    body: OrganizationId | None = None
    note: Text | None = None
    citation: Citation | None = None


class Content(Fact, frozen=True):
    """What one record says."""


class Meeting(Content, frozen=True):
    """Parties that met, or were to meet."""

    title: Text
    when: When | None = None
    place: PlaceId | None = None
    also_at: list[PlaceId] = field(default_factory=list)
    parties: list[Participation] = field(default_factory=list)
    level: Level | None = None
    format: Format | None = None
    mode: Mode | None = None
    status: MeetingStatus = MeetingStatus.HELD
    topics: list[Text] = field(default_factory=list)
    summary: Text | None = None
    agenda: Text | None = None
    relations: list[Relation] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class Statement(Content, frozen=True):
    """What somebody said, as a source gives it. `reported_in` is the statement that reports this one."""

    title: Text
    attribution: Attribution
    voices: list[Voice]
    passages: list[Passage] = field(default_factory=list)
    act: SpeechAct = SpeechAct.STATEMENT
    when: When | None = None
    place: PlaceId | None = None
    made_at: MeetingId | None = None
    about: list[OccurrenceId] = field(default_factory=list)
    addressed_to: list[Voice] = field(default_factory=list)
    asked_by: OrganizationId | None = None
    reported_in: StatementId | None = None
    figures: list[Figure] = field(default_factory=list)
    topics: list[Text] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class Nomination(Content, frozen=True):
    """A person put forward for a post, and how far it got: a ladder of steps. A nominee holds nothing."""

    nominee: PersonId
    post: PostId
    title: Text | None = None
    role: Text | None = None
    by: Voice | None = None
    when: When | None = None
    steps: list[Step] = field(default_factory=list)
    note: Text | None = None
    topics: list[Text] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class Milestone(Content, frozen=True):
    """Something else that dates are counted from: a government takes office, a treaty enters into force."""

    title: Text
    when: When | None = None
    parties: list[PartyId] = field(default_factory=list)
    place: PlaceId | None = None
    topics: list[Text] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class Person(Content, frozen=True):
    """Somebody with a name. The first name is the one shown."""

    names: Annotated[list[Name], Meta(min_length=1)]
    party: PartyId | None = None
    note: Text | None = None
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class Organization(Content, frozen=True):
    """A ministry, a parliament, an alliance, a newspaper."""

    names: Annotated[list[Name], Meta(min_length=1)]
    classification: Classification = Classification.OTHER
    party: PartyId | None = None
    parent: OrganizationId | None = None
    seat: PlaceId | None = None
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class State(Content, frozen=True):
    """A state that has no ISO 3166-1 code today, such as Prussia, with the period in which it existed."""

    names: Annotated[list[Name], Meta(min_length=1)]
    valid: When | None = None
    successors: list[PartyId] = field(default_factory=list)
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class Place(Content, frozen=True):
    """A city or a site. `zone` is its IANA time zone."""

    names: Annotated[list[Name], Meta(min_length=1)]
    country: PartyId | None = None
    within: PlaceId | None = None
    zone: Text | None = None
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class Post(Content, frozen=True):
    """An office that persons hold one after another."""

    names: Annotated[list[Name], Meta(min_length=1)]
    party: PartyId | None = None
    organization: OrganizationId | None = None
    level: Level | None = None
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class Tenure(Content, frozen=True):
    """A person holds a post. An unknown end is unknown, never 'still in office'.

    `role` is the title as stated, `accredited_to` the state or organization to which the head of a mission is sent,
    `seat` where one resides who is sent to several at once.
    """

    person: PersonId
    post: PostId
    holding: Holding
    when: When
    role: Text | None = None
    accredited_to: PartyId | None = None
    seat: PlaceId | None = None
    concurrent_with: list[TenureId] = field(default_factory=list)
    note: Text | None = None
    external_ids: list[ExternalId] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)


class Coverage(Fact, frozen=True):
    """What a source claims to list completely: all meetings of exactly these parties, at these levels, in a period."""

    parties: list[PartyId]
    when: When
    levels: list[Level] = field(default_factory=list)
    note: Text | None = None


class Source(Content, frozen=True):
    """A document that facts rest on. Its publication date anchors words like 'Friday'."""

    title: Text
    publisher: OrganizationId | None = None
    published: When | None = None
    zone: Text | None = None
    language: Text | None = None
    url: Text | None = None
    note: Text | None = None
    coverage: list[Coverage] = field(default_factory=list)


class Speaker(Content, frozen=True):
    """Anonymous speakers as one source describes them; never merged across sources."""

    source: SourceId
    label: Text
    described: Text | None = None
    party: PartyId | None = None
    organization: OrganizationId | None = None
    several: bool = False


CONTENT: dict[str, type[Content]] = {
    "meeting": Meeting,
    "statement": Statement,
    "nomination": Nomination,
    "milestone": Milestone,
    "person": Person,
    "organization": Organization,
    "state": State,
    "place": Place,
    "post": Post,
    "tenure": Tenure,
    "source": Source,
    "speaker": Speaker,
}

ANY_OCCURRENCE = ("meeting", "statement", "nomination", "milestone")
REFERENCES: dict[str, tuple[str, ...]] = {
    "person": ("person",),
    "nominee": ("person",),
    "post": ("post",),
    "place": ("place",),
    "also_at": ("place",),
    "seat": ("place",),
    "within": ("place",),
    "party": ("state", "organization"),
    "country": ("state", "organization"),
    "accredited_to": ("state", "organization"),
    "concurrent_with": ("tenure",),
    "successors": ("state", "organization"),
    "organization": ("organization",),
    "body": ("organization",),
    "publisher": ("organization",),
    "parent": ("organization",),
    "asked_by": ("organization",),
    "source": ("source",),
    "anchor": ("source",),
    "speaker": ("speaker",),
    "since": ("milestone",),
    "target": ANY_OCCURRENCE,
    "about": ANY_OCCURRENCE,
    "made_at": ("meeting",),
    "reported_in": ("statement",),
}
"""Fields that hold the id of another record, and which kinds it may be of. A name means the same in every struct."""


Path = tuple[str | int, ...]


def structs(value: Any, path: Path = ()) -> list[tuple[Path, Struct]]:
    """Every struct in a value, the value first, each with its path."""
    found: list[tuple[Path, Struct]] = []
    _collect(value, path, found)
    return found


def _collect(value: Any, path: Path, found: list[tuple[Path, Struct]]) -> None:
    if isinstance(value, Struct):
        found.append((path, value))
        for name in _fields(type(value))[0]:
            inner = getattr(value, name)
            if inner:
                _collect(inner, (*path, name), found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _collect(item, (*path, index), found)


def references(content: Any) -> list[tuple[Path, str]]:
    """Every (path, id) of another record that this content names; ISO states are known to all and left out."""
    found: list[tuple[Path, str]] = []
    for path, struct in structs(content):
        for name in _fields(type(struct))[1]:
            named = getattr(struct, name)
            if isinstance(named, str):
                if "/" in named:
                    found.append(((*path, name), named))
            elif named:
                found += [((*path, name, index), id) for index, id in enumerate(named) if "/" in id]
    return found


def ids_named(content: Any) -> set[str]:
    """The ids that `references` gives, without their paths, which cost as much again."""
    found: set[str] = set()
    inner: list[Any] = [content]
    for struct in inner:
        within, ids = _values(struct.__class__)
        for value in within(struct):
            if value:
                inner += value if value.__class__ is list else [value]
        for value in ids(struct):
            if value.__class__ is str:
                found.add(value)
            elif value:
                found.update(value)
    return {id for id in found if "/" in id}


@cache
def inner_structs(kind: type[Struct]) -> list[tuple[str, type[Struct]]]:
    """The fields of a struct that hold structs, or lists of them, each with the type of those."""
    hints = get_type_hints(kind)
    return [(name, inner) for name in kind.__struct_fields__ for inner in _structs_in(hints[name])]


@cache
def _fields(kind: type[Struct]) -> tuple[list[str], list[str]]:
    """Which fields of a struct hold structs, and which hold ids: asked of each value, so looked up once."""
    ids = [
        name
        for name in kind.__struct_fields__
        if name in REFERENCES or (name == "parties" and issubclass(kind, (Milestone, Coverage)))
    ]
    return [name for name, _ in inner_structs(kind)], ids


@cache
def _values(kind: type[Struct]) -> tuple[Callable[[Any], Sequence[Any]], Callable[[Any], Sequence[Any]]]:
    """What gives all values of those fields at once."""
    within, ids = _fields(kind)
    return _getter(within), _getter(ids)


def _getter(names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    if not names:
        return lambda _: ()
    if len(names) > 1:
        return attrgetter(*names)
    (name,) = names  # Of one alone `attrgetter` gives no tuple.
    return lambda struct: (getattr(struct, name),)


def _structs_in(hint: Any) -> list[type[Struct]]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return [hint]
    return [found for part in get_args(hint) for found in _structs_in(part)]
