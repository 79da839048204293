"""What occurrences may have in common with others: parties by a column, people and places by their documents."""

from __future__ import annotations

from collections.abc import Sequence

from timeline.read.documents import Document
from timeline.read.snapshot import Snapshot
from timeline.read.steps import PARTIES, Row

DOCUMENTS = 1_000
"""How many documents are read at once."""
WANT_DOCUMENTS = {"PEOPLE", "PLACE"}
"""What is shared and not told by columns."""


async def what_is_shared(snapshot: Snapshot, rows: Sequence[Row], sharing: Sequence[str]) -> list[dict[str, list[str]]]:
    """What occurrences have of each thing that may be shared, by their sets of parties or else by their ids."""
    told: list[dict[str, list[str]]] = [{} for _ in sharing]
    read = {"PLACE": places, "PEOPLE": people}
    for what, named in zip(sharing, told, strict=True):
        if what == "PARTIES":
            named |= {each: [party for party in each.split("|") if party] for each in {row[PARTIES] for row in rows}}
    for at in range(0, len(rows) if WANT_DOCUMENTS.intersection(sharing) else 0, DOCUMENTS):
        # Piece by piece: documents are let go of as soon as they have told what is asked.
        documents = await snapshot.documents([row[0] for row in rows[at : at + DOCUMENTS]])
        for what, named in zip(sharing, told, strict=True):
            if what in read:
                named |= {id: read[what](document) for id, document in documents.items()}
    return told


def places(document: Document) -> list[str]:
    """Where it was, one place or several."""
    return [place for place in (document.get("place"), *document.get("also_at", ())) if place]


def people(document: Document) -> list[str]:
    """The persons who take part or speak."""
    parts = document.get("parties") if document["kind"] == "meeting" else document.get("voices")
    found = [person for part in parts or () if (person := part.get("person"))]
    return [*found, document["nominee"]] if document["kind"] == "nomination" else found
