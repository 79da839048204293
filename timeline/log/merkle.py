"""The Merkle tree of RFC 6962 over the log, kept as its right edge: one hash for each set bit of the size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

SIZE = 32
EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""
TILE_HEIGHT = 8
"""Every so many levels the nodes are kept (docs/decisions/every-eighth-level-of-the-tree-is-kept.md)."""


class Node(NamedTuple):
    """The root of a complete subtree of 2^level leaves, the first of them at `number` * 2^level."""

    level: int
    number: int
    hash: bytes


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(edge: bytes, size: int, leaves: Iterable[bytes]) -> tuple[bytes, list[Node]]:
    """The right edge of a tree of `size` leaves after more leaf hashes, and the nodes to keep that they completed.

    The edge has the largest subtree first, 32 bytes each.
    """
    hashes = [edge[at : at + SIZE] for at in range(0, len(edge), SIZE)]
    assert len(hashes) == size.bit_count(), "the edge has one hash for each set bit of the size"
    completed = []
    for leaf in leaves:
        found, level, full = leaf, 0, size
        while full & 1:
            found = node_hash(hashes.pop(), found)
            level += 1
            full >>= 1
            if level % TILE_HEIGHT == 0:
                completed.append(Node(level, size >> level, found))
        hashes.append(found)
        size += 1
    return b"".join(hashes), completed


def extended(edge: bytes, size: int, leaves: Iterable[bytes]) -> bytes:
    """The right edge of a tree of `size` leaves after more leaf hashes."""
    return grown(edge, size, leaves)[0]


def root(edge: bytes) -> bytes:
    """The root hash of the tree with this right edge."""
    hashes = [edge[at : at + SIZE] for at in range(0, len(edge), SIZE)]
    if not hashes:
        return EMPTY
    found = hashes.pop()
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found
