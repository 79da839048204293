"""Two worlds that differ in nothing but what is under embargo.

Whoever does not see that must not be able to tell one from the other: what is hidden has other dates, parties, words
and references in each, but every event has the same place in both logs.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from timeline import handle
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database
from timeline.handle import Request
from timeline.log.append import append
from timeline.values import facts
from timeline.values.facts import CONTENT, Citation, Claim, Participation, Relation, Voice, When
from timeline.values.roles import Role
from timeline.values.vocabulary import Attribution, ClaimKind, Classification, Holding, RelationType, StepKind
from timeline.write import commands
from timeline.write.commands import AnyCommand

UNTIL_US = 4_102_444_800_000_000
"""2100."""
KINDS = (
    *("source", "organization", "place", "person", "post", "state", "milestone", "meeting", "speaker", "statement"),
    *("nomination", "tenure"),
)
SEOUL, KUALA_LUMPUR = "meeting/seoul-trichod", "meeting/kuala-lumpur-trilateral"


@dataclass(frozen=True)
class World:
    """How what is hidden is called, and what it says."""

    mark: str
    day: str
    parties: tuple[str, ...]
    post: str
    many: int

    def id(self, kind: str) -> str:
        return f"{kind}/{self.mark}"


A = World("zqa", "2025-07-11", ("KR", "US", "JP"), "post/kr-foreign-minister", 2)
B = World("zqb", "1951-03-04", ("FR", "BR"), "post/zqb", 1)
PLAIN = {"language": "ko", "zone": "Asia/Seoul"}


def filled(world: World, kind: Any, name: str = "") -> Any:
    """A value in every field, with the world's mark in every word."""
    if get_origin(kind) is Annotated:
        pattern = next((note.pattern for note in get_args(kind)[1:] if getattr(note, "pattern", None)), None)
        if kind == facts.Edtf:
            return world.day
        if pattern is None:
            return filled(world, get_args(kind)[0], name)
        if "A-Z" in pattern:
            return world.id("organization")
        return world.id(next(each for each in KINDS if each in pattern))
    if get_origin(kind) in (Union, types.UnionType):
        return filled(world, next(each for each in get_args(kind) if each is not type(None)), name)
    if get_origin(kind) is list:
        return [filled(world, get_args(kind)[0], name) for _ in range(world.many)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        return kind(**{field: filled(world, hint, field) for field, hint in hints.items() if field not in SHARED})
    return {str: PLAIN.get(name, f"{world.mark} {name}"), int: None, bool: True}[kind]


SHARED = {"resolver", "contains"}


def hidden(world: World, kind: str) -> facts.Content:
    """A hidden record with every field filled, tied to what everybody sees."""
    content = filled(world, CONTENT[kind])
    change = partial(msgspec.structs.replace, content)
    when = When(edtf=world.day)
    match content:
        case facts.Meeting():
            parties = [Participation(party=party, role=f"{world.mark} role") for party in world.parties]
            mine = filled(world, Participation)
            mine = msgspec.structs.replace(mine, in_place_of=msgspec.structs.replace(mine.in_place_of, person=None))
            related = [Relation(type=RelationType.PART_OF, target=SEOUL if world is A else KUALA_LUMPUR)]
            # Not its own party in A, so that it belongs to a series that everybody sees.
            return change(parties=parties if world is A else [*parties, mine], relations=related)
        case facts.Statement():
            about = [SEOUL] if world is A else [KUALA_LUMPUR, world.id("meeting")]
            return change(about=about, reported_in=None, relations=[])
        case facts.Nomination():
            nominee = "person/kevin-kim" if world is A else world.id("person")
            steps = [msgspec.structs.replace(step, step=StepKind.NOMINATED) for step in content.steps]
            return change(nominee=nominee, post=world.post, steps=steps, relations=[])
        case facts.Tenure():
            person = "person/park-yoon-joo" if world is A else "person/kevin-kim"
            return change(person=person, post=world.post, holding=Holding.ACTING, when=when, concurrent_with=[])
        case facts.Organization():
            return change(parent=None, seat=None, party=None, citations=[])
        case facts.Place():
            return change(within=None, country="KR" if world is A else "FR", citations=[])
        case facts.Person() | facts.Post() | facts.State() | facts.Milestone():
            plain = {"citations": [], "relations": []} if isinstance(content, facts.Milestone) else {"citations": []}
            return change(**plain)
        case facts.Source():
            return change(publisher=None, coverage=[])
        case _:
            return content


def steps(world: World, level: Role) -> Iterator[tuple[list[AnyCommand], str | None]]:
    """What is recorded, append by append, and on which source."""
    embargo = partial(commands.Embargo, role=level, until_us=UNTIL_US, reason=f"{world.mark} reason")
    for kind in KINDS:
        id = world.id(kind)
        yield [commands.Report(id=id, content=hidden(world, kind)), embargo(id=id)], None
    # Hidden because of the source alone: by its content, by an event, by the envelope.
    cites = [Citation(source=world.id("source"))]
    marked = f"{world.mark} by its source"
    citing = facts.Meeting(title=marked, when=When(edtf=world.day), citations=cites)
    yield [commands.Report(id=f"meeting/{world.mark}-citing", content=citing)], None
    yield [commands.Report(id=f"person/{world.mark}-told", content=named(marked))], world.id("source")
    yield [commands.Report(id=f"person/{world.mark}-later", content=named(marked))], None
    retract = commands.Retract(id=f"person/{world.mark}-later", reason=marked, citation=cites[0])
    yield [retract], None
    # Seen by all, and leading to what is hidden.
    for id, content in open_records(world).items():
        yield [commands.Report(id=id, content=content)], None
    seoul = Relation(type=RelationType.FOLLOWS_UP, target=world.id("meeting"))
    for command in (
        commands.Relate(id=SEOUL, relation=seoul),
        commands.Contest(id=SEOUL, field="place", value=world.id("place"), citation=Citation(source=HERALD)),
        commands.Correct(id="meeting/open", changes={"also_at": [world.id("place"), "place/seoul"]}, reason="r"),
        commands.Distinguish(id="person/joseph-yun", other=world.id("person"), reason="r"),
        commands.Report(id="person/led-away", content=named("Led away")),
        commands.Merge(id="person/led-away", into=world.id("person"), reason="r"),
        commands.Report(id="person/seen", content=named("Seen")),
    ):
        yield [command], None
    joined = f"person/{world.mark}-joined"
    yield [commands.Report(id=joined, content=named(f"{world.mark} joined")), embargo(id=joined)], None
    into = "person/seen" if world is A else "person/joseph-yun"
    yield [commands.Merge(id=joined, into=into, reason=f"{world.mark} reason")], None
    # Nothing leads from the one that is seen to what names it under the hidden id.
    with_joined = facts.Meeting(title="Both", parties=[Participation(party="KR", person=joined)])
    yield [commands.Report(id="meeting/with-joined", content=with_joined)], None
    # What two that are seen have in common is not told by what is hidden.
    mine = (world.id("organization"), world.id("person"), world.id("place"))
    others = mine
    if world is B:
        others = (world.id("state"), f"{world.id('person')}-told", f"place/{world.mark}-other")
    other = f"place/{world.mark}-other"
    yield [commands.Report(id=other, content=facts.Place(names=[facts.Name(text=world.mark)])), embargo(id=other)], None
    for name, (party, person, place) in (("one", mine), ("other", others)):
        alone = facts.Meeting(
            title="Alone",
            when=When(edtf="2025-08-01"),
            place=place,
            parties=[Participation(party=party, person=person)],
        )
        yield [commands.Report(id=f"meeting/alone-{name}", content=alone)], None
    gone = f"meeting/{world.mark}-gone"
    yield [commands.Report(id=gone, content=facts.Meeting(title=world.mark)), embargo(id=gone)], None
    yield [commands.Retract(id=gone, reason=world.mark)], None
    yield [commands.Report(id="person/last", content=named("Last"))], None


HERALD = "source/2025-07-11-korea-herald"


def named(text: str) -> facts.Person:
    return facts.Person(names=[facts.Name(text=text)])


def open_records(world: World) -> dict[str, facts.Content]:
    """Records that everybody sees, naming what is hidden wherever something can be named."""
    person, place, party = world.id("person"), world.id("place"), world.id("organization")
    when, also = When(edtf="2025-07-11"), [Relation(type=RelationType.PART_OF, target=world.id("meeting"), note="n")]
    parts = [
        Participation(
            party="KR", person=person, in_place_of=facts.StandIn(person=f"{person}-told", post=world.id("post"))
        ),
        Participation(party="US", post=world.id("post")),
        Participation(party=party),
        Participation(party=world.id("state")),
    ]
    claims = [Claim(kind=ClaimKind.FIRST_SINCE, scope="s", since=world.id("milestone"))]
    voices = [
        Voice(person=person, organization=party, party=party, speaker=world.id("speaker"), role="r"),
        Voice(party="KR", role="r"),
    ]
    return {
        "meeting/open": facts.Meeting(
            title="Open", when=when, place=place, also_at=[place], parties=parts, relations=also, claims=claims
        ),
        "statement/open": facts.Statement(
            title="Open",
            attribution=Attribution.INSTITUTIONAL,
            voices=voices,
            addressed_to=voices,
            when=when,
            place=place,
            about=[world.id("meeting"), SEOUL],
            made_at=world.id("meeting"),
            asked_by=party,
            reported_in=world.id("statement"),
            relations=also,
        ),
        "nomination/open": facts.Nomination(
            nominee=person,
            post=world.id("post"),
            title="Open",
            by=voices[0],
            steps=[facts.Step(step=StepKind.NOMINATED, when=when, body=party)],
            relations=also,
        ),
        "milestone/open": facts.Milestone(
            title="Open", when=when, parties=["KR", world.id("state")], place=place, relations=also
        ),
        "tenure/open": facts.Tenure(
            person=person,
            post="post/kr-foreign-minister",
            holding=Holding.ACTING,
            when=When(edtf="2024/"),
            accredited_to=party,
            seat=place,
            concurrent_with=[world.id("tenure")],
        ),
        "organization/open": facts.Organization(
            names=[facts.Name(text="Open")],
            classification=Classification.MINISTRY,
            party=world.id("state"),
            parent=party,
            seat=place,
        ),
        "place/open": facts.Place(names=[facts.Name(text="Open")], country=world.id("state"), within=place),
        "post/open": facts.Post(names=[facts.Name(text="Open")], party=world.id("state"), organization=party),
        "state/open": facts.State(names=[facts.Name(text="Open")], successors=[world.id("state"), "KR"]),
        "person/open": facts.Person(names=[facts.Name(text="Open")], party=world.id("state")),
        "source/open": facts.Source(
            title="Open", publisher=party, coverage=[facts.Coverage(parties=["KR", party], when=when)]
        ),
        "speaker/open": facts.Speaker(source=HERALD, label="Open", party=world.id("state"), organization=party),
    }


def make(database: Database, world: World, level: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record a world. Times and salts are the same in all, so that events can be compared byte by byte."""
    with monkeypatch.context() as fixed:
        fixed.setattr("timeline.cli.seed.time.time_ns", lambda: 1_000_000)
        fixed.setattr(handle, "append", partial(append, salt=bytes))
        load_seeds(database, seed_files(()), None)
        for number, (asked, source) in enumerate(steps(world, level)):
            request = Request(append_id=f"w{number}", actor="t", commands=asked, source=source)
            handle.handle(database, request, now_us=2_000_000 + number)
