"""A table of meetings, statements or nominations, as a researcher keeps it: CSV or NDJSON, read by a mapping."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec

from timeline.errors import Refused
from timeline.importers.foreign import At, Reading
from timeline.importers.mapping import HOLE, Mapping, date_pattern, read_mapping
from timeline.values import facts
from timeline.values.countries import all_countries
from timeline.values.facts import Name
from timeline.values.ids import slug

Row = dict[str, Any]
MONTHS = dict(
    zip(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], range(1, 13), strict=True)
)
DATES = ("when", "published")
NOTHING: tuple[Any, ...] = (None, "", [], {})


class _Unfit(Exception):
    """A row that cannot be read: a code and what would be right."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def read_table(path: Path, mapping: Path, release: str | None = None) -> Reading:
    """The rows of a file by a mapping. Raises `Several` when the mapping is wrong; a row that is wrong is set aside."""
    is_csv = path.suffix.lower() not in (".ndjson", ".jsonl")
    how = read_mapping(mapping, partial(_header, path) if is_csv else None)
    release = release or f"sha256-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    reading = Reading(how.scheme, release, how.source["id"], is_complete=how.is_complete)
    source = msgspec.convert({name: value for name, value in how.source.items() if name != "id"}, facts.Source)
    reading.support(how.source["id"], source, At(mapping.name, 1))
    seen: dict[str, At] = {}
    for at, row in _rows(path, how, is_csv):
        reading.rows += 1
        try:
            if isinstance(row, _Unfit):
                raise row
            number = _add(reading, how, row, at)
            if seen.setdefault(number, at) is not at:
                reading.remarks.append(
                    f"{at} and {seen[number]} are both {number}: {' and '.join(how.row)} tell rows apart"
                )
        except _Unfit as unfit:
            reading.aside(
                at, _number(how, row) if isinstance(row, dict) else f"line {at.line}", unfit.code, unfit.reason
            )
    return reading


def _rows(path: Path, how: Mapping, is_csv: bool) -> Iterator[tuple[At, Row | _Unfit]]:
    try:
        yield from _csv_rows(path, how) if is_csv else _json_rows(path)
    except UnicodeDecodeError:
        raise Refused("TABLE_INVALID", f"{path} is not in UTF-8; save it as 'CSV UTF-8'", (str(path),)) from None
    except csv.Error as fault:
        raise Refused("TABLE_INVALID", f"{path} is no CSV file: {fault}", (str(path),)) from None


def _header(path: Path, delimiter: str) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return next(csv.reader(file, delimiter=delimiter), [])


def _csv_rows(path: Path, how: Mapping) -> Iterator[tuple[At, Row | _Unfit]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=how.delimiter)
        header = next(reader, [])
        for cells in reader:
            at = At(path.name, reader.line_num)
            if len(cells) == len(header):
                yield at, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            elif any(cells):
                yield at, _Unfit("ROW_INVALID", f"it has {len(cells)} cells and the header {len(header)}")


