"""A seeded record of plausible meetings, written through the real path: commands, log, read tables."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from timeline.database import Database
from timeline.handle import Request, handle
from timeline.values.countries import all_countries
from timeline.values.facts import (
    Citation,
    Content,
    Meeting,
    Name,
    Participation,
    Passage,
    Person,
    Place,
    Source,
    Statement,
    Voice,
    When,
)
from timeline.values.vocabulary import Attribution, Level, Wording
from timeline.write.commands import AnyCommand, Correct, Report

VERSION = 1
"""Raised with every change of what is generated: records that are kept from before are made anew."""
BATCH = 1000
FIRST_DAY = date(1946, 1, 1)
DAYS = 29_000
PEOPLE = 2000
CIRCLES = 200
ROLES = ["President", "Prime Minister", "Foreign Minister", "Ambassador"]


class World:
    """What meetings are made of: states by how often they meet, circles of states that meet again and again, cities."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.states = [*all_countries()]
        self.chance.shuffle(self.states)
        # Zipf, here and among circles: the first ones meet often, the last ones hardly ever.
        self.weights = [1 / rank for rank in range(1, len(self.states) + 1)]
        self.circles = [self.together() for _ in range(CIRCLES)]
        self.cities = [f"place/city-{code.lower()}" for code in self.states]

    def state(self) -> str:
        """One state."""
        return self.chance.choices(self.states, self.weights)[0]

    def together(self) -> list[str]:
        """Two to five states."""
        wanted = self.chance.choice([2, 2, 2, 3, 3, 4, 5])
        found: dict[str, None] = {}
        while len(found) < wanted:
            found[self.state()] = None
        return [*found]

    def parties(self) -> list[str]:
        """Who meets: three times in five a circle, else whoever happens to."""
        if self.chance.random() < 0.6:
            return self.chance.choices(self.circles, self.weights[:CIRCLES])[0]
        return self.together()


def commands(meetings: int, seed: int = 1) -> Iterator[AnyCommand]:
    """The commands that make a record of so many meetings, and half as many statements about them."""
    world = World(seed)
    yield from (
        Report(id=id, content=Place(names=[Name(text=f"City of {code}")], country=code))
        for id, code in zip(world.cities, world.states, strict=True)
    )
    yield from (Report(id=f"source/s{n}", content=Source(title=f"Report {n}")) for n in range(50))
    for number in range(PEOPLE):
        names = [Name(text=f"Person {number:04d}")]
        yield Report(id=f"person/p{number}", content=Person(names=names, party=world.state()))
    for number in range(meetings):
        yield Report(id=f"meeting/m{number}", content=meeting(world, number))
        if number % 2:
            yield Report(id=f"statement/s{number}", content=_statement(world.chance, number))
        if number % 50 == 49:
            yield Correct(id=f"meeting/m{number}", changes={"title": f"Talks {number}, corrected"}, reason="read again")


def load(database: Database, meetings: int, progress: Callable[[int], None] | None = None) -> int:
    """Write the record in batches; the position of the log afterwards. `progress` is told how much one batch was."""
    batch: list[AnyCommand] = []
    last = 0
    for number, command in enumerate(commands(meetings), start=1):
        batch.append(command)
        if len(batch) == BATCH:
            last = _record(database, number, batch)
            batch = []
            if progress is not None:
                progress(BATCH)
    return _record(database, meetings * 10, batch) if batch else last


def _record(database: Database, number: int, batch: list[AnyCommand]) -> int:
    request = Request(append_id=f"bench-{number}", actor="bench", commands=batch)
    return handle(database, request, now_us=number).last


def meeting(world: World, number: int) -> Meeting:
    """A meeting like many."""
    chance = world.chance
    return Meeting(
        title=f"Talks {number}",
        when=_when(chance),
        place=chance.choice(world.cities[:60]),
        level=chance.choice([*Level]),
        parties=[
            Participation(party=party, person=f"person/p{chance.randrange(PEOPLE)}", role=chance.choice(ROLES))
            for party in world.parties()
        ],
        topics=[chance.choice(["trade", "defense", "climate", "borders"])],
        citations=[Citation(source=f"source/s{chance.randrange(50)}", locator="p. 1")],
    )


def _statement(chance: random.Random, number: int) -> Content:
    return Statement(
        title=f"On talks {number}",
        attribution=chance.choice([*Attribution]),
        voices=[Voice(person=f"person/p{chance.randrange(PEOPLE)}")],
        passages=[Passage(text="The two sides agreed to go on.", mode=Wording.PARAPHRASE)],
        when=_when(chance),
        about=[f"meeting/m{number}"],
        citations=[Citation(source=f"source/s{chance.randrange(50)}")],
    )


def _when(chance: random.Random) -> When | None:
    """Seven of ten are days; the others months, years, one of several days, intervals, doubted or missing."""
    day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
    later = day + timedelta(days=chance.randint(1, 5))
    kind = chance.random()
    if kind < 0.02:
        return None
    forms = [f"{day}"] * 14 + [
        f"{day:%Y-%m}",
        f"{day:%Y}",
        f"{day}/{later}",
        f"{day}/{later}",
        f"[{day}..{later}]",
        f"{day}?",
    ]
    return When(edtf=chance.choice(forms))
