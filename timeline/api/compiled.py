"""Selections on documents, compiled: what a query picks from a list of documents is picked by a plan.

The executor of graphql-core completes every field of every object by itself; for a page of 50 meetings that costs more
than the database. Here a selection set becomes a plan, once for each operation and type, and the records that a level
leads to are loaded together. Whatever a plan does not foresee, a null where none may be, a value of another type, an
exception in a field, is left to the executor: it completes the value anew, with the errors and nulls of the
specification.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, ClassVar

from graphql import FragmentSpreadNode, Node, VariableNode
from graphql.execution.executor import Executor
from msgspec import ValidationError

from timeline.api.context import Doc
from timeline.api.gathering import Gathering, Pickings, Unplannable
from timeline.api.plans import Asking, Branch, Compiler, Pick, unwrapped
from timeline.api.shapes import shaped, write_doc, written, written_one
from timeline.read.documents import Document

PLAN_BYTES = 64_000_000
"""How much memory plans may take."""
NODE_BYTES = 1_100
"""What the plan of a selection takes for each node of it, about."""
VARIANTS = 100
"""For how many values of its variables a selection keeps plans."""
LONGEST = 1_000
"""For longer values no plan is kept: they would take more than it."""
Stock = Callable[[Branch], Any]
"""Completes what a branch has no plan for, or did not foresee."""
ROUNDS = 100
"""How often a plan picks at most: once more for each level of records that it leads to."""


@dataclass
class Selection:
    """A place in a document, the variables that it uses, and its plans by their values."""

    nodes: Sequence[Node]
    """Kept with the plans, so that no node of another document can have the same identity."""
    variables: Sequence[str]
    bytes: int
    """What its nodes take, or one of its plans."""
    branches: OrderedDict[tuple[str, ...], Branch] = field(default_factory=OrderedDict)


class Plans:
    """The plans of all selections, those least recently used dropped first."""

    def __init__(self, most: int = PLAN_BYTES) -> None:
        self.most = most
        self.bytes = 0
        self._selections: OrderedDict[tuple[Any, ...], Selection] = OrderedDict()

    def selection(self, key: tuple[Any, ...], nodes: Sequence[Node], fragments: Any) -> Selection:
        """The selection under a key."""
        found = self._selections.get(key)
        if found is not None:
            self._selections.move_to_end(key)
            return found
        # The field's own arguments have done their work.
        below = nodes_below([node.selection_set for node in nodes], fragments)  # type: ignore[attr-defined]
        found = self._selections[key] = Selection(nodes, variables_of(below), len(below) * NODE_BYTES)
        self._grow(found.bytes)
        return found

    def keep(self, selection: Selection, used: tuple[str, ...], branch: Branch) -> None:
        """Keep a plan for the values of the variables that are used."""
        if sum(map(len, used)) > LONGEST:
            return
        selection.branches[used] = branch
        self._grow(selection.bytes)
        if len(selection.branches) > VARIANTS:
            selection.branches.popitem(last=False)
            self.bytes -= selection.bytes

    def _grow(self, by: int) -> None:
        self.bytes += by
        while self.bytes > self.most and len(self._selections) > 1:
            _, dropped = self._selections.popitem(last=False)
            self.bytes -= dropped.bytes * (1 + len(dropped.branches))
            dropped.branches.clear()

    def clear(self) -> None:
        """Drop all."""
        self.bytes = 0
        self._selections.clear()

    def values(self) -> list[Selection]:
        """The selections that are kept."""
        return list(self._selections.values())


class DocumentExecutor(Executor[Any]):
    """graphql-core's executor, which completes documents by plans and everything else by itself."""

    as_json = False
    _plans: ClassVar[Plans] = Plans()

    def complete_list_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        def stock(_: Branch | None = None) -> Any:
            return super(DocumentExecutor, self).complete_list_value(
                return_type, field_details_list, info, path, result, position_context
            )

        if type(result) is not list or not result or not all(isinstance(each, Doc) for each in result):
            return stock()
        return complete(self, unwrapped(return_type.of_type)[1], field_details_list, result, stock)

    def complete_object_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        def stock(_: Branch | None = None) -> Any:
            return super(DocumentExecutor, self).complete_object_value(
                return_type, field_details_list, info, path, result, position_context
            )

        if not isinstance(result, Doc):
            return stock()
        return complete(self, return_type, field_details_list, result, stock)

    def complete_abstract_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        def stock(_: Branch | None = None) -> Any:
            return super(DocumentExecutor, self).complete_abstract_value(
                return_type, field_details_list, info, path, result, position_context
            )

        if not isinstance(result, Doc):
            return stock()
        return complete(self, return_type, field_details_list, result, stock)


