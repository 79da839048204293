"""Which of several values few records are linked to: their links lead to the records with the least work.

Roughly is enough, since whichever leads, the answer is the same. So the number is counted no further than it matters,
and kept by a process until the log has doubled.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from timeline.database import Database

MOST = 50_000
"""Counted no further: beyond, one leads as well as another."""
KEPT = 5_000
_counts: WeakKeyDictionary[Database, dict[tuple[str, str, str, int], int]] = WeakKeyDictionary()


async def rarest_first(database: Database, shelf: str, position: int, role: str, values: Sequence[str]) -> list[str]:
    """The values by how many links each has in this role, the rarest first; equal ones stay in their order."""
    numbers = {value: await links_of(database, shelf, position, role, value) for value in values}
    return sorted(values, key=numbers.__getitem__)


async def links_of(database: Database, shelf: str, position: int, role: str, value: str) -> int:
    """How many links a value has in a role, roughly, and counted to `MOST`."""
    known = _counts.setdefault(database, {})
    asked = (shelf, role, value, position.bit_length())
    if asked not in known:
        ((number,),) = await database.fetch(
            f"SELECT COUNT(*) FROM (SELECT 1 AS one FROM {shelf}_links l "
            "WHERE l.value = :value AND l.role = :role LIMIT :most) counted",
            value=value,
            role=role,
            most=MOST,
        )
        if len(known) >= KEPT:
            known.clear()
        known[asked] = number
    return known[asked]
