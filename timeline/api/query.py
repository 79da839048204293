"""The questions of the API, each asked of the record as of one position: now, or then through `asOf`."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import Parent

from timeline.api.connections import Connection, Listing, OccurrenceConnection, listing
from timeline.api.context import Doc, View
from timeline.api.entities import (
    Actor,
    Country,
    FormerState,
    Organization,
    Person,
    Place,
    Post,
    Source,
    Speaker,
    Tenure,
)
from timeline.api.enums import ChangeType, OccurrenceOrder
from timeline.api.fields import DateTime, Json, derived, microseconds, moment, one, page_size, said
from timeline.api.inputs import (
    After,
    Before,
    MeetingFilter,
    NominationFilter,
    OccurrenceFilter,
    OrderBy,
    PageFirst,
    PageLast,
    StatementFilter,
    read_filter,
    read_page,
)
from timeline.api.occurrences import OCCURRENCE_KINDS, Meeting, Milestone, Nomination, Occurrence, Statement
from timeline.api.proofs import ProofQueries
from timeline.api.records import Node, Record
from timeline.api.sequences import TimeQueries
from timeline.errors import Invalid
from timeline.read.filters import EntityFilter
from timeline.read.search import countries_named
from timeline.values.countries import all_countries
from timeline.values.vocabulary import Kind

EARLIEST = OccurrenceOrder.EARLIEST_FIRST
MAX_IDS = 100
Id = Annotated[strawberry.ID, strawberry.argument(description="The id; that of a merged record leads to its survivor.")]
Ids = Annotated[list[strawberry.ID], strawberry.argument(description=f"Up to {MAX_IDS} ids.")]
Text = Annotated[str | None, strawberry.argument(description="Words of a name, each perhaps only begun.")]
OfParty = Annotated[strawberry.ID | None, strawberry.argument(description="Only those of this state or organization.")]
OfSource = Annotated[strawberry.ID | None, strawberry.argument(description="Only those of this source.")]
OfPost = Annotated[strawberry.ID | None, strawberry.argument(description="Only those of this post.")]
OfPerson = Annotated[strawberry.ID | None, strawberry.argument(description="Only those of this person.")]
Accredited = Annotated[strawberry.ID | None, strawberry.argument(description="Only those accredited to this party.")]
InAnyLanguage = Annotated[str | None, strawberry.argument(description="Words of a name in ten languages, or a code.")]
AtMoment = Annotated[DateTime | None, strawberry.argument(description="A moment: what was recorded by then.")]
Until = Annotated[int | None, strawberry.argument(description="The later position; now if unset.", name="to")]
Root = Parent[View]


def occurrences(view: View, filter: Any, kinds: tuple[str, ...], **page: Any) -> Any:
    """A list of occurrences."""
    return listing(view, read_filter(filter, *kinds), read_page(**page))


def entities(view: View, kinds: tuple[str, ...], page: dict[str, Any], **asked_for: Any) -> Any:
    """A list of who and what takes part."""
    snapshot, chosen, wanted = view.snapshot, read_page(**page), EntityFilter(kinds=kinds, **asked_for)
    return Listing(
        view,
        lambda: snapshot.entities(wanted, chosen),
        lambda: snapshot.count_entities(wanted),
        lambda names, limit: snapshot.facets_of_entities(wanted, names, limit),
    )


def _meetings(
    root: Root,
    filter: Annotated[MeetingFilter | None, strawberry.argument(description="Which meetings.")] = None,
    order_by: OrderBy = EARLIEST,
    first: PageFirst = None,
    after: After = None,
    last: PageLast = None,
    before: Before = None,
) -> OccurrenceConnection[Meeting]:
    return occurrences(root, filter, ("meeting",), first=first, after=after, last=last, before=before, order=order_by)


def _statements(
    root: Root,
    filter: Annotated[StatementFilter | None, strawberry.argument(description="Which statements.")] = None,
    order_by: OrderBy = EARLIEST,
    first: PageFirst = None,
    after: After = None,
    last: PageLast = None,
    before: Before = None,
) -> OccurrenceConnection[Statement]:
    return occurrences(root, filter, ("statement",), first=first, after=after, last=last, before=before, order=order_by)


def _nominations(
    root: Root,
    filter: Annotated[NominationFilter | None, strawberry.argument(description="Which nominations.")] = None,
    order_by: OrderBy = EARLIEST,
    first: PageFirst = None,
    after: After = None,
    last: PageLast = None,
    before: Before = None,
) -> OccurrenceConnection[Nomination]:
    return occurrences(
        root, filter, ("nomination",), first=first, after=after, last=last, before=before, order=order_by
    )


def _timeline(
    root: Root,
    filter: Annotated[OccurrenceFilter | None, strawberry.argument(description="Which occurrences.")] = None,
    order_by: OrderBy = EARLIEST,
    first: PageFirst = None,
    after: After = None,
    last: PageLast = None,
    before: Before = None,
) -> OccurrenceConnection[Occurrence]:
    for kind in (filter and filter.kinds) or ():
        if kind.value not in OCCURRENCE_KINDS:
            raise Invalid("KIND_INVALID", f"{kind.name} is no occurrence; a timeline has none", ("filter", "kinds"))
    return occurrences(
        root, filter, OCCURRENCE_KINDS, first=first, after=after, last=last, before=before, order=order_by
    )


def by_id(kinds: tuple[str, ...], description: str) -> Any:
    """A field that finds one record of these kinds by its id; null when there is none."""

    async def resolve(root: Root, id: Id):  # type: ignore[no-untyped-def]
        found = await root.find(id)
        return found if found is not None and found.kind in kinds else None

    return strawberry.field(resolver=resolve, description=description)


def named(kind: str, description: str) -> Any:
    """A field that lists who or what takes part, by name."""

    def resolve(  # type: ignore[no-untyped-def]
        root: Root,
        text: Text = None,
        party: OfParty = None,
        first: PageFirst = None,
        after: After = None,
        last: PageLast = None,
        before: Before = None,
    ):
        page = {"first": first, "after": after, "last": last, "before": before}
        return entities(root, (kind,), page, text=text, party=party)

    return strawberry.field(resolver=resolve, description=description)


def _sources(
    root: Root,
    text: Text = None,
    first: PageFirst = None,
    after: After = None,
    last: PageLast = None,
    before: Before = None,
) -> Connection[Source]:
    return entities(root, ("source",), {"first": first, "after": after, "last": last, "before": before}, text=text)


def _speakers(
    root: Root,
    source: OfSource = None,
    first: PageFirst = None,
    after: After = None,
    last: PageLast = None,
    before: Before = None,
) -> Connection[Speaker]:
    page = {"first": first, "after": after, "last": last, "before": before}
    return entities(root, ("speaker",), page, source=source)


def _tenures(
    root: Root,
    post: OfPost = None,
    person: OfPerson = None,
    accredited_to: Accredited = None,
    first: PageFirst = None,
    after: After = None,
    last: PageLast = None,
    before: Before = None,
) -> Connection[Tenure]:
    page = {"first": first, "after": after, "last": last, "before": before}
    return entities(root, ("tenure",), page, post=post, person=person, accredited_to=accredited_to)


async def _countries(root: Root, text: InAnyLanguage = None) -> list[Country]:
    return await root.many(sorted(countries_named(text) if text else all_countries()))  # type: ignore[return-value]


async def _node(root: Root, id: Id) -> Node | None:
    return await root.find(id)  # type: ignore[return-value]


async def _nodes(root: Root, ids: Ids) -> list[Node | None]:
    if len(ids) > MAX_IDS:
        raise Invalid("TOO_MANY_IDS", f"{len(ids)} ids were given; at most {MAX_IDS} are answered at once", ("ids",))
    return await root.find_each(ids)  # type: ignore[return-value]


def _search(
    root: Root,
    text: Annotated[str, strawberry.argument(description="Words in any order; each may be only begun.")],
    kinds: Annotated[list[Kind] | None, strawberry.argument(description="Only records of these kinds.")] = None,
    first: PageFirst = None,
    after: After = None,
    last: PageLast = None,
    before: Before = None,
) -> Connection[Record]:
    wanted = tuple(kind.value for kind in kinds or ())
    snapshot, chosen = root.snapshot, read_page(first, after, last, before)
    return Listing(  # type: ignore[return-value]
        root,
        lambda: snapshot.search(text, wanted, chosen),
        lambda: snapshot.count_search(text, wanted),
        lambda names, limit: snapshot.facets_of_search(text, wanted, names, limit),
    )


@strawberry.type(description="One event of the log with its envelope.")
class LogEvent:
    position: int = said("Its position; positions have no gaps.")
    event_id: str = said("Its id, a UUID made from the append id and the place in the append.")
    stream: str = said("The id of the record it belongs to.")
    version: int = said("Its number among the events of the record.")
    type: str = said("What happened; schema/events.json lists all.")
    schema: int = said("The version of the form of its body.")
    recorded_at: DateTime = derived(lambda data: moment(data["recorded_us"]), "When; strictly rising.", "recorded_us")
    actor: str = said("Who recorded it.")
    source: Source | None = one("source", "The source on which it was recorded.")
    append_id: str = said("The request that recorded it.")
    causation: str | None = said("The event that caused it.")
    correlation: str | None = said("What it belongs together with.")
    body: Json | None = said("What it says, in the form of schema/events.json; null where that was erased.")
    body_text: str | None = said("The exact text that was hashed; null where it was erased.")
    salt: str | None = said("The salt of the commitment to the body, hexadecimal; null where it was erased.")
    commitment: str = said("SHA-256 of salt and body, hexadecimal; it stays when they are erased, for the leaf hash.")
    leaf_hash: str = said("The RFC 6962 leaf hash, hexadecimal.")
    record: Record | None = one("stream", "The record it belongs to.")


async def _log(
    root: Root,
    after: Annotated[int, strawberry.argument(description="Only events behind this position.")] = 0,
    first: Annotated[int, strawberry.argument(description="At most how many.")] = 50,
    types: Annotated[list[str] | None, strawberry.argument(description="Only events of these types.")] = None,
) -> list[LogEvent]:
    found = await root.snapshot.log(max(after, 0), page_size(first), types or ())
    return [root.shape(event) for event in found]


@strawberry.type(description="What became of one record between two positions of the log.")
class RecordChange:
    id: strawberry.ID = said("The record's id.")
    kind: Kind = said("What the record is about.")
    change: ChangeType = said("What became of it.")
    before: Record | None = strawberry.field(
        resolver=lambda root: root.data["before_doc"], description="As it was; null when it was not recorded."
    )
    after: Record = strawberry.field(resolver=lambda root: root.data["after_doc"], description="As it is since.")


@strawberry.type(description="The record as it stood at one position of the log.")
class Snapshot(TimeQueries):
    position: int = strawberry.field(
        resolver=lambda root: root.snapshot.position, description="The position of the log."
    )
    recorded_at: DateTime | None = strawberry.field(
        resolver=lambda root: moment(root.snapshot.recorded_us) if root.snapshot.position else None,
        description="When the event at that position was recorded; null before the first.",
    )
    timeline: OccurrenceConnection[Occurrence] = strawberry.field(
        resolver=_timeline, description="Meetings, statements, nominations and milestones in order of time."
    )
    meetings: OccurrenceConnection[Meeting] = strawberry.field(
        resolver=_meetings, description="Meetings in order of time."
    )
    statements: OccurrenceConnection[Statement] = strawberry.field(
        resolver=_statements, description="Statements in order of time."
    )
    nominations: OccurrenceConnection[Nomination] = strawberry.field(
        resolver=_nominations, description="Nominations in order of their first dated step."
    )
    people: Connection[Person] = named("person", "Persons, by name.")
    organizations: Connection[Organization] = named("organization", "Organizations, by name.")
    former_states: Connection[FormerState] = named("state", "Former states, by name.")
    places: Connection[Place] = named("place", "Places, by name; those of a state by its code as party.")
    posts: Connection[Post] = named("post", "Posts, by name.")
    sources: Connection[Source] = strawberry.field(resolver=_sources, description="Sources, by title.")
    speakers: Connection[Speaker] = strawberry.field(resolver=_speakers, description="Anonymous speakers, by label.")
    tenures: Connection[Tenure] = strawberry.field(resolver=_tenures, description="Who held posts.")
    countries: list[Country] = strawberry.field(resolver=_countries, description="States of today, by code.")
    meeting: Meeting | None = by_id(("meeting",), "A meeting by its id.")
    statement: Statement | None = by_id(("statement",), "A statement by its id.")
    nomination: Nomination | None = by_id(("nomination",), "A nomination by its id.")
    milestone: Milestone | None = by_id(("milestone",), "A milestone by its id.")
    actor: Actor | None = by_id(
        ("person", "organization", "country", "state", "speaker"), "A person, state, organization or speaker by its id."
    )
    person: Person | None = by_id(("person",), "A person by id.")
    organization: Organization | None = by_id(("organization",), "An organization by its id.")
    country: Country | None = by_id(("country",), "A state of today by its code, 'KR'.")
    former_state: FormerState | None = by_id(("state",), "A former state by its id.")
    place: Place | None = by_id(("place",), "A place by its id.")
    post: Post | None = by_id(("post",), "A post by its id.")
    tenure: Tenure | None = by_id(("tenure",), "A tenure by its id.")
    source: Source | None = by_id(("source",), "A source by its id.")
    speaker: Speaker | None = by_id(("speaker",), "An anonymous speaker by its id.")
    node: Node | None = strawberry.field(resolver=_node, description="Anything by its id.")
    nodes: list[Node | None] = strawberry.field(
        resolver=_nodes, description="Several by their ids, in that order; null for those unknown."
    )
    search: Connection[Record] = strawberry.field(
        resolver=_search,
        description="Names in every spelling recorded, titles and words, without regard to case, accents and hyphens; "
        "after these what the records found take part in.",
    )
    log: list[LogEvent] = strawberry.field(resolver=_log, description="The events of the log as they are stored.")


async def _as_of(
    root: Root,
    position: Annotated[int | None, strawberry.argument(description="A position of the log.")] = None,
    recorded_at: AtMoment = None,
) -> Snapshot:
    if (position is None) == (recorded_at is None):
        raise Invalid("AS_OF_INVALID", "give either a position or recordedAt", ("position",))
    us = None if recorded_at is None else microseconds(recorded_at, "recordedAt")
    return View(await root.snapshot.at(position, us))  # type: ignore[return-value]


async def _changes(
    root: Root,
    since: Annotated[int, strawberry.argument(description="The earlier position.", name="from")],
    until: Until = None,
) -> list[RecordChange]:
    later = root if until is None else View(await root.snapshot.at(until))
    if not 0 <= since <= later.snapshot.position:
        message = f"from is {since}; it must be from 0 to {later.snapshot.position}, where the list ends"
        raise Invalid("POSITION_INVALID", message, ("from",))
    earlier = View(await root.snapshot.at(since))
    return [
        later.shape(
            {
                **{name: each[name] for name in ("id", "kind", "change")},
                "before_doc": None if each["before"] is None else Doc(earlier, each["before"]),
                "after_doc": Doc(later, each["after"]),
            }
        )
        for each in await later.snapshot.changes(since)
    ]


@strawberry.type(description="The record now, and the ways into its past.")
class Query(Snapshot, ProofQueries):
    as_of: Snapshot = strawberry.field(
        resolver=_as_of,
        description="The record as it stood at a position or a moment: names, merges, corrections, dates, all of it.",
    )
    changes: list[RecordChange] = strawberry.field(
        resolver=_changes, description="What became of records between two positions of the log, in order of the ids."
    )
