"""Lists in pages, facets, density, interfaces, and how many queries of the database an answer takes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client
from tests.api.test_mutations import send
from timeline.database import Database

PAGE = """query($first: Int, $after: String, $last: Int, $before: String, $order: OccurrenceOrder!) {
  timeline(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
    totalCount
    edges { cursor node { id } }
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
EVERY_KIND = {
    "person/cho-hyun": "Person",
    "KR": "Country",
    "organization/nato": "Organization",
    "place/seoul": "Place",
    "post/kr-foreign-minister": "Post",
    "source/2025-07-11-korea-herald": "Source",
    "speaker/kh-official-a": "Speaker",
    "meeting/nato-summit": "Meeting",
    "statement/s1-ministry-on-the-talks": "Statement",
    "nomination/cho-hyun-foreign-minister": "Nomination",
    "milestone/lee-administration": "Milestone",
}


def page(client: Client, order: str = "EARLIEST_FIRST", **asked: Any) -> Any:
    return client.ask(PAGE, order=order, **asked)["timeline"]


def walked(client: Client, order: str, *, backward: bool, size: int) -> list[str]:
    """All ids, page by page, in the order of the list."""
    ids: list[str] = []
    cursor, more = None, True
    while more:
        found = page(
            client, order, **({"last": size, "before": cursor} if backward else {"first": size, "after": cursor})
        )
        part = [edge["node"]["id"] for edge in found["edges"]]
        assert part == [node["id"] for node in found["nodes"]]
        assert found["pageInfo"]["startCursor"] == found["edges"][0]["cursor"]
        ids = part + ids if backward else ids + part
        cursor = found["pageInfo"]["startCursor" if backward else "endCursor"]
        more = found["pageInfo"]["hasPreviousPage" if backward else "hasNextPage"]
    return ids


@pytest.mark.parametrize("order", ["EARLIEST_FIRST", "LATEST_FIRST"])
@pytest.mark.parametrize("size", [1, 7, 26, 200])
def test_pages_forward_and_backward_hold_the_whole_list_once_in_one_order(
    client: Client, order: str, size: int
) -> None:
    whole = page(client, order, first=200)
    ids = [node["id"] for node in whole["nodes"]]
    assert len(set(ids)) == len(ids) == whole["totalCount"] == 26
    assert walked(client, order, backward=False, size=size) == ids
    assert walked(client, order, backward=True, size=size) == ids


def test_an_empty_page_counts_all_the_same(client: Client) -> None:
    found = page(client, first=0)
    info = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert found == {"totalCount": 26, "edges": [], "nodes": [], "pageInfo": info}


def test_facets_count_the_whole_list_and_name_their_values_for_people(client: Client) -> None:
    query = """{ meetings(first: 1) {
      totalCountIsExact
      facets(by: [PARTY, PLACE, LEVEL, SOURCE, YEAR], limit: 3) { facet values { value label count } }
    } }"""
    found = client.ask(query)["meetings"]
    facets = {each["facet"]: [tuple(value.values()) for value in each["values"]] for each in found["facets"]}
    assert facets["PARTY"] == [("KR", "South Korea", 4), ("US", "United States", 3), ("JP", "Japan", 2)]
    assert facets["PLACE"] == [("place/kuala-lumpur", "Kuala Lumpur", 2), ("place/seoul", "Seoul", 2)]
    assert facets["LEVEL"][0] == ("MINISTER", "MINISTER", 2)
    assert facets["SOURCE"][0][1].startswith("S. Korea, US open drive")
    assert facets["YEAR"] == [("2025", "2025", 3)]
    assert found["totalCountIsExact"] is True


@pytest.mark.parametrize(
    ("asked", "facet", "counts"),
    [
        ("people", "PARTY", {"KR": 5, "US": 3}),
        ("organizations", "PARTY", {"KR": 3, "US": 2}),
        ("places", "PARTY", {"KR": 1, "MY": 1}),
        ("sources", "YEAR", {"2025": 1}),
        ("speakers", "SOURCE", {"source/2025-07-11-korea-herald": 3}),
        ('search(text: "trilateral")', "LEVEL", {"CHIEF_OF_DEFENSE": 1, "MINISTER": 1}),
        ('search(text: "seoul")', "KIND", {"place": 1, "organization": 1, "meeting": 2, "statement": 3}),
    ],
)
def test_every_list_has_facets(client: Client, asked: str, facet: str, counts: dict[str, int]) -> None:
    query = f"{{ {asked} {{ totalCount facets(by: [{facet}]) {{ values {{ value count }} }} }} }}"
    (found,) = client.ask(query).values()
    assert {each["value"]: each["count"] for each in found["facets"][0]["values"]} == counts


def test_a_facet_counts_what_was_merged_under_its_survivor(own_client: Client) -> None:
    herald = "source/2025-07-11-korea-herald"
    for name, given in (
        ("registerPlace", {"id": "place/kl", "place": {"names": [{"text": "KL"}], "country": "MY"}}),
        ("recordMeeting", {"meeting": {"title": "At KL", "place": "place/kl", "citations": [{"source": herald}]}}),
        ("merge", {"id": "place/kl", "into": "place/kuala-lumpur", "reason": "one city"}),
    ):
        assert send(own_client, name, appendId=name, **given)["userErrors"] == []
    found = own_client.ask("{ meetings { facets(by: [PLACE]) { values { value label count } } } }")["meetings"]
    first = found["facets"][0]["values"][0]
    assert first == {"value": "place/kuala-lumpur", "label": "Kuala Lumpur", "count": 3}


def test_density_tells_what_is_certain_from_what_is_possible(client: Client) -> None:
    query = """{ statements(filter: { text: "spending", overlaps: "2025-06" }) {
      density(bucket: MONTH) { bucket certain possible }
    } }"""
    assert client.ask(query)["statements"]["density"] == [{"bucket": "2025-06", "certain": 1, "possible": 1}]
    found = client.ask("{ meetings { density(bucket: DAY) { bucket certain possible } } }")["meetings"]["density"]
    assert {"bucket": "2025-07-11", "certain": 2, "possible": 4} in found


def test_everything_that_has_an_id_is_a_node_of_its_type(client: Client) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Actor { name } } }"
    assert {node["id"]: node["__typename"] for node in client.ask(query, ids=list(EVERY_KIND))["nodes"]} == EVERY_KIND
    one = "query($id: ID!) { node(id: $id) { __typename } }"
    assert all(client.ask(one, id=id)["node"]["__typename"] == type for id, type in EVERY_KIND.items())


