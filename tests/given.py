"""given(record, past events).when(command).records(events): a decision test in three lines."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from timeline.errors import Several, TimelineError
from timeline.events.records import AnyEvent
from timeline.write.commands import AnyCommand
from timeline.write.decide import decide
from timeline.write.state import Record, evolve, fold


def given(id: str, *past: AnyEvent) -> Given:
    """A record with this past."""
    return Given(fold(id, past))


@dataclass(frozen=True)
class Given:
    """The record before the command."""

    record: Record

    def when(self, command: AnyCommand) -> When:
        """The command that is tried."""
        return When(self.record, command)


@dataclass(frozen=True)
class When:
    """The command on the record."""

    record: Record
    command: AnyCommand

    def records(self, *events: AnyEvent) -> None:
        """Exactly these events; and the same wish again records nothing."""
        assert decide(self.command, self.record) == list(events)
        after = self.record
        for event in events:
            after = evolve(after, event)
        assert decide(self.command, after) == [], "a wish that is already fulfilled records nothing"

    def is_refused(self, code: str, *path: str | int) -> None:
        """Refused with this code, at this place if one is given."""
        with pytest.raises((TimelineError, Several)) as caught:
            decide(self.command, self.record)
        faults = caught.value.faults if isinstance(caught.value, Several) else [caught.value]
        assert code in [fault.code for fault in faults]
        if path:
            assert path in [fault.path for fault in faults]
