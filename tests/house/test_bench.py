"""What the bench asks and how it reads answers; figures themselves are never asserted."""

from __future__ import annotations

import pytest
from graphql import parse, validate

from bench.generate import commands
from bench.questions import QUESTIONS, body, content
from bench.report import report
from timeline.api.schema import SCHEMA

ROUND = {"p50_ms": 2.0, "p99_ms": 9.0, "answer_bytes": 1000.0, "failed": 0}


@pytest.mark.parametrize("row", QUESTIONS)
def test_every_question_to_our_server_is_valid(row: str) -> None:
    ours = [query for name, query in QUESTIONS[row].queries.items() if name.startswith("timeline")]
    assert ours
    assert [validate(SCHEMA._schema, parse(query)) for query in ours] == [[]] * len(ours)


def test_answers_in_the_words_of_two_schemas_have_one_content() -> None:
    ours = {"page": {"nodes": [{"when": {"label": "1946"}, "place": None}], "facets": [_facet("PARTY", "KR", 2)]}}
    theirs = {"page": [{"when_label": "1946"}]}
    assert content({"page": {"nodes": ours["page"]["nodes"]}}) == content(theirs)
    assert content({"a": ours["page"]["facets"]}) == {"a": [{"facet": "PARTY", "value": "KR", "count": 2}]}


def test_another_order_is_another_content() -> None:
    assert content({"nodes": [{"id": "a"}, {"id": "b"}]}) != content([{"id": "b"}, {"id": "a"}])


def test_a_request_has_only_the_variables_of_its_query() -> None:
    case = {"id": "meeting/m1", "identity": 1}
    assert body("query ($id: ID!) { meeting(id: $id) { id } }", case)["variables"] == {"id": "meeting/m1"}


def test_the_same_seed_makes_the_same_record() -> None:
    assert list(commands(50, seed=3)) == list(commands(50, seed=3)) != list(commands(50, seed=4))


def test_a_ratio_is_the_median_of_those_within_a_round() -> None:
    rates = {"timeline": (10, 30, 40), "postgraphile": (10, 10, 20)}
    rounds = {name: [{**ROUND, "per_second": float(rate)} for rate in each] for name, each in rates.items()}
    found = {"at": "2025-07-11 10:00", "load_before": 0.1, "rounds": rounds, "memory_mb": {"timeline": 90}}
    assert "PostGraphile 5: 10 (2.0, 9.0), **2.00**" in report({"by-id/10000/8": found})


def _facet(facet: str, value: str, count: int) -> dict[str, object]:
    return {"facet": facet, "values": [{"value": value, "count": count}]}
