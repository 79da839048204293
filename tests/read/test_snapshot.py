"""The read side on both engines: filters, pages, as-of, search, rebuild."""

import asyncio

from tests.facts import (
    CHO,
    HERALD,
    HERALD_ID,
    IN_OFFICE,
    MALAYSIA_CAPITAL,
    MINISTER,
    PARK,
    SATURDAY,
    SEOUL,
    TRILATERAL,
    WI,
)
from timeline.database import Database
from timeline.handle import Request, handle
from timeline.read.filters import EntityFilter, OccurrenceFilter, Page, TimeFilter
from timeline.read.projector import rebuild
from timeline.read.snapshot import open_snapshot
from timeline.values.dates import bounds
from timeline.values.facts import Meeting, Participation
from timeline.write.commands import Correct, Merge, Put, Retract, Unmerge

WORLD = {
    HERALD_ID: HERALD,
    "place/kuala-lumpur": MALAYSIA_CAPITAL,
    "place/seoul": SEOUL,
    "person/park-yoon-joo": PARK,
    "person/cho-hyun": CHO,
    "person/wi": WI,
    "post/kr-foreign-minister": MINISTER,
    "person/wi-two": WI,
    "meeting/m1": TRILATERAL,
    "meeting/undated": Meeting(title="Undated", parties=[Participation(party="KR"), Participation(party="US")]),
    "meeting/wi": Meeting(title="Talks", when=SATURDAY, parties=[Participation(party="KR", person="person/wi-two")]),
    "tenure/cho": IN_OFFICE,
}


def test_the_record_can_be_asked(database: Database) -> None:
    ask = 0

    def do(*commands):
        nonlocal ask
        ask += 1
        return handle(database, Request(append_id=f"a{ask}", actor="t", commands=list(commands)), now_us=ask)

    do(*[Put(id=id, content=content) for id, content in WORLD.items()])
    whole = do(Correct(id="person/cho-hyun", changes={"note": "x"}, reason="r")).last
    do(Merge(id="person/wi-two", into="person/wi", reason="same"))
    do(Retract(id="meeting/undated", reason="wrong"))

    async def main():
        async def ids(filter, snap=None, **page):
            snap = snap or now
            return [d["id"] for d in (await snap.occurrences(filter, Page(**page))).documents]

        now, then = await open_snapshot(database), await open_snapshot(database, whole)
        F = OccurrenceFilter
        assert await ids(F()) == ["meeting/m1", "meeting/wi"]
        assert await ids(F(), then) == ["meeting/m1", "meeting/wi", "meeting/undated"]
        assert await ids(F(), then, descending=True) == ["meeting/wi", "meeting/m1", "meeting/undated"]
        assert await ids(F(exactly=("US", "JP", "KR"))) == ["meeting/m1"]
        assert await ids(F(all_of=("KR",), none_of=("JP",))) == ["meeting/wi"]
        assert await ids(F(place="MY")) == ["meeting/m1"]
        assert await ids(F(people=("person/wi",))) == ["meeting/wi"]
        assert await ids(F(people=("person/wi",)), then) == []
        assert await ids(F(stand_ins_for=("person/cho-hyun",))) == ["meeting/m1"]
        assert await ids(F(has_stand_in=False)) == ["meeting/wi"]
        assert await ids(F(times=(TimeFilter("during", bounds("2025-07-12", throughout=True), "CERTAIN"),))) == [
            "meeting/wi"
        ]
        assert await ids(F(text="park yoonjoo")) == ["meeting/m1"]
        first = await now.occurrences(F(), Page(first=1))
        assert first.has_next
        assert await ids(F(), after=first.cursors[0]) == ["meeting/wi"]
        assert await ids(F(), last=1) == ["meeting/wi"]
        assert (await now.documents(["person/wi-two"]))["person/wi-two"]["id"] == "person/wi"
        for text in ("Wi Seong-rak", "wi seongrak", "WI SEONG RAK"):
            assert [d["id"] for d in (await now.search(text)).documents] == ["person/wi", "meeting/wi"], text
        assert await now.count(F()) == (2, True)
        facets = (await now.facets(F(), ["KIND", "PARTY", "YEAR", "PLACE", "SOURCE"])).values
        assert facets["PARTY"] == [("KR", 2), ("JP", 1), ("US", 1)]
        assert await now.density(F(), "MONTH") == [("2025-07", 2, 2)]
        assert [c["change"] for c in await now.changes(whole)] == ["WITHDRAWN", "WITHDRAWN"]
        assert [h["type"] for h in await now.history("person/cho-hyun")] == ["PersonRegistered", "RecordCorrected"]
        assert len(await now.log(0, 5)) == 5
        assert await now.holders("post/kr-foreign-minister", bounds("2025-07-11", throughout=True)) == []
        assert len((await now.entities(EntityFilter(("person",)), Page())).documents) == 3
        assert (await now.linked("PERSON", ["person/wi"]))["person/wi"][0]["id"] == "meeting/wi"
        both = await now.linked("PERSON", ["person/wi", "person/wi-two"])
        assert [[each["id"] for each in both[id]] for id in both] == [["meeting/wi"], ["meeting/wi"]]
        assert await now.same_day(["meeting/m1"]) == {"meeting/m1": []}
        await database.close()

    asyncio.run(main())
    report = rebuild(database)
    assert report.equal
    do(Unmerge(id="person/wi-two", reason="no"))
    asyncio.run(main_after(database))
    assert rebuild(database).equal


async def main_after(database: Database) -> None:
    now = await open_snapshot(database)
    assert (await now.documents(["person/wi-two"]))["person/wi-two"]["id"] == "person/wi-two"
    await database.close()
