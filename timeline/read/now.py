"""What a decision asks of the read tables in the transaction that appends, when they are at the head of the log."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import orjson
from sqlalchemy import Connection, select

from timeline.read.documents import Document
from timeline.read.tables import SHELF, read_state

CHUNK = 500
"""How many values one statement asks for; SQLite bounds the number of parameters."""


def linked_now(connection: Connection, role: str, values: Collection[str]) -> set[str]:
    """The ids of all records that name one of these values in this role."""
    if not values:
        return set()
    table = SHELF[connection.execute(select(read_state.c.shelf)).scalar_one()].links
    wanted, found = sorted(values), set[str]()
    for at in range(0, len(wanted), CHUNK):
        among = table.c.value.in_(wanted[at : at + CHUNK])
        asked = select(table.c.id).where(table.c.role == role, among, table.c.to_position.is_(None))
        found.update(connection.execute(asked).scalars())
    return found


def places_now(connection: Connection) -> dict[tuple[str, str | None], str]:
    """The recorded places by name and country; of several alike the one recorded first."""
    found: dict[tuple[str, str | None], str] = {}
    for document in documents_now(connection, ("place",)):
        for name in document["names"]:
            found.setdefault((name["text"], document.get("country")), document["id"])
    return found


def documents_now(connection: Connection, kinds: Collection[str]) -> Iterator[Document]:
    """The documents of all records of some kinds that lists show, oldest first."""
    table = SHELF[connection.execute(select(read_state.c.shelf)).scalar_one()].records
    shown = (table.c.kind.in_(kinds), table.c.to_position.is_(None), table.c.hidden.is_(False))
    documents = [orjson.loads(row) for row in connection.execute(select(table.c.doc).where(*shown)).scalars()]
    yield from sorted(documents, key=lambda document: document["first_position"])


def read_position(connection: Connection) -> int:
    """Up to which position of the log the read tables are."""
    return int(connection.execute(select(read_state.c.position)).scalar_one())
