"""Histories at random: a world of records, and commands that correct, withdraw, merge, move and relate them."""

from __future__ import annotations

import random

from tests import facts
from timeline.database import Database
from timeline.errors import Several, TimelineError
from timeline.handle import Request, handle
from timeline.values.facts import (
    Citation,
    Content,
    Meeting,
    Milestone,
    Name,
    Nomination,
    Participation,
    Passage,
    Person,
    Relation,
    Source,
    StandIn,
    Statement,
    Step,
    Tenure,
    Voice,
    When,
)
from timeline.values.vocabulary import (
    Attribution,
    Basis,
    Holding,
    Level,
    MeetingStatus,
    RelationType,
    StepKind,
    Wording,
)
from timeline.write.commands import (
    Advance,
    AnyCommand,
    Cancel,
    Contest,
    Correct,
    Delist,
    Distinguish,
    Hold,
    Merge,
    Postpone,
    Prefer,
    Put,
    Relate,
    Relist,
    Report,
    Reschedule,
    Retract,
    Unmerge,
)

DATES = [
    *("2025-07-11", "2025-07-10/2025-07-11", "[2025-06-21..2025-06-30]", "2025-07", "2025", "2025-07-12?"),
    *("2025-06/..", "../2025-07-01", "{2025-07-01,2025-07-03}", "2025-07-1X", "[2025-07-12..]"),
]
PARTIES = ["KR", "US", "JP", "organization/nato"]
PEOPLE = [f"person/p{number}" for number in range(4)]
SOURCES = ["source/a", "source/b"]
MEETINGS = [f"meeting/m{number}" for number in range(7)]
STATEMENTS = [f"statement/s{number}" for number in range(4)]
REGISTERED: dict[str, Content] = {
    "source/a": Source(title="The Herald", published=When(edtf="2025-07-11", basis=Basis.EXTERNAL)),
    "source/b": Source(title="The Wire"),
    "place/seoul": facts.SEOUL,
    "place/kuala-lumpur": facts.MALAYSIA_CAPITAL,
    "organization/nato": facts.NATO,
    "post/minister": facts.MINISTER,
    "milestone/launch": Milestone(title="A government takes office", when=When(edtf="2025-06-04")),
    **{id: Person(names=[Name(text=f"Person {id[-1]}")], party="KR") for id in PEOPLE},
}


class Historian:
    """Writes a history at random. The same seed writes the same one."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def history(self, length: int) -> list[AnyCommand]:
        """Commands in their order. Some will be refused; that is history, too."""
        begun: list[AnyCommand] = [Put(id=id, content=content) for id, content in REGISTERED.items()]
        return begun + [self.command() for _ in range(length)]

    def command(self) -> AnyCommand:
        one = self.chance.choice
        meeting, statement = one(MEETINGS), one(STATEMENTS)
        return one(
            [
                lambda: Report(id=meeting, content=self.meeting()),
                lambda: Report(id=meeting, content=self.meeting()),
                lambda: Report(id=statement, content=self.statement()),
                lambda: Report(id="nomination/n", content=Nomination(nominee=one(PEOPLE), post="post/minister")),
                lambda: Report(id=f"tenure/t{self.chance.randint(0, 2)}", content=self.tenure()),
                lambda: Correct(
                    id=meeting, changes={"when": self.plain_date(), "title": one("ABC")}, reason="read again"
                ),
                lambda: Correct(id=one(PEOPLE), changes={"names": [{"text": f"Name {one('XYZ')}"}]}, reason="spelt"),
                lambda: Correct(
                    id="source/a", changes={"published": {"edtf": one(["2025-07-11", "2025-07-18"])}}, reason="p"
                ),
                lambda: Correct(id="place/seoul", changes={"country": one(["KR", "JP"])}, reason="moved"),
                lambda: Contest(id=meeting, field="place", value=one(["place/seoul", None]), citation=self.cited()),
                lambda: Prefer(id=meeting, field="place", value="place/seoul", reason="better"),
                lambda: Retract(id=one([meeting, statement, one(PEOPLE)]), reason="wrong"),
                lambda: Merge(id=one(PEOPLE), into=one(PEOPLE), reason="same"),
                lambda: Merge(id=meeting, into=one(MEETINGS), reason="same"),
                lambda: Unmerge(id=one([*PEOPLE, *MEETINGS]), reason="not the same"),
                lambda: Reschedule(id=meeting, to=When(edtf=one(DATES))),
                lambda: one([Hold, Postpone, Cancel])(id=meeting),
                lambda: Advance(id="nomination/n", step=Step(step=one([*StepKind]), when=When(edtf=one(DATES)))),
                lambda: one([Delist, Relist])(id=meeting, source=one(SOURCES)),
                lambda: Distinguish(id=meeting, other=one(MEETINGS), reason="two rooms"),
                lambda: Relate(id=meeting, relation=Relation(type=one([*RelationType]), target=one(MEETINGS))),
            ]
        )()

    def meeting(self) -> Meeting:
        one = self.chance.choice
        parties = self.chance.sample(PARTIES, self.chance.randint(0, 3))
        parts = [
            Participation(party=party, person=one([*PEOPLE, None]), level=one([*Level, None])) for party in parties
        ]
        if parts and self.chance.random() < 0.3:
            absent = StandIn(post="post/minister", reason="away")
            parts[0] = Participation(party=parts[0].party, in_place_of=absent)
        letter, when, place = one("ABC"), one([self.date(), None]), one(["place/seoul", "place/kuala-lumpur", None])
        return Meeting(
            title=f"Talks {letter}",
            when=when,
            place=place,
            also_at=["place/seoul"] if (letter, place) == ("C", "place/kuala-lumpur") else [],
            level=one([*Level, None]),
            parties=parts,
            status=one([MeetingStatus.SCHEDULED, *MeetingStatus]),
            topics=self.chance.sample(["defense", "trade"], 1),
            citations=[self.cited()],
        )

    def statement(self) -> Statement:
        one = self.chance.choice
        return Statement(
            title=f"Says {one('ABC')}",
            attribution=one([*Attribution]),
            voices=[Voice(person=one(PEOPLE))],
            passages=[Passage(text="spending rises", mode=one([*Wording]))],
            when=one([self.date(), None]),
            about=[one(MEETINGS)],
            citations=[self.cited()],
        )

    def tenure(self) -> Tenure:
        one = self.chance.choice
        dates = ["2025-07-21/", "2024/2025-06-04", "2025-01-01/.."]
        return Tenure(person=one(PEOPLE), post="post/minister", holding=one([*Holding]), when=When(edtf=one(dates)))

    def date(self) -> When:
        if self.chance.random() < 0.3:
            return When(edtf="2025-07-11", wording="On Friday", basis=Basis.RESOLVED, anchor="source/a")
        return When(edtf=self.chance.choice(DATES))

    def plain_date(self) -> dict[str, str]:
        return {"edtf": self.chance.choice(DATES)}

    def cited(self) -> Citation:
        return Citation(source=self.chance.choice(SOURCES))


def record(database: Database, commands: list[AnyCommand], until: int | None = None) -> list[int]:
    """Record each command in a request of its own. The position of the log after each, up to `until`."""
    positions = []
    for number, command in enumerate(commands):
        try:
            request = Request(append_id=f"h{number}", actor="historian", commands=[command])
            outcome = handle(database, request, now_us=number)
            positions.append(max(outcome.last, positions[-1] if positions else 0))
        except (TimelineError, Several):
            positions.append(positions[-1] if positions else 0)
        if until is not None and positions[-1] >= until:
            break
    return positions
