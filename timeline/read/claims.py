"""Claims of being the first, checked against the record: never asserted by us, only whether the record bears them out.

Comparable are meetings of exactly the same parties at the same declared level and, where the claim's meeting names
topics, with one of them in common. A claim is contradicted by a comparable meeting that certainly took place before it
(and certainly after the milestone it counts from). It is consistent when there is none, nor a possible one, and some
source covers the time since: without such a source, that nothing is recorded says nothing.
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
MAX_COMPARED = 500


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
    when = dates_of(meeting["when"])
    if when is None:
        return Checked("UNDECIDABLE", "The meeting itself has no date.")
    since: Bounds | None = None
    if claim["kind"] == "FIRST_SINCE":
        milestone = (await snapshot.documents([claim["since"]])).get(claim["since"]) if claim["since"] else None
        if milestone is None:
            return Checked("UNDECIDABLE", "The claim names no milestone to count from.")
        since = dates_of(milestone["when"])
        if since is None:
            return Checked("UNDECIDABLE", f"The milestone has no date on record: {milestone['title']}.")
    certain, possible = await _earlier(snapshot, meeting, when, since)
    if certain:
        return Checked("CONTRADICTED", "An earlier comparable meeting is on record.", certain)
    if possible:
        return Checked("UNDECIDABLE", "The dates of a comparable meeting leave open whether it came earlier.", possible)
    if since is None:
        return Checked(
            "UNDECIDABLE", "No earlier comparable meeting is on record, but no source covers all time before."
        )
    source = await _covering(snapshot, meeting, since, when)
    if source is None:
        return Checked(
            "UNDECIDABLE", "No earlier comparable meeting is on record, but no source covers the time since."
        )
    return Checked(
        "CONSISTENT", "A source covers the time since, and no earlier comparable meeting is on record.", [source]
    )


async def _earlier(
    snapshot: Snapshot, meeting: Document, when: Bounds, since: Bounds | None
) -> tuple[list[Document], list[Document]]:
    """Comparable meetings that certainly, and those that possibly, lie before (and after the milestone)."""
    filter = OccurrenceFilter(kinds=("meeting",), exactly=tuple(meeting["party_set"]), statuses=("HELD",))
    if meeting["level_declared"] is not None:
        filter = replace(filter, levels=(meeting["level_declared"],))
    found: tuple[list[Document], list[Document]] = ([], [])
    for other in (await snapshot.occurrences(filter, Page(first=MAX_COMPARED))).documents:
        if other["id"] == meeting["id"] or not _same_subject(meeting, other):
            continue
        dates = dates_of(other["when"])
        if dates is None:
            found[1].append(other)
            continue
        sure = [before(dates, when)] + ([] if since is None else [then_within(since, dates, same_day=True)])
        if all(each is Certainty.CERTAIN for each in sure):
            found[0].append(other)
        elif Certainty.IMPOSSIBLE not in sure:
            found[1].append(other)
    return found


def _same_subject(meeting: Document, other: Document) -> bool:
    topics = {fold(topic) for topic in meeting["topics"]}
    return not topics or bool(topics & {fold(topic) for topic in other["topics"]})


async def _covering(snapshot: Snapshot, meeting: Document, since: Bounds, when: Bounds) -> Document | None:
    """A source that claims to list all such meetings from the milestone to this one."""
    parties = sorted(meeting["party_set"])
    for source in (await snapshot.linked("COVERS", parties[:1], ("source",)))[parties[0]]:
        for covered in source["coverage"]:
            is_level = not covered["levels"] or meeting["level_declared"] in covered["levels"]
            is_set = sorted(await snapshot.survivors(covered["parties"])) == parties
            period = dates_of(covered["when"])
            is_whole = period is not None and period.ls <= since.es and when.le <= period.ee and not period.uncertain
            if is_level and is_set and is_whole:
                return source
    return None
