"""Tables by a mapping: 10,000 rows without code, every fault of a mapping at once, every wrong row set aside."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from timeline.database import Database
from timeline.errors import Refused, Several
from timeline.importers.table import read_table
from timeline.intake import quarantine
from timeline.intake.run import take_in
from timeline.read.now import documents_now

MAPPING = """
kind = "statement"
scheme = "speeches"
row = ["session", "country"]
[source]
id = "source/speeches"
title = "Speeches"
[fields]
title = "{country} at session {session}"
attribution = "ON_RECORD"
when = { column = "day", format = ["YYYY-MM-DD", "DD MON YYYY", "MM/YYYY"] }
voices = [{ party = { column = "country", as = "party", map = { Holland = "NL" } }, role = "{role}" }]
passages = [{ text = "{words}", mode = "DIRECT", language = "en" }]
topics = { column = "topics", split = ";", default = "general debate" }
"""
COUNTRIES = ["DE", "FRA", "Japan", "Südkorea", "Holland", "United States", "Brasil", "대한민국"]


def given(folder: Path, rows: list[dict[str, Any]], mapping: str = MAPPING) -> tuple[Path, Path]:
    table, how = folder / "t.csv", folder / "m.toml"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["session", "country", "day", "role", "words", "topics"])
        writer.writeheader()
        writer.writerows(rows)
    how.write_text(mapping, encoding="utf-8")
    return table, how


def row(number: int, **other: Any) -> dict[str, Any]:
    plain = {
        "session": number,
        "country": COUNTRIES[number % len(COUNTRIES)],
        "day": "2001-09-21",
        "words": f"No. {number}",
    }
    return {**plain, "role": "", "topics": "", **other}


def test_ten_thousand_speeches_are_imported_with_a_short_mapping(database: Database, tmp_path: Path) -> None:
    assert len(MAPPING.strip().splitlines()) < 30
    rows = [row(number, day=["2001-09-21", "3 Oct 2001", "10/2001"][number % 3]) for number in range(10_000)]
    table, how = given(tmp_path, rows)
    result = take_in(database, read_table(table, how), now_us=1)
    assert (result.of("statement").new, result.set_aside) == (10_000, [])
    with database.read() as connection:
        statements = list(documents_now(connection, ("statement",)))
    assert Counter(each["when"]["edtf"] for each in statements) == {
        "2001-09-21": 3334, "2001-10-03": 3333, "2001-10": 3333,
    }  # fmt: skip
    assert {voice["party"] for each in statements for voice in each["voices"]} == {
        "DE",
        "FR",
        "JP",
        "KR",
        "NL",
        "US",
        "BR",
    }
    assert statements[0]["topics"] == ["general debate"]
    assert take_in(database, read_table(table, how), now_us=2).events == 0


def test_a_wrong_row_is_set_aside_until_it_is_mended(database: Database, tmp_path: Path) -> None:
    wrong = [row(1, country="Elbonia"), row(2, day="yesterday"), row(3, words=""), row(4, day="2001-02-30")]
    table, how = given(tmp_path, [row(0), *wrong])
    first = take_in(database, read_table(table, how), now_us=1)
    assert first.of("statement").new == 2  # Without words a statement is still one.
    with database.read() as connection:
        aside = quarantine.kept(connection)
    assert [(scheme, each.at.line, each.code) for scheme, each in aside] == [
        ("speeches", 3, "COUNTRY_UNKNOWN"), ("speeches", 4, "DATE_INVALID"), ("speeches", 6, "ROW_INVALID"),
    ]  # fmt: skip
    assert "2001-02-30" in aside[2][1].reason
    table, how = given(tmp_path, [row(number) for number in range(5)])
    second = take_in(database, read_table(table, how), now_us=2)
    assert (second.of("statement").new, second.of("statement").gone) == (3, 0)
    with database.read() as connection:
        assert quarantine.kept(connection) == []


def test_a_row_that_can_no_longer_be_read_is_not_gone(database: Database, tmp_path: Path) -> None:
    take_in(database, read_table(*given(tmp_path, [row(0), row(1)])), now_us=1)
    result = take_in(database, read_table(*given(tmp_path, [row(0), row(1, day="?")])), now_us=2)
    assert (result.of("statement").gone, len(result.set_aside)) == (0, 1)


def test_rows_of_json_are_read_too(tmp_path: Path) -> None:
    table, how = tmp_path / "t.ndjson", tmp_path / "m.toml"
    how.write_text(MAPPING, encoding="utf-8")
    lines = [json.dumps(row(0, topics=["a", "b"])), "{broken", json.dumps([1])]
    table.write_text("\n".join(lines), encoding="utf-8")
    reading = read_table(table, how)
    assert [draft.content.topics for draft in reading.drafts if draft.row] == [["a", "b"]]
    assert [(each.at.line, each.code) for each in reading.set_aside] == [(2, "ROW_INVALID"), (3, "ROW_INVALID")]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"words": "a\0b"}, "U+0000"),
        ({"session": "", "country": ""}, "the row has no session or country"),
        ({"words": "x" * 10_001}, "length <= 10000"),
    ],
)
def test_what_no_record_can_hold_is_set_aside(tmp_path: Path, cells: dict[str, str], told: str) -> None:
    (aside,) = read_table(*given(tmp_path, [row(0, **cells)])).set_aside
    assert told in aside.reason


MEETINGS = """
kind = "meeting"
scheme = "talks"
row = "session"
[source]
id = "source/talks"
title = "Talks"
[fields]
title = "Talks"
when = { column = "day", until = "role", format = ["YYYY-MM-DD", "MM/YYYY"], map = { Summer = "2001-22" } }
parties = { column = "country", split = "+", as = "party", into = "party" }
level = { column = "topics", map = { minister = "MINISTER" } }
"""


@pytest.mark.parametrize(
    ("begin", "end", "edtf"),
    [
        ("2001-09-21", "2001-09-23", "2001-09-21/2001-09-23"),
        ("2001-09-21", "10/2001", "2001-09-21/2001-10"),
        ("2001-09-21", "", "2001-09-21/"),
        ("", "2001-09-23", "/2001-09-23"),
        ("Summer", "2001-09-23", "2001-22/2001-09-23"),
    ],
)
def test_two_columns_make_a_period_and_an_end_that_is_not_given_is_unknown(
    tmp_path: Path, begin: str, end: str, edtf: str
) -> None:
    reading = read_table(*given(tmp_path, [row(0, day=begin, role=end)], MEETINGS))
    assert [draft.content.when.edtf for draft in reading.drafts if draft.row] == [edtf]


def test_a_period_whose_end_lies_before_its_start_is_set_aside(database: Database, tmp_path: Path) -> None:
    rows = [row(0, day="2001-09-21", role="2001-09-20"), row(1, topics="Minister"), row(2, country="UK")]
    result = take_in(database, read_table(*given(tmp_path, rows, MEETINGS)), now_us=1)
    assert [(each.at.line, each.code) for each in result.set_aside] == [
        (2, "ROW_INVALID"), (3, "ROW_INVALID"), (4, "COUNTRY_UNKNOWN"),
    ]  # fmt: skip
    assert "schema/seed.json lists the values" in result.set_aside[1].reason


@pytest.mark.parametrize(
    ("name", "code"),
    [("Republic of Korea", "KR"), ("the Holy See", "VA"), ("United States of America", "US"), ("Saint-Martin", None)],
)
def test_countries_are_known_by_the_names_that_only_they_have(tmp_path: Path, name: str, code: str | None) -> None:
    reading = read_table(*given(tmp_path, [row(0, country=name)], MEETINGS))
    assert [draft.content.parties[0].party for draft in reading.drafts if draft.row] == ([code] if code else [])
    assert [each.code for each in reading.set_aside] == ([] if code else ["COUNTRY_UNKNOWN"])


NOMINATIONS = """
kind = "nomination"
scheme = "nominees"
row = "session"
[source]
id = "source/nominees"
title = "Nominees"
[fields]
title = "{words}"
nominee = { column = "words", as = "person", party = "{country}" }
post = { column = "role", as = "post", party = "{country}" }
steps = [
  { step = "NOMINATED", when = { column = "day", format = "YYYY-MM-DD" } },
  { step = "CONFIRMED", when = { column = "topics", format = "YYYY-MM-DD" } },
]
"""


def test_steps_of_a_nomination_stand_in_columns_and_one_that_is_empty_was_not_taken(tmp_path: Path) -> None:
    rows = [row(0, role="Envoy", topics="2001-10-01"), row(1, role="Envoy")]
    reading = read_table(*given(tmp_path, rows, NOMINATIONS))
    steps = [[(step.step, step.when.edtf) for step in draft.content.steps] for draft in reading.drafts if draft.row]
    assert steps == [[("NOMINATED", "2001-09-21"), ("CONFIRMED", "2001-10-01")], [("NOMINATED", "2001-09-21")]]


def test_two_rows_of_one_name_are_two_records_and_are_told(database: Database, tmp_path: Path) -> None:
    reading = read_table(*given(tmp_path, [row(0), row(0, words="Other words.")]))
    assert [remark.partition(":")[0] for remark in reading.remarks] == ["t.csv"]
    assert take_in(database, reading, now_us=1).of("statement").new == 2


def test_a_table_in_another_encoding_is_refused_with_the_remedy(tmp_path: Path) -> None:
    table, how = given(tmp_path, [row(0)])
    table.write_bytes("session,country,day,role,words,topics\n1,DE,2001-01-01,,Grüße,\n".encode("latin-1"))
    with pytest.raises(Refused, match="UTF-8"):
        read_table(table, how)


def test_a_cell_too_many_is_told(tmp_path: Path) -> None:
    table, how = given(tmp_path, [row(0)])
    with table.open("a", encoding="utf-8") as file:
        file.write("1,2,3\n")
    (aside,) = read_table(table, how).set_aside
    assert (aside.at.line, aside.reason) == (3, "it has 3 cells and the header 6")


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ('kind = "statement"', 'kind = "speech"', "kind is 'speech'; it must be one of meeting, statement"),
        ('kind = "statement"\n', "", "'kind' is missing"),
        ("scheme", "skeme", "the mapping has no 'skeme'; did you mean 'scheme'?"),
        ('scheme = "speeches"', 'scheme = "My Speeches"', "small letters, digits and hyphens"),
        ("topics =", "topic =", "[fields] has no 'topic'; did you mean 'topics'?"),
        ('"country", as', '"contry", as', "the table has no column 'contry'; did you mean 'country'?"),
        ('"MM/YYYY"', '"MM/YY"', "fields.when: the date format 'MM/YY' has no YYYY"),
        ('as = "party"', 'as = "country"', "as is 'country'; it must be one of party, person"),
        ("split =", "splitt =", "fields.topics has no 'splitt'; did you mean 'split'?"),
        ('title = "Speeches"', "", "[source] lacks 'title'"),
        ("[source]", "[source", "no valid TOML"),
        ('row = ["session", "country"]', "row = 3", "row"),
        ('row = ["session", "country"]', 'row = "session"\ndelimiter = ""', "length >= 1 - at `delimiter`"),
        ('split = ";"', 'split = ""', "fields.topics: Expected `str` of length >= 1"),
        ('map = { Holland = "NL" }', "map = 3", "Expected `object`, got `int` - at `map`"),
        ('id = "source/speeches"', 'id = "Speeches"', "it must look like 'source/some-words'"),
    ],
)
def test_a_wrong_mapping_is_told_before_any_row_is_read(tmp_path: Path, was: str, now: str, told: str) -> None:
    assert was in MAPPING
    table, how = given(tmp_path, [row(0)], MAPPING.replace(was, now, 1))
    with pytest.raises(Exception, match=r"m\.toml") as refused:
        read_table(table, how)
    faults = refused.value.faults if isinstance(refused.value, Several) else [refused.value]
    assert any(told in str(fault.message) for fault in faults), faults
