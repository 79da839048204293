"""Plans: what a selection picks from a document, as a function written for it.

A selection set becomes the text of a Python function that builds the answer of one document as one expression, as
dataclasses do it for `__init__`. Response keys and names of fields stand in it as literals; all else is a value that
the text names. A plan knows only the good case; what it does not foresee raises.

A plan never waits: what is not at hand is noted in a `Gathering`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Protocol, TypedDict

import msgspec
from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    is_leaf_type,
)
from graphql.execution.collect_fields import FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues, get_argument_values

from timeline.api.context import Doc, Unread
from timeline.api.fields import Derived, Held, Linked, Ref, Refs, Told, page_size
from timeline.api.gathering import Gathering, Given, Listed, Surprise, Unplannable
from timeline.api.records import TYPE_NAMES
from timeline.read.documents import Document

PLAIN = {
    GraphQLString.name: "str",
    GraphQLID.name: "str",
    GraphQLInt.name: "int",
    GraphQLBoolean.name: "bool",
    GraphQLFloat.name: "float",
}
SMALL = 12
"""What is picked from one record and kept has no more fields."""
INT_RANGE = " and -2147483648 <= v <= 2147483647"
"""The integers of GraphQL have 32 bits."""
Pick = Callable[["Gathering", Document], Any]
Convert = Callable[[Any], Any]


class Asking(Protocol):
    """An operation with the values of its variables, as one request asks it; an executor is one."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]
    variable_values: VariableValues
    as_json: bool
    """Whether parts of the answer may be JSON already."""


