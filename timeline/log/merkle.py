"""The Merkle tree of RFC 6962 over the log, kept as its right edge: one hash for each set bit of the size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

SIZE = 32
EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def extended(edge: bytes, size: int, leaves: Iterable[bytes]) -> bytes:
    """The right edge of a tree of `size` leaves after more leaf hashes. Largest subtree first, 32 bytes each."""
    hashes = [edge[at : at + SIZE] for at in range(0, len(edge), SIZE)]
    assert len(hashes) == size.bit_count(), "the edge has one hash for each set bit of the size"
    for leaf in leaves:
        hashes.append(leaf)
        full = size
        while full & 1:
            right = hashes.pop()
            hashes.append(node_hash(hashes.pop(), right))
            full >>= 1
        size += 1
    return b"".join(hashes)


def root(edge: bytes) -> bytes:
    """The root hash of the tree with this right edge."""
    hashes = [edge[at : at + SIZE] for at in range(0, len(edge), SIZE)]
    if not hashes:
        return EMPTY
    found = hashes.pop()
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found