def _json_rows(path: Path) -> Iterator[tuple[At, Row | _Unfit]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as fault:
                    row = _Unfit("ROW_INVALID", f"it is no JSON: {fault}")
                yield (
                    At(path.name, number),
                    row if isinstance(row, dict | _Unfit) else _Unfit("ROW_INVALID", "no object"),
                )


# One row ------------------------------------------------------------------------------------------------------------


def _add(reading: Reading, how: Mapping, row: Row, at: At) -> str:
    """Draft a row. Returns what the source calls it. Raises `_Unfit`."""
    number = _number(how, row)
    if "\\u0000" in json.dumps(row):
        raise _Unfit("ROW_INVALID", "the character U+0000 can stand in no text")
    if not number.strip("|"):
        raise _Unfit("ROW_INVALID", f"the row has no {' or '.join(how.row)}: nothing tells it apart")
    plain = _parts(reading, how, how.fields, row, at)
    plain["external_ids"] = msgspec.to_builtins(reading.known_as(number))
    plain["citations"] = msgspec.to_builtins(reading.cite(f"{at.file}, {number}"))
    try:
        content = msgspec.convert(plain, facts.CONTENT[how.kind], strict=False)
    except msgspec.ValidationError as fault:
        more = "; schema/seed.json lists the values, and 'map' leads to them" if "enum value" in str(fault) else ""
        raise _Unfit("ROW_INVALID", f"{fault}{more}") from None
    id = (_filled(how.id, row) if how.id else None) or f"{how.kind}/{how.scheme}-{slug(number, 60) or 'row'}"
    if not re.fullmatch(rf"{how.kind}/{facts.SLUG}", id):
        raise _Unfit("ROW_INVALID", f"{id!r} is no id; it must look like '{how.kind}/some-words'")
    reading.add(id, content, at, number)
    return number


def _number(how: Mapping, row: Row) -> str:
    return "|".join(str(row.get(column) or "") for column in how.row)


def _value(reading: Reading, how: Mapping, value: Any, row: Row, at: At) -> Any:
    """A part of the mapping, filled from the row; what comes out empty is not stated."""
    if isinstance(value, str):
        return _filled(value, row)
    if isinstance(value, list):
        parts = [_value(reading, how, part, row, at) for part in value]
        return [part for part in parts if part not in NOTHING]
    if not isinstance(value, dict):
        return value
    if "column" in value:
        return _cell(reading, how, value, row, at)
    filled = _parts(reading, how, value, row, at)
    # A part of which only constants are left says nothing of this row.
    from_row = [name for name, part in value.items() if not isinstance(part, str) or HOLE.search(part)]
    return filled if not from_row or any(name in filled for name in from_row) else None


def _parts(reading: Reading, how: Mapping, parts: dict[str, Any], row: Row, at: At) -> dict[str, Any]:
    """What is stated of these parts. Of a date its text is all that a cell tells."""
    told = {name: _value(reading, how, part, row, at) for name, part in parts.items()}
    return {
        name: {"edtf": part} if name in DATES and isinstance(part, str) else part
        for name, part in told.items()
        if part not in NOTHING
    }


def _filled(template: str, row: Row) -> str | None:
    """The template with the row's cells; None when it names columns and all of them are empty."""
    names = HOLE.findall(template)
    if names and not any(str(row.get(name) or "").strip() for name in names):
        return None
    return HOLE.sub(lambda hole: str(row.get(hole[1]) or ""), template).strip()


def _cell(reading: Reading, how: Mapping, value: dict[str, Any], row: Row, at: At) -> Any:
    if "until" in value:
        plain = {name: part for name, part in value.items() if name != "until"}
        ends = [_cell(reading, how, {**plain, "column": value[end]}, row, at) or "" for end in ("column", "until")]
        # An end that is not given is unknown, neither the same day nor open.
        return "/".join(ends) if any(ends) else None
    found = row.get(value["column"])
    if found in NOTHING:
        found = value.get("default")
    if found in NOTHING:
        return None
    many = "split" in value or isinstance(found, list)
    items = found if isinstance(found, list) else str(found).split(value["split"]) if many else [found]
    read = [_one(reading, how, value, str(item).strip(), row, at) for item in items if str(item).strip()]
    if "into" in value:
        return [{value["into"]: each} for each in read]
    return read if many else read[0]


def _one(reading: Reading, how: Mapping, value: dict[str, Any], text: str, row: Row, at: At) -> str:
    mapped = value.get("map", {}).get(text)
    if mapped is None and "format" in value:
        return _date(text, value["format"], value["column"])
    text = text if mapped is None else mapped
    if "as" not in value:
        return text
    known = LOOKUPS[value["as"]]
    return known(
        reading, how, text, {name: _filled(value[name], row) for name in ("party", "country") if name in value}, at
    )


def _date(text: str, forms: str | list[str], column: str) -> str:
    """A cell as EDTF, as precise as the form that fits: a month stays a month."""
    for form in [forms] if isinstance(forms, str) else forms:
        match = date_pattern(form).fullmatch(text)
        if match:
            found = match.groupdict()
            month = MONTHS.get((found.get("mon") or "").lower()[:3]) or found.get("month")
            day = found.get("day") if month else None
            parts = [found["year"], *(f"{int(part):02d}" for part in (month, day) if part is not None)]
            return "-".join(parts)
    raise _Unfit("DATE_INVALID", f"{column}: {text!r} has not the form {forms}")


# Whom a cell names --------------------------------------------------------------------------------------------------


def _party(reading: Reading, how: Mapping, text: str, more: dict[str, str | None], at: At) -> str:
    if text.startswith(("state/", "organization/")):
        return text
    code = _parties().get(text.casefold().removeprefix("the "))
    if code is None:
        raise _Unfit("COUNTRY_UNKNOWN", f"{text!r} is no country by code or name; say which in 'map' of the mapping")
    return code


@cache
def _parties() -> dict[str, str]:
    """Countries by alpha-2, alpha-3 and every full name that only one of them has, without case.

    'Korea, Republic of' also as it is spoken.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for code, country in all_countries().items():
        for name in (code, country.alpha3, country.name, country.official, *country.names.values()):
            for form in (name, name.partition(" (")[0], re.sub(r"^(.+), (.+ of)$", r"\2 \1", name)):
                found[form.casefold()].add(code)
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}


def _registered(kind: str, make: Callable[[str, dict[str, str | None]], facts.Content]) -> Any:
    """A lookup that registers whom a cell names, once for each name of the table; ids of ours are taken as they are."""

    def known(reading: Reading, how: Mapping, text: str, more: dict[str, str | None], at: At) -> str:
        if text.startswith(f"{kind}/"):
            return text
        told = dict(more)
        for name in ("party", "country"):
            if told.get(name):
                told[name] = _party(reading, how, str(told[name]), {}, at)
        content = make(text, told)
        if kind != "place":
            scheme = f"{how.scheme}-{kind}"
            content = msgspec.structs.replace(content, external_ids=reading.known_as(text, scheme))
            return reading.support(
                f"{kind}/{how.scheme}-{slug(text) or hashlib.sha256(text.encode()).hexdigest()[:8]}", content, at
            )
        country = (told.get("country") or "").lower().replace("/", "-")
        return reading.support(f"place/{slug(text)}{'-' if country else ''}{country}", content, at)

    return known


LOOKUPS: dict[str, Callable[..., str]] = {
    "party": _party,
    "person": _registered("person", lambda text, told: facts.Person(names=[Name(text=text)], party=told.get("party"))),
    "place": _registered("place", lambda text, told: facts.Place(names=[Name(text=text)], country=told.get("country"))),
    "organization": _registered(
        "organization", lambda text, told: facts.Organization(names=[Name(text=text)], party=told.get("party"))
    ),
    "post": _registered("post", lambda text, told: facts.Post(names=[Name(text=text)], party=told.get("party"))),
}
"""How a cell names a record of ours."""