@dataclass(slots=True)
class Plan:
    """What is picked from documents of one type."""

    pick: Pick
    listed: Sequence[Listed]
    """The lists of other records that each document leads to."""
    needs: Needs
    """What is looked at of a document."""
    is_alone: bool
    """Whether nothing but the document itself is looked at."""
    decoder: msgspec.json.Decoder[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.decoder = msgspec.json.Decoder(self.needs.shape())

    def read(self, doc: Doc) -> Document:
        """Of a document that has not been read yet just what is looked at, otherwise the document."""
        if type(doc) is not Unread or doc.whole is not None:
            return doc.data
        if doc.looked is None or doc.looked[0] is not self:
            doc.looked = (self, self.decoder.decode(doc.text))
        return doc.looked[1]


class Branch:
    """The plans for a selection, one for each kind that its documents are of. `named` is the type as declared."""

    def __init__(self, compiler: Compiler, named: Any, details: Any) -> None:
        self.compiler = compiler
        self.named = named
        self.details = details
        self.plans: dict[str, Plan] = {}
        self.picks: dict[str, Pick] = {}
        self.shapes: dict[str, Any] = {}
        """Of `timeline.api.shapes`, by the same kinds; None where there can be none."""
        self.is_plannable = True
        self.is_of_kinds = not isinstance(named, GraphQLObjectType) or named.is_type_of is not None
        """Whether the documents are records, whose kind tells their type."""

    def plan(self, kind: str) -> Plan:
        """The plan for documents of a kind; for what is no record, whatever the kind."""
        kind = kind if self.is_of_kinds else ""
        found = self.plans.get(kind)
        if found is None:
            found = self.compiler.plan(self.type_of(kind), self.details, is_fixed=kind == "country")
            self.plans[kind], self.picks[kind] = found, found.pick
        return found

    def read(self, at: Gathering, docs: Sequence[Doc]) -> list[tuple[Pick, Document]]:
        """The documents with what picks from each; the lists that they lead to are noted before anything is picked."""
        read = []
        for doc in docs:
            plan = self.plan(doc.kind)
            data = plan.read(doc)
            for listed in plan.listed:
                at.listed(listed, data["id"])
            read.append((plan.pick, data))
        return read

    def pick(self, at: Gathering, data: Document) -> Any:
        """What the selection picks from a document."""
        return self.plan(data["kind"] if self.is_of_kinds else "").pick(at, data)

    def pick_doc(self, at: Gathering, doc: Doc) -> Any:
        """The same of a document that belongs to a view."""
        if doc.view is not at.view:
            raise Surprise
        if at.write is not None and (written := at.write(self, at, doc)) is not None:
            return written
        plan = self.plan(doc.kind)
        return plan.pick(at, plan.read(doc))

    def type_of(self, kind: str) -> GraphQLObjectType:
        """The type of documents of a kind. Raises `Surprise` for one that the selection is not on."""
        if not self.is_of_kinds:
            return self.named
        schema = self.compiler.schema
        found = schema.get_type(TYPE_NAMES.get(kind, ""))
        if isinstance(found, GraphQLObjectType) and (found is self.named or schema.is_sub_type(self.named, found)):
            return found
        raise Surprise


def _referred(branch: Branch, required: bool) -> Callable[[Gathering, str | None], Any]:
    """What is picked from the record under an id. It is kept as long as the record's document is."""

    def referred(at: Gathering, id: str | None) -> Any:
        kept = at.find(id)
        data = kept or at.known[id]
        if data is None:
            return at.null() if required else None
        picked = branch.pick(at, data)
        if may_keep(branch, kept, data, picked):
            at.picked(branch)[id] = picked
        return picked

    return referred


def may_keep(branch: Branch, kept: Document | None, data: Document, picked: Any) -> bool:
    """Whether what was picked from a record can be kept as long as its document is; states of today never change."""
    return (
        (kept is not None or data["kind"] == "country") and len(picked) <= SMALL and branch.plan(data["kind"]).is_alone
    )


def _once_each(pick: Pick) -> Pick:
    """Picks from each document once: for states of today, which never change and are few."""
    picked: dict[str, Any] = {}

    def once(at: Gathering, data: Document) -> Any:
        found = picked.get(data["id"])
        if found is None:
            found = picked[data["id"]] = pick(at, data)
        return found

    return once


class Compiler:
    """Makes plans from the fragments and variables of one operation. It keeps nothing of the request."""

    def __init__(self, one: Asking) -> None:
        self.schema = one.schema
        self.operation = one.operation
        self.fragments = one.fragments
        self.variables = one.variable_values

    def plan(self, type_: GraphQLObjectType, details: Any, *, is_fixed: bool = False) -> Plan:
        """The plan of a selection on a type; documents that are fixed never change.

        Raises `Unplannable` when one of its fields can only be executed.
        """
        text, of = Text(self), Part("d")
        built = text.object(type_, details, of)
        begun = "".join(f"    {memo} = at.picked({branch}).get\n" for memo, branch in text.memos.items())
        pick = text.function(f"def pick(at, d):\n    find, known = at.find, at.known\n{begun}    return {built}\n")
        return Plan(_once_each(pick) if is_fixed and text.is_alone else pick, text.listed, of.needs, text.is_alone)

    def arguments(self, declared: GraphQLField, details: Any) -> dict[str, Any]:
        """The values of a field's arguments."""
        node, inner = details[0].node, details[0].fragment_variable_values
        return get_argument_values(declared, node, self.variables, inner)


class Needs:
    """Which parts of a document are looked at."""

    def __init__(self) -> None:
        self.is_whole = False
        self.parts: dict[str, Needs | list[Needs] | None] = {}

    def shape(self) -> Any:
        """A type for decoding: what has no place in it is passed over, whatever has one is taken as it is."""
        if self.is_whole:
            return Any
        shapes: dict[str, Any] = {}
        for name, part in self.parts.items():
            if isinstance(part, list):
                inner = part[0].shape()
                shapes[name] = Any if inner is Any else list[inner]  # type: ignore[valid-type]
            else:
                shape = Any if part is None else part.shape()
                shapes[name] = Any if shape is Any else shape | None
        return TypedDict("Looked", shapes, total=False)  # type: ignore[operator]


class Part:
    """A variable that holds a document or a part of one, and what is looked at of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.needs = Needs()

    def get(self, key: str, inner: Needs | list[Needs] | None = None) -> str:
        """What stands under a key; None where nothing does."""
        # Two fields may look at the same part: then all of it is taken.
        self.needs.parts[key] = None if key in self.needs.parts else inner
        return f"{self.name}.get({key!r})"

    def whole(self) -> str:
        """All of it."""
        self.needs.is_whole = True
        return self.name


class Text:
    """Expressions that build an answer, and the values that they name."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.values: dict[str, Any] = {}
        self.is_alone = True
        """Whether only values are picked that the document itself has."""
        self.listed: list[Listed] = []
        self.memos: dict[str, str] = {}
        """Names for what was picked before from records that are referred to, and the names of their branches."""
        self._parts = count()

    def function(self, text: str) -> Pick:
        """The function of this text."""
        exec(compile(text, "<plan>", "exec"), self.values)  # noqa: S102  The text holds literals and our own names.
        return self.values["pick"]

    def value(self, value: Any) -> str:
        """A name for a value."""
        name = f"c{len(self.values)}"
        self.values[name] = value
        return name

    def object(self, type_: GraphQLObjectType, details: Any, of: Part) -> str:
        """What a selection picks from the document in this variable."""
        one = self.compiler
        collected = collect_subfields(one.schema, one.fragments, one.variables, one.operation, type_, details)
        if collected.new_defer_usages:
            raise Unplannable
        fields = [f"{key!r}: {self.field(type_, each, of)}" for key, each in collected.grouped_field_set.items()]
        return f"{{{', '.join(fields)}}}"

    def field(self, parent: GraphQLObjectType, details: Any, of: Part) -> str:
        """One field of the answer."""
        node: FieldNode = details[0].node
        if node.name.value == "__typename":
            return repr(parent.name)
        declared = self.compiler.schema.get_field(parent, node.name.value)
        if declared is None:
            raise Unplannable
        made = declared.extensions["strawberry-definition"]
        how = made.metadata.get("plan")
        required, type_ = unwrapped(declared.type)
        if how is None and made.is_basic_field:
            return self.said(type_, required, details, of, made.python_name)
        if isinstance(how, Derived):
            return self.converted(type_, required, self.derived(how, self.compiler.arguments(declared, details), of))
        if how is None or is_leaf_type(type_):
            raise Unplannable
        is_list = isinstance(type_, GraphQLList)
        branch = self.branch(unwrapped(type_.of_type)[1] if is_list else type_, details)
        if isinstance(how, Held):
            return self.maybe(of.get(made.python_name), f"{self.value(branch.pick_doc)}(at, v)", required)
        return self.led(how, self.compiler.arguments(declared, details), branch, of, is_list=is_list, required=required)

    def led(
        self, how: Any, arguments: dict[str, Any], branch: Branch, of: Part, *, is_list: bool, required: bool
    ) -> str:
        """What is picked from the records that the document leads to."""
        match how:
            case Ref():
                found = of.get(how.key) if how.key else f"{self.value(how.find)}({of.whole()})"
                memo, pick = f"m{len(self.memos)}", self.value(_referred(branch, required))
                self.memos[memo] = self.value(branch)
                return f"(m if (m := {memo}(i := {found})) is not None else {pick}(at, i))"
            case Refs():
                found = "(r := find(i) or known[i]) is not None"
                return f"[{self.picked(branch, 'r')} for i in {of.get(how.key)} if {found}]"
            case Linked():
                self.listed.append(Listed(how, page_size(arguments["first"])))
                listed, pick = self.value(self.listed[-1]), self.value(branch.pick_doc)
                return f"[{pick}(at, r) for r in at.listed({listed}, {of.get('id')})]"
            case Told():
                made = f"at.worked({self.value(Given(how.work, arguments))}, {of.whole()})"
                pick = self.value(branch.pick_doc)
                if is_list:
                    return f"[{pick}(at, r) for r in {made} or ()]"
                return self.maybe(made, f"{pick}(at, v)", required)
        raise Unplannable

    def branch(self, named: Any, details: Any) -> Branch:
        """The plans of a selection below."""
        self.is_alone = False
        return Branch(self.compiler, named, details)

    def picked(self, branch: Branch, of: str) -> str:
        """What is picked from the record in this variable."""
        pick = self.value(branch.pick)
        if not branch.is_of_kinds:
            return f"{pick}(at, {of})"
        return f"({self.value(branch.picks)}.get({of}['kind']) or {pick})(at, {of})"

    def said(self, type_: Any, required: bool, details: Any, of: Part, name: str) -> str:
        """What stands in the document: a value, a part of it or a list of either."""
        if is_leaf_type(type_):
            return self.converted(type_, required, of.get(name))
        is_list = isinstance(type_, GraphQLList)
        inner = unwrapped(type_.of_type)[1] if is_list else type_
        if is_leaf_type(inner):
            return self.maybe(of.get(name), f"{self.value(_each(converter(inner)))}(v)", required)
        if not isinstance(inner, GraphQLObjectType) or inner.is_type_of is not None:
            branch = self.branch(inner, details)
            if is_list:
                return f"[{self.picked(branch, 'r')} for r in {of.get(name)}]"
            return self.maybe(of.get(name), self.picked(branch, "v"), required)
        self.is_alone = False
        part = Part(f"d{next(self._parts)}")
        built = self.object(inner, details, part)
        if is_list:
            return f"[{built} for {part.name} in {of.get(name, [part.needs])}]"
        null = "at.null()" if required else "None"
        return f"({null} if ({part.name} := {of.get(name, part.needs)}) is None else {built})"

    def derived(self, how: Derived, arguments: dict[str, Any], of: Part) -> str:
        """A value that is worked out from the document."""
        for key in how.keys:
            of.get(key)
        if not how.keys:
            of.whole()
        return f"{self.value(work_of(how, arguments))}({of.name})"

    def converted(self, type_: Any, required: bool, found: str) -> str:
        """A value that is as it should be is given as it is; any other is converted or refused."""
        slow = self.value(leaf(converter(type_), required))
        if isinstance(type_, GraphQLEnumType):
            names = self.value({value.value: name for name, value in type_.values.items()})
            return f"({names}[v] if (v := {found}) in {names} else {slow}(v))"
        plain = PLAIN.get(type_.name)
        if plain is None:
            return f"{slow}({found})"
        return f"(v if type(v := {found}) is {plain}{INT_RANGE if plain == 'int' else ''} else {slow}(v))"

    def maybe(self, found: str, picked: str, required: bool) -> str:
        """What is picked from what is found, if anything is."""
        return f"({'at.null()' if required else 'None'} if (v := {found}) is None else {picked})"


def unwrapped(type_: GraphQLOutputType) -> tuple[bool, Any]:
    """Whether null is forbidden, and the type without that."""
    return (True, type_.of_type) if isinstance(type_, GraphQLNonNull) else (False, type_)


def work_of(how: Derived, arguments: dict[str, Any]) -> Callable[..., Any]:
    """What works a value out of what a document has, with the arguments that were given."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return partial(how.work, **given) if given else how.work


def leaf(convert: Convert, required: bool) -> Convert:
    """A value that may be null if it is not required, as a value of the answer."""

    def converted(value: Any) -> Any:
        if value is not None:
            return convert(value)
        if required:
            raise Surprise
        return None

    return converted


def converter(type_: Any) -> Convert:
    """A value of the document as a value of the answer. Raises for one of another type."""
    if not isinstance(type_, GraphQLEnumType):
        return type_.coerce_output_value
    names = {value.value: name for name, value in type_.values.items()}

    def enum(value: Any) -> str:
        if value not in names:
            raise Surprise
        return names[value]

    return enum


def _each(convert: Convert) -> Convert:
    def all_of(values: list[Any]) -> list[Any]:
        if None in values:
            raise Surprise
        return [convert(value) for value in values]

    return all_of
