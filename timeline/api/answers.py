"""Answers to queries, kept by what they depend on: the position of the log, the document, the variables, nothing else.

So a kept answer is exact: whatever is recorded moves the position, and a rebuild of the tables changes the time since
which they are live. A query that asks only as of a position depends on no later one.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from functools import cache
from importlib.metadata import version

import orjson
from graphql import FieldNode, IntValueNode, OperationType, VariableNode

from timeline.api.executing import Operation
from timeline.api.schema import print_schema
from timeline.read.snapshot import Snapshot

KEPT_BYTES = 32 * 1024 * 1024
"""How much the answers that are kept may take."""
LARGEST = 1024 * 1024
"""Longer answers are not kept: one of them would drive out many."""
FOR_A_DAY = "public, max-age=86400, immutable"
"""What never changes could be kept for ever, but for erasures: a day later others ask whether it still stands."""
CHECK_FIRST = "no-cache"
PRIVATE = "private, no-cache"


class Answers:
    """Answers as they are sent, the least recently asked dropped first."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self.most = most
        self._since_us = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def drop_before(self, live_since_us: int) -> None:
        """Let go of all that was read from other tables than those live now: what was erased must not stay here."""
        if live_since_us > self._since_us:
            self._since_us = live_since_us
            self._kept.clear()
            self._bytes = 0

    def find(self, key: str) -> bytes | None:
        """The answer under a key."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: str, body: bytes) -> None:
        """Have an answer at hand."""
        if len(body) > min(LARGEST, self.most) or key in self._kept:
            return
        self._kept[key] = body
        self._bytes += len(key) + len(body)
        while self._bytes > self.most:
            old, dropped = self._kept.popitem(last=False)
            self._bytes -= len(old) + len(dropped)


def may_keep(operation: Operation) -> bool:
    """Whether the answer depends on the record alone: checkpoints are signed without anything being recorded."""
    return operation.type is OperationType.QUERY and not operation.ready.is_signed


def tag_of(snapshot: Snapshot, operation: Operation, media: str) -> str:
    """The entity tag of an answer: equal tags are equal bytes."""
    asked = operation.asked
    depends = [
        software(),
        [snapshot.live_since_us] if is_pinned(operation) else [snapshot.position, snapshot.live_since_us],
        snapshot.veil.digest if snapshot.veil is not None else None,
        [asked.query, asked.operation, asked.variables, media],
    ]
    return hashlib.sha256(orjson.dumps(depends, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def key_of(snapshot: Snapshot, tag: str) -> str:
    """Under what an answer is kept in this process: a rebuild makes even a pinned one be asked anew."""
    return f"{tag}{snapshot.live_since_us}"


def cache_control(operation: Operation, snapshot: Snapshot) -> str:
    """How long others may keep an answer; what a credential was shown for is nobody else's.

    While an embargo is in force the answer will be another one when it ends, whatever position is asked.
    """
    if operation.caller.viewer.role is not None:
        return PRIVATE
    return FOR_A_DAY if is_pinned(operation) and snapshot.veil is None else CHECK_FIRST


def is_pinned(operation: Operation) -> bool:
    """Whether every field at the root asks as of a position."""
    return "asOf" in operation.asked.query and all(
        isinstance(field, FieldNode) and not field.directives and _has_position(field, operation)
        for field in operation.node.selection_set.selections
    )


def _has_position(field: FieldNode, operation: Operation) -> bool:
    if field.name.value != "asOf":
        return False
    values = {argument.name.value: argument.value for argument in field.arguments or ()}
    position = values.get("position")
    if isinstance(position, VariableNode):
        return isinstance(operation.asked.variables.get(position.name.value), int) and len(values) == 1
    return isinstance(position, IntValueNode) and len(values) == 1


@cache
def software() -> str:
    """What else an answer depends on: this release of the software and its schema."""
    return hashlib.sha256((version("diplomatic-timeline") + print_schema()).encode()).hexdigest()[:16]
