"""A machine's clock is set back under a service at work: the log's own clock goes on, and so does the order."""

from __future__ import annotations

import time

import pytest

from tests.api.conftest import Client, client_on, give_tokens
from tests.faults.acknowledged import check_whole
from timeline.app import create_app
from timeline.cli.seed import load_seeds, seed_files
from timeline.database import Database
from timeline.log.read import events_after
from timeline.settings import Settings

HOUR = 3600 * 10**9
WRITE = """mutation ($id: ID!) {
  registerPlace(input: {appendId: $id, place: {names: [{text: "X"}]}}) { position userErrors { code } }
}"""


def test_recorded_times_go_forward_when_the_clock_goes_back(
    database: Database, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_seeds(database, seed_files(()), None)
    give_tokens(database)
    real, steps = time.time_ns, [0, -HOUR, HOUR, -24 * HOUR, 1]
    with client_on(create_app(Settings(database_url=engine_url))) as client:
        for number, step in enumerate(steps):
            monkeypatch.setattr(time, "time_ns", lambda step=step: real() + step)
            assert write(client, f"w{number}") == 48 + number
    with database.read() as connection:
        times = [event.recorded_us for event in events_after(connection, 47)]
    assert times == sorted(set(times))
    assert times[1] == times[0] + 1
    assert times[3:] == [times[2] + 1, times[2] + 2]
    check_whole(database, [f"w{number}" for number in range(len(steps))])


def write(client: Client, id: str) -> int:
    return int(client.ask(WRITE, id=id)["registerPlace"]["position"])
