"""How much each client holds open and writes. A client is a credential or, without one, an address."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode
from starlette.types import Scope

from timeline.api.errors import passed
from timeline.api.limits import Limits
from timeline.values.roles import Viewer

CLIENTS = 10_000
"""For how many clients it is kept how much they wrote; whoever wrote longest ago is forgotten first."""


def client_of(scope: Scope, viewer: Viewer) -> str:
    """Who counts as one client. Whoever has an address of IPv6 has a whole network of them."""
    if viewer.actor is not None:
        return f"actor {viewer.actor}"
    return _at((scope.get("client") or ("",))[0])


@lru_cache(maxsize=CLIENTS)
def _at(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return f"address {host}"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return f"network {ip_network((address, 64), strict=False)}"
    return f"address {host}"


class Seats:
    """What is held open: sockets, operations on them, event streams, feeds that wait."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._taken: Counter[str] = Counter()

    def take(self, client: str) -> Callable[[], None]:
        """Hold one more open; the result lets it go, once. Raises `Refusal`."""
        if self._taken[client] >= self.limits.subscriptions:
            message = f"a client holds at most {self.limits.subscriptions} streams open at once; end one first"
            raise passed("subscriptions", message, 429)
        if self._taken.total() >= self.limits.subscriptions_in_all:
            message = f"{self.limits.subscriptions_in_all} streams are open, which is all there can be; come back later"
            raise passed("subscriptions_in_all", message, 503, {"Retry-After": "30"})
        self._taken[client] += 1
        is_held = True

        def let_go() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._taken[client] -= 1
                if not self._taken[client]:
                    del self._taken[client]

        return let_go

    @contextmanager
    def taken(self, client: str) -> Iterator[None]:
        """Hold one more open for a while. Raises `Refusal`."""
        let_go = self.take(client)
        try:
            yield
        finally:
            let_go()


class Rates:
    """How often each client writes: a minute's worth at once, and as many again each minute."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = limits.writes_per_minute
        self.now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, writes: int) -> None:
        """Let a client write so much now. Raises `Refusal` when it is too much, and takes nothing then."""
        now = self.now()
        left, at = self._left.pop(client, (float(self.per_minute), now))
        left = min(self.per_minute, left + (now - at) * self.per_minute / 60)
        is_too_much = writes > left
        self._left[client] = (left if is_too_much else left - writes, now)
        if len(self._left) > CLIENTS:
            self._left.popitem(last=False)
        if is_too_much:
            seconds = int((min(writes, self.per_minute) - left) * 60 / self.per_minute) + 1
            message = f"a client writes at most {self.per_minute} times a minute; come back in {seconds} seconds"
            raise passed("writes_per_minute", message, 429, {"Retry-After": str(seconds)})


def count_fields(selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> int:
    """The fields at the root of an operation within the limits: each of a mutation is a write."""
    count = 0
    for each in selections.selections:
        if isinstance(each, FieldNode):
            count += 1
        elif isinstance(each, InlineFragmentNode):
            count += count_fields(each.selection_set, fragments)
        elif isinstance(each, FragmentSpreadNode):
            count += count_fields(fragments[each.name.value].selection_set, fragments)
    return count
