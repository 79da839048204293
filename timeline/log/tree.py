"""Proofs about the log: roots of earlier sizes, inclusion and consistency, as RFC 6962 section 2.1 defines them.

Of the tree only every eighth level is kept. What lies between is computed from the 256 hashes below it, so that a
proof reads a few ranges of rows, whatever the length of the log.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select

from timeline.errors import Damaged, Invalid
from timeline.log.merkle import EMPTY, TILE_HEIGHT, node_hash
from timeline.log.tables import log_events, log_nodes

WIDTH = 1 << TILE_HEIGHT
Rows = list[tuple[int, bytes]]
ReadLevel = Callable[[int, int, int], Rows]
"""(level, first, beyond) to the hashes kept of a level from `first` up to `beyond`, each with its number, in order."""


def stored_tree(connection: Connection) -> Tree:
    """The tree of the log as of this transaction."""

    def read(level: int, first: int, beyond: int) -> Rows:
        if level:
            number, found = log_nodes.c.number, log_nodes.c.hash
            wanted = select(number, found).where(log_nodes.c.level == level, number >= first, number < beyond)
            rows = connection.execute(wanted.order_by(number))
            return [(number, bytes(found)) for number, found in rows]
        position = log_events.c.position
        leaves = select(position, log_events.c.leaf_hash).where(position > first, position <= beyond)
        rows = connection.execute(leaves.order_by(position))
        return [(position - 1, bytes(found)) for position, found in rows]

    return Tree(read)


class Tree:
    """A tree of which every eighth level can be read, each part once for as many proofs as are asked of it."""

    def __init__(self, read: ReadLevel) -> None:
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def root(self, size: int) -> bytes:
        """The root hash of the first `size` leaves."""
        return self._span(0, size) if size else EMPTY

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The hashes that lead from the leaf at `index` to the root of `size` leaves, the leaf's sibling first."""
        if not 0 <= index < size:
            raise Invalid("PROOF_INVALID", f"a tree of {size} leaves has no leaf {index}", ("position",))
        path, low, high = [], 0, size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._span(middle, high))
                high = middle
            else:
                path.append(self._span(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The hashes that show that the tree of `new` leaves begins with the one of `old`; none for equal or empty."""
        if not 0 <= old <= new:
            raise Invalid(
                "PROOF_INVALID", f"a log of {new} events cannot be an earlier state of one of {old}", ("from",)
            )
        if old in (0, new):
            return []
        path, low, high = [], 0, new
        # As long as the right end of the old tree is not a node of the new one, it is looked for inside.
        while old != high:
            middle = low + _split(high - low)
            if old <= middle:
                path.append(self._span(middle, high))
                high = middle
            else:
                path.append(self._span(low, middle))
                low = middle
        # A verifier who knows the old root needs no node for it.
        own = [] if low == 0 else [self._span(low, high)]
        return [*own, *path[::-1]]

    def _span(self, low: int, high: int) -> bytes:
        """The hash of the subtree over the leaves from `low` up to `high`."""
        count = high - low
        if count.bit_count() == 1:
            return self._complete(count.bit_length() - 1, low // count)
        middle = low + _split(count)
        return node_hash(self._span(low, middle), self._span(middle, high))

    def _complete(self, level: int, index: int) -> bytes:
        """The root of a complete subtree, from the nearest level below it that is kept."""
        above = level % TILE_HEIGHT
        first, count = index << above, 1 << above
        tile = self._tile(level - above, first // WIDTH)
        row = tile[first % WIDTH : first % WIDTH + count]
        if len(row) < count:
            raise Damaged(
                "TREE_DAMAGED", f"nodes of level {level - above} of the tree are missing; run 'timeline verify'"
            )
        while len(row) > 1:
            row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    def _tile(self, level: int, number: int) -> list[bytes]:
        """Up to 256 neighbouring hashes of a level, as far as they are complete."""
        if (level, number) not in self._tiles:
            first = number * WIDTH
            rows = self._read(level, first, first + WIDTH)
            if [row[0] for row in rows] != list(range(first, first + len(rows))):
                raise Damaged("TREE_DAMAGED", f"level {level} of the tree has a hole; run 'timeline verify'")
            self._tiles[level, number] = [row[1] for row in rows]
        return self._tiles[level, number]


def _split(count: int) -> int:
    """The largest power of two that is less than `count`."""
    return 1 << (count - 1).bit_length() - 1
