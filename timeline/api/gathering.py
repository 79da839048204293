"""What plans have at hand while they pick, and what has to be loaded before they can.

A plan never waits. It asks the view for the records it needs; what is not at hand is noted as missing, the caller loads
all that is missing at once and picks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from timeline.api.context import Doc, Unread, View
from timeline.api.fields import Linked
from timeline.read.documents import Document


class Surprise(Exception):
    """The plan does not fit the data: the executor has to complete the value."""


class Unplannable(Exception):
    """The selection has a field for which there is no plan: the executor has to complete it, now and always."""


Pickings = Callable[["Gathering"], list[Any]]
"""Picks from several documents at once."""
Write = Callable[[Any, "Gathering", Doc], Any]
"""For a branch of `timeline.api.plans`."""


def _nothing(id: str | None) -> None:
    return None


class Gathering:
    """What plans have at hand while they pick, and what they found missing."""

    def __init__(self, view: View, write: Write | None = None) -> None:
        self.view = view
        self.write = write
        """For answers that are sent as JSON: writes what a selection picks from a document, or gives None."""
        self.known = view.known
        self.find: Callable[[str | None], Document | None] = _nothing
        """What is at hand and needs no check. It is looked at before `known`."""
        self._picked: dict[Any, dict[str | None, Any]] = {}
        self.done: dict[Listed, Any] = {}
        """What was made of all lists of a kind, until more is loaded."""
        self._listed: dict[Listed, dict[str, Sequence[Doc]]] = {}
        self._wanted: dict[Listed, set[str]] = {}
        self._worked: dict[tuple[int, int], tuple[Document, Any]] = {}
        self._waiting: list[tuple[tuple[int, int], Awaitable[Any]]] = []

    def begin(self) -> None:
        """Before picking: nothing else runs until all is picked."""
        newest = self.view.snapshot.newest()
        self.find, self._picked = newest if newest is not None else (_nothing, {})

    def picked(self, by: Any) -> dict[str | None, Any]:
        """What was picked, by a branch say, from documents that are at hand and need no check, by their ids."""
        found = self._picked.get(by)
        if found is None:
            found = self._picked[by] = {}
        return found

    @property
    def is_missing(self) -> bool:
        """Whether a plan asked for what is not at hand."""
        return bool(self.known.missing or self._wanted or self._waiting)

    async def load(self) -> None:
        """Have at hand what was missing: a load for each kind of it."""
        ids, wanted, waiting = self.known.missing, self._wanted, self._waiting
        self.known.missing, self._wanted, self._waiting = set(), {}, []
        self.done.clear()
        if ids:
            await self.view.ensure(ids)
        for listed, values in wanted.items():
            link = listed.link
            found = await self.view.snapshot.linked_texts(
                link.role, sorted(values), link.kinds, limit_each=listed.first
            )
            docs = {value: [Unread(self.view, kind, text) for kind, text in texts] for value, texts in found.items()}
            self.lists(listed).update(docs)
        # To the end even if one fails: what was begun is not left behind.
        made = await asyncio.gather(*(awaitable for _, awaitable in waiting), return_exceptions=True)
        for (key, _), value in zip(waiting, made, strict=True):
            if isinstance(value, BaseException):
                raise value
            self._worked[key] = (self._worked[key][0], value)

    def drop(self) -> None:
        """Begin nothing of what was missing."""
        for _, awaitable in self._waiting:
            if isinstance(awaitable, Coroutine):
                awaitable.close()

    def lists(self, listed: Listed) -> dict[str, Sequence[Doc]]:
        """The records that name others in this way, by the ids of those, as far as they were loaded."""
        return self._listed.setdefault(listed, {})

    def listed(self, listed: Listed, value: str) -> Sequence[Doc]:
        """The records that name this one."""
        found = self.lists(listed).get(value)
        if found is None:
            self.want(listed, (value,))
            return ()
        return found

    def want(self, listed: Listed, values: Iterable[str]) -> None:
        """Note that the lists of all these will be asked for."""
        self._wanted.setdefault(listed, set()).update(values)

    def worked(self, given: Given, data: Document) -> Any:
        """What a function of ours makes of the document; None while it has to be waited for."""
        key = (id(given), id(data))
        if key not in self._worked:
            made = given.work(Doc(self.view, data), **given.arguments)
            # With the document, so that no other one can have the same identity meanwhile.
            self._worked[key] = (data, made)
            if isinstance(made, Awaitable):
                self._waiting.append((key, made))
        made = self._worked[key][1]
        return None if isinstance(made, Awaitable) else made

    def null(self) -> None:
        """There is no value where one must be. While something is missing, that may be why."""
        if not self.is_missing:
            raise Surprise


@dataclass(eq=False, slots=True)
class Listed:
    """The records that name this one in a role."""

    link: Linked
    first: int


@dataclass(eq=False, slots=True)
class Given:
    """A function of ours and the arguments of one field."""

    work: Callable[..., Any]
    arguments: dict[str, Any]
