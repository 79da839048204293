"""Shapes: what a selection picks from the text of a document, by a type into which the text is read.

For answers that are sent as JSON nothing needs to become a dict: the text of a document is read into a structure that
has a place for each field that is selected and no other, ids of other records are replaced by what is picked from those
(which is kept as JSON), and the structure is written. msgspec reads and writes in one go, and checks the types of the
values on the way. What a shape has no place for, such as a field that the text has under a name that two of them ask
for, is picked by the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import orjson
from msgspec import Raw

from timeline.api.context import Doc, Unread
from timeline.api.gathering import Gathering, Listed, Pickings
from timeline.api.plans import Branch, may_keep
from timeline.api.structures import Shape, shape_of

NONE = Raw(b"[]")
_write = msgspec.json.Encoder().encode


def shaped(branch: Branch, at: Gathering, docs: Sequence[Doc]) -> Pickings | None:
    """What fills the structures of documents; the lists that they lead to are noted before.

    None where a plan has to pick. Raises for values of other types.
    """
    runs: list[_Run] = []
    kind = None
    for doc in docs:
        if type(doc) is not Unread or doc.whole is not None:
            return None
        if doc.kind != kind:
            kind = doc.kind
            shape = _shape(branch, kind)
            if shape is None:
                return None
            runs.append(_Run(shape))
        runs[-1].texts.append(doc.text)
    for run in runs:
        run.read()
        for listed in run.shape.lists:
            at.want(listed, [getattr(each, run.shape.id) for each in run.structures])
    return lambda at: [each for run in runs for each in run.filled(at)]


class _Run:
    """Documents of one kind that follow each other."""

    __slots__ = ("shape", "structures", "texts")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.texts: list[str] = []
        self.structures: list[Any] = []

    def read(self) -> None:
        read = self.shape.read
        self.structures = [read(text) for text in self.texts]

    def filled(self, at: Gathering) -> list[Any]:
        """Each time something was missing all is read anew: what was filled can not be filled again."""
        if not self.structures:
            self.read()
        fresh, self.structures = self.structures, []
        return self.shape.fill(at, fresh)


def write_doc(branch: Branch, at: Gathering, doc: Doc) -> orjson.Fragment | None:
    """What a selection picks from one document that another one holds, written; None where a plan has to pick."""
    if type(doc) is not Unread or doc.whole is not None:
        return None
    shape = _shape(branch, doc.kind)
    if shape is None:
        return None
    try:
        return written_one(shape.fill(at, [shape.read(doc.text)]))
    except msgspec.ValidationError:  # A value of another type may be one that a plan converts.
        return None


def _shape(branch: Branch, kind: str) -> Shape | None:
    try:
        known: Shape | None = branch.shapes[kind]
    except KeyError:
        known = branch.shapes[kind] = shape_of(branch, branch.type_of(kind), _referred, _listed)
    return known


def written(filled: list[Any]) -> orjson.Fragment:
    """A list of structures as a part of an answer."""
    return orjson.Fragment(_write(filled))


def written_one(filled: list[Any]) -> orjson.Fragment:
    """The only one of them."""
    return orjson.Fragment(_write(filled[0]))


def _referred(branch: Branch, key: object, required: bool) -> Callable[[Gathering, Any], Any]:
    """What is picked from the record under an id, written. It is kept as long as the record's document is."""

    def referred(at: Gathering, id: Any) -> Any:
        if id is None:
            return at.null() if required else None
        kept = at.find(id)
        data = kept or at.known[id]
        if data is None and not at.is_missing:
            return at.null() if required else None
        picked = None if data is None else branch.pick(at, data)
        if data is None or at.is_missing:
            return id
        raw = Raw(orjson.dumps(picked))
        if may_keep(branch, kept, data, picked):
            at.picked(key)[id] = raw
        return raw

    return referred


def _listed(branch: Branch, listed: Listed) -> Callable[[Gathering, str], Any]:
    """What is picked from the records that name a record, written. Those of all records are picked together."""

    def written(at: Gathering, id: str) -> Any:
        every = at.done.get(listed)
        if every is None:
            every = at.done[listed] = _every_list(branch, at, at.lists(listed))
        found = every.get(id)
        if found is None:
            at.want(listed, (id,))
        return found or NONE

    return written


def _every_list(branch: Branch, at: Gathering, lists: dict[str, Sequence[Doc]]) -> dict[str, Raw]:
    docs = [doc for each in lists.values() for doc in each]
    filling = shaped(branch, at, docs)
    filled = filling(at) if filling is not None else [branch.pick_doc(at, doc) for doc in docs]
    if at.is_missing:
        return dict.fromkeys(lists, NONE)  # It will be asked for again.
    write = _write if filling is not None else orjson.dumps
    found, end = {}, 0
    for id, each in lists.items():
        begin, end = end, end + len(each)
        found[id] = Raw(write(filled[begin:end])) if each else NONE
    return found
