"""Which of several values few records are linked to: their links lead to the records with the least work.

Roughly is enough, since whichever leads, the answer is the same. So the number is counted no further than it matters,
and kept by a process until the log has doubled.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from timeline.database import Database

MOST = 20_000
"""Counted no further: beyond, one leads as well as another."""
KEPT = 5_000
_counts: WeakKeyDictionary[Database, dict[tuple[str, str, str, int], int]] = WeakKeyDictionary()


async def rarest_first(database: Database, shelf: str, position: int, role: str, values: Sequence[str]) -> list[str]:
    """The values by how many links each has in this role, the rarest first; equal ones stay in their order."""
    known = _counts.setdefault(database, {})
    age = position.bit_length()
    for value in values:
        if (shelf, role, value, age) not in known:
            ((number,),) = await database.fetch(
                f"SELECT COUNT(*) FROM (SELECT 1 AS one FROM {shelf}_links l "
                "WHERE l.value = :value AND l.role = :role LIMIT :most) counted",
                value=value,
                role=role,
                most=MOST,
            )
            if len(known) >= KEPT:
                known.clear()
            known[shelf, role, value, age] = number
    return sorted(values, key=lambda value: known.get((shelf, role, value, age), MOST))
