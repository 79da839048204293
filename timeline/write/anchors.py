"""Dates that were resolved from a source's day of publication, resolved again when that day is corrected. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from timeline.values import facts
from timeline.values.dates import INFINITY, bounds
from timeline.values.phrases import suggest
from timeline.write.commands import Correct


def publication_day(source: facts.Content | None) -> int | None:
    """The one day on which a source was published; None when it is not known to the day."""
    if not isinstance(source, facts.Source) or source.published is None or source.published.edtf is None:
        return None
    found = bounds(source.published.edtf)
    return found.es if found.es == found.le and abs(found.es) < INFINITY else None


def reresolved(id: str, content: facts.Content, source: str, was: int, now: int) -> Correct | None:
    """The correction of a record whose dates rest on the source; None when none of them moves.

    Only a date that our own rules gave from the day as it was is resolved again: any other was set by a person.
    """
    plain = msgspec.to_builtins(content)
    changes = {}
    for name, value in plain.items():
        moved = _moved(value, source, was, now)
        if moved != value:
            changes[name] = moved
    if not changes:
        return None
    return Correct(id=id, changes=changes, reason=f"resolved again: the publication date of {source} was corrected")


def _moved(value: Any, source: str, was: int, now: int) -> Any:
    if isinstance(value, list):
        return [_moved(part, source, was, now) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get("anchor") == source and value.get("wording") and value.get("edtf"):
        before, after = suggest(value["wording"], was), suggest(value["wording"], now)
        return {**value, "edtf": after} if before == value["edtf"] and after is not None else value
    return {name: _moved(part, source, was, now) for name, part in value.items()}
