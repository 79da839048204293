"""Seed files: every fault with its place and remedy, and the article complete against what it says."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from timeline.cli import cli
from timeline.database import Database
from timeline.errors import Several
from timeline.importers.seed import SeedFile, check_together, read_seed
from timeline.importers.seed_schema import events_schema, seed_schema
from timeline.log.read import head
from timeline.values.facts import Meeting, Nomination, Place, Statement
from timeline.values.vocabulary import Attribution

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "seeds").glob("*.yaml"))


@pytest.fixture(scope="module")
def article() -> dict[str, object]:
    files = [read_seed(path.read_text(encoding="utf-8"), path.name) for path in FILES]
    assert check_together(files, set()) == []
    return {id: content for file in files for id, content in file.records.items()}


def faults(*texts: str) -> list[str]:
    read: list[SeedFile] = []
    found: list[str] = []
    for number, text in enumerate(texts, start=1):
        try:
            read.append(read_seed(text, f"{number}.yaml"))
        except Several as several:
            found += map(str, several.faults)
    found += [str(fault) for seed in read for fault in seed.faults]
    return [*found, *(str(fault) for fault in check_together(read, set()))] if len(read) == len(texts) else found


PLACE = "places:\n  seoul: {names: [{text: Seoul}]}\n"
NOMINEE = (
    "people:\n  cho: {names: [{text: Cho}]}\nposts:\n  minister: {names: [{text: Minister}]}\n"
    "nominations:\n  n: {nominee: person/cho, post: post/minister}\n"
    "tenures:\n  t: {person: person/cho, post: post/minister, holding: SUBSTANTIVE, when: {edtf: 2025/..}}\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("meetings: {a: {titel: x}}", "1.yaml:1:16: meetings.a.titel: 'titel' is no key here; did you mean 'title'?"),
        ("meetings: {a: {level: MINISTER}}", "1.yaml:1:12: meetings.a: 'title' is missing; add it"),
        (
            "meetings:\n  a: {title: x}\n  a: {title: y}",
            "1.yaml:3:3: meetings.a: 'a' stands here again, first in",
        ),
        (
            "meetings:\n  a:\n    title: x\n    when: {edtf: 2025-02-30}",
            "1.yaml:4:12: meetings.a.when.edtf: ",
        ),
        ("meetings: {a: {title: x, when: {edtf: 2025-07-11/2025-07-10}}}", "it ends before it starts"),
        ("meetings: {a: {title: x, parties: [{party: XX}]}}", "'XX' is no ISO 3166-1 alpha-2 code"),
        ("meetings: {a: {title: x, level: KING}}", "'KING' is none of AMBASSADOR"),
        (
            PLACE + "meetings:\n  a: {title: x, place: place/soul}",
            "1.yaml:4:17: meetings.a.place: place/soul is",
        ),
        (PLACE + "meetings:\n  a: {title: x, place: place/soul}", "did you mean place/seoul?"),
        (NOMINEE, "person/cho is a nominee for post/minister (nomination/n) and does not hold it"),
        ("meetings: [", "this is no YAML"),
        ("- meetings", "1.yaml:1:1: keys with values are needed here"),
        (
            "people:\n  Kim Lee: {names: [{text: Kim}]}",
            "1.yaml:2:3: people.Kim Lee: 'Kim Lee' is no last part of an id",
        ),
        ("&a [*a]", "nested more than 20 levels, or in itself"),
    ],
)
def test_a_fault_is_told_with_file_line_field_and_remedy(text: str, expected: str) -> None:
    assert expected in "\n".join(faults(text))


def test_all_faults_are_told_at_once() -> None:
    text = "meetings:\n  a: {titel: x}\n  b: {title: y, level: KING}\n  c: {title: z, place: Seoul}"
    assert len(faults(text)) == 4


def test_one_mistake_hides_no_other() -> None:
    text = (
        "meetings:\n  a: {titel: x}\n  b: {title: y, when: {edtf: 2025-02-30}}\n  c: {title: z, place: place/soeul}\n"
        "statements:\n  s: {title: t, attribution: ON_RECORD, voices: [{party: KR}], about: [meeting/a]}\n"
    )
    found = faults(text)
    assert [line.split(": ")[1] for line in found] == [
        *("meetings.a", "meetings.a.titel", "meetings.b.when.edtf", "meetings.c.place")
    ], "and what names a record that could not be read is not wrong for that"


def test_one_id_in_two_files_is_a_fault() -> None:
    assert faults(PLACE, PLACE) == ["2.yaml:2:3: places.seoul: place/seoul stands in 1.yaml too; keep one of them"]


def test_everything_is_read_as_text() -> None:
    seed = read_seed("places: {oslo: {names: [{text: Oslo}], country: NO}}", "x.yaml")
    oslo = seed.records["place/oslo"]
    assert isinstance(oslo, Place)
    assert oslo.country == "NO"


@given(st.text(max_size=60) | st.text(alphabet="ab:{}[]-&*!|>'\"\n ", max_size=40))
def test_any_text_is_a_seed_file_or_a_list_of_faults(text: str) -> None:
    with contextlib.suppress(Several):
        assert isinstance(read_seed(text, "x.yaml"), SeedFile)


def test_the_article_is_complete(article: dict[str, object]) -> None:
    counts = Counter(id.partition("/")[0] for id in article)
    wanted = {"meeting": 5, "nomination": 1, "milestone": 1, "statement": 19, "person": 8, "speaker": 3, "source": 1}
    assert {kind: counts[kind] for kind in wanted} == wanted
    assert "tenure" not in counts, "the article gives roles on a day, and no one's tenure"
    meetings = [content for content in article.values() if isinstance(content, Meeting)]
    assert sum(party.in_place_of is not None for meeting in meetings for party in meeting.parties) == 2
    assert sum(len(meeting.claims) for meeting in meetings) == 2
    statements = [content for content in article.values() if isinstance(content, Statement)]
    unnamed = {Attribution.ANONYMOUS_OFFICIAL, Attribution.UNNAMED_SOURCES}
    assert sum(statement.attribution in unnamed for statement in statements) == 9
    assert sum(statement.reported_in is not None for statement in statements) == 2


def test_the_traps_of_the_article_are_avoided(article: dict[str, object]) -> None:
    trilateral = article["meeting/kuala-lumpur-trilateral"]
    assert isinstance(trilateral, Meeting)
    assert [(party.party, party.person) for party in trilateral.parties] == [
        ("KR", "person/park-yoon-joo"),
        ("US", None),
        ("JP", None),
    ]
    nomination = article["nomination/cho-hyun-foreign-minister"]
    assert isinstance(nomination, Nomination)
    assert [step.status for step in nomination.steps] == ["EXPECTED"]
    figures = {id: content.figures for id, content in article.items() if isinstance(content, Statement)}
    assert [id for id, named in figures.items() if named] == ["statement/s8b-trump-to-nato-members"]


def test_the_article_is_loaded_once_by_the_command(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    first = CliRunner().invoke(cli, ["seed", "--database", url], catch_exceptions=False)
    again = CliRunner().invoke(cli, ["seed", "--database", url], catch_exceptions=False)
    assert "2 files read; 47 records new, 0 corrected, in 47 events at positions 1 to 47." in first.output
    assert "nothing written" in again.output
    with database.read() as connection:
        assert head(connection).position == 47


@pytest.mark.parametrize(("name", "printed"), [("seed", seed_schema), ("events", events_schema)])
def test_the_published_schema_is_that_of_the_code(name: str, printed: object) -> None:
    assert callable(printed)
    assert (ROOT / "schema" / f"{name}.json").read_text(encoding="utf-8") == printed()
