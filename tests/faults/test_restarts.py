"""PostgreSQL is stopped, killed and started again under a service at work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import _administer
from tests.faults.acknowledged import Client, Told, check_whole, codes, seconds_to_answer, writer_token
from tests.faults.conftest import Tell
from tests.faults.postgres import ENDINGS, Postgres
from tests.log.appending import position
from tests.served import served
from timeline.database import Database, open_database

WRITERS = 3
WRITING_SECONDS = 0.3
ASK = {"query": "{ position }"}
AWAY = (503, "DATABASE_UNAVAILABLE")
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' "
    "AND pid <> pg_backend_pid()"
)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.dispose()


def test_while_the_database_is_away_every_answer_says_so_and_it_is_used_again_when_it_is_back(
    postgres: Postgres, tmp_path: Path, times: int, tell: Tell
) -> None:
    longest = 0.0
    with served("serve", postgres.url, tmp_path) as (client, process):
        told = Told(process)
        for how in ENDINGS * times:
            assert client.post("/graphql", json=ASK).status_code == 200
            postgres.end(how)
            answers = [client.post("/graphql", json=ASK), client.get("/graphql", params=ASK), client.get("/log")]
            answers.append(client.get("/log", params={"wait": 30}))
            ready = client.get("/readyz")
            postgres.start()
            longest = max(longest, seconds_to_answer(client))
            assert codes(answers) == {AWAY}
            assert all(answer.headers["retry-after"] == "1" for answer in answers)
            assert (ready.status_code, ready.json()["code"]) == AWAY
            assert client.get("/healthz").status_code == 200
    assert "Traceback" not in told.everything()
    tell(restarts=3 * times, seconds_to_answer=longest)


def test_what_was_acknowledged_survives_the_end_of_the_database_in_mid_append(
    postgres: Postgres, tmp_path: Path, times: int, tell: Tell
) -> None:
    longest = 0.0
    with opened(postgres.url) as database:
        secret = writer_token(database)
    with served("serve", postgres.url, tmp_path) as (client, process):
        told = Told(process)
        writers = [Client(str(client.base_url), secret) for _ in range(WRITERS)]
        for how in (*ENDINGS, "terminate", "terminate") * times:
            time.sleep(WRITING_SECONDS)
            if how == "terminate":
                _administer(postgres.url, TERMINATE)
            else:
                postgres.end(how)
                postgres.start()
            longest = max(longest, seconds_to_answer(client))
        acknowledged = [id for writer in writers for id in writer.finish()]
        assert codes([answer for writer in writers for answer in writer.refused]) <= {AWAY}
        with opened(postgres.url) as database:
            check_whole(database, acknowledged)
    assert "Traceback" not in told.everything()
    tell(faults=5 * times, acknowledged=len(acknowledged), seconds_to_answer=longest)


def test_who_follows_the_log_is_told_of_what_is_recorded_after_a_restart(postgres: Postgres, tmp_path: Path) -> None:
    with opened(postgres.url) as database:
        secret, before = writer_token(database), position(database)
    with served("serve", postgres.url, tmp_path) as (client, process):
        told = Told(process)
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(before)}
        with client.stream("GET", "/log", headers=headers, timeout=120) as stream:
            ids = (line for line in stream.iter_lines() if line.startswith("id: "))
            for how in ENDINGS:
                postgres.end(how)
                postgres.start()
                seconds_to_answer(client)
                writer = Client(str(client.base_url), secret)
                while not writer.acknowledged:
                    time.sleep(0.01)
                for _ in writer.finish():
                    before += 1
                    assert next(ids) == f"id: {before}"
    assert "Traceback" not in told.everything()
