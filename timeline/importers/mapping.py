"""A mapping: the TOML file that says which column of a table is what, checked before the first row is read."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from timeline.errors import Invalid, Several
from timeline.values import facts

KINDS = ("meeting", "statement", "nomination", "milestone", "tenure", "person")
KEYS = ("kind", "scheme", "row", "id", "delimiter", "complete", "source", "fields")
SOURCE_KEYS = ("id", "title", "url", "language", "note")
VALUE_KEYS = ("column", "until", "format", "map", "split", "into", "as", "party", "country", "default")
LOOKUPS = ("party", "person", "place", "organization", "post")
HOLE = re.compile(r"\{([^{}]*)\}")
TOKENS = {
    "YYYY": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "MON": r"(?P<mon>[A-Za-z]+)\.?",
}
_TOKEN = re.compile("|".join(TOKENS))


class _Form(msgspec.Struct):
    """The types of a mapping's keys."""

    kind: str
    scheme: str
    row: str | Annotated[list[str], Meta(min_length=1)]
    source: dict[str, str]
    fields: dict[str, Any]
    id: str | None = None
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    complete: bool = True


class _Cell(msgspec.Struct, rename={"as_": "as"}):
    """The types of what can be said of a cell."""

    column: str
    until: str = ""
    format: str | list[str] = ""
    map: dict[str, str] = {}
    split: Annotated[str, Meta(min_length=1)] = ","
    into: str = ""
    as_: str = ""
    party: str = ""
    country: str = ""
    default: str | int = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """What a table is, and how a row of it becomes a record of ours."""

    kind: str
    scheme: str
    row: tuple[str, ...]
    id: str | None
    delimiter: str
    is_complete: bool
    source: dict[str, str]
    fields: dict[str, Any]


def read_mapping(path: Path, header: Callable[[str], list[str]] | None) -> Mapping:
    """The mapping in a file. `header` tells the columns of the table by its delimiter; None where rows have their own.

    Raises `Several` with everything that is wrong.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise Invalid("MAPPING_INVALID", f"{path}: no valid TOML: {fault}", (str(path),)) from None
    wrong = list(_form_faults(told))
    if not wrong:
        wrong = list(_faults(told, None if header is None else header(told.get("delimiter", ","))))
    if wrong:
        raise Several([Invalid("MAPPING_INVALID", f"{path}: {fault}", (str(path),)) for fault in wrong])
    form = msgspec.convert(told, _Form)
    row = form.row if isinstance(form.row, list) else [form.row]
    return Mapping(form.kind, form.scheme, tuple(row), form.id, form.delimiter, form.complete, form.source, form.fields)


def date_pattern(form: str) -> re.Pattern[str]:
    """'DD.MM.YYYY' as a pattern with year, month and day. Raises `ValueError` for a form without a year."""
    if "YYYY" not in form:
        raise ValueError(form)
    parts, at = [], 0
    for token in _TOKEN.finditer(form):
        parts += [re.escape(form[at : token.start()]), TOKENS[token[0]]]
        at = token.end()
    return re.compile("".join([*parts, re.escape(form[at:])]))


def _form_faults(told: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the keys of a mapping and their types."""
    yield from _unknown(told, KEYS, "the mapping")
    missing = [key for key in ("kind", "scheme", "row", "source", "fields") if key not in told]
    for key in missing:
        yield f"{key!r} is missing; docs/importing.md shows a whole mapping"
    if not missing:
        try:
            msgspec.convert(told, _Form)
        except msgspec.ValidationError as fault:
            yield str(fault).replace("`$.", "`")


def _faults(told: dict[str, Any], columns: list[str] | None) -> Iterator[str]:
    """What is wrong with what the keys say."""
    if told["kind"] not in KINDS:
        yield f"kind is {told['kind']!r}; it must be one of {', '.join(KINDS)}"
        return
    if not re.fullmatch(facts.SLUG, told["scheme"]):
        yield f"scheme is {told['scheme']!r}; it must be small letters, digits and hyphens, such as 'un-speeches'"
    source, fields = told["source"], told["fields"]
    yield from _unknown(source, SOURCE_KEYS, "[source]")
    for key in ("id", "title"):
        if key not in source:
            yield f"[source] lacks {key!r}"
    if not re.fullmatch(rf"source/{facts.SLUG}", source.get("id", "source/x")):
        yield f"[source] id is {source['id']!r}; it must look like 'source/some-words'"
    known = facts.CONTENT[told["kind"]].__struct_fields__
    yield from _unknown(fields, [name for name in known if name not in ("external_ids", "citations")], "[fields]")
    yield from _value_faults(fields, "fields")
    if columns is not None:
        named = told["row"]
        used = {*(named if isinstance(named, list) else [named]), *_columns(fields), *_columns(told.get("id", ""))}
        for column in sorted(used - set(columns)):
            yield f"the table has no column {column!r}{_near(column, columns)}"


def _value_faults(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, part in enumerate(value):
            yield from _value_faults(part, f"{where}[{index}]")
    elif isinstance(value, dict) and "column" in value:
        yield from _unknown(value, VALUE_KEYS, where)
        try:
            msgspec.convert(value, _Cell)
        except msgspec.ValidationError as fault:
            yield f"{where}: {str(fault).replace('`$.', '`')}"
            return
        if value.get("as", "party") not in LOOKUPS:
            yield f"{where}: as is {value['as']!r}; it must be one of {', '.join(LOOKUPS)}"
        for form in _forms(value):
            try:
                date_pattern(form)
            except ValueError:
                yield f"{where}: the date format {form!r} has no YYYY; write it like 'DD.MM.YYYY', 'MM/YYYY' or 'YYYY'"
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _value_faults(part, f"{where}.{name}")
    elif not isinstance(value, (str, int, bool)):
        yield f"{where}: {value!r} is no text; put dates in quotes"


def _forms(value: dict[str, Any]) -> list[str]:
    form = value.get("format", [])
    return form if isinstance(form, list) else [form]


def _columns(value: Any) -> Iterator[str]:
    """Every column that a part of the mapping names."""
    if isinstance(value, str):
        yield from (name for name in HOLE.findall(value) if name)
    elif isinstance(value, list):
        for part in value:
            yield from _columns(part)
    elif isinstance(value, dict):
        if "column" in value:
            yield value["column"]
            yield from [value["until"]] if "until" in value else []
            value = {name: value[name] for name in ("party", "country") if name in value}
        for part in value.values():
            yield from _columns(part)


def _unknown(told: dict[str, Any], known: tuple[str, ...] | list[str], where: str) -> Iterator[str]:
    for key in told:
        if key not in known:
            yield f"{where} has no {key!r}{_near(key, list(known))}"


def _near(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
