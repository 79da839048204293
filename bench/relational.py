"""The same record as normalised tables, filled by COPY from the documents that our own tables hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import psycopg
from sqlalchemy import make_url

from timeline.values.countries import all_countries

PEERS = Path(__file__).parent / "peers"
Rows = Iterator[tuple[str, Sequence[Any]]]


def derive(ours: str, theirs: str) -> None:
    """Fill an empty database with what our own one shows now."""
    with psycopg.connect(plain(theirs)) as target, psycopg.connect(plain(ours)) as source:
        target.execute((PEERS / "relational.sql").read_bytes())
        _copy(target, (("parties", (code, known.names["en"])) for code, known in all_countries().items()))
        for kind in ("place", "person", "source", "meeting", "statement"):
            _copy(target, _rows(source, kind))
        target.execute((PEERS / "relational_indexes.sql").read_bytes())
    with psycopg.connect(plain(theirs), autocommit=True) as target:
        target.execute("VACUUM ANALYZE")


def derive_sqlite(theirs: str, path: Path) -> None:
    """The same tables as a SQLite file."""
    with closing(sqlite3.connect(path)) as target, psycopg.connect(plain(theirs)) as source:
        target.executescript((PEERS / "relational_sqlite.sql").read_text(encoding="utf-8"))
        for table, query in _SQLITE.items():
            rows = source.execute(query.encode())
            target.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows.description or ()))})", rows)
        target.commit()
        target.execute("ANALYZE")


_RANK = "row_number() OVER (ORDER BY earliest, latest, id)"
_SQLITE = {
    "parties": "SELECT code, name FROM parties",
    "places": "SELECT id, name FROM places",
    "persons": "SELECT id, name FROM persons",
    "sources": "SELECT id, title FROM sources",
    "meetings": f"SELECT id, title, when_label, {_RANK}, place_id, party_key FROM meetings",
    "participations": "SELECT meeting_id, place_in_list, party_code, person_id, role FROM participations",
    "citations": "SELECT meeting_id, place_in_list, source_id, locator FROM citations",
    "statements": f"SELECT id, title, when_label, {_RANK}, attribution, meeting_id FROM statements",
}


def plain(url: str) -> str:
    """A URL as the database's own clients take it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _copy(target: psycopg.Connection[Any], rows: Rows) -> None:
    """COPY goes to one table at a time, so the rows of a batch are sorted by table first."""
    batch: dict[str, list[Sequence[Any]]] = {}
    for number, (table, row) in enumerate(rows, start=1):
        batch.setdefault(table, []).append(row)
        if number % 50_000 == 0:
            _send(target, batch)
            batch = {}
    _send(target, batch)


def _send(target: psycopg.Connection[Any], batch: dict[str, list[Sequence[Any]]]) -> None:
    for table, rows in batch.items():
        with target.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)


def _rows(source: psycopg.Connection[Any], kind: str) -> Rows:
    (shelf,) = source.execute("SELECT shelf FROM read_state").fetchone() or ("a",)
    with source.cursor(name="documents") as cursor:
        cursor.itersize = 5000
        query = f"SELECT es, le, party_key, format, doc FROM {shelf}_records WHERE kind = %s AND to_position IS NULL"
        cursor.execute(query.encode(), [kind])
        for earliest, latest, party_key, format, doc in cursor:
            yield from _ROWS[kind](orjson.loads(doc), (earliest, latest), (party_key, format))


def _place(doc: dict[str, Any], *_: Any) -> Rows:
    yield "places", (doc["id"], doc["names"][0]["text"], doc.get("country"))


def _person(doc: dict[str, Any], *_: Any) -> Rows:
    yield "persons", (doc["id"], doc["names"][0]["text"], doc.get("party"))


def _source(doc: dict[str, Any], *_: Any) -> Rows:
    yield "sources", (doc["id"], doc["title"])


def _meeting(doc: dict[str, Any], days: tuple[int, int], columns: tuple[str, str]) -> Rows:
    party_key, format = columns
    fields = (doc.get("place"), doc.get("level"), format, doc["status"], party_key)
    yield "meetings", (doc["id"], doc["title"], _label(doc), *days, *fields)
    for number, part in enumerate(doc["parties"]):
        yield "participations", (doc["id"], number, part["party"], part.get("person"), part.get("role"), *days)
    for number, each in enumerate(doc["citations"]):
        yield "citations", (doc["id"], number, each["source"], each.get("locator"))


def _statement(doc: dict[str, Any], days: tuple[int, int], _: Any) -> Rows:
    yield "statements", (doc["id"], doc["title"], _label(doc), *days, doc["attribution"], *doc["about"][:1])


def _label(doc: dict[str, Any]) -> str | None:
    return doc["when"]["label"] if doc.get("when") else None


_ROWS = {"place": _place, "person": _person, "source": _source, "meeting": _meeting, "statement": _statement}
