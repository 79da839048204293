"""Proofs from a tree of which every eighth level is kept, against RFC 6962's own definitions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.log.appending import batch, store
from tests.log.test_log import LEAVES, literal, without_triggers
from timeline.database import Database, downgrade, upgrade
from timeline.errors import Damaged, Invalid
from timeline.log.merkle import EMPTY, TILE_HEIGHT, grown, leaf_hash, node_hash, root
from timeline.log.read import head
from timeline.log.tree import Rows, Tree, stored_tree
from timeline.log.verify import verify_log


def kept(leaves: list[bytes]) -> Tree:
    """A tree over these leaf hashes, of which only what the log keeps can be read."""
    _, nodes = grown(b"", 0, leaves)

    def read(level: int, first: int, beyond: int) -> Rows:
        row = list(enumerate(leaves)) if level == 0 else [(n.number, n.hash) for n in nodes if n.level == level]
        return [(number, found) for number, found in sorted(row) if first <= number < beyond]

    return Tree(read)


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], is_whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2."""
    n = len(leaves)
    if m == n:
        return [] if is_whole else [mth(leaves)]
    k = 1 << (n - 1).bit_length() - 1
    if m <= k:
        return [*subproof(m, leaves[:k], is_whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def some_leaves(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


def test_all_proofs_of_small_trees_are_those_of_rfc_6962() -> None:
    for size in range(1, 20):
        leaves = some_leaves(size)
        tree = kept(leaves)
        assert tree.root(size) == mth(leaves)
        assert [tree.inclusion(m, size) for m in range(size)] == [path(m, leaves) for m in range(size)]
        for old in range(1, size + 1):
            assert tree.consistency(old, size) == subproof(old, leaves, True)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_proofs_over_several_tiles_are_those_of_rfc_6962(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 1400))
    old, index = data.draw(st.integers(1, size)), data.draw(st.integers(0, size - 1))
    leaves = some_leaves(size)
    tree = kept(leaves)
    assert tree.inclusion(index, size) == path(index, leaves)
    assert tree.consistency(old, size) == subproof(old, leaves, True)


def test_the_reference_tree_has_the_proofs_that_are_published_for_it() -> None:
    tree = kept([leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES])
    assert [found.hex()[:8] for found in tree.inclusion(5, 8)] == ["bc1a0643", "ca854ea1", "d37ee418"]
    assert [found.hex()[:8] for found in tree.consistency(6, 8)] == ["0ebc5d34", "ca854ea1", "d37ee418"]


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3), (9, 3)])
def test_what_is_not_in_a_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(Invalid, match="has no leaf"):
        kept(some_leaves(8)).inclusion(index, size)


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_a_longer_log_is_no_earlier_state(old: int, new: int) -> None:
    with pytest.raises(Invalid, match="earlier state"):
        kept(some_leaves(8)).consistency(old, new)


def test_the_empty_log_is_the_beginning_of_every_other() -> None:
    assert kept([]).root(0) == EMPTY
    assert kept(some_leaves(3)).consistency(0, 3) == []


def filled(database: Database, events: int) -> None:
    """So many events, in appends of 100."""
    for number in range(events // 100):
        store(database, batch(f"append-{number}", *(f"a/{number}-{index}" for index in range(100))))


def test_the_log_keeps_the_nodes_that_its_appends_complete(database: Database) -> None:
    filled(database, 600)
    with database.read() as connection:
        tree, end = stored_tree(connection), head(connection)
        assert connection.exec_driver_sql("SELECT level, number FROM log_nodes ORDER BY number").all() == [
            (TILE_HEIGHT, 0),
            (TILE_HEIGHT, 1),
        ]
        assert tree.root(600) == root(end.tree)
        assert len(tree.inclusion(300, 600)) == 10
        assert verify_log(connection) == []


def test_a_migration_computes_the_nodes_of_a_log_that_has_none(database: Database) -> None:
    filled(database, 600)
    with database.read() as connection:
        before = connection.exec_driver_sql("SELECT level, number, hash FROM log_nodes").all()
    downgrade(database, "0004")
    upgrade(database)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT level, number, hash FROM log_nodes").all() == before
        assert verify_log(connection) == []


CHANGES = [
    ("UPDATE log_nodes SET hash = {other} WHERE number = 1", "node 1 on level 8 of the tree is not that over the"),
    ("DELETE FROM log_nodes WHERE number = 0", "node 0 on level 8 of the tree is missing"),
    ("INSERT INTO log_nodes VALUES (8, 7, {other})", "node 7 on level 8 of the tree is over no events"),
]


@pytest.mark.parametrize(("change", "found"), CHANGES)
def test_a_change_of_a_node_behind_the_triggers_is_found(database: Database, change: str, found: str) -> None:
    filled(database, 600)
    without_triggers(database, change.format(other=literal(database, b"x" * 32)))
    with database.read() as connection:
        assert [found in str(fault) for fault in verify_log(connection)] == [True]


def test_a_missing_node_stops_a_proof_loudly(database: Database) -> None:
    filled(database, 600)
    without_triggers(database, "DELETE FROM log_nodes WHERE number = 0")
    with database.read() as connection, pytest.raises(Damaged, match="run 'timeline verify'"):
        stored_tree(connection).inclusion(599, 600)
