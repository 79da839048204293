"""The log against a list in memory: whatever is appended, in whatever order, both answer alike."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.log.appending import NOW, alone, batch, store
from timeline.database import Database
from timeline.errors import Conflict
from timeline.log.append import Appended, append
from timeline.log.read import events_after, head, position_at, stream_versions, streams_events
from timeline.log.verify import verify_log

STREAMS = st.sampled_from(["a", "b", "c"])
IDS = st.sampled_from(["one", "two", "three", "four", "five"])
Store = Callable[..., Appended]
SKEW_US = st.integers(min_value=-50, max_value=50)


class LogAgainstModel(RuleBasedStateMachine):
    """One database serves all examples; each begins where the log ends and uses names of its own."""

    database: Database

    @initialize()
    def begin(self) -> None:
        with self.database.read() as connection:
            end = head(connection)
        self.base, self.clock = end.position, max(end.recorded_us, NOW)
        self.mark = uuid.uuid4().hex
        self.events: list[tuple[str, int, str]] = []
        self.appends: dict[str, tuple[bytes, int, int]] = {}
        self.versions: dict[str, int] = {}

    def named(self, name: str) -> str:
        return f"{name}/{self.mark}"

    @rule(id=IDS, streams=st.lists(STREAMS, max_size=4), digest=st.sampled_from([b"d", b"e"]), skew=SKEW_US)
    def append_anywhere(self, id: str, streams: list[str], digest: bytes, skew: int) -> None:
        self.attempt(id, streams, digest, {}, skew)

    @rule(id=IDS, stream=STREAMS, digest=st.sampled_from([b"d", b"e"]), expected=st.integers(0, 3), skew=SKEW_US)
    def append_alone(self, id: str, stream: str, digest: bytes, expected: int, skew: int) -> None:
        self.attempt(id, [stream], digest, {stream: expected}, skew, alone)

    @rule(id=IDS, streams=st.lists(STREAMS, max_size=2), stream=STREAMS, expected=st.integers(0, 3))
    def append_where_expected(self, id: str, streams: list[str], stream: str, expected: int) -> None:
        self.attempt(id, streams, b"d", {stream: expected}, 0)

    @rule(streams=st.lists(STREAMS, min_size=1, max_size=2))
    def append_and_fail(self, streams: list[str]) -> None:
        with suppress(ZeroDivisionError), self.database.write() as connection:
            append(connection, batch(self.named("lost"), *map(self.named, streams)), now_us=self.clock)
            raise ZeroDivisionError

    def attempt(
        self, id: str, streams: list[str], digest: bytes, expected: dict[str, int], skew: int, store: Store = store
    ) -> None:
        wanted = batch(
            self.named(id),
            *map(self.named, streams),
            digest=digest,
            expected={self.named(stream): version for stream, version in expected.items()},
        )
        first = self.base + len(self.events) + 1
        refusal, answer, replayed = None, (first, first + len(streams) - 1), False
        if id in self.appends:
            said, *positions = self.appends[id]
            refusal = "APPEND_ID_REUSED" if said != digest else None
            answer, replayed = (positions[0], positions[1]), True
        elif any(self.versions.get(stream, 0) != version for stream, version in expected.items()):
            refusal = "VERSION_CONFLICT"
        if refusal is not None:
            with pytest.raises(Conflict) as caught:
                store(self.database, wanted)
            assert caught.value.code == refusal
            return
        found = store(self.database, wanted, self.clock + skew)
        assert (found.first, found.last, found.replayed) == (*answer, replayed)
        if not replayed:
            self.remember(id, streams, digest, answer)

    def remember(self, id: str, streams: list[str], digest: bytes, answer: tuple[int, int]) -> None:
        self.appends[id] = (digest, *answer)
        for stream in streams:
            self.versions[stream] = self.versions.get(stream, 0) + 1
            self.events.append((self.named(stream), self.versions[stream], self.named(id)))

    @invariant()
    def both_hold_the_same(self) -> None:
        if not hasattr(self, "events"):
            return
        with self.database.read() as connection:
            assert head(connection).position == self.base + len(self.events)
            found = events_after(connection, self.base)
            assert [(event.stream, event.version, event.append_id) for event in found] == self.events
            times = [event.recorded_us for event in found]
            assert times == sorted(set(times))
            assert [position_at(connection, time) for time in times] == [event.position for event in found]
            streams = [self.named(stream) for stream in ("a", "b", "c")]
            versions = {self.named(stream): version for stream, version in self.versions.items()}
            assert stream_versions(connection, streams) == versions
            assert {id: len(past) for id, past in streams_events(connection, streams).items()} == versions


def test_the_log_is_what_a_list_in_memory_would_be(database: Database) -> None:
    machine = type("Machine", (LogAgainstModel,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    with database.read() as connection:
        assert verify_log(connection) == []
