"""What the article does not say is not answered, however the question is put."""

from __future__ import annotations

import pytest

from tests.api.conftest import Client

WI = "person/wi-sung-lac"
SEARCH = "query($text: String!) { search(text: $text) { totalCount nodes { id } } }"


@pytest.mark.parametrize("name", ["Rubio", "Marco Rubio", "Iwaya", "Takeshi Iwaya", "루비오", "岩屋"])
def test_ministers_whom_the_article_does_not_name_are_in_no_answer(client: Client, name: str) -> None:
    query = "query($text: String!) { search(text: $text) { totalCount } people(text: $text) { totalCount } }"
    assert client.ask(query, text=name) == {"search": {"totalCount": 0}, "people": {"totalCount": 0}}


@pytest.mark.parametrize("day", ["2024-07-11", "2025-07-10", "2025-07-11", "2025-07-18", "2025-07", "2025", "2026"])
def test_the_nominee_holds_no_post_on_any_day(client: Client, day: str) -> None:
    query = """query($on: EDTF!) {
      post(id: "post/kr-foreign-minister") { tenures { id } holder(on: $on) { known holders { certainty } } }
      person(id: "person/cho-hyun") { tenures { id } }
      tenures { totalCount }
    }"""
    found = client.ask(query, on=day)
    assert found["post"] == {"tenures": [], "holder": {"known": "UNKNOWN", "holders": []}}
    assert (found["person"]["tenures"], found["tenures"]["totalCount"]) == ([], 0)


def test_the_nominee_attends_nothing_and_is_only_stood_in_for(client: Client) -> None:
    query = """{
      person(id: "person/cho-hyun") { meetings { id } statements { id } absences { id } }
      attended: meetings(filter: { people: ["person/cho-hyun"] }) { totalCount }
      absent: meetings(filter: { standInsFor: ["person/cho-hyun"] }) { nodes { id } }
    }"""
    found = client.ask(query)
    absences = [{"id": "meeting/kuala-lumpur-trilateral"}]
    assert found["person"] == {"meetings": [], "statements": [], "absences": absences}
    assert (found["attended"]["totalCount"], found["absent"]["nodes"]) == (0, absences)


def test_no_figure_is_stated_for_korea(client: Client) -> None:
    query = """{
      asked: statements(filter: { figureUnit: "percent", addressedTo: ["KR"] }) { totalCount }
      statement(id: "statement/s8a-trump-to-south-korea") { figures { value } passages { text } }
    }"""
    found = client.ask(query)
    assert found["asked"]["totalCount"] == 0
    assert found["statement"]["figures"] == []
    assert not any("5" in passage["text"] for passage in found["statement"]["passages"])


@pytest.mark.parametrize("when", ['during: "2025-07"', 'overlaps: "2025-07-11"', 'after: "2025-06"'])
def test_there_is_no_third_trilateral_meeting_in_july(client: Client, when: str) -> None:
    query = '{ meetings(filter: { parties: { exactly: ["KR", "US", "JP"] }, %s }) { totalCount } }'
    assert client.ask(query % when) == {"meetings": {"totalCount": 2}}


def test_other_high_level_talks_on_friday_are_no_meeting_of_their_own(client: Client) -> None:
    query = '{ meetings(filter: { parties: { allOf: ["KR", "US"] }, overlaps: "2025-07-11" }) { nodes { id } } }'
    assert [each["id"] for each in client.ask(query)["meetings"]["nodes"]] == [
        "meeting/alliance-consultations",
        "meeting/kuala-lumpur-trilateral",
        "meeting/seoul-trichod",
    ]


@pytest.mark.parametrize(
    "spelling", ["Wi Sung-lac", "Wi Seong-rak", "위성락", "sung lac wi", "WI SEONGRAK", "wi sunglac"]
)
def test_a_person_is_found_by_every_spelling_of_the_name(client: Client, spelling: str) -> None:
    assert client.ask(SEARCH, text=spelling)["search"]["nodes"][0]["id"] == WI


@pytest.mark.parametrize("name", ["Corée du Sud", "coree du sud", "South Korea", "대한민국", "韓国", "Südkorea"])
def test_a_state_is_found_in_other_languages_and_so_is_what_it_takes_part_in(client: Client, name: str) -> None:
    query = "query($text: String!) { countries(text: $text) { id name } search(text: $text) { nodes { id } } }"
    found = client.ask(query, text=name)
    assert found["countries"] == [{"id": "KR", "name": "South Korea"}]
    assert "meeting/kuala-lumpur-trilateral" in [each["id"] for each in found["search"]["nodes"]]
