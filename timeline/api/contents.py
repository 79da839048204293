"""Inputs for everything that can be recorded, made from the facts themselves: one definition, no second list of fields.

Descriptions are those of the same fields in the answers.
"""

from __future__ import annotations

import types
from enum import Enum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import strawberry
from strawberry.types.base import has_object_definition

from timeline.api import entities, occurrences, records
from timeline.api.fields import Edtf
from timeline.errors import Invalid, Path
from timeline.values import facts

OUTPUT: dict[type, type] = {
    facts.When: records.When,
    facts.Citation: records.Citation,
    facts.Name: records.Name,
    facts.ExternalId: records.ExternalId,
    facts.StandIn: occurrences.StandIn,
    facts.Participation: occurrences.Participation,
    facts.Relation: records.Relation,
    facts.Claim: records.Claim,
    facts.Passage: occurrences.Passage,
    facts.Voice: records.Voice,
    facts.Figure: occurrences.Figure,
    facts.Step: occurrences.NominationStep,
    facts.Coverage: entities.Coverage,
    facts.Meeting: occurrences.Meeting,
    facts.Statement: occurrences.Statement,
    facts.Nomination: occurrences.Nomination,
    facts.Milestone: occurrences.Milestone,
    facts.Person: entities.Person,
    facts.Organization: entities.Organization,
    facts.State: entities.FormerState,
    facts.Place: entities.Place,
    facts.Post: entities.Post,
    facts.Tenure: entities.Tenure,
    facts.Source: entities.Source,
    facts.Speaker: entities.Speaker,
}
"""The type in which each fact is answered."""
SHOWN_AS = {"format": "format_declared", "level": "level_declared"}
INPUT_NAMES: dict[type, str] = {facts.Step: "NominationStep", facts.State: "FormerState"}
COMPUTED = {"resolver"}


Fields = list[tuple[str, Any, str]]
"""Name, type and description of each field; a type that allows None makes it optional."""


def made_input(name: str, description: str, fields: Fields, default: Any = None) -> Any:
    """An input with these fields. The optional ones may be left out and are `default` then."""
    attributes: dict[str, Any] = {"__annotations__": {field: kind for field, kind, _ in fields}}
    for field, kind, told in fields:
        optional = {"default": default} if type(None) in get_args(kind) else {}
        attributes[field] = strawberry.field(description=told, **optional)
    return strawberry.input(type(name, (), attributes), description=description)


@cache
def input_type(fact: Any, *, patch: bool = False) -> Any:
    """The input that has the fields of a fact. In a patch every field is optional and null takes it back."""
    shown = _descriptions(OUTPUT[fact])
    required = set() if patch else {each.name for each in msgspec.structs.fields(fact) if each.required}
    fields: Fields = []
    for name, hint in get_type_hints(fact, include_extras=True).items():
        if name not in COMPUTED:
            kind = _graphql(hint)
            optional = name not in required and type(None) not in get_args(kind)
            fields.append((name, kind | None if optional else kind, shown.get(SHOWN_AS.get(name, name)) or shown[name]))
    name = INPUT_NAMES.get(fact, fact.__name__)
    if patch:
        return made_input(f"{name}Patch", f"Fields of a {name} to set; null takes one back.", fields, strawberry.UNSET)
    return made_input(f"{name}Input", fact.__doc__.splitlines()[0], fields, strawberry.UNSET)


def plain(value: Any) -> Any:
    """An input as the plain data that facts have in JSON. What was not given is left out; a null of a patch stays."""
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, Enum):
        return value.value
    if has_object_definition(value):
        return {name: plain(part) for name, part in vars(value).items() if part is not strawberry.UNSET}
    return value


def stated(value: Any) -> Any:
    """Plain data without nulls: in a new fact null means not stated."""
    if isinstance(value, dict):
        return {name: stated(part) for name, part in value.items() if part is not None}
    return [stated(part) for part in value] if isinstance(value, list) else value


def fact(kind: type[Any], value: Any, at: Path) -> Any:
    """The fact that an input says. Raises `Invalid` with the path of the fault below `at`."""
    try:
        return msgspec.convert(stated(plain(value)), kind)
    except msgspec.ValidationError as fault:
        message, _, where = str(fault).partition(" - at `$")
        raise Invalid("FIELD_INVALID", message, (*at, *_path(where.rstrip("`")))) from None


def camel(name: str | int) -> str | int:
    """A field's name as clients know it."""
    if isinstance(name, int) or "_" not in name:
        return name
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _path(text: str) -> Path:
    """'.parties[0].party' as ('parties', 0, 'party')."""
    steps: list[str | int] = []
    for part in text.replace("[", ".[").split("."):
        if part.startswith("["):
            steps.append(int(part[1:-1]) if part[1:-1].isdigit() else part)
        elif part:
            steps.append(part)
    return tuple(steps)


def _descriptions(output: Any) -> dict[str, str]:
    return {each.python_name: each.description or "" for each in output.__strawberry_definition__.fields}


def _graphql(hint: Any) -> Any:
    """The GraphQL type of a field's type."""
    if hint == facts.Edtf:
        return Edtf
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *notes = get_args(hint)
        is_id = any(isinstance(note, msgspec.Meta) and note.pattern is not None for note in notes)
        return strawberry.ID if is_id else _graphql(inner)
    if origin in (Union, types.UnionType):
        (inner,) = (part for part in get_args(hint) if part is not type(None))
        return _graphql(inner) | None
    if origin is list:
        return list[_graphql(get_args(hint)[0])]  # type: ignore[misc]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return input_type(hint)
    return hint
