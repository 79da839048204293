"""The types into which a selection is read from documents and from which it is written, and what fills them between.

A selection becomes a structure of msgspec, with a structure inside for each part of the document, and the text of a
function that puts what records lead to in the place of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from graphql import GraphQLEnumType, GraphQLField, GraphQLList, GraphQLObjectType, get_named_type, is_leaf_type
from graphql.execution.collect_fields import collect_subfields
from msgspec import Meta

from timeline.api.fields import Derived, Linked, Ref, Refs, page_size
from timeline.api.gathering import Gathering, Listed
from timeline.api.plans import PLAIN, Branch, Compiler, converter, leaf, unwrapped, work_of

LEAVES: dict[str, Any] = {
    "String": str,
    "ID": str,
    "EDTF": str,
    "DateTime": str,
    "Boolean": bool,
    "Int": Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)],
}
"""Values that are written as they are read. A float that is a whole number is not."""
INDENT = "    "
NOWHERE = "!"
"""Begins the names of what is read from no document."""
Fill = Callable[[Gathering, list[Any]], list[Any]]
Refer = Callable[[Branch, object, bool], Callable[[Gathering, Any], Any]]
"""For a branch, what it is kept under and whether it may be null: what picks from the record under an id, written."""
Name = Callable[[Branch, Listed], Callable[[Gathering, str], Any]]
"""For a branch and a kind of list: what picks from the records that name the one with an id, written."""


class Unshapeable(Exception):
    """The selection asks for more than the text has, or under other terms."""


class Field(NamedTuple):
    """A field of a structure: its names in the text and in the answer, as what it is read and written."""

    name: str
    key: str
    read: Any
    write: Any
    missing: Any
    """What stands for it where the text has none."""
    is_plain: bool = False
    """Whether it is still what the text has when the structure is filled."""
    is_filled: bool = False
    """Whether it is put there when the structure is filled, whatever the text has."""


class Worked(NamedTuple):
    """A value worked out from what the text has under some keys: where it goes, and the expression for it."""

    place: str
    keys: tuple[str, ...]
    given: str


class Shape:
    """How the text of a document becomes a part of an answer."""

    __slots__ = ("fill", "id", "lists", "read")

    def __init__(self, read: Callable[[str], Any], fill: Fill, lists: Sequence[Listed], id: str) -> None:
        self.read = read
        """The structure of one document, ids in it. Raises for values of other types."""
        self.fill = fill
        """The structures to be written, which were just read; of what is missing ids stand in them still."""
        self.lists = lists
        """The lists of other records that each document leads to by its id, which is under a name of its own."""
        self.id = id


def shape_of(branch: Branch, type_: GraphQLObjectType, refer: Refer, name: Name) -> Shape | None:
    """The shape of a selection on a type; None when it can have none."""
    shaping = _Shaping(branch.compiler, refer, name)
    try:
        read, write = shaping.structures(type_, branch.details, "d", 0)
    except Unshapeable:
        return None
    result = "ds"
    if write is not read:
        result = f"convert(ds, {shaping.value(list.__class_getitem__(write))}, from_attributes=True)"
        shaping.values["convert"] = msgspec.convert
    return Shape(msgspec.json.Decoder(read).decode, shaping.function(result), shaping.lists, shaping.id)


class _Shaping:
    """The structures of one selection, and the text of the function that fills them."""

    def __init__(self, compiler: Compiler, refer: Refer, name: Name) -> None:
        self.compiler = compiler
        self.refer = refer
        self.name = name
        self.lists: list[Listed] = []
        self.id = ""
        self.values: dict[str, Any] = {}
        self.memos: list[str] = []
        self.lines: list[str] = []

    def function(self, result: str) -> Fill:
        memos = [f"    m{number} = at.picked({key}).get" for number, key in enumerate(self.memos)]
        filled = ["    for d in ds:", *self.lines] if self.lines else []
        text = "\n".join(["def fill(at, ds):", *memos, *filled, f"    return {result}", ""])
        exec(compile(text, "<shape>", "exec"), self.values)  # noqa: S102  The text holds our own names only.
        return self.values["fill"]

    def value(self, value: Any) -> str:
        name = f"c{len(self.values)}"
        self.values[name] = value
        return name

    def structures(self, type_: GraphQLObjectType, details: Any, of: str, depth: int) -> tuple[Any, Any]:
        """The structure to read what is in the variable `of`, and the one to write it: the same where names are."""
        one, begin = self.compiler, len(self.lines)
        collected = collect_subfields(one.schema, one.fragments, one.variables, one.operation, type_, details)
        if collected.new_defer_usages:
            raise Unshapeable
        worked: list[Worked] = []
        fields = [
            self.field(type_, key, each, f"{of}.f{number}", depth, worked)
            for number, (key, each) in enumerate(collected.grouped_field_set.items())
        ]
        if len({field.name for field in fields}) < len(fields):
            raise Unshapeable
        if any(field.name in each.keys and not field.is_plain for each in worked for field in fields):
            raise Unshapeable
        is_one = all(field.read is field.write and (field.name == field.key or field.is_filled) for field in fields)
        if is_one:  # What is put in a place may stand where the text has something else.
            fields = [field._replace(name=field.key) for field in fields]
        names = {field.name: f"f{number}" for number, field in enumerate(fields)}
        hidden = [key for each in worked for key in each.keys if key not in names]
        if depth == 0 and self.lists and "id" not in names:
            hidden.append("id")
        hidden = list(dict.fromkeys(hidden))
        names |= {name: f"f{len(fields) + number}" for number, name in enumerate(hidden)}
        left = [f"{of}.{names[name]}" for name in hidden] if is_one else []
        self.begin(begin, of, names, worked, left, depth)
        reads = [*fields, *(Field(name, "", Any, Any, None) for name in hidden)]
        read = _structure([(field.name, field.read, field.missing) for field in reads])
        if is_one:
            return read, read
        return read, _structure([(field.key, field.write, field.missing) for field in fields])

    def begin(
        self, at: int, of: str, names: dict[str, str], worked: Sequence[Worked], left: Sequence[str], depth: int
    ) -> None:
        """What is worked out is so before anything else is filled, and before what is in no answer is left out."""
        indent = INDENT * (depth + 2)
        places, values = [each.place for each in worked], []
        for each in worked:
            known = ", ".join(f"{key!r}: {of}.{names[key]}" for key in each.keys)
            values.append(f"({each.given.format(f'{{{known}}}')})")
        if left:
            places, values = [*places, *left], [*values, *["UNSET"] * len(left)]
            self.values["UNSET"] = msgspec.UNSET
        if places:
            self.lines.insert(at, f"{indent}{', '.join(places)} = {', '.join(values)}")
        if depth == 0 and self.lists:
            self.id = names["id"]
            self.lines.insert(at, f"{indent}id = {of}.{self.id}")

    def field(
        self, parent: GraphQLObjectType, key: str, details: Any, place: str, depth: int, worked: list[Worked]
    ) -> Field:
        """How one field is read and written."""
        name = details[0].node.name.value
        if name == "__typename":
            return Field(key if key == name else NOWHERE + key, key, str, str, parent.name)
        declared = self.compiler.schema.get_field(parent, name)
        if declared is None:
            raise Unshapeable
        made = declared.extensions["strawberry-definition"]
        required, type_ = unwrapped(declared.type)
        how = made.metadata.get("plan")
        if how is None and made.is_basic_field:
            return self.said(made.python_name, key, type_, required, details, place, depth)
        if isinstance(how, Derived) and how.keys:
            worked.append(Worked(place, how.keys, self.worked(how, declared, required, details)))
            return Field(NOWHERE + key, key, Any, Any, None, is_filled=True)
        return self.led(how, key, declared, required, details, place, depth)

    def worked(self, how: Derived, declared: GraphQLField, required: bool, details: Any) -> str:
        """What works a value out, with a place for what the text has."""
        work = self.value(work_of(how, self.compiler.arguments(declared, details)))
        type_ = unwrapped(declared.type)[1]
        slow = self.value(leaf(converter(type_), required))
        if PLAIN.get(getattr(type_, "name", "")) == "str":
            return f"v if type(v := {work}({{}})) is str else {slow}(v)"
        return f"{slow}({work}({{}}))"

    def said(self, name: str, key: str, type_: Any, required: bool, details: Any, place: str, depth: int) -> Field:
        """A field that the text has."""
        read, write = self.types(type_, details, place, depth)
        is_plain = is_leaf_type(type_)
        if required:
            return Field(name, key, read, write, msgspec.NODEFAULT, is_plain)
        maybe = read | None
        return Field(name, key, maybe, maybe if write is read else write | None, None, is_plain)

    def types(self, type_: Any, details: Any, place: str, depth: int) -> tuple[Any, Any]:
        """As what a value is read, and as what it is written."""
        if is_leaf_type(type_):
            leaf = _leaf(type_)
            return leaf, leaf
        if isinstance(type_, GraphQLList):
            item_required, item = unwrapped(type_.of_type)
            if is_leaf_type(item):
                leaves = list[_leaf(item)]  # type: ignore[misc,valid-type]
                return leaves, leaves
            if not item_required:
                raise Unshapeable
            read, write = self.part(item, details, place, depth, "for {part} in {place} or ():")
            lists = list[read]  # type: ignore[valid-type]
            return lists, lists if read is write else list[write]  # type: ignore[valid-type]
        return self.part(type_, details, place, depth, "if ({part} := {place}) is not None:")

    def part(self, type_: Any, details: Any, place: str, depth: int, begin: str) -> tuple[Any, Any]:
        """A part of the document, filled below a line that begins a block for it."""
        if not isinstance(type_, GraphQLObjectType) or type_.is_type_of is not None:
            raise Unshapeable
        part, at = f"d{depth + 1}", len(self.lines)
        found = self.structures(type_, details, part, depth + 1)
        if len(self.lines) > at:
            self.lines.insert(at, INDENT * (depth + 2) + begin.format(part=part, place=place))
        return found

    def led(
        self, how: Any, key: str, declared: GraphQLField, required: bool, details: Any, place: str, depth: int
    ) -> Field:
        """What is picked from the records that the document leads to."""
        type_ = unwrapped(declared.type)[1]
        branch = Branch(self.compiler, get_named_type(type_), details)
        indent = INDENT * (depth + 2)
        match how:
            case Ref(key=str(name)):
                memo, refer = self.referred(branch, required)
                self.lines.append(f"{indent}{place} = {memo}(i := {place}) or {refer}(at, i)")
                return Field(name, key, Any, Any, msgspec.NODEFAULT if required else None)
            case Refs():
                _, refer = self.referred(branch, False)
                self.lines.append(f"{indent}{place} = [m for i in {place} if (m := {refer}(at, i)) is not None]")
                return Field(how.key, key, Any, Any, msgspec.NODEFAULT)
            case Linked() if depth == 0:
                self.lists.append(Listed(how, page_size(self.compiler.arguments(declared, details)["first"])))
                listed = self.value(self.name(branch, self.lists[-1]))
                self.lines.append(f"{indent}{place} = {listed}(at, id)")
                return Field(NOWHERE + key, key, Any, Any, None, is_filled=True)
        raise Unshapeable

    def referred(self, branch: Branch, required: bool) -> tuple[str, str]:
        """The names of what is kept of a branch, and of the function that picks from it."""
        key = ("written", branch)
        self.memos.append(self.value(key))
        return f"m{len(self.memos) - 1}", self.value(self.refer(branch, key, required))


def _structure(fields: Sequence[tuple[str, Any, Any]]) -> Any:
    """A structure of fields with these names in JSON, these types and what stands for one that is left out."""
    made = [
        (f"f{number}", type_) if missing is msgspec.NODEFAULT else (f"f{number}", type_, missing)
        for number, (_, type_, missing) in enumerate(fields)
    ]
    rename = {f"f{number}": name for number, (name, _, _) in enumerate(fields)}
    # In the order of the selection, whichever may be left out; no two hold each other, so nothing is to collect.
    return msgspec.defstruct("Shape", made, rename=rename, kw_only=True, gc=False)


def _leaf(type_: Any) -> Any:
    if isinstance(type_, GraphQLEnumType):
        names = {str(value.value): name for name, value in type_.values.items()}
        if any(value != name for value, name in names.items()):
            raise Unshapeable
        return Literal[tuple(names)]
    if type_.name not in LEAVES:
        raise Unshapeable
    return LEAVES[type_.name]
