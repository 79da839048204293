"""Who may be who: suggested by stated rules, joined by a person only, never suggested again once refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from timeline.database import Database
from timeline.errors import NotFound
from timeline.handle import Request, handle
from timeline.intake import matches
from timeline.read.snapshot import open_snapshot
from timeline.values.facts import Content, ExternalId, Meeting, Name, Participation, Person, Place, Post, Tenure, When
from timeline.values.vocabulary import Holding
from timeline.write.commands import Report

FIRST, SECOND = [ExternalId(scheme="one", value="1")], [ExternalId(scheme="two", value="1")]
OTHER = [ExternalId(scheme="one", value="2")]


def known(database: Database, **records: Content) -> None:
    commands = [Report(id=id.replace("__", "/").replace("_", "-"), content=content) for id, content in records.items()]
    handle(database, Request(append_id="a", actor="t", commands=commands), now_us=1)


def person(name: str, ids: list[ExternalId], note: str | None = None, party: str = "US") -> Person:
    return Person(names=[Name(text=name)], party=party, note=note, external_ids=ids)


def suggested(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(each.survivor, each.other) for each in matches.suggestions(connection)]


@pytest.mark.parametrize(
    ("one", "other", "are_suggested"),
    [
        (person("Joseph Yun", []), person("Joseph Yousang Yun", SECOND), True),
        (person("Yun Joseph", []), person("Joseph Yun", SECOND), True),
        (person("Park Yoon-joo", FIRST), person("Park Yoonjoo", SECOND), True),
        (person("Joseph Yun", FIRST), person("Joseph Yun", FIRST), False),
        (person("Joseph Yun", []), person("Joseph Yun", SECOND, party="KR"), False),
        (person("John Adams", FIRST, "born 1735"), person("John Quincy Adams", SECOND, "born 1767"), False),
        (person("John Adams", FIRST, "born 1735"), person("John Adams", SECOND, "born 1735, died 1826"), True),
    ],
)
def test_persons_of_one_name_and_party_are_suggested_unless_something_tells_them_apart(
    database: Database, one: Person, other: Person, are_suggested: bool
) -> None:
    known(database, person__one=one, person__other=other)
    assert suggested(database) == ([("person/one", "person/other")] if are_suggested else [])


def tenure(who: str, year: str) -> Tenure:
    return Tenure(person=who, post="post/envoy", holding=Holding.SUBSTANTIVE, when=When(edtf=year))


def test_persons_are_shown_with_the_posts_they_held_and_posts_of_one_name_are_suggested_too(database: Database) -> None:
    known(
        database,
        person__one=person("Joseph Yun", FIRST),
        person__other=person("Joseph Yousang Yun", SECOND),
        post__envoy=Post(names=[Name(text="Envoy to Malaysia")], party="US", external_ids=FIRST),
        post__same=Post(names=[Name(text="envoy to Malaysia")], party="US", external_ids=SECOND),
        post__of_another_state=Post(names=[Name(text="Envoy to Malaysia")], party="KR", external_ids=SECOND),
        post__of_the_same_source=Post(names=[Name(text="Envoy to Malaysia")], party="US", external_ids=OTHER),
        tenure__one=Tenure(person="person/one", post="post/envoy", holding=Holding.SUBSTANTIVE, when=When(edtf="2013")),
        tenure__other=Tenure(
            person="person/other", post="post/envoy", holding=Holding.SUBSTANTIVE, when=When(edtf="2015")
        ),
    )
    with database.read() as connection:
        people, *posts = matches.suggestions(connection)
    assert people.shown == ("Joseph Yun [Envoy to Malaysia, 2013]", "Joseph Yousang Yun [Envoy to Malaysia, 2015]")
    assert people.why == "the same first and last name; both held Envoy to Malaysia"
    assert {(each.survivor, each.other) for each in posts} == {
        ("post/envoy", "post/same"), ("post/same", "post/of-the-same-source"),
    }  # fmt: skip


def trip(who: str, days: str, number: str, summary: str = "Met the King.") -> Meeting:
    return Meeting(
        title=who,
        when=When(edtf=days),
        place="place/oslo",
        parties=[Participation(party="US", person=f"person/{who}")],
        summary=summary,
        external_ids=[ExternalId(scheme="trips", value=number)],
    )


@pytest.fixture
def trips(database: Database) -> Database:
    known(
        database,
        place__oslo=Place(names=[Name(text="Oslo")], country="NO"),
        person__a=person("A One", FIRST),
        person__b=person("B Two", FIRST),
        meeting__a1=trip("a", "2001-05-01/2001-05-02", "1"),
        meeting__b1=trip("b", "2001-05-01/2001-05-02", "2", "Accompanied A."),
        meeting__b2=trip("b", "2001-05-01/2001-05-03", "3"),
        meeting__a2=trip("a", "2001-06-01", "4"),
        meeting__a3=trip("a", "2001-06-01", "5"),
        meeting__a4=trip("a", "2001-06-01", "6", "Opened a fair."),
    )
    return database


def test_two_travellers_on_the_same_days_and_what_was_entered_twice_are_suggested(trips: Database) -> None:
    assert suggested(trips) == [("meeting/a1", "meeting/b1"), ("meeting/a2", "meeting/a3")]


def test_an_accepted_stop_has_both_travellers_and_both_sources(trips: Database) -> None:
    matches.accept(trips, "meeting/a1", "meeting/b1", reason="one plane", actor="t", now_us=2)
    meeting = document(trips, "meeting/b1")
    assert meeting["id"] == "meeting/a1"
    assert [part["person"] for part in meeting["parties"]] == ["person/a", "person/b"]
    assert meeting["summary"] == "Met the King. / Accompanied A."
    assert {each["value"] for each in meeting["external_ids"]} == {"1", "2"}
    assert suggested(trips) == [("meeting/a2", "meeting/a3")]


def test_a_stop_entered_twice_is_merged_as_it_is(trips: Database) -> None:
    matches.accept(trips, "meeting/a2", "meeting/a3", reason="twice", actor="t", now_us=2)
    assert document(trips, "meeting/a3")["corrections"] == 0


def test_what_was_refused_is_not_suggested_again_and_says_so(trips: Database) -> None:
    matches.refuse(trips, "meeting/a1", "meeting/b1", reason="two planes", actor="t", now_us=2)
    assert suggested(trips) == [("meeting/a2", "meeting/a3")]
    assert document(trips, "meeting/a1")["distinct_from"] == ["meeting/b1"]


def test_an_unknown_record_is_named(trips: Database) -> None:
    with pytest.raises(NotFound, match="person/nobody"):
        matches.accept(trips, "person/a", "person/nobody", reason="r", actor="t", now_us=2)
    with pytest.raises(NotFound, match="person/nobody"):
        matches.refuse(trips, "person/a", "person/nobody", reason="r", actor="t", now_us=2)


def document(database: Database, id: str) -> Any:
    async def ask() -> Any:
        try:
            return (await (await open_snapshot(database)).documents([id]))[id]
        finally:
            await database.close()

    return asyncio.run(ask())