def test_interfaces_and_fragments_reach_what_only_one_type_has(client: Client) -> None:
    query = """{ timeline(filter: { text: "Cho Hyun" }) { nodes {
      __typename title
      ...Level
      ... on Nomination { nominee { name } pending lastStep { step } nextStep { step } }
      ... on Record { kind version history { type } }
    } } }
    fragment Level on Meeting { levelDeclared levelMismatch partySet { ... on Country { code } } }"""
    nomination, meeting = sorted(client.ask(query)["timeline"]["nodes"], key=lambda node: node["kind"], reverse=True)
    assert (nomination["nominee"]["name"], nomination["pending"]) == ("Cho Hyun", True)
    assert (nomination["lastStep"], nomination["nextStep"]) == (None, {"step": "HEARING"})
    assert (meeting["levelDeclared"], meeting["levelMismatch"]) == ("MINISTER", True)
    assert [party["code"] for party in meeting["partySet"]] == ["JP", "KR", "US"]
    assert meeting["history"] == [{"type": "MeetingReported"}]


def test_actors_are_persons_states_organizations_and_speakers_and_nothing_else(client: Client) -> None:
    query = "query($id: ID!) { actor(id: $id) { id name ... on Speaker { several } ... on Country { alpha3 } } }"
    kinds = {id: client.ask(query, id=id)["actor"] for id in EVERY_KIND}
    actors = ["person/cho-hyun", "KR", "organization/nato", "speaker/kh-official-a"]
    assert [id for id, found in kinds.items() if found] == actors
    assert kinds["KR"] == {"id": "KR", "name": "South Korea", "alpha3": "KOR"}


