"""Records that may be of the same: suggested by stated rules, accepted or refused by a person, never joined silently.

- Two persons that no source has in common, of one party and one name, or of one first and last name; unless the
  years of their births differ. What posts each is known to have held is shown with them.
- Two posts, or two organizations, that no source has in common, of one party and one name.
- Two trips by different travellers on the same days to the same places: one meeting, attended by both.
- Two trips of one traveller that are the same in every word: entered twice.

An acceptance is a merge, and a correction of the survivor where it gains a traveller; a refusal is an event, too. What
was refused is not suggested again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import msgspec
from sqlalchemy import Connection

from timeline import handle
from timeline.database import Database
from timeline.errors import NotFound
from timeline.read.documents import Document, content_of
from timeline.read.now import documents_now
from timeline.read.search import fold
from timeline.values import facts
from timeline.write.commands import AnyCommand, Correct, Distinguish, Merge

MAX_ALIKE = 20
"""Of a name that more persons bear, nothing can be suggested."""
SHOWN_POSTS = 3
"""How many posts of a person are shown."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two records that may be of the same. The older one survives an acceptance."""

    survivor: str
    other: str
    shown: tuple[str, str]
    why: str


def suggestions(connection: Connection) -> list[Suggestion]:
    """Everything that a person should look at, persons first."""
    people = list(documents_now(connection, ("person",)))
    named = list(documents_now(connection, ("post", "organization")))
    meetings = list(documents_now(connection, ("meeting",)))
    alike = list(_people(people))
    found = [*_with_posts(connection, alike), *_named(named), *_trips(meetings)]
    apart = {frozenset((each["id"], other)) for each in [*people, *named, *meetings] for other in each["distinct_from"]}
    return [each for each in found if frozenset((each.survivor, each.other)) not in apart]


def accept(database: Database, survivor: str, other: str, *, reason: str, actor: str, now_us: int) -> handle.Outcome:
    """Record that two records are of the same. Raises what the decision raises."""
    commands: list[AnyCommand] = []
    with database.read() as connection:
        records = handle.load(connection, {survivor, other})
    one, two = records[survivor].content, records[other].content
    if isinstance(one, facts.Meeting) and isinstance(two, facts.Meeting):
        gained = _joined(one, two)
        if gained:
            commands.append(Correct(id=survivor, changes=gained, reason=f"{other} is the same meeting: {reason}"))
    commands.append(Merge(id=other, into=survivor, reason=reason))
    return _handled(database, f"accept/{other}", commands, records, actor, now_us)


def refuse(database: Database, one: str, other: str, *, reason: str, actor: str, now_us: int) -> handle.Outcome:
    """Record that two records are not of the same."""
    with database.read() as connection:
        records = handle.load(connection, {one, other})
    return _handled(
        database, f"refuse/{other}", [Distinguish(id=one, other=other, reason=reason)], records, actor, now_us
    )


def _handled(
    database: Database, name: str, commands: list[AnyCommand], records: dict[str, Any], actor: str, now_us: int
) -> handle.Outcome:
    for id, record in records.items():
        if record.content is None:
            raise NotFound("RECORD_UNKNOWN", f"nothing is recorded under {id}", ("id",))
    versions = "-".join(str(records[id].version) for id in sorted(records))
    request = handle.Request(append_id=f"match/{name}/{versions}", actor=actor, commands=commands)
    return handle.handle(database, request, now_us=now_us)


def _joined(one: facts.Meeting, two: facts.Meeting) -> dict[str, Any]:
    """What a meeting gains from another report of it: who else took part, and where that is read."""
    was, more = msgspec.to_builtins(one), msgspec.to_builtins(two)
    changes: dict[str, Any] = {}
    for name in ("parties", "citations", "external_ids"):
        added = [each for each in more.get(name, ()) if each not in was.get(name, ())]
        if name == "parties":
            present = {part.get("person") for part in was.get(name, ())}
            added = [part for part in added if part.get("person") not in present]
        if added:
            changes[name] = [*was.get(name, ()), *added]
    if two.summary and two.summary != one.summary:
        changes["summary"] = f"{one.summary} / {two.summary}" if one.summary else two.summary
    return changes if "parties" in changes else {}


# Rules --------------------------------------------------------------------------------------------------------------


def _people(people: Iterable[Document]) -> Iterator[Suggestion]:
    by_name: dict[tuple[str, str], list[Document]] = defaultdict(list)
    for person in people:
        # All words of a name say more than the first and the last one.
        for key in sorted({key for name in person["names"] for key in _name_keys(name["text"])}, reverse=True):
            by_name[key].append(person)
    seen: set[frozenset[str]] = set()
    for (rule, _), alike in by_name.items():
        if len(alike) > MAX_ALIKE:
            continue
        for one, other in combinations(alike, 2):
            pair = frozenset((one["id"], other["id"]))
            if pair not in seen and _may_be_one(one, other):
                seen.add(pair)
                yield _suggested(one, other, rule)


