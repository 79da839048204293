"""Series, patterns and claims on the shipped record, over HTTP and on both engines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client
from timeline.read import claims, matching

SERIES = """{ series(parties: { exactly: ["JP", "US", "KR"] }) {
  page { entries { ordinal meeting { id } previous { id } next { id } unorderedWithPrevious
    sincePrevious { days label sameDay } } pageInfo { hasNextPage } }
  figures { count dated medianGapDays longestSilence { days } first { id } last { id } } } }"""
PATTERN = """query($sameDay: Boolean!, $first: Int! = 50, $after: String) {
  sequences(first: $first, after: $after, steps: [
  { filter: { ids: ["meeting/alliance-consultations"] } }
  { filter: { kinds: [MEETING], parties: { exactly: ["KR", "US", "JP"] } }, within: "P2D", sameDay: $sameDay }]) {
  nodes { certainty cursor steps { occurrence { id } sincePrevious { label } } }
  pageInfo { hasNextPage endCursor } } }"""
STEPS = "{ sequences(steps: [%s]) { nodes { certainty } } }"
CLAIM = '{ meeting(id: "meeting/kuala-lumpur-trilateral") { claimChecks { verdict reason by { id } } } }'
KUALA_LUMPUR, SEOUL = "meeting/kuala-lumpur-trilateral", "meeting/seoul-trichod"


def correct(client: Client, id: str, patch: dict[str, Any]) -> None:
    kind = id.partition("/")[0]
    given = {"appendId": f"correct-{id}-{sorted(patch)}", "id": id, "reason": "known better", "patch": {kind: patch}}
    answer = client.ask("mutation($i: CorrectInput!) { correct(input: $i) { userErrors { message } } }", i=given)
    assert answer["correct"]["userErrors"] == []


def meeting(client: Client, id: str, edtf: str, level: str = "MINISTER") -> None:
    content = {
        "title": "Earlier trilateral",
        "level": level,
        "when": {"edtf": edtf},
        "parties": [{"party": party} for party in ("KR", "US", "JP")],
    }
    given = {"appendId": id, "id": id, "meeting": content}
    client.ask("mutation($i: RecordMeetingInput!) { recordMeeting(input: $i) { userErrors { message } } }", i=given)


def check(client: Client) -> Any:
    (found,) = client.ask(CLAIM)["meeting"]["claimChecks"]
    return found


def test_the_trilateral_series_lies_on_one_day_and_says_that_it_is_unordered(client: Client) -> None:
    series = client.ask(SERIES)["series"]
    first, second = series["page"]["entries"]
    assert (first["ordinal"], first["meeting"]["id"], first["previous"], first["next"]["id"]) == (
        1,
        KUALA_LUMPUR,
        None,
        SEOUL,
    )
    assert second["previous"]["id"] == KUALA_LUMPUR
    assert second["unorderedWithPrevious"]
    assert second["sincePrevious"] == {"days": 0, "label": "the same day", "sameDay": "CERTAIN"}
    assert series["figures"]["count"] == 2


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ("level: MINISTER", [KUALA_LUMPUR]),
        ("level: CHIEF_OF_DEFENSE, kind: MEETING", [SEOUL]),
        ("format: TRILATERAL", [KUALA_LUMPUR, SEOUL]),
        ("format: BILATERAL", []),
        ('level: MINISTER, filter: { levels: [MINISTER, HEAD_OF_STATE], place: "KR" }', []),
        ('format: TRILATERAL, filter: { place: "KR" }', [SEOUL]),
        ("last: 1", [SEOUL]),
    ],
)
def test_a_series_is_narrowed_by_level_and_format_and_read_from_either_end(
    client: Client, arguments: str, ids: list[str]
) -> None:
    shown = "figures { count } page { entries { meeting { id } } }"
    asked = '{ series(parties: { exactly: ["JP", "US", "KR"] }, %s) { %s } }'
    series = client.ask(asked % (arguments, shown))["series"]
    assert [each["meeting"]["id"] for each in series["page"]["entries"]] == ids
    assert series["figures"]["count"] == (2 if arguments.startswith("last") else len(ids))


@pytest.mark.parametrize(
    ("arguments", "path", "words"),
    [
        ("kind: STATEMENT", ["kind"], "none of kind STATEMENT"),
        ("level: MINISTER, filter: { levels: [WORKING] }", ["level"], "none of the filter's levels"),
        ("format: BILATERAL, filter: { formats: [TRILATERAL] }", ["format"], "none of the filter's formats"),
    ],
)
def test_what_no_series_can_be_of_is_refused(client: Client, arguments: str, path: list[str], words: str) -> None:
    error = client.fault(f'{{ series(parties: {{ exactly: ["JP"] }}, {arguments}) {{ figures {{ count }} }} }}')
    assert (error["extensions"]["code"], error["extensions"]["inputPath"]) == ("SERIES_INVALID", path)
    assert words in error["message"]


def test_the_consultations_are_followed_by_both_trilaterals_if_the_same_day_is_allowed(client: Client) -> None:
    matches = client.ask(PATTERN, sameDay=True)["sequences"]["nodes"]
    assert [match["steps"][1]["occurrence"]["id"] for match in matches] == [KUALA_LUMPUR, SEOUL]
    assert {match["certainty"] for match in matches} == {"CERTAIN"}
    assert client.ask(PATTERN, sameDay=False)["sequences"]["nodes"] == []


@pytest.mark.parametrize(
    ("step", "code", "path"),
    [
        ("atLeastDays: -1", "PATTERN_INVALID", ["steps", 1, "atLeastDays"]),
        ('atLeastDays: 5, within: "P3D"', "PATTERN_INVALID", ["steps", 1, "within"]),
        ('within: "3 days"', "DURATION_INVALID", ["steps", 1, "within"]),
        ("without: { kinds: [PLACE] }", "KIND_INVALID", ["steps", 1, "without", "kinds"]),
    ],
)
def test_a_step_that_nothing_can_fill_is_refused(client: Client, step: str, code: str, path: list[object]) -> None:
    fault = client.fault(STEPS % f"{{ filter: {{}} }}, {{ filter: {{}}, {step} }}")
    assert (fault["extensions"]["code"], fault["extensions"]["inputPath"]) == (code, path)


def test_matches_are_read_page_by_page(client: Client) -> None:
    first = client.ask(PATTERN, sameDay=True, first=1)["sequences"]
    assert first["pageInfo"]["hasNextPage"]
    rest = client.ask(PATTERN, sameDay=True, after=first["pageInfo"]["endCursor"])["sequences"]
    assert [match["steps"][1]["occurrence"]["id"] for match in rest["nodes"]] == [SEOUL]
    assert not rest["pageInfo"]["hasNextPage"]


def test_the_seed_alone_does_not_decide_the_claim_of_being_the_first(client: Client) -> None:
    assert check(client)["verdict"] == "UNDECIDABLE"
    assert check(client)["reason"].startswith("The milestone has no date")


def test_an_earlier_meeting_under_the_administration_contradicts_the_claim(own_client: Client) -> None:
    correct(own_client, "milestone/lee-administration", {"when": {"edtf": "2025-06-04"}})
    assert check(own_client)["verdict"] == "UNDECIDABLE"
    meeting(own_client, "meeting/before-the-administration", "2025-05-01")
    meeting(own_client, "meeting/of-another-level", "2025-06-20", "WORKING")
    assert check(own_client)["verdict"] == "UNDECIDABLE"
    meeting(own_client, "meeting/earlier", "2025-06-20")
    assert check(own_client)["verdict"] == "CONTRADICTED"
    assert [each["id"] for each in check(own_client)["by"]] == ["meeting/earlier"]


def test_an_imprecise_date_of_another_meeting_leaves_the_claim_open(own_client: Client) -> None:
    correct(own_client, "milestone/lee-administration", {"when": {"edtf": "2025-06-04"}})
    meeting(own_client, "meeting/some-day-in-july", "2025-07")
    assert (check(own_client)["verdict"], check(own_client)["by"][0]["id"]) == (
        "UNDECIDABLE",
        "meeting/some-day-in-july",
    )


@pytest.mark.parametrize(
    ("parties", "period", "verdict"),
    [
        (["KR", "US", "JP"], "2025-06-01/2025-07-31", "CONSISTENT"),
        (["KR", "US", "JP"], "2025-06-10/2025-07-31", "UNDECIDABLE"),
        (["KR", "US"], "2025-06-01/2025-07-31", "UNDECIDABLE"),
    ],
)
def test_a_source_that_covers_the_time_since_makes_the_claim_consistent(
    own_client: Client, parties: list[str], period: str, verdict: str
) -> None:
    correct(own_client, "milestone/lee-administration", {"when": {"edtf": "2025-06-04"}})
    covered = [{"parties": parties, "levels": ["MINISTER"], "when": {"edtf": period}}]
    correct(own_client, "source/2025-07-11-korea-herald", {"coverage": covered})
    assert check(own_client)["verdict"] == verdict


@pytest.mark.parametrize(
    ("period", "verdict"),
    [
        ("../2025-07-31", "CONSISTENT"),
        ("../2025-07-31?", "UNDECIDABLE"),
        ("1945/2025-07-31", "UNDECIDABLE"),
        ("../2025", "UNDECIDABLE"),
    ],
)
def test_that_it_is_the_first_ever_is_borne_out_by_a_source_of_all_time_before(
    own_client: Client, period: str, verdict: str
) -> None:
    correct(own_client, KUALA_LUMPUR, {"claims": [{"kind": "FIRST", "scope": "the first ever"}]})
    covered = [{"parties": ["KR", "US", "JP"], "levels": ["MINISTER"], "when": {"edtf": period}}]
    correct(own_client, "source/2025-07-11-korea-herald", {"coverage": covered})
    assert check(own_client)["verdict"] == verdict


def test_however_many_comparable_meetings_there_are_each_is_looked_at(
    own_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "COMPARED", 2)
    correct(own_client, "milestone/lee-administration", {"when": {"edtf": "2025-06-04"}})
    for year in range(2001, 2006):
        meeting(own_client, f"meeting/in-{year}", f"{year}-01-01")
    meeting(own_client, "meeting/earlier", "2025-06-20")
    assert [each["id"] for each in check(own_client)["by"]] == ["meeting/earlier"]


def test_every_set_of_parties_that_met_is_listed(client: Client) -> None:
    sets = client.ask("{ allSeries { nodes { parties { id } count first last } pageInfo { hasNextPage } } }")[
        "allSeries"
    ]["nodes"]
    assert [([party["id"] for party in each["parties"]], each["count"]) for each in sets] == [
        (["JP", "KR", "US"], 2),
        (["KR"], 1),
        (["KR", "US"], 1),
    ]
    pairs = client.ask("{ allSeries(partyCount: 2, orderBy: SILENT_LONGEST) { nodes { count } } }")["allSeries"][
        "nodes"
    ]
    assert len(pairs) == 1


def test_where_somebody_stood_in_the_itinerary_shows_an_absence(client: Client) -> None:
    asked = '{ itinerary(person: "person/%s") { stops { presence meeting { id } } } }'
    assert client.ask(asked % "cho-hyun")["itinerary"]["stops"] == [
        {"presence": "ABSENT", "meeting": {"id": KUALA_LUMPUR}}
    ]
    assert client.ask(asked % "park-yoon-joo")["itinerary"]["stops"][0]["presence"] == "PRESENT"


def test_two_meetings_are_told_apart_in_time(client: Client) -> None:
    asked = '{ meeting(id: "%s") { relationTo(id: "meeting/%s") { before during overlaps sameDay onSidelinesOf } } }'
    summit = client.ask(asked % (KUALA_LUMPUR, "nato-summit"))["meeting"]["relationTo"]
    assert (summit["before"], summit["overlaps"], summit["onSidelinesOf"]) == ("IMPOSSIBLE", "IMPOSSIBLE", False)
    host = client.ask(asked % (KUALA_LUMPUR, "asean-foreign-ministers"))["meeting"]["relationTo"]
    assert (host["during"], host["sameDay"], host["onSidelinesOf"]) == ("CERTAIN", "POSSIBLE", True)


def test_what_else_happened_then_is_told_with_its_certainty(client: Client) -> None:
    asked = f'{{ meeting(id: "{SEOUL}") {{ concurrent {{ certainty occurrence {{ id }} }} }} }}'
    found = {each["occurrence"]["id"]: each["certainty"] for each in client.ask(asked)["meeting"]["concurrent"]}
    assert found[KUALA_LUMPUR] == "CERTAIN"
    assert found["statement/s2-joint-press-release"] == "POSSIBLE"
    assert SEOUL not in found
    by_id = f'{{ concurrent(occurrence: "{SEOUL}") {{ certainty occurrence {{ id }} }} }}'
    assert {each["occurrence"]["id"]: each["certainty"] for each in client.ask(by_id)["concurrent"]} == found
    assert client.ask('{ concurrent(occurrence: "place/seoul") { certainty } }') == {"concurrent": None}


def test_all_meetings_together_and_the_history_of_a_post(client: Client) -> None:
    assert client.ask('{ together(parties: ["KR", "JP"]) { totalCount } }')["together"]["totalCount"] == 2
    history = client.ask(
        '{ postHistory(post: "post/kr-foreign-minister") { entries { nomination { id } tenure { id } } } }'
    )
    assert history["postHistory"]["entries"] == [
        {"nomination": {"id": "nomination/cho-hyun-foreign-minister"}, "tenure": None},
    ]


def test_the_steps_of_a_nomination_say_how_long_each_took(own_client: Client) -> None:
    for number, (step, day) in enumerate([("HEARING", "2025-07-17"), ("TOOK_OFFICE", "2025-07-21")]):
        given = {"step": step, "when": {"edtf": day}}
        own_client.ask(
            "mutation($i: AdvanceNominationInput!) { advanceNomination(input: $i) { userErrors { message } } }",
            i={"appendId": f"step{number}", "id": "nomination/cho-hyun-foreign-minister", "step": given},
        )
    asked = "{ nominations { nodes { stepTimes { step { step } sincePrevious { label } } } } }"
    (nomination,) = own_client.ask(asked)["nominations"]["nodes"]
    assert nomination["stepTimes"][-1] == {"step": {"step": "TOOK_OFFICE"}, "sincePrevious": {"label": "4 days"}}


@pytest.mark.parametrize(
    ("query", "code", "path"),
    [
        (STEPS % "", "PATTERN_INVALID", ["steps"]),
        (STEPS % ", ".join(["{ filter: {} }"] * 9), "PATTERN_INVALID", ["steps"]),
        (STEPS % "{ filter: {}, optional: true }", "PATTERN_INVALID", ["steps", 0, "optional"]),
        (STEPS % '{ filter: {}, within: "a month" }', "DURATION_INVALID", ["steps", 0, "within"]),
        ('{ sequences(steps: [{ filter: {} }], after: "x") { nodes { certainty } } }', "CURSOR_INVALID", ["after"]),
        ("{ series(parties: { exactly: [] }) { figures { count } } }", "SERIES_INVALID", ["parties"]),
        ('{ together(people: ["person/cho-hyun"]) { totalCount } }', "TOGETHER_INVALID", ["people"]),
    ],
)
def test_a_question_that_cannot_be_asked_is_told_where_it_is_wrong(
    client: Client, query: str, code: str, path: list[str | int]
) -> None:
    assert client.fault(query)["extensions"] == {"code": code, "inputPath": path}


def test_a_pattern_that_is_too_wide_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching.Matcher, "_work", lambda self: (_ for _ in ()).throw(matching.too_wide()))
    fault = client.fault(PATTERN, sameDay=True)
    assert fault["extensions"]["code"] == "PATTERN_TOO_WIDE"
