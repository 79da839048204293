"""The day that docs/a-day-on-the-desk.md tells, run as it stands there; no picture of the past may change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Client, client_on, give_tokens
from timeline.app import create_app
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import open_database
from timeline.settings import Settings

TEXT = (Path(__file__).parents[2] / "docs" / "a-day-on-the-desk.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(graphql \w+(?: refused)?|json)\n(.*?)```", TEXT, re.DOTALL)
QUESTIONS = next(text for kind, text in BLOCKS if kind == "graphql questions")
MORNING = 47
KOREA = {"party": {"id": "KR"}, "person": {"name": "Park Yoon-joo"}, "inPlaceOf": {"person": {"name": "Cho Hyun"}}}
UNKNOWN = {"known": "UNKNOWN", "holders": [], "pending": [{"nominee": {"name": "Cho Hyun"}}]}


@pytest.fixture
def client(engine_url: str) -> Iterator[Client]:
    """A client on the record of the article."""
    database = open_database(engine_url)
    load_seeds(database, seed_files(()), None)
    give_tokens(database)
    database.dispose()
    with client_on(create_app(Settings(database_url=engine_url))) as client:
        yield client


def pictures(client: Client, positions: list[int]) -> dict[int, str]:
    """The answers to the questions as of each position, as bytes."""
    return {at: json.dumps(client.ask(QUESTIONS, at=at)) for at in positions}


def errors(data: Any) -> list[Any]:
    return [error for payload in data.values() for error in payload["userErrors"]]


def test_the_day_goes_as_it_is_told_and_no_picture_of_the_past_changes(client: Client) -> None:
    positions = [MORNING]
    seen = pictures(client, positions)
    answer: Any = None
    for kind, text in BLOCKS:
        if kind == "graphql step refused":
            (error,) = errors(client.ask(text))
            assert error == {"code": "NOMINEE_AS_HOLDER", "path": ["input", "tenure", "holding"]}
        elif kind == "graphql step":
            assert errors(client.ask(text)) == []
            positions.append(client.ask("{ position }")["position"])
            seen |= pictures(client, positions[-1:])
        elif kind == "graphql answer":
            answer = client.ask(text)
        elif kind == "json":
            assert answer == json.loads(text)
        assert pictures(client, positions) == seen, "what was answered as of a position is answered for ever"
    assert len(positions) == 10
    morning, evening = (json.loads(seen[at])["asOf"] for at in (MORNING, positions[-1]))
    assert morning["meeting"]["parties"][0] == evening["meeting"]["parties"][0] == KOREA
    assert [part["person"] for part in morning["meeting"]["parties"][1:]] == [None, None]
    assert [part["person"]["name"] for part in evening["meeting"]["parties"][1:]] == [
        "The US minister",
        "The Japanese minister",
    ]
    assert [each["chiefs"]["when"]["label"] for each in (morning, evening)] == ["11 July 2025", "10 July 2025"]
    assert morning["post"]["holder"] == UNKNOWN
    assert evening["post"]["holder"] == {
        "known": "CERTAIN",
        "holders": [{"tenure": {"person": {"name": "Cho Hyun"}}}],
        "pending": [],
    }
    assert [each["meetings"]["totalCount"] for each in (morning, evening)] == [5, 6]
    assert [each["statements"]["totalCount"] for each in (morning, evening)] == [19, 18]
