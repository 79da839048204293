"""Seed files to the content of records. Everything that is wrong is found at once; nothing is written here."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import jsonschema
import msgspec

from timeline.errors import Path, Several
from timeline.importers.seed_schema import SECTIONS, seed_shape
from timeline.importers.yaml_source import SeedFault, Source
from timeline.values import facts
from timeline.write.rules import faults, is_pending, nominee_faults

SHAPES = {
    "object": "keys with values are needed here, 'title: Talks'",
    "array": "a list is needed here, one entry or [several, of, them]",
    "string": "a text is needed here",
}
SECTION_OF = {kind: section for section, kind in SECTIONS.items()}


@dataclass(frozen=True, slots=True)
class SeedFile:
    """What one file says: content by record id, where it says it, and why it corrects what it said before.

    `faults` is what is wrong in the file by itself, `unread` the ids of records that have not the form of one. Where a
    file is not whole it is not certain which records it holds.
    """

    source: Source
    records: Mapping[str, facts.Content]
    reason: str | None
    faults: Sequence[SeedFault] = ()
    unread: frozenset[str] = frozenset()
    is_whole: bool = True

    def fault(self, code: str, message: str, id: str, path: Path) -> SeedFault:
        """A fault in one record of this file."""
        kind, _, slug = id.partition("/")
        return self.source.fault(code, message, (SECTION_OF[kind], slug, *path))

    def named(self) -> set[str]:
        """Every id that the file's records are or name."""
        return set(self.records) | {id for content in self.records.values() for _, id in facts.references(content)}


_SHAPE = jsonschema.Draft202012Validator(seed_shape())


def read_seed(text: str, file: str) -> SeedFile:
    """The records of one file, and all that is wrong with it. Raises `Several` where nothing of it can be read."""
    source = Source(text, file)
    misshapen = [_told(source, error) for error in _SHAPE.iter_errors(source.data)]
    if not isinstance(source.data, dict):
        raise Several(misshapen)
    unread = {fault.path[:2] for fault in misshapen}
    records = {
        f"{kind}/{slug}": msgspec.convert(plain, facts.CONTENT[kind], strict=False)
        for section, kind in SECTIONS.items()
        if (section,) not in unread
        for slug, plain in source.data.get(section, {}).items()
        if (section, slug) not in unread
    }
    about = source.data.get("about", {}) if not any(path[0] == "about" for path in unread) else {}
    seed = SeedFile(source, records, about.get("reason"))
    wrong = [
        seed.fault(fault.code, fault.message, id, fault.path)
        for id, content in records.items()
        for fault in faults(content)
    ]
    return replace(
        seed,
        faults=sorted([*misshapen, *wrong], key=lambda fault: (fault.line, fault.column)),
        unread=frozenset(f"{SECTIONS[str(path[0])]}/{path[1]}" for path in unread if path[0] in SECTIONS and path[1:]),
        is_whole=all(path[0] == "about" or (path[0] in SECTIONS and len(path) > 1) for path in unread),
    )


def check_together(
    files: Sequence[SeedFile], known: Collection[str], nominated: Mapping[tuple[str, str], str] = MappingProxyType({})
) -> list[SeedFault]:
    """What is wrong between files and with what is recorded already: `known` ids, and who is `nominated` to what.

    What names a record that could not be read is not wrong for that.
    """
    found: list[SeedFault] = []
    first: dict[str, SeedFile] = {}
    for seed in files:
        for id in seed.records:
            if id in first:
                message = f"{id} stands in {first[id].source.file} too; keep one of them"
                found.append(seed.fault("DUPLICATE_ID", message, id, ()))
            first.setdefault(id, seed)
    known = {*known, *(id for seed in files for id in seed.unread)}
    every = sorted({*first, *known})
    pending = {who: nomination for who, nomination in nominated.items() if nomination not in first} | {
        (content.nominee, content.post): id
        for seed in files
        for id, content in seed.records.items()
        if isinstance(content, facts.Nomination) and is_pending(content)
    }
    for seed in files:
        for id, content in seed.records.items():
            for path, target in facts.references(content):
                if target not in first and target not in known:
                    near = difflib.get_close_matches(target, every, n=1)
                    hint = f"did you mean {near[0]}?" if near else "register it in one of the files"
                    found.append(seed.fault("REFERENCE_UNKNOWN", f"{target} is not recorded; {hint}", id, path))
            found.extend(seed.fault(f.code, f.message, id, f.path) for f in nominee_faults(content, pending))
    return found


def _told(source: Source, error: jsonschema.ValidationError) -> SeedFault:
    """A fault of form in words of our own, at the key that is wrong."""
    path: Path = tuple(error.absolute_path)
    schema: dict[str, Any] = dict(error.schema) if isinstance(error.schema, Mapping) else {}
    instance: Any = error.instance
    keys: Any = error.validator_value
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        key = next(key for key in instance if key not in known)
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
        return source.fault("KEY_UNKNOWN", f"{key!r} is no key here; {hint}", (*path, key))
    if error.validator == "required":
        missing = next(key for key in keys if key not in instance)
        return source.fault("KEY_MISSING", f"{missing!r} is missing; add it", path)
    if error.validator == "enum" or "enum" in schema:
        allowed = ", ".join(map(str, schema["enum"]))
        return source.fault("VALUE_UNKNOWN", f"{error.instance!r} is none of {allowed}", path)
    if error.validator == "pattern" and "propertyNames" in error.absolute_schema_path:
        message = f"{error.instance!r} is no last part of an id; write small letters and digits, '-' between words"
        return source.fault("VALUE_INVALID", message, (*path, str(error.instance)))
    if error.validator == "pattern":
        description = schema.get("description", f"the form is {error.validator_value}")
        return source.fault("VALUE_INVALID", f"{error.instance!r} has not the right form. {description}", path)
    empty = "it is empty; leave it out or fill it"
    needed = SHAPES.get(str(error.validator_value), f"{error.validator_value} is needed here")
    wanted = {"type": needed, "minLength": empty, "minItems": empty}
    return source.fault("VALUE_INVALID", wanted.get(str(error.validator), error.message[:200]), path)
