"""What is recorded, as it is recorded: first everything behind a position, then live, nothing missed or twice."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from timeline.api.context import Context, Doc, View
from timeline.api.inputs import given
from timeline.api.query import LogEvent
from timeline.log.follow import follow
from timeline.log.stored import StoredEvent
from timeline.read.history import raw
from timeline.values.vocabulary import Kind

FRESH_SECONDS = 5.0
"""How long a snapshot serves a slow subscriber; a rebuild may clear the tables that an old one reads."""


@strawberry.input(description="Which events. All given conditions must hold.")
class RecordedFilter:
    types: list[str] | None = given("Of one of these types.")
    kinds: list[Kind] | None = given("Of records of one of these kinds.")
    records: list[strawberry.ID] | None = given("Of one of these records.")

    def wants(self, event: StoredEvent) -> bool:
        """Whether the event passes."""
        kind = event.stream.partition("/")[0]
        return (
            (self.types is None or event.type in self.types)
            and (self.records is None or event.stream in self.records)
            and (self.kinds is None or kind in [each.value for each in self.kinds])
        )


async def _recorded(
    info: Info[Context, Any],
    after: Annotated[
        int | None,
        strawberry.argument(
            description="Begin behind this position; with what comes next if unset. Beyond the end of the log nothing "
            "comes until the log is that far: whoever asks so after a restore asks `position` first."
        ),
    ] = None,
    filter: Annotated[RecordedFilter | None, strawberry.argument(description="Which events.")] = None,
) -> AsyncIterator[LogEvent]:
    context = info.context
    start = context.now.snapshot.position if after is None else max(after, 0)
    wants = (filter or RecordedFilter()).wants
    async for batch in follow(context.watcher, start, wants):
        snapshot, opened = await context.open(), time.monotonic()
        for event in batch:
            if time.monotonic() - opened > FRESH_SECONDS:
                snapshot, opened = await context.open(), time.monotonic()
            if snapshot.veil is not None and snapshot.veil.hides(event):
                continue
            # Each event is shown in the record as it stood right after it.
            at = replace(snapshot, position=event.position, recorded_us=event.recorded_us)
            yield Doc(View(at), raw(event))  # type: ignore[misc]


@strawberry.type(description="What is recorded, as it is recorded.")
class Subscription:
    recorded: LogEvent = strawberry.subscription(  # type: ignore[assignment]
        resolver=_recorded,
        description="First every event behind a position, then those that are recorded, in order, none missed and none "
        "twice. A client that comes back asks after the last position it saw.",
    )
