"""Whole, valid examples of the record, named for the world. A test changes only what it is about."""

from __future__ import annotations

from timeline.values.facts import (
    Citation,
    ExternalId,
    Meeting,
    Name,
    Nomination,
    Organization,
    Participation,
    Person,
    Place,
    Post,
    Relation,
    Source,
    Speaker,
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
    Capacity,
    Classification,
    Holding,
    Level,
    MeetingStatus,
    RelationType,
    StepKind,
    StepStatus,
)

HERALD_ID = "source/2025-07-11-korea-herald"
HERALD = Source(
    title="S. Korea, US open drive to 'modernize' alliance",
    published=When(edtf="2025-07-11", basis=Basis.EXTERNAL),
    zone="Asia/Seoul",
)
CITED = Citation(source=HERALD_ID, locator="L27-28")
FRIDAY = When(edtf="2025-07-11", wording="On Friday", basis=Basis.RESOLVED, anchor=HERALD_ID)
SATURDAY = When(edtf="2025-07-12")
SEOUL = Place(names=[Name(text="Seoul"), Name(text="서울", language="ko")], country="KR", zone="Asia/Seoul")
MALAYSIA_CAPITAL = Place(names=[Name(text="Kuala Lumpur")], country="MY", zone="Asia/Kuala_Lumpur")
CHO = Person(names=[Name(text="Cho Hyun"), Name(text="조현", language="ko")], party="KR")
PARK = Person(names=[Name(text="Park Yoon-joo")], party="KR")
WI = Person(
    names=[Name(text="Wi Sung-lac"), Name(text="Wi Seong-rak")],
    external_ids=[ExternalId(scheme="example", value="1")],
)
NATO = Organization(names=[Name(text="NATO")], classification=Classification.INTERNATIONAL)
MINISTER = Post(names=[Name(text="Foreign Minister")], party="KR", level=Level.MINISTER)
TRILATERAL = Meeting(
    title="Trilateral foreign ministers' meeting",
    when=FRIDAY,
    place="place/kuala-lumpur",
    level=Level.MINISTER,
    parties=[
        Participation(
            party="KR",
            person="person/park-yoon-joo",
            role="Vice Foreign Minister",
            capacity=Capacity.REPRESENTATIVE,
            level=Level.VICE_MINISTER,
            in_place_of=StandIn(person="person/cho-hyun", role="Foreign Minister nominee"),
        ),
        Participation(party="US"),
        Participation(party="JP"),
    ],
    citations=[CITED],
)
ANNOUNCED = Meeting(
    title="Summit announced", when=FRIDAY, parties=[Participation(party="KR")], status=MeetingStatus.SCHEDULED
)
HEARING_EXPECTED = Step(step=StepKind.HEARING, status=StepStatus.EXPECTED, when=When(edtf="[2025-07-12..]"))
CONFIRMED = Step(step=StepKind.CONFIRMED, when=When(edtf="2025-07-18"))
WITHDRAWN = Step(step=StepKind.WITHDRAWN, when=When(edtf="2025-07-16"))
TOOK_OFFICE = Step(step=StepKind.TOOK_OFFICE, when=When(edtf="2025-07-21"))
NOMINATED = Nomination(nominee="person/cho-hyun", post="post/kr-foreign-minister", steps=[HEARING_EXPECTED])
IN_OFFICE = Tenure(
    person="person/cho-hyun",
    post="post/kr-foreign-minister",
    holding=Holding.SUBSTANTIVE,
    when=When(edtf="2025-07-21/"),
)
OFFICIAL_A = Speaker(source=HERALD_ID, label="official A", party="KR")
DENIED = Statement(
    title="Extensive consultations were held",
    attribution=Attribution.ANONYMOUS_OFFICIAL,
    voices=[Voice(speaker="speaker/official-a")],
)
ON_SIDELINES = Relation(type=RelationType.ON_SIDELINES_OF, target="meeting/asean-foreign-ministers")