def _with_posts(connection: Connection, people: Sequence[Suggestion]) -> Iterator[Suggestion]:
    """The suggestions with the posts that each person held, and those that both did."""
    wanted = {id for each in people for id in (each.survivor, each.other)}
    held: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if wanted:
        posts: dict[str, str] = {post["id"]: post["names"][0]["text"] for post in documents_now(connection, ("post",))}
        for tenure in documents_now(connection, ("tenure",)):
            if tenure["person"] in wanted:
                held[tenure["person"]].append((posts.get(tenure["post"], str(tenure["post"])), _label(tenure["when"])))
    for each in people:
        one, other = held[each.survivor], held[each.other]
        both = sorted({post for post, _ in one} & {post for post, _ in other})
        why = "; ".join([each.why, *(f"both held {post}" for post in both)])
        yield replace(each, shown=(each.shown[0] + _posts(one), each.shown[1] + _posts(other)), why=why)


def _posts(held: Sequence[tuple[str, str]]) -> str:
    more = [f"and {len(held) - SHOWN_POSTS} more"] if len(held) > SHOWN_POSTS else []
    told = [", ".join(part for part in post if part) for post in held[:SHOWN_POSTS]]
    return f" [{'; '.join([*told, *more])}]" if told else ""


def _label(when: Document | None) -> str:
    return str(when["label"]) if when is not None and when["label"] else ""


def _named(records: Iterable[Document]) -> Iterator[Suggestion]:
    """Posts and organizations of one name and party."""
    by_name: dict[tuple[str, str | None, str], list[Document]] = defaultdict(list)
    for record in records:
        for name in {fold(name["text"]) for name in record["names"]}:
            by_name[record["kind"], record.get("party"), name].append(record)
    seen: set[frozenset[str]] = set()
    for alike in by_name.values():
        for one, other in combinations(alike[:MAX_ALIKE], 2):
            pair = frozenset((one["id"], other["id"]))
            if pair not in seen and not _schemes(one) & _schemes(other):
                seen.add(pair)
                yield _suggested(one, other, "the same name")


def _may_be_one(one: Document, other: Document) -> bool:
    born, also_born = _birth_year(one), _birth_year(other)
    # Within one scheme different identifiers are different persons.
    return (
        one.get("party") == other.get("party")
        and not (_schemes(one) & _schemes(other))
        and (born is None or also_born is None or born == also_born)
    )


def _birth_year(person: Document) -> str | None:
    found = re.search(r"\bborn (\d{4})\b", person.get("note") or "")
    return found[1] if found else None


def _name_keys(text: str) -> Iterator[tuple[str, str]]:
    """(rule, key): all words of a name in any order, and its first and last word."""
    words = [word for word in fold(text).split() if len(word) > 1 and word not in ("jr", "sr", "ii", "iii")]
    if len(words) > 1:
        yield "the same name", " ".join(sorted(words))
        yield "the same first and last name", f"{words[0]} {words[-1]}"


def _schemes(person: Document) -> set[str]:
    return {each["scheme"] for each in person["external_ids"]}


def _trips(meetings: Iterable[Document]) -> Iterator[Suggestion]:
    by_stop: dict[tuple[Any, ...], list[Document]] = defaultdict(list)
    for meeting in meetings:
        days, place = (meeting.get("when") or {}).get("edtf"), meeting.get("place")
        if days and place and meeting["external_ids"]:
            by_stop[days, place, tuple(sorted(meeting["also_at"]))].append(meeting)
    for alike in by_stop.values():
        for one, other in combinations(alike, 2):
            first, second = ({part.get("person") for part in each["parties"]} for each in (one, other))
            if not first & second:
                yield _suggested(one, other, "the same days in the same place, different travellers: one meeting?")
            elif first == second and content_of(one).summary == content_of(other).summary:  # type: ignore[attr-defined]
                yield _suggested(one, other, "the same in every word: entered twice?")


def _suggested(one: Document, other: Document, why: str) -> Suggestion:
    older, newer = sorted((one, other), key=lambda each: each["first_position"])
    return Suggestion(older["id"], newer["id"], (_shown(older), _shown(newer)), why)


def _shown(document: Document) -> str:
    if document["kind"] != "meeting":
        note = f" ({document['note']})" if document.get("note") else ""
        return f"{document['names'][0]['text']}{note}"
    return f"{document['title']}, {document['when']['label']}"