def test_a_name_is_given_in_the_language_asked_for_if_it_has_one(client: Client) -> None:
    query = '{ country(id: "KR") { ko: name(language: "ko") fr: name(language: "fr-CH") xx: name(language: "xx") } }'
    assert client.ask(query)["country"] == {"ko": "대한민국", "fr": "Corée du Sud", "xx": "South Korea"}


def test_a_record_as_of_a_position_sees_only_what_was_recorded_by_then(client: Client) -> None:
    query = """query($at: Int!) { asOf(position: $at) {
      meeting(id: "meeting/kuala-lumpur-trilateral") { place { name } sameDayAs { id } statements { id } }
      timeline { totalCount }
    } }"""
    early = client.ask(query, at=7)["asOf"]
    assert early == {"meeting": {"place": None, "sameDayAs": [], "statements": []}, "timeline": {"totalCount": 3}}
    late = client.ask(query, at=47)["asOf"]
    assert (late["meeting"]["place"]["name"], late["timeline"]["totalCount"]) == ("Kuala Lumpur", 26)


@pytest.mark.parametrize(
    "query",
    [
        """query($n: Int!) { meetings(first: $n) { totalCount nodes {
          place { name country { name } within { name } }
          parties { party { name } person { name party { name } } inPlaceOf { person { name } } post { name } }
          partySet { name } sameDayAs { id place { name } } statements { title voices { actor { name } } }
          citations { source { title publisher { name } } } relations { target { title } } claims { since { title } }
        } } }""",
        """query($n: Int!) { statements(first: $n) { nodes {
          voices { actor { name } } about { title ... on Meeting { place { name } } } addressedTo { actor { name } }
          reportedIn { title } reports { title } askedBy { name } when { anchor { title } }
        } } }""",
        """query($n: Int!) { people(first: $n) { nodes {
          name party { name } meetings { title place { name } } absences { title } statements { title }
          nominations { title post { name } } tenures { post { name } }
        } } }""",
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: Client, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    fetch, asked = Database.fetch, []

    async def counting(self: Database, sql: str, **parameters: Any) -> Any:
        asked.append(sql)
        return await fetch(self, sql, **parameters)

    for name in ("fetch", "fetch_by_key"):
        monkeypatch.setattr(Database, name, counting)
    counts = []
    for rows in (3, 20):
        asked.clear()
        client.ask(query, n=rows)
        counts.append(len(asked))
    assert counts[0] <= 16
    assert counts[1] - counts[0] <= 3, "only levels that the first rows did not have may add queries"


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("{ meetings(filter: { ids: [] }) { totalCount } }", ["filter", "ids"]),
        ("{ meetings(filter: { parties: { anyOf: [] } }) { totalCount } }", ["filter", "parties", "anyOf"]),
    ],
)
def test_an_empty_list_in_a_filter_is_refused_as_it_may_mean_all_or_none(
    client: Client, asked: str, path: list[str]
) -> None:
    assert client.fault(asked)["extensions"] == {"code": "FILTER_EMPTY", "inputPath": path}


def test_the_log_is_read_from_a_position_on_without_gaps(client: Client) -> None:
    found = client.ask("{ position log(after: 3, first: 5) { position } }")
    assert [event["position"] for event in found["log"]] == [4, 5, 6, 7, 8]
    assert found["position"] == 47


def test_meetings_of_no_stated_party_are_those_of_exactly_nobody(client: Client) -> None:
    found = client.ask("{ meetings(filter: { parties: { exactly: [] } }) { nodes { id } } }")
    assert found["meetings"]["nodes"] == [{"id": "meeting/asean-foreign-ministers"}]


def test_a_bad_cursor_is_told_by_the_argument_that_has_it(client: Client) -> None:
    fault = client.fault('{ timeline(last: 2, before: "x") { nodes { id } } }')
    assert fault["extensions"] == {"code": "CURSOR_INVALID", "inputPath": ["before"]}
