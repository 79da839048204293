"""Two centuries of real diplomacy, on both engines: counted against the files, imported twice, asked."""

from __future__ import annotations

import asyncio
import json
import random
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.conftest import fresh_url
from timeline.api.executing import Asked, Service
from timeline.cli import cli
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database, open_database
from timeline.importers import pocom, travels
from timeline.importers.foreign import Adapter
from timeline.intake import matches, quarantine
from timeline.intake.run import Result, take_in
from timeline.read.documents import Document
from timeline.read.now import documents_now
from timeline.read.projector import rebuild

QUERIES = sorted((Path(__file__).parents[2] / "docs" / "importing").glob("*.graphql"))
FORMATS: list[tuple[str, Adapter]] = [("historyatstate-travels", travels.read), ("historyatstate-pocom", pocom.read)]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("sqlite", "postgresql")],
)
def imported(request: pytest.FixtureRequest, tmp_path_factory: Any, shared_data: Path) -> Iterator[Database]:
    """The seed and both sets, taken in by one command, in one database a module."""
    for url in fresh_url(request, request.param, tmp_path_factory.mktemp("imported")):
        database = open_database(url)
        load_seeds(database, seed_files(()), None)
        both = [word for name, _ in FORMATS for word in (name, str(shared_data / name))]
        told = CliRunner().invoke(cli, ["import", *both, "--database", url]).output
        assert re.findall(r"([\d,]+) rows read", told) == ["4,271", "11,575"]
        yield database
        database.dispose()


def documents(database: Database, *kinds: str) -> list[Document]:
    with database.read() as connection:
        return list(documents_now(connection, kinds))


def rows(folder: Path, pattern: str, tag: str) -> Iterator[tuple[str, ET.Element]]:
    """(file, element) of the raw files, read without our code."""
    for file in sorted(folder.glob(pattern)):
        yield from ((file.stem, element) for element in ET.parse(file).getroot().iter(tag))


def decade(text: str | None) -> str:
    found = re.search(r"\d{4}", text or "")
    return f"{found[0][:3]}0s" if found else "undated"


def test_trips_by_role_and_decade_are_those_of_the_files(imported: Database, shared_data: Path) -> None:
    raw = Counter(
        (trip.get("role"), decade(trip.findtext("start-date")))
        for _, trip in rows(shared_data / "historyatstate-travels", "*-travels/*.xml", "trip")
    )
    recorded = Counter()
    for document in documents(imported, "meeting"):
        for part in document["parties"] if "foreign trip" in document["topics"] else ():
            # What was accepted as one stop of two travellers counts for each of them.
            role = "president" if part["role"] == "President" else "secretary"
            recorded[role, decade(document["when"]["edtf"])] += 1
    assert recorded == raw
    assert sum(raw.values()) == 4271


def test_tenures_by_file_and_decade_are_those_of_the_files(imported: Database, shared_data: Path) -> None:
    raw: Counter[tuple[str, str]] = Counter()
    folder = shared_data / "historyatstate-pocom"
    for pattern, sections, tag in (
        ("missions-*/*.xml", ("chiefs",), "chief"),
        ("positions-principals/*.xml", ("principals",), "principal"),
    ):
        for file in sorted(folder.glob(pattern)):
            for section in sections:
                for element in ET.parse(file).getroot().iterfind(f"{section}/{tag}"):
                    dates = [element.findtext(f"{kind}/date") for kind in ("started", "arrived", "appointed", "ended")]
                    raw[file.name, decade(next((date for date in dates if date), None))] += 1
    recorded = Counter(
        (Path(document["citations"][0]["locator"].partition(",")[0]).name, decade(document["when"].get("edtf")))
        for document in documents(imported, "tenure")
        if any(each["scheme"] == "historyatstate-pocom" for each in document["external_ids"])
    )
    with imported.read() as connection:
        aside = quarantine.kept(connection, "historyatstate-pocom")
    assert [(row.at.file.partition("/")[2], row.row, row.code) for _, row in aside] == [
        ("second-assistant-secretary.xml", "secr-1866-hunt", "END_BEFORE_START"),
        ("third-assistant-secretary.xml", "secr-1906-wils", "PERSON_UNKNOWN"),
    ]
    missing = raw - recorded
    assert recorded - raw == Counter()
    assert missing == {("second-assistant-secretary.xml", "1880s"): 1, ("third-assistant-secretary.xml", "1900s"): 1}


