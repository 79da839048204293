"""What a decision asks of the read tables in the transaction that appends, when they are at the head of the log."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from timeline.read.tables import SHELF, read_state


def linked_now(connection: Connection, role: str, values: Collection[str]) -> set[str]:
    """The ids of all records that name one of these values in this role."""
    if not values:
        return set()
    table = SHELF[connection.execute(select(read_state.c.shelf)).scalar_one()].links
    wanted = select(table.c.id).where(table.c.role == role, table.c.value.in_(values), table.c.to_position.is_(None))
    return set(connection.execute(wanted).scalars())


def read_position(connection: Connection) -> int:
    """Up to which position of the log the read tables are."""
    return int(connection.execute(select(read_state.c.position)).scalar_one())
