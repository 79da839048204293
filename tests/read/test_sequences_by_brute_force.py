"""Sequences asked of both engines against the definition: random timelines, every way to fill the steps, every choice
of dates. Each timeline is drawn from a pool that is recorded once."""

from __future__ import annotations

import asyncio
import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.read.test_matching import reference
from timeline.database import Database
from timeline.handle import Request, handle
from timeline.read import sequences, steps
from timeline.read.filters import OccurrenceFilter
from timeline.read.matching import Candidate, Step
from timeline.read.sequences import StepAsked, find_sequences
from timeline.read.snapshot import Snapshot, open_snapshot
from timeline.values.dates import bounds
from timeline.values.facts import Meeting, Participation, When
from timeline.write.commands import Report

FIRST_DAY = date(2025, 1, 1)
DAYS = 5
POOL = 150
NOBODY = ("meeting/none",)


def dates(chance: random.Random) -> str:
    """A day, a doubted one, one of several, an interval."""
    day = [FIRST_DAY + timedelta(days=each) for each in sorted(chance.choices(range(DAYS), k=2))]
    return chance.choice([f"{day[0]}", f"{day[0]}?", f"{day[0]}/{day[1]}", f"[{day[0]}..{day[1]}]"])


CHANCE = random.Random(46)
RECORDED = {
    f"meeting/m{number}": (dates(CHANCE), CHANCE.choice([["KR"], ["US"], ["KR", "US"]])) for number in range(POOL)
}
KNOWN = {id: Candidate(id, bounds(edtf), (frozenset(parties),)) for id, (edtf, parties) in RECORDED.items()}


def some(most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(KNOWN)), max_size=most, unique=True)


@st.composite
def patterns(draw: st.DrawFn) -> list[StepAsked]:
    steps = []
    for index in range(draw(st.integers(1, 3))):
        same_day = draw(st.booleans())
        least = draw(st.one_of(st.none(), st.integers(0, 2)))
        without = draw(some(1)) if index else []
        steps.append(
            StepAsked(
                filter=asked_for(draw(some(3))),
                at_least=least,
                at_most=draw(st.one_of(st.none(), st.integers(max(least or 0, not same_day), 5))),
                same_day=same_day,
                optional=index > 0 and draw(st.booleans()),
                without=asked_for(without) if without else None,
            )
        )
    return steps


def asked_for(ids: list[str]) -> OccurrenceFilter:
    return OccurrenceFilter(ids=tuple(ids) or NOBODY)


def defined(asked: list[StepAsked]) -> set[tuple[tuple[str | None, ...], bool]]:
    """All matches by the definition."""

    def these(filter: OccurrenceFilter | None) -> list[Candidate]:
        return [KNOWN[id] for id in filter.ids if id in KNOWN] if filter is not None else []

    return reference(
        [
            Step(these(step.filter), step.least, step.most, step.margin, step.optional, these(step.without))
            for step in asked
        ]
    )


@pytest.mark.parametrize("narrowed", [False, True], ids=["all candidates", "by windows"])
def test_a_thousand_random_timelines_have_the_matches_of_the_definition(
    database: Database, monkeypatch: pytest.MonkeyPatch, narrowed: bool
) -> None:
    if narrowed:
        monkeypatch.setattr(sequences, "WHOLE", 0)
        monkeypatch.setattr(steps, "LONG_DAYS", 1)
        monkeypatch.setattr(steps, "CHUNK", 2)
    commands = [
        Report(
            id=id, content=Meeting(title=id, when=When(edtf=edtf), parties=[Participation(party=p) for p in parties])
        )
        for id, (edtf, parties) in RECORDED.items()
    ]
    handle(database, Request(append_id="pool", actor="t", commands=commands), now_us=1)
    matched = {True: 0, False: 0}
    with asyncio.Runner() as runner:
        snapshot: Snapshot = runner.run(open_snapshot(database))

        @settings(max_examples=1000, deadline=None, database=None, suppress_health_check=[*HealthCheck])
        @given(patterns())
        def agree(asked: list[StepAsked]) -> None:
            found: Any = runner.run(find_sequences(snapshot, asked, sharing=("PARTIES",), first=10_000))
            assert {(match.ids, match.certain) for match in found.matches} == defined(asked)
            for match in found.matches:
                matched[match.certain] += 1

        try:
            agree()
        finally:
            runner.run(database.close())
    assert min(matched.values()) > 200, matched
