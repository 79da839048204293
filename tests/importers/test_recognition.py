"""Which rows of a new release are which of an old one: by what they say, with any numbers."""

from __future__ import annotations

import random
from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from timeline.importers.foreign import At, Draft
from timeline.importers.recognition import Said, recognise
from timeline.values.facts import Citation, ExternalId, Meeting, Participation, When

AT = At("f.xml", 1)


def trip(number: int, day: int, who: str = "a", where: str = "x", remarks: str = "", release: str = "new") -> Draft:
    content = Meeting(
        title=f"{who} in {where}",
        when=When(edtf=f"2001-01-{day:02d}"),
        parties=[Participation(party="US", person=f"person/{who}")],
        place=f"place/{where}",
        summary=remarks or None,
        external_ids=[ExternalId(scheme="s", value=str(number), snapshot=release)],
        citations=[Citation(source="source/r")],
    )
    return Draft(f"meeting/{who}-{day}-{where}-{number}", content, AT, str(number))


def before(*trips: Draft) -> dict[str, Said]:
    return {draft.id: Said(draft.content) for draft in trips}


def found(
    old: list[Draft], new: list[Draft], *, same_release: bool = False
) -> tuple[dict[str, list[str]], int, list[str]]:
    """Changed fields by record, how many are new, who is gone."""
    said = before(*old) if same_release else before(*map(earlier, old))
    recognised = recognise(new, said, {})
    changed = {known.id: sorted(known.changes) for known in recognised.known if known.changes}
    return changed, len(recognised.new), recognised.gone


def earlier(draft: Draft) -> Draft:
    """The same row in an earlier release."""
    ids = [msgspec.structs.replace(each, snapshot="old") for each in draft.content.external_ids]
    return replace(draft, content=msgspec.structs.replace(draft.content, external_ids=ids))


def test_within_one_release_the_number_decides_where_it_is_given_once() -> None:
    old, new = [trip(1, 1, remarks="Met the King")], [trip(1, 9, where="y", remarks="Opened a fair")]
    changed = {"meeting/a-1-x-1": ["place", "summary", "title", "when"]}
    assert found(old, new, same_release=True) == (changed, 0, [])
    assert found(old, new) == ({}, 1, ["meeting/a-1-x-1"])
    twice = [*new, trip(1, 20, where="z")]
    assert found(old, twice, same_release=True) == ({}, 2, ["meeting/a-1-x-1"])


def test_numbers_alone_change_nothing() -> None:
    old = [trip(1, 1), trip(2, 2), trip(3, 3)]
    assert found(old, [trip(3, 1), trip(1, 2), trip(2, 3)]) == ({}, 0, [])


def test_one_changed_field_is_recognised_under_any_number() -> None:
    assert found([trip(1, 1, remarks="Met the King")], [trip(9, 2, remarks="Met the King")]) == (
        {"meeting/a-1-x-1": ["when"]}, 0, [],
    )  # fmt: skip


def test_a_changed_place_and_the_title_that_follows_from_it_are_one_change() -> None:
    assert found([trip(1, 1)], [trip(9, 1, where="y")]) == ({"meeting/a-1-x-1": ["place", "title"]}, 0, [])


def test_two_changed_fields_are_recognised_by_the_number_only() -> None:
    old = [trip(1, 1, remarks="Met the King")]
    assert found(old, [trip(1, 2, remarks="Met the King and the Queen")])[0] == {"meeting/a-1-x-1": ["summary", "when"]}
    assert found(old, [trip(2, 2, remarks="Met the King and the Queen")]) == ({}, 1, ["meeting/a-1-x-1"])


def test_another_traveller_is_another_trip_whatever_the_number() -> None:
    assert found([trip(1, 1)], [trip(1, 1, who="b")]) == ({}, 1, ["meeting/a-1-x-1"])


def test_two_rows_that_say_the_same_are_two_records() -> None:
    assert found([trip(1, 1), trip(2, 1)], [trip(2, 1), trip(1, 1)]) == ({}, 0, [])
    assert found([trip(1, 1), trip(2, 1)], [trip(7, 1)]) == ({}, 0, ["meeting/a-1-x-2"])


@given(st.integers(0, 10_000))
def test_a_release_at_random_is_told_apart_exactly(seed: int) -> None:
    chance = random.Random(seed)
    days = chance.sample(range(1, 29), 20)
    old = [trip(number, day, remarks=f"remark {number}") for number, day in enumerate(days)]
    kept, gone = old[4:], old[:4]
    moved = chance.sample(kept, 5)
    numbers = chance.sample(range(40), len(kept))
    new = []
    for draft, number in zip(kept, numbers, strict=True):
        remarks = draft.content.summary
        day = int(draft.content.when.edtf[-2:]) if draft not in moved else chance.choice([29, 30, 31])
        new.append(trip(number, day, remarks=remarks))
    added = [trip(100 + number, chance.randint(1, 28), who="b") for number in range(6)]
    chance.shuffle(new)
    changed, fresh, missing = found(old, new + added)
    assert changed == {draft.id: ["when"] for draft in moved}
    assert (fresh, sorted(missing)) == (6, sorted(draft.id for draft in gone))
