"""Bitmap indexes of what one value leads to: which of its records have which level, which party.

A set of rows is a whole number with one bit for each: what two sets share is `&`, how many there are `bit_count`. So a
filter over such a list is counted, facet by facet, without a look at its rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from timeline.read.facets import FACETS
from timeline.read.filters import OccurrenceFilter

VALUES = 1_000
"""A column of more different values has no bits: they would take memory by the square of the rows."""
ONE_OF = {
    "kinds": "KIND",
    "levels": "LEVEL",
    "formats": "FORMAT",
    "statuses": "STATUS",
    "attributions": "ATTRIBUTION",
}
"""Filters by one of several values of a column, each with the facet that counts this column."""
PARTIES = ("all_of", "any_of", "none_of")
SEPARATOR = "\x1f"
"""Between the contents of a column; JSON, which some are, writes this character otherwise."""
Bits = dict[str, int]
"""Per value the rows that have it."""


@dataclass(frozen=True, slots=True)
class Bitmaps:
    """The index of one list: its length, and per facet the rows of each value; None where these are too many."""

    length: int
    columns: dict[str, Bits | None]

    def matching(self, filter: OccurrenceFilter, expand: Callable[[Sequence[str]], list[str]]) -> int:
        """The rows of which the filter holds, beside the value that leads to them."""
        rows = (1 << self.length) - 1
        for field, facet in ONE_OF.items():
            if asked := getattr(filter, field):
                rows &= self._any(facet, asked)
        for party in filter.all_of:
            rows &= self._any("PARTY", expand([party]))
        for party in filter.none_of:
            rows &= ~self._any("PARTY", expand([party]))
        if filter.any_of:
            rows &= self._any("PARTY", expand(filter.any_of))
        return rows

    def _any(self, facet: str, values: Iterable[str]) -> int:
        bits = self.columns[facet]
        assert bits is not None, "a column without bits is asked of the database"
        return reduce(or_, (bits.get(value, 0) for value in values), 0)

    def size(self) -> int:
        """Roughly how many bytes it takes."""
        held = [rows for bits in self.columns.values() if bits for rows in bits.values()]
        return 1_000 + sum(map(sys.getsizeof, held)) + 100 * len(held)


@dataclass(frozen=True, slots=True)
class Selection:
    """Some rows of an index."""

    index: Bitmaps
    rows: int

    def length(self) -> int:
        """How many there are."""
        return self.rows.bit_count()

    def counts(self, facet: str) -> dict[str, int]:
        """How often each value of the facet occurs."""
        bits = self.index.columns[facet]
        assert bits is not None, "a column without bits is asked of the database"
        rows = self.rows
        return {value: number for value, has in bits.items() if (number := (has & rows).bit_count())}


def built(length: int, columns: Mapping[str, str | None], names: Sequence[str]) -> Bitmaps:
    """The index of so many rows by these facets, from the contents of each column in the same order of rows."""
    return Bitmaps(length, {name: _column(length, columns[FACETS[name][0]] or "", name) for name in names})


def _column(length: int, text: str, name: str) -> Bits | None:
    """Per value the rows that have it."""
    column, values = FACETS[name]
    contents = text.split(SEPARATOR) if length else []
    assert len(contents) == length, "no content has the separator in it"
    found: dict[str, list[int]] = {}
    for row, content in enumerate(contents):
        for value in values(int(content) if column == "es" else content or None):
            found.setdefault(value, []).append(row)
    return {value: _bits(rows) for value, rows in found.items()} if len(found) <= VALUES else None


def _bits(rows: Sequence[int]) -> int:
    """Rows in ascending order as one number."""
    bits = bytearray(rows[-1] // 8 + 1)
    for row in rows:
        bits[row >> 3] |= 1 << (row & 7)
    return int.from_bytes(bits, "little")
