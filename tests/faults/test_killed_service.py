"""The service is killed while clients write; started again, it answers, and they go on."""

from __future__ import annotations

import time
from pathlib import Path

import httpx

from tests.faults.acknowledged import Client, Told, check_whole, seconds_to_answer, writer_token
from tests.faults.conftest import Tell
from tests.served import free_port, started
from timeline.database import Database

WRITERS = 3
KILLS = 1
WRITING_SECONDS = 0.3


def test_what_was_acknowledged_survives_kill_9_of_the_service(
    database: Database, engine_url: str, tmp_path: Path, times: int, tell: Tell
) -> None:
    port, longest = free_port(), 0.0
    url, secret = f"http://127.0.0.1:{port}", writer_token(database)
    writers = [Client(url, secret) for _ in range(WRITERS)]
    with httpx.Client(base_url=url, trust_env=False) as client:
        for _ in range(KILLS * times):
            process = started("serve", engine_url, port, tmp_path)
            told = Told(process)
            longest = max(longest, seconds_to_answer(client))
            time.sleep(WRITING_SECONDS)
            process.kill()
            process.wait()
            assert "Traceback" not in told.everything()
        process = started("serve", engine_url, port, tmp_path)
        told = Told(process)
        seconds_to_answer(client)
        acknowledged = [id for writer in writers for id in writer.finish()]
        process.terminate()
        process.wait()
    assert "Traceback" not in told.everything()
    check_whole(database, acknowledged)
    tell(kills=KILLS * times, acknowledged=len(acknowledged), seconds_to_start=longest)
