"""How hard the fuzzing tries, and what every answer must be."""

from __future__ import annotations

import json
import os
from typing import Any

import httpx
from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("TIMELINE_TEST_FUZZ", "1"))
"""How many times the examples of a test run of some seconds; above 1 they are others each time."""
SPOKEN = ("Traceback", "sqlalchemy", "asyncpg", "sqlite3", "psycopg", 'File "', "SELECT ", "no such table")
"""What no answer says: a trace, a driver, a statement."""


def effort(examples: int) -> settings:
    """The examples of one test. One run of CI is as the other: new finds come from longer runs."""
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def check(answer: httpx.Response) -> Any:
    """The answer as JSON, which is sound whatever was asked: coded errors, nothing of ours to repair, no trace."""
    assert answer.status_code < 500, answer.text
    told = json.loads(answer.text)
    for error in told.get("errors", ()):
        assert isinstance(error["message"], str)
        assert error["extensions"]["code"] != "INTERNAL", answer.text
        assert not [word for word in SPOKEN if word in error["message"]], error["message"]
    return told