def complete(one: Asking, named: Any, details: Any, value: Doc | list[Doc], stock: Stock) -> Any:
    """Documents by a plan if there can be one; by `stock` if not, or if the plan meets what it does not foresee."""
    docs = value if isinstance(value, list) else [value]
    view = docs[0].view
    branch = _branch(one, named, details)
    if not branch.is_plannable or any(doc.view is not view for doc in docs):
        return stock(branch)
    at = Gathering(view, write_doc if one.as_json else None)
    try:
        pickings, finish = _read(one, branch, at, value)
        picked = [] if at.is_missing else _picked(at, pickings)
    except Exception as surprise:  # Whatever it was, the executor meets it again and says where.
        branch.is_plannable = not isinstance(surprise, Unplannable)
        at.drop()
        return stock(branch)
    if at.is_missing:
        return _gathered(branch, at, pickings, finish, stock)
    return finish(picked)


def _read(
    one: Asking, branch: Branch, at: Gathering, value: Doc | list[Doc]
) -> tuple[Pickings, Callable[[list[Any]], Any]]:
    """The documents with what picks from each, and what makes the part of the answer of all that is picked."""
    docs = value if isinstance(value, list) else [value]
    with suppress(ValidationError):  # A value of another type may be one that a plan converts.
        filling = shaped(branch, at, docs) if one.as_json else None
        if filling is not None:
            return filling, written if docs is value else written_one
    return _one_by_one(branch.read(at, docs)), _as_they_are if docs is value else itemgetter(0)


def _as_they_are(picked: list[Any]) -> list[Any]:
    return picked


def _one_by_one(documents: Sequence[tuple[Pick, Document]]) -> Pickings:
    """What is picked from each; that one fails while something is missing keeps none from telling what it misses."""

    def pick(at: Gathering) -> list[Any]:
        picked = []
        for pick, data in documents:
            try:
                picked.append(pick(at, data))
            except Unplannable:
                raise
            except Exception:
                if not at.is_missing:  # Else that may be why.
                    raise
        return picked

    return pick


def _branch(one: Asking, named: Any, details: Any) -> Branch:
    """The plans of a selection, kept for the next request with the same document and variables."""
    nodes = tuple([each.node for each in details])
    plans = DocumentExecutor._plans
    selection = plans.selection((named.name, *map(id, nodes)), nodes, one.fragments)
    variables = one.variable_values.coerced
    used = tuple([repr(variables.get(name)) for name in selection.variables])
    branch = selection.branches.get(used)
    if branch is None:
        branch = Branch(Compiler(one), named, details)
        plans.keep(selection, used, branch)
    return branch


def _picked(at: Gathering, pickings: Pickings) -> list[Any]:
    """What is picked; of no use yet when something was missing."""
    at.begin()
    try:
        return pickings(at)
    except Unplannable:
        raise
    except Exception:
        if not at.is_missing:
            raise
        return []


async def _gathered(
    branch: Branch,
    at: Gathering,
    pickings: Pickings,
    finish: Callable[[list[Any]], Any],
    stock: Stock,
) -> Any:
    """What is picked once all is at hand that the plan asks for."""
    try:
        for _ in range(ROUNDS):
            await at.load()
            picked = _picked(at, pickings)
            if not at.is_missing:
                return finish(picked)
    except Exception as surprise:  # Whatever it was, the executor meets it again and says where.
        branch.is_plannable = not isinstance(surprise, Unplannable)
        at.drop()
    completed = stock(branch)
    return await completed if isinstance(completed, Awaitable) else completed


def nodes_below(nodes: Sequence[Node | None], fragments: Any) -> list[Node]:
    """These nodes and all that are below them, fragments included once each."""
    found: list[Node] = []
    seen: set[str] = set()
    rest: list[Any] = list(nodes)
    while rest:
        node = rest.pop()
        if isinstance(node, Node):
            found.append(node)
            if isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                rest.append(fragments[node.name.value].definition)
            rest.extend(getattr(node, key) for key in node.keys)
        elif isinstance(node, (list, tuple)):
            rest.extend(node)
    return found


def variables_of(nodes: Sequence[Node]) -> list[str]:
    """The names of the variables among these nodes."""
    return sorted({node.name.value for node in nodes if isinstance(node, VariableNode)})
