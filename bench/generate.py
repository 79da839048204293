"""A seeded record of plausible meetings, written through the real path: commands, log, read tables."""

from __future__ import annotations

import random
from collections.abc import Iterator
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

BATCH = 1000
FIRST_DAY = date(1946, 1, 1)
DAYS = 29_000
PEOPLE = 2000


def commands(meetings: int, seed: int = 1) -> Iterator[AnyCommand]:
    """The commands that make a record of so many meetings, and half as many statements about them."""
    chance = random.Random(seed)
    states = [*all_countries()]
    chance.shuffle(states)
    # Zipf: the first states meet often, the last ones hardly ever.
    weights = [1 / rank for rank in range(1, len(states) + 1)]
    cities = [f"place/city-{code.lower()}" for code in states]
    yield from (
        Report(id=id, content=Place(names=[Name(text=f"City of {code}")], country=code))
        for id, code in zip(cities, states, strict=True)
    )
    yield from (Report(id=f"source/s{n}", content=Source(title=f"Report {n}")) for n in range(50))
    for number in range(PEOPLE):
        names = [Name(text=f"Person {number:04d}")]
        party = chance.choices(states, weights)[0]
        yield Report(id=f"person/p{number}", content=Person(names=names, party=party))
    for number in range(meetings):
        yield Report(id=f"meeting/m{number}", content=_meeting(chance, number, states, weights, cities))
        if number % 2:
            yield Report(id=f"statement/s{number}", content=_statement(chance, number))
        if number % 50 == 49:
            yield Correct(id=f"meeting/m{number}", changes={"title": f"Talks {number}, corrected"}, reason="read again")


def load(database: Database, meetings: int) -> int:
    """Write the record in batches; the position of the log afterwards."""
    batch: list[AnyCommand] = []
    last = 0
    for number, command in enumerate(commands(meetings), start=1):
        batch.append(command)
        if len(batch) == BATCH:
            last = _record(database, number, batch)
            batch = []
    return _record(database, meetings * 10, batch) if batch else last


def _record(database: Database, number: int, batch: list[AnyCommand]) -> int:
    request = Request(append_id=f"bench-{number}", actor="bench", commands=batch)
    return handle(database, request, now_us=number).last


def _meeting(chance: random.Random, number: int, states: list[str], weights: list[float], cities: list[str]) -> Content:
    parties = list(dict.fromkeys(chance.choices(states, weights, k=chance.choice([2, 2, 2, 3, 3, 4, 5]))))
    return Meeting(
        title=f"Talks {number}",
        when=_when(chance),
        place=chance.choice(cities[:60]),
        level=chance.choice([*Level]),
        parties=[Participation(party=party, person=f"person/p{chance.randrange(PEOPLE)}") for party in parties],
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
