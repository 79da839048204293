"""Where merged ids lead: each to its survivor, and a question about one to all that was merged into it."""

from __future__ import annotations

from collections.abc import Sequence

from timeline.read.conditions import Expand

NOWHERE = "nowhere/"
"""Stands for a hidden id where ids are asked for: no record has it."""


def survivor_of(id: str, aliases: dict[str, str]) -> str:
    """Where an id leads to in the end; a circle, which older releases let pass, ends where it began."""
    passed: set[str] = set()
    while id in aliases and id not in passed:
        passed.add(id)
        id = aliases[id]
    return id


def way_of(id: str, aliases: dict[str, str]) -> list[str]:
    """The id and all that it leads to, one after the other."""
    way = [id]
    while (id := aliases.get(id, "")) and id not in way:
        way.append(id)
    return way


def expander(aliases: dict[str, str], hidden: frozenset[str]) -> Expand:
    """Ids with their survivor and all that was merged into it; nothing of what is hidden."""
    if hidden:
        every = expander(aliases, frozenset())
        return lambda ids: [
            each
            for id in ids
            for each in ([NOWHERE] if not hidden.isdisjoint(way_of(id, aliases)) else every([id]))
            if each not in hidden
        ]
    if not aliases:
        return lambda ids: list(dict.fromkeys(ids))
    groups: dict[str, list[str]] = {}
    for id in aliases:
        groups.setdefault(survivor_of(id, aliases), []).append(id)

    def expand(ids: Sequence[str]) -> list[str]:
        survivors = dict.fromkeys(survivor_of(id, aliases) for id in ids)
        return [each for id in survivors for each in (id, *groups.get(id, []))]

    return expand
