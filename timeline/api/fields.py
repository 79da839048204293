"""Fields of the schema in one line each: what is said as it is, what leads to one record, what leads to many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NewType

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter

from timeline.api.context import Doc, read_field
from timeline.errors import Invalid
from timeline.values.dates import Bounds, bounds

Edtf = NewType("Edtf", str)
DateTime = NewType("DateTime", str)
Json = NewType("Json", object)
MAX_PAGE = 200
First = Annotated[int, strawberry.argument(description=f"At most how many; up to {MAX_PAGE}.")]
"""The argument of lists that are no connections."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value.data if isinstance(value, Doc) else value


class Names(NameConverter):
    """A connection is named for what it lists, whatever else it offers: MeetingConnection."""

    def from_generic(self, object_type: Any, types: list[Any]) -> str:
        return super().from_generic(object_type, types).replace("OccurrenceConnection", "Connection", 1)


CONFIG = StrawberryConfig(
    name_converter=Names(),
    default_resolver=read_field,
    disable_field_suggestions=False,
    scalar_map={
        Edtf: strawberry.scalar(
            name="EDTF",
            description="A date exactly as precise as it is known: EDTF (ISO 8601-2), levels 0 to 2. "
            "'2025-07-11', '2025-07', '2025-07-10/2025-07-11', '[2025-06-21..2025-06-30]' (one of these days).",
            specified_by_url="https://www.loc.gov/standards/datetime/",
            serialize=str,
            parse_value=str,
        ),
        DateTime: strawberry.scalar(
            name="DateTime",
            description="A moment in UTC with microseconds, '2026-11-24T09:30:00.000001Z' (RFC 3339).",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=str,
            parse_value=str,
        ),
        Json: strawberry.scalar(
            name="JSON",
            description="Any JSON value, in the form that schema/events.json describes.",
            serialize=_plain,
            parse_value=lambda value: value,
        ),
    },
)


def said(description: str, *, name: str | None = None) -> Any:
    """A field that the document holds under the same name."""
    return strawberry.field(description=description, name=name)


@dataclass(frozen=True, slots=True)
class Told:
    """A plan for a field that is worked out from its document and the view it belongs to."""

    work: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Derived:
    """A plan for a field that is worked out from what its document has under some keys; from all of it without."""

    work: Callable[..., Any]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A plan for a field under whose name the document holds another one, which need not be read as a whole."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A plan for a field that leads to the record whose id it finds in the document, perhaps simply under a key."""

    find: Callable[[dict[str, Any]], str | None]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Refs:
    """A plan for a field that leads to the records whose ids the document holds under a key."""

    key: str


@dataclass(frozen=True, slots=True)
class Linked:
    """A plan for a field that leads to the records that name this one in a role."""

    role: str
    kinds: tuple[str, ...]


def told(resolver: Callable[..., Any], description: str) -> Any:
    """A field that is worked out from the document."""
    return strawberry.field(
        resolver=lambda root: resolver(root), description=description, metadata={"plan": Told(resolver)}
    )


def derived(work: Callable[[dict[str, Any]], Any], description: str, *keys: str) -> Any:
    """A field that is worked out from what the document has under some keys; from all of it if none is named."""
    return strawberry.field(
        resolver=lambda root: work(root.data), description=description, metadata={"plan": Derived(work, keys)}
    )


def held(description: str) -> Any:
    """A field under whose name the document holds another one, perhaps not read yet."""
    return strawberry.field(description=description, metadata={"plan": Held()})


def planned(resolver: Callable[..., Any], description: str) -> Any:
    """A field with arguments that is worked out from the document."""
    return strawberry.field(resolver=resolver, description=description, metadata={"plan": Told(resolver)})


def one(key: str, description: str) -> Any:
    """A field that leads to the record whose id the document holds under `key`."""
    return found(lambda data: data.get(key), description, key)


def found(find: Callable[[dict[str, Any]], str | None], description: str, key: str | None = None) -> Any:
    """A field that leads to the record whose id is found in the document."""
    resolver = lambda root: root.view.one(find(root.data))  # noqa: E731
    return strawberry.field(resolver=resolver, description=description, metadata={"plan": Ref(find, key)})


def many(key: str, description: str) -> Any:
    """A field that leads to the records whose ids the document holds under `key`."""
    return strawberry.field(
        resolver=lambda root: root.view.many(root.data[key]), description=description, metadata={"plan": Refs(key)}
    )


def linked(role: str, kinds: tuple[str, ...], description: str) -> Any:
    """A field that leads to the records that name this one in a role."""

    # Without a return type: the schema takes it from the field.
    def resolve(root: strawberry.Parent[Doc], first: First = 50):  # type: ignore[no-untyped-def]
        return root.view.linked(role, root.data["id"], kinds, page_size(first))

    return strawberry.field(resolver=resolve, description=description, metadata={"plan": Linked(role, kinds)})


def page_size(size: int, name: str = "first") -> int:
    """A page size within its limit. Raises `Invalid` that names the argument."""
    if not 0 <= size <= MAX_PAGE:
        raise Invalid("PAGE_INVALID", f"{name} is {size}; a page has 0 to {MAX_PAGE} entries", (name,))
    return size


def asked(text: str, *path: str) -> Bounds:
    """The days that a date in an argument spans. Raises `Invalid` that names the argument."""
    try:
        return bounds(text, throughout=True)
    except Invalid as fault:
        raise Invalid(fault.code, f"{path[-1]}: {fault.message}", (*path, *fault.path)) from None


def moment(us: int) -> DateTime:
    """Microseconds since 1970 as RFC 3339."""
    return DateTime((_EPOCH + timedelta(microseconds=us)).isoformat(timespec="microseconds").replace("+00:00", "Z"))


def microseconds(text: str, name: str) -> int:
    """RFC 3339 as microseconds since 1970. Raises `Invalid` that names the argument."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        message = f"{text!r} is no moment; write it as '2026-11-24T09:30:00Z'"
        raise Invalid("MOMENT_INVALID", message, (name,))
    return (found - _EPOCH) // timedelta(microseconds=1)