def test_people_are_those_of_the_files(imported: Database, shared_data: Path) -> None:
    folder = shared_data / "historyatstate-pocom"
    raw = {element.findtext("id") for pattern in ("people/*/*.xml", "people-pending/*.xml")
           for _, element in rows(folder, pattern, "person")}  # fmt: skip
    known = {each["value"] for document in documents(imported, "person") for each in document["external_ids"]}
    assert raw <= known
    assert len(raw) == 4313


@pytest.mark.parametrize(("name", "read"), FORMATS, ids=[name for name, _ in FORMATS])
def test_a_second_run_writes_nothing(imported: Database, shared_data: Path, name: str, read: Adapter) -> None:
    again = take_in(imported, read(shared_data / name, None), now_us=2)
    assert again.events == 0
    assert not again.supporting
    assert {(counts.new, counts.corrected, counts.gone, counts.relisted) for counts in again.kinds.values()} == {
        (0,) * 4
    }


def test_the_tables_are_what_the_log_says(imported: Database) -> None:
    assert rebuild(imported).equal


def test_an_end_that_is_not_given_is_unknown_and_a_month_stays_a_month(imported: Database) -> None:
    tenures = {document["id"]: document["when"] for document in documents(imported, "tenure")}
    harris = tenures["tenure/harris-harry-b-jr-korea-2018"]
    assert (harris["edtf"], harris["label"]) == ("2018-07-25/", "from 25 July 2018, end unknown")
    months = [when for when in tenures.values() if re.fullmatch(r"\d{4}-\d{2}/.*", when.get("edtf", ""))]
    assert months
    assert all(when["bounds"]["es"] != when["bounds"]["ls"] for when in months)


def test_former_states_stand_where_todays_did_not_exist(imported: Database) -> None:
    to = Counter(document.get("accredited_to") for document in documents(imported, "tenure"))
    states = ["prussia", "papal-states", "joseon", "soviet-union", "german-democratic-republic", "texas"]
    assert [to[f"state/{state}"] for state in states] == [12, 7, 8, 20, 7, 6]
    successors = {document["id"]: document["successors"] for document in documents(imported, "state")}
    assert successors["state/joseon"] == ["KR", "KP"]


def test_appointments_held_together_name_one_another_and_where_the_holder_resided(imported: Database) -> None:
    tenures = {document["id"]: document for document in documents(imported, "tenure")}
    together = [document for document in tenures.values() if document["concurrent_with"]]
    assert len(together) > 400
    for document in together:
        others = [tenures[id] for id in document["concurrent_with"]]
        assert {other["person"] for other in others} == {document["person"]}
        assert "seat" in document


def test_near_duplicates_are_told_apart(shared_data: Path) -> None:
    remarks = travels.read(shared_data / "historyatstate-travels").remarks
    assert sorted(re.findall(r"trip (\d+)\).*trip (\d+)\): the same in every word", "\n".join(remarks))) == [
        ("3992", "4019"), ("3993", "4020"),
    ]  # fmt: skip
    assert len(remarks) == 4


@pytest.mark.parametrize("path", QUERIES, ids=[path.stem for path in QUERIES])
def test_each_question_has_the_answer_that_stands_beside_it(imported: Database, path: Path) -> None:
    confirm(imported)
    answer = asyncio.run(asked(imported, path.read_text(encoding="utf-8")))
    assert answer == json.loads(path.with_suffix(".answer.json").read_text(encoding="utf-8"))


def confirm(database: Database) -> None:
    """What a person confirms before the questions are asked. Confirmed twice it is confirmed."""
    with database.read() as connection:
        suggested = matches.suggestions(connection)
    yun = [each for each in suggested if each.other == "person/yun-joseph-yuosang"]
    kuala_lumpur = [
        each for each in suggested if "different travellers" in each.why and "kuala-lumpur" in each.survivor
    ]
    for each in [*yun, *kuala_lumpur]:
        matches.accept(database, each.survivor, each.other, reason="looked up", actor="test", now_us=3)


