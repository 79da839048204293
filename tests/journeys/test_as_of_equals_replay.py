"""As of a position every question has the answer of a fresh record into which only that much was replayed."""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse

from tests.journeys.histories import Historian, record
from timeline.api.executing import Asked, Service
from timeline.api.schema import SCHEMA
from timeline.database import Database, open_database
from timeline.read import projector
from timeline.read.projector import rebuild

RECORD = "id kind version position corrections retracted { reason position }"
CONFLICTS = "conflicts { field value when { label } citation { source { title } } }"
OCCURRENCE = f"{RECORD} title when {{ label edtf bounds {{ earliestStart latestEnd }} }} {CONFLICTS}"
QUESTIONS = f"""{{
  timeline {{ totalCount nodes {{ {OCCURRENCE} relations {{ type target {{ id }} }} relatedFrom {{ id }} }}
    facets(by: [KIND, PARTY, PLACE, LEVEL, FORMAT, STATUS, ATTRIBUTION, YEAR, SOURCE, TOPIC]) {{
      facet values {{ value label count }} }}
    density(bucket: MONTH) {{ bucket certain possible }} }}
  backward: timeline(orderBy: LATEST_FIRST, first: 3) {{ edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage }} }}
  meetings {{ nodes {{ place {{ name country {{ name }} }} levelActual formatComputed status sameDayAs {{ id }}
    partySet {{ name }} parties {{ party {{ name }} person {{ id name }} inPlaceOf {{ post {{ name }} }} }}
    claimChecks {{ verdict }} statements {{ id }} concurrent {{ certainty occurrence {{ id }} }} }} }}
  korean: meetings(filter: {{ parties: {{ anyOf: ["KR"], noneOf: ["JP"] }}, during: "2025-07" }}) {{ nodes {{ id }} }}
  exactly: meetings(filter: {{ parties: {{ exactly: ["KR", "US"] }} }}) {{ totalCount nodes {{ id }} }}
  inSeoul: meetings(filter: {{ place: "KR", certainty: CERTAIN, before: "2025-08" }}) {{ nodes {{ id }} }}
  with: timeline(filter: {{ people: ["person/p0"] }}) {{ nodes {{ id }} }}
  press: timeline(filter: {{ publishedBefore: "2025-07-15" }}) {{ nodes {{ id }} }}
  statements {{ nodes {{ voices {{ actor {{ id name }} }} about {{ id }} passages {{ text mode }} }} }}
  nominations {{ nodes {{ nominee {{ id name }} pending stepTimes {{ step {{ step }} sincePrevious {{ label }} }} }} }}
  people {{ nodes {{ id name meetings {{ id }} statements {{ id }} tenures {{ id }} nominations {{ id }} }} }}
  places {{ nodes {{ id name }} }} posts {{ nodes {{ id }} }} sources {{ nodes {{ title published {{ label }} }} }}
  tenures {{ nodes {{ person {{ name }} holding when {{ label }} }} }}
  post(id: "post/minister") {{ holder(on: "2025-07-21") {{ known explanation pending {{ id }} }} }}
  search(text: "name") {{ totalCount nodes {{ id }} }} talks: search(text: "talk seoul") {{ nodes {{ id }} }}
  nodes(ids: ["person/p0", "person/p1", "meeting/m0", "meeting/none"]) {{ id ... on Record {{ version }} }}
  meeting(id: "meeting/m0") {{ {OCCURRENCE} history {{ type reason version changes {{ field was now }} }} }}
  series(parties: {{ exactly: ["KR", "US"] }}) {{
    page {{ entries {{ ordinal meeting {{ id }} sincePrevious {{ label }} }} }} figures {{ count medianGapDays }} }}
  allSeries(orderBy: LONGEST_SILENCE) {{ nodes {{ parties {{ name }} count first last
    figures {{ span {{ label }} medianGapDays longestSilenceFrom {{ id }} }} }} }}
  sequences(steps: [{{ filter: {{ kinds: [MEETING] }} }}, {{ filter: {{}}, within: "P30D", sameDay: true }}]) {{
    nodes {{ certainty steps {{ occurrence {{ id }} }} }} }}
  itinerary(person: "person/p0") {{ stops {{ presence meeting {{ id }} }} }}
  postHistory(post: "post/minister") {{ entries {{ tenure {{ id }} }} }}
  log(after: 3, first: 10) {{ position type stream body }}
  position recordedAt organizations {{ nodes {{ id name }} }} formerStates {{ nodes {{ id }} }}
  speakers {{ nodes {{ label statements {{ id }} }} }} countries(text: "korea") {{ id meetings {{ id }} }}
  statement(id: "statement/s0") {{ {OCCURRENCE} }} nomination(id: "nomination/n") {{ {OCCURRENCE} }}
  milestone(id: "milestone/launch") {{ {OCCURRENCE} claimedSince {{ id }} }} actor(id: "person/p2") {{ id name }}
  person(id: "person/p1") {{ {RECORD} name absences {{ id }} }} organization(id: "organization/nato") {{ {RECORD} }}
  country(id: "KR") {{ name people {{ id }} posts {{ id }} meetings {{ id }} }} formerState(id: "state/x") {{ id }}
  place(id: "place/seoul") {{ {RECORD} meetings {{ id }} }} source(id: "source/a") {{ {RECORD} occurrences {{ id }} }}
  tenure(id: "tenure/t0") {{ {RECORD} when {{ label }} }} speaker(id: "speaker/x") {{ id }}
  node(id: "person/p3") {{ id }}
  concurrent(occurrence: "meeting/m1") {{ certainty occurrence {{ id }} }}
  together(people: ["person/p0", "person/p1"]) {{ nodes {{ id }} }}
}}"""
NOW = QUESTIONS
THEN = f"query Then($at: Int!) {{ asOf(position: $at) {QUESTIONS} }}"


