"""Documents hold what is stated or computed, whatever happened to the record."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest
import sqlalchemy as sa

from tests.journeys.histories import Historian, record
from timeline.database import Database
from timeline.read.tables import SHELF, read_state
from timeline.values.facts import CONTENT


@pytest.fixture
def documents(database: Database) -> list[dict[str, Any]]:
    """Every version of every record of a long history."""
    record(database, Historian(1).history(400))
    with database.read() as connection:
        records = SHELF[connection.execute(sa.select(read_state.c.shelf)).scalar_one()].records
        return [orjson.loads(doc) for doc in connection.execute(sa.select(records.c.doc)).scalars()]


def test_nothing_in_a_document_is_null(documents: list[dict[str, Any]]) -> None:
    assert len({document["kind"] for document in documents}) > 5
    assert [document for document in documents if _has_null(document)] == []


def test_a_document_has_every_list_and_every_choice_of_its_kind(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        fields = msgspec.structs.fields(CONTENT[document["kind"]])
        held = {field.name for field in fields if field.default is not None}
        assert held <= document.keys(), document["id"]


def _has_null(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(_has_null(part) for part in parts)
