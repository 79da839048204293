"""Claims of being the first, checked against the record: never asserted by us, only whether the record bears them out.

Comparable are meetings of exactly the same parties at the same declared level and, where the claim's meeting names
topics, with one of them in common. A claim is contradicted by a comparable meeting that certainly took place before it
(and certainly after the milestone it counts from). It is consistent when there is none, nor a possible one, and some
source covers the time since ('../2025' covers all time before): without such a source, that nothing is recorded says
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from timeline.read.documents import Document, dates_of
from timeline.read.filters import OccurrenceFilter, Page
from timeline.read.search import fold
from timeline.read.snapshot import Snapshot
from timeline.values.dates import Bounds
from timeline.values.relations import Certainty, before, then_within

Verdict = Literal["CONSISTENT", "CONTRADICTED", "UNDECIDABLE"]
COMPARED = 500
"""How many comparable meetings are read at a time."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the record says of a claim."""

    verdict: Verdict
    reason: str
    by: list[Document] = field(default_factory=list)


async def check(snapshot: Snapshot, meeting: Document, claim: Document) -> Checked:
    """What the record says of a claim that a meeting is the first, or the first since a milestone."""
    if meeting["kind"] != "meeting" or not meeting["party_set"]:
        return Checked("UNDECIDABLE", "Only meetings with known parties can be compared.")
    when = dates_of(meeting.get("when"))
    if when is None:
        return Checked("UNDECIDABLE", "The meeting itself has no date.")
    since: Bounds | None = None
    if claim["kind"] == "FIRST_SINCE":
        named = claim.get("since")
        milestone = (await snapshot.documents([named])).get(named) if named else None
        if milestone is None:
            return Checked("UNDECIDABLE", "The claim names no milestone to count from.")
        since = dates_of(milestone.get("when"))
        if since is None:
            return Checked("UNDECIDABLE", f"The milestone has no date on record: {milestone['title']}.")
    certain, possible = await _earlier(snapshot, meeting, when, since)
    if certain:
        return Checked("CONTRADICTED", "An earlier comparable meeting is on record.", certain)
    if possible:
        return Checked("UNDECIDABLE", "The dates of a comparable meeting leave open whether it came earlier.", possible)
    time = "all time before" if since is None else "the time since"
    source = await _covering(snapshot, meeting, since, when)
    if source is None:
        reason = f"No earlier comparable meeting is on record, but no source covers {time}."
        return Checked("UNDECIDABLE", reason)
    reason = f"A source covers {time}, and no earlier comparable meeting is on record."
    return Checked("CONSISTENT", reason, [source])


async def _earlier(
    snapshot: Snapshot, meeting: Document, when: Bounds, since: Bounds | None
) -> tuple[list[Document], list[Document]]:
    """Comparable meetings that certainly, and those that possibly, lie before (and after the milestone).

    All are read until a page has certain ones, which settle the matter.
    """
    filter = OccurrenceFilter(kinds=("meeting",), exactly=tuple(meeting["party_set"]), statuses=("HELD",))
    if (level := meeting.get("level_declared")) is not None:
        filter = replace(filter, levels=(level,))
    found: tuple[list[Document], list[Document]] = ([], [])
    page = Page(first=COMPARED)
    while True:
        slice = await snapshot.occurrences(filter, page)
        for other in slice.documents:
            if other["id"] == meeting["id"] or not _same_subject(meeting, other):
                continue
            how = _lies_before(dates_of(other.get("when")), when, since)
            if how is not Certainty.IMPOSSIBLE:
                found[how is Certainty.POSSIBLE].append(other)
        if found[0] or not slice.has_next:
            return found
        page = replace(page, after=slice.cursors[-1])


def _lies_before(dates: Bounds | None, when: Bounds, since: Bounds | None) -> Certainty:
    """Whether what has these dates lies before the meeting, and after the milestone."""
    if dates is None:
        return Certainty.POSSIBLE
    sure = [before(dates, when)] + ([] if since is None else [then_within(since, dates, same_day=True)])
    return next((each for each in (Certainty.IMPOSSIBLE, Certainty.POSSIBLE) if each in sure), Certainty.CERTAIN)


def _same_subject(meeting: Document, other: Document) -> bool:
    topics = {fold(topic) for topic in meeting["topics"]}
    return not topics or bool(topics & {fold(topic) for topic in other["topics"]})


async def _covering(snapshot: Snapshot, meeting: Document, since: Bounds | None, when: Bounds) -> Document | None:
    """A source that claims to list all such meetings from the milestone, or from ever on, to this one."""
    parties = sorted(meeting["party_set"])
    for source in (await snapshot.linked("COVERS", parties[:1], ("source",)))[parties[0]]:
        for covered in source["coverage"]:
            is_level = not covered["levels"] or meeting.get("level_declared") in covered["levels"]
            is_set = sorted(await snapshot.survivors(covered["parties"])) == parties
            if is_level and is_set and _is_whole(covered["when"], since, when):
                return source
    return None


def _is_whole(period: Document, since: Bounds | None, until: Bounds) -> bool:
    """Whether a period certainly holds the time from the one to the other; '..' at an end leaves that end open."""
    dates, text = dates_of(period), period.get("edtf") or ""
    if dates is None or dates.uncertain:
        return False
    begins = text.startswith("../") or (since is not None and dates.ls <= since.es)
    return begins and (text.endswith("/..") or until.le <= dates.ee)