def test_every_question_of_the_schema_is_among_them() -> None:
    (operation,) = parse(NOW).definitions
    assert isinstance(operation, OperationDefinitionNode)
    asked = {field.name.value for field in operation.selection_set.selections if isinstance(field, FieldNode)}
    assert asked == set(SCHEMA._schema.type_map["Snapshot"].fields)


def answers(database: Database, query: str, **variables: Any) -> Any:
    async def ask() -> Any:
        service = Service(database)
        try:
            return await service.run(service.prepare(Asked(query, variables, None)))
        finally:
            await database.close()

    found = asyncio.run(ask())
    assert "errors" not in found, found["errors"]
    return found["data"]


@pytest.fixture
def fresh(tmp_path: Path, sqlite_template: Path) -> Any:
    """Fresh databases, one for each position."""
    opened = []

    def make(position: int) -> Database:
        path = tmp_path / f"fresh{position}.db"
        shutil.copy(sqlite_template, path)
        opened.append(open_database(f"sqlite:///{path}"))
        return opened[-1]

    yield make
    for database in opened:
        database.dispose()


@pytest.mark.parametrize("seed", range(4))
def test_every_question_as_of_a_position_is_answered_as_if_nothing_had_followed(
    database: Database, fresh: Any, seed: int
) -> None:
    commands = Historian(seed).history(70)
    positions = record(database, commands)
    asked_at = random.Random(seed).sample(sorted(set(positions)), 4)
    for position in asked_at:
        replayed = fresh(position)
        record(replayed, commands, until=position)
        assert answers(database, THEN, at=position)["asOf"] == answers(replayed, NOW), position
    assert answers(database, THEN, at=positions[-1])["asOf"] == answers(database, NOW)


@pytest.mark.parametrize(
    ("seed", "batch", "part"), [(4, 1, 1000), (5, 7, 1), (6, 50, 20), (7, 5000, 1000), (8, 5000, 1), (9, 5000, 30)]
)
def test_tables_made_anew_in_batches_of_any_size_are_equal_after_any_history(
    database: Database, monkeypatch: pytest.MonkeyPatch, seed: int, batch: int, part: int
) -> None:
    monkeypatch.setattr(projector, "BATCH", batch)
    monkeypatch.setattr(projector, "PART", part)
    record(database, Historian(seed).history(120))
    before = answers(database, NOW)
    report = rebuild(database)
    assert report.equal
    assert answers(database, NOW) == before


def test_the_histories_have_every_kind_of_event(database: Database) -> None:
    record(database, Historian(1).history(400))
    with database.read() as connection:
        types = {row[0] for row in connection.exec_driver_sql("SELECT DISTINCT type FROM log_events")}
    assert len(types) >= 17
    assert {"RecordMerged", "RecordUnmerged", "ReadingReported", "ReadingPreferred", "MeetingRescheduled"} <= types
