"""Which records of a release are those that an earlier one gave: by what they say, and by their numbers only in doubt.

Sources renumber their records from one release to the next, so a number alone recognises nothing but within one
release. Rules, in order:

0. Within one release the same number is the same record, where it is given once only.
1. What says the same is the same; among equals, the same number first.
2. Of what is left, and only within one anchor (the same traveller, the same person and post): what differs in one
   field is the same with that field changed; with the same number it may differ in two.
3. What an earlier release gave and no rule finds is gone upstream; what is left of this one is new.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from timeline.importers.foreign import Draft
from timeline.values import facts
from timeline.values.facts import ExternalId

APART = ("external_ids", "citations")
"""Fields that tell where a record is read, not what it says."""
DERIVED = ("title",)
"""Fields that follow from others: a changed place changes the title, and that is one change."""
Core = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What the source last said under one of our ids."""

    content: facts.Content
    is_delisted: bool = False

    @property
    def number(self) -> str:
        """The identifier that the source gave."""
        return number_of(self.content)


@dataclass(frozen=True, slots=True)
class Known:
    """A draft that is recorded under this id, and the fields that it changes, in JSON form."""

    id: str
    draft: Draft
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a reading is, against what its source said before."""

    known: list[Known]
    new: list[Draft]
    gone: list[str]


def recognise(drafts: Sequence[Draft], said: Mapping[str, Said], ids: Mapping[str, str]) -> Recognised:
    """Every draft is known or new; every record said before is known or gone.

    `ids` says under which ids the records are known that drafts name; `said` is of the kind of the drafts.
    """
    known = _numbered(drafts, said, ids)
    numbered = {each.draft.id for each in known}
    left = _without(said, known)
    rest, cores = _same([draft for draft in drafts if draft.id not in numbered], left, ids, known)
    left = _without(left, known)
    new = _alike(rest, cores, left, known)
    found = {one.id for one in known}
    return Recognised(known, new, [id for id in left if id not in found])


def _without(said: Mapping[str, Said], known: Sequence[Known]) -> dict[str, Said]:
    found = {one.id for one in known}
    return {id: each for id, each in said.items() if id not in found}


def _numbered(drafts: Sequence[Draft], said: Mapping[str, Said], ids: Mapping[str, str]) -> list[Known]:
    """Rule 0."""
    before = Counter(_identifier(each.content) for each in said.values())
    now = Counter(_identifier(draft.content) for draft in drafts)
    by_identifier = {_identifier(each.content): id for id, each in said.items()}
    known = []
    for draft in drafts:
        identifier = _identifier(draft.content)
        if identifier is not None and before[identifier] == now[identifier] == 1:
            id = by_identifier[identifier]
            changes = changes_between(core_of(said[id].content, {}), core_of(draft.content, ids))
            known.append(Known(id, draft, changes))
    return known


def _same(
    drafts: Sequence[Draft], said: Mapping[str, Said], ids: Mapping[str, str], known: list[Known]
) -> tuple[list[Draft], dict[str, Core]]:
    """Rule 1. Returns what is left, and what each of it says."""
    by_core: dict[bytes, list[str]] = defaultdict(list)
    for id, each in said.items():
        by_core[_key(core_of(each.content, {}))].append(id)
    rest: list[Draft] = []
    cores: dict[str, Core] = {}
    for draft in drafts:
        core = core_of(draft.content, ids)
        same = by_core.get(_key(core))
        if same:
            match = next((id for id in same if said[id].number == number_of(draft.content)), same[0])
            same.remove(match)
            known.append(Known(match, draft, {}))
        else:
            cores[draft.id] = core
            rest.append(draft)
    return rest, cores


def _alike(rest: list[Draft], cores: dict[str, Core], left: Mapping[str, Said], known: list[Known]) -> list[Draft]:
    """Rule 2. Returns what is new."""
    anchored: dict[str, list[str]] = defaultdict(list)
    for id, each in left.items():
        anchored[anchor_of(each.content)].append(id)
    pairs = []
    for order, draft in enumerate(rest):
        for id in anchored.get(anchor_of(draft.content, cores[draft.id]), ()):
            changes = changes_between(core_of(left[id].content, {}), cores[draft.id])
            weight = len(changes.keys() - set(DERIVED))
            is_numbered = left[id].number == number_of(draft.content)
            if weight <= 1 + is_numbered:
                pairs.append((weight, not is_numbered, order, id, draft, changes))
    taken: set[str] = set()
    matched: set[str] = set()
    for _, _, _, id, draft, changes in sorted(pairs, key=lambda pair: pair[:4]):
        if id not in taken and draft.id not in matched:
            taken.add(id)
            matched.add(draft.id)
            known.append(Known(id, draft, changes))
    return [draft for draft in rest if draft.id not in matched]


def core_of(content: facts.Content, ids: Mapping[str, str]) -> Core:
    """What a record says, without where it is read: in JSON form, under the ids that its references really have."""
    plain = msgspec.to_builtins(content)
    return {name: _under(value, ids) for name, value in plain.items() if name not in APART}


def changes_between(was: Core, now: Core) -> dict[str, Any]:
    """The fields that differ, as they are now; None where one is no longer stated."""
    return {name: now.get(name) for name in sorted(was.keys() | now.keys()) if was.get(name) != now.get(name)}


def number_of(content: facts.Content) -> str:
    """The identifier that the source gave."""
    return next((each.value for each in getattr(content, "external_ids", ())), "")


def _identifier(content: facts.Content) -> ExternalId | None:
    """Scheme, number and release."""
    return next((each for each in getattr(content, "external_ids", ()) if each.snapshot), None)


def anchor_of(content: facts.Content, core: Core | None = None) -> str:
    """Whom or what a record is about: a meeting its people, a tenure its person and post; else only its number."""
    plain = core if core is not None else core_of(content, {})
    return "|".join(_anchor(type(content), plain)) or f"{type(content).__name__} {number_of(content)}"


def _anchor(kind: type[facts.Content], plain: Core) -> Iterator[str]:
    if kind is facts.Meeting:
        people = [part.get("person") or part["party"] for part in plain.get("parties", ())]
        yield from sorted(people)
    elif kind in (facts.Tenure, facts.Nomination):
        yield from (plain.get("person") or plain["nominee"], plain["post"])
    elif kind is facts.Milestone:
        yield from sorted(plain.get("parties", ()))
    elif kind is facts.Statement:
        yield from sorted(str(sorted(voice.items())) for voice in plain["voices"])


def _under(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        # Citations inside, of a step or a claim, tell where it is read, too.
        return {name: _under(part, ids) for name, part in value.items() if name != "citation"}
    if isinstance(value, list):
        return [_under(part, ids) for part in value]
    return ids.get(value, value) if isinstance(value, str) else value


def _key(core: Core) -> bytes:
    return msgspec.json.encode(core, order="sorted")
