"""The example queries, posted as they are shipped, answer what the article says. Beside each stands its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Client

FOLDER = Path(__file__).parents[2] / "docs" / "queries"
NAMES = [path.stem for path in sorted(FOLDER.glob("*.graphql")) if path.stem != "10-live-feed"]
"""The examples that have one answer; test_subscriptions follows the live feed."""


def answer(client: Client, number: str) -> Any:
    (path,) = FOLDER.glob(f"{number}-*.graphql")
    variables = path.with_suffix(".variables.json")
    return client.ask(path.read_text(), **(json.loads(variables.read_text()) if variables.exists() else {}))


def timeless(value: Any) -> Any:
    """Without the moments at which the record was loaded."""
    if isinstance(value, list):
        return [timeless(part) for part in value]
    if isinstance(value, dict):
        return {name: timeless(part) for name, part in value.items() if name != "recordedAt"}
    return value


@pytest.mark.parametrize("name", NAMES)
def test_each_example_has_exactly_the_answer_that_stands_beside_it(client: Client, name: str) -> None:
    expected = json.loads((FOLDER / f"{name}.answer.json").read_text())
    assert timeless(answer(client, name[:2])) == expected


def test_the_three_met_twice_on_one_day_and_neither_meeting_comes_first(client: Client) -> None:
    kuala_lumpur, seoul = answer(client, "01")["meetings"]["nodes"]
    assert [each["place"]["name"] for each in (kuala_lumpur, seoul)] == ["Kuala Lumpur", "Seoul"]
    assert {each["when"]["label"] for each in (kuala_lumpur, seoul)} == {"11 July 2025"}
    assert [each["id"] for each in kuala_lumpur["sameDayAs"]] == [seoul["id"]]
    assert [each["id"] for each in seoul["sameDayAs"]] == [kuala_lumpur["id"]]


def test_korea_and_the_united_states_met_once_alone_and_three_times_in_all(client: Client) -> None:
    found = answer(client, "02")
    assert (found["only"]["totalCount"], found["both"]["totalCount"]) == (1, 3)


def test_on_10_july_one_meeting_was_certainly_in_progress_and_possibly_one_more(client: Client) -> None:
    found = answer(client, "03")
    (certain,) = found["certainly"]["nodes"]
    assert certain["id"] == "meeting/alliance-consultations"
    more = [each["id"] for each in found["possibly"]["nodes"] if each["id"] != certain["id"]]
    assert more == ["meeting/asean-foreign-ministers"]


def test_park_yoon_joo_spoke_for_south_korea_in_place_of_a_nominee_who_awaits_his_hearing(client: Client) -> None:
    (meeting,) = answer(client, "04")["meetings"]["nodes"]
    korea = meeting["parties"][0]
    absent = korea["inPlaceOf"]
    assert (korea["person"]["name"], korea["role"]) == ("Park Yoon-joo", "Vice Foreign Minister")
    assert (absent["person"]["name"], absent["role"]) == ("Cho Hyun", "Foreign Minister nominee")
    assert "awaits a confirmation hearing" in absent["reason"]
    assert meeting["citations"][0]["locator"] == "L27-L28"


def test_no_foreign_minister_is_known_and_a_nomination_is_pending(client: Client) -> None:
    holder = answer(client, "05")["post"]["holder"]
    assert (holder["known"], holder["holders"]) == ("UNKNOWN", [])
    (pending,) = holder["pending"]
    assert (pending["nominee"]["name"], pending["nextStep"]["status"]) == ("Cho Hyun", "EXPECTED")


def test_unnamed_speakers_made_nine_statements_and_were_three(client: Client) -> None:
    found = answer(client, "06")
    speakers = {voice["actor"]["id"] for node in found["unnamed"]["nodes"] for voice in node["voices"]}
    assert (found["unnamed"]["totalCount"], found["speakers"]["totalCount"], len(speakers)) == (9, 3, 3)


def test_seven_statements_are_about_the_consultations_and_four_of_them_quote_directly(client: Client) -> None:
    found = answer(client, "06")
    assert (found["about"]["totalCount"], found["quoted"]["totalCount"]) == (7, 4)
    direct = {node["id"] for node in found["about"]["nodes"] if "DIRECT" in {each["mode"] for each in node["passages"]}}
    assert direct == {node["id"] for node in found["quoted"]["nodes"]}


def test_trump_asked_nato_members_for_5_percent_as_wi_sung_lac_reports(client: Client) -> None:
    (statement,) = answer(client, "07")["statements"]["nodes"]
    assert statement["figures"] == [{"qualifier": "around", "value": "5", "unit": "percent of GDP"}]
    assert [voice["actor"]["name"] for voice in statement["voices"]] == ["Donald Trump"]
    assert [(voice["actor"]["name"], voice["role"]) for voice in statement["addressedTo"]] == [("NATO", "members")]
    assert [voice["actor"]["name"] for voice in statement["reportedIn"]["voices"]] == ["Wi Sung-lac"]


def test_two_statements_may_be_of_24_june_and_none_is_so_for_certain(client: Client) -> None:
    found = answer(client, "08")
    assert (found["possible"]["totalCount"], found["certain"]["totalCount"]) == (2, 0)


def test_a_meeting_is_not_in_the_record_before_it_is_recorded(client: Client) -> None:
    found = answer(client, "09")
    assert found["earlier"]["meeting"] is None
    assert found["later"]["meeting"]["title"] == "Trilateral foreign ministers' meeting"
    assert found["changes"] == [{"id": "meeting/kuala-lumpur-trilateral", "change": "ADDED"}]