async def asked(database: Database, query: str) -> Any:
    service = Service(database)
    try:
        return await service.run(service.prepare(Asked(query, {}, None)))
    finally:
        await database.close()


def test_a_new_release_gives_exactly_what_changed_in_it(database: Database, shared_data: Path, tmp_path: Path) -> None:
    old = shared_data / "historyatstate-travels"
    take_in(database, travels.read(old, "old"), now_us=1)
    later_release(old, tmp_path)
    result = take_in(database, travels.read(tmp_path, "new"), now_us=2)
    assert told(result) == {"new": 60, "corrected": 40, "unchanged": 4271 - 45, "gone": 5, "relisted": 0}
    assert {key for document in documents(database, "meeting") for key in (document["corrections"],)} == {0, 1}
    delisted = [document["delisted"]["source"] for document in documents(database, "meeting") if "delisted" in document]
    assert delisted == ["source/historyatstate-travels-new"] * 5
    again = take_in(database, travels.read(tmp_path, "new"), now_us=3)
    assert again.events == 0
    back = take_in(database, travels.read(old, "old"), now_us=4)
    assert told(back) == {"new": 0, "corrected": 40, "unchanged": 4271 - 45, "gone": 60, "relisted": 5}
    assert rebuild(database).equal


def told(result: Result) -> dict[str, int]:
    counts = result.of("meeting")
    return {name: getattr(counts, name) for name in ("new", "corrected", "unchanged", "gone", "relisted")}


def later_release(old: Path, into: Path) -> None:
    """The files with 1,000 numbers dealt out anew, 40 dates changed, 5 rows removed and 60 added."""
    chance = random.Random(7)
    trees = {file: ET.parse(file) for file in sorted(old.glob("*-travels/*.xml"))}
    trips = [(tree.getroot(), trip) for tree in trees.values() for trip in tree.getroot().iter("trip")]
    chance.shuffle(trips)
    numbered = [trip.find("id") for _, trip in trips[:1000]]
    numbers = [element.text for element in numbered]
    for element, number in zip(numbered, numbers[1:] + numbers[:1], strict=True):
        element.text = number
    for _, trip in trips[980:1020]:  # Half of them have a new number, too.
        for name in ("start-date", "end-date"):
            trip.find(name).text = re.sub(
                r"-\d\d$", "-28" if trip.findtext(name)[-2:] != "28" else "-27", trip.findtext(name)
            )
        if trip.findtext("end-date") < trip.findtext("start-date"):
            trip.find("end-date").text = trip.findtext("start-date")
    for root, trip in trips[2000:2005]:
        root.remove(trip)
    for number, (root, trip) in enumerate(trips[3000:3060]):
        new = ET.fromstring(ET.tostring(trip))
        new.find("id").text = str(90_000 + number)
        new.find("remarks").text = f"Opened building {number}."
        for name in ("start-date", "end-date"):
            new.find(name).text = f"2026-03-{number % 28 + 1:02d}"
        root.append(new)
    for file, tree in trees.items():
        (into / file.parent.name).mkdir(exist_ok=True)
        tree.write(into / file.parent.name / file.name, encoding="utf-8")
    (into / "presidents").mkdir()
    (into / "presidents" / "presidents.xml").write_bytes((old / "presidents" / "presidents.xml").read_bytes())


class Interrupted(Exception):
    pass


def test_a_run_that_is_interrupted_goes_on_where_it_stood(database: Database, shared_data: Path) -> None:
    reading = travels.read(shared_data / "historyatstate-travels", "r")

    def interrupt(done: int, total: int) -> None:
        if done > total / 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        take_in(database, reading, now_us=1, progress=interrupt)
    begun = len(documents(database, "meeting"))
    assert 0 < begun < 4271
    result = take_in(database, reading, now_us=2)
    assert told(result) == {"new": 4271 - begun, "corrected": 0, "unchanged": begun, "gone": 0, "relisted": 0}


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(database: Database, shared_data: Path) -> None:
    result = take_in(database, travels.read(shared_data / "historyatstate-travels", "r"), now_us=1, dry_run=True)
    assert told(result)["new"] == 4271
    assert documents(database, "meeting", "place", "person", "source") == []
