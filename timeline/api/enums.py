"""The vocabulary as GraphQL enums, with the texts that stand below each word in its own module."""

from __future__ import annotations

import ast
import inspect
import textwrap
from enum import Enum, StrEnum
from typing import TypeVar

import strawberry

from timeline.values import vocabulary
from timeline.values.dates import Precision
from timeline.values.relations import Certainty
from timeline.values.roles import Role

E = TypeVar("E", bound=type[Enum])


def described(enum: E) -> E:
    """The enum for the schema: described by its docstring, each value by the string below it in the source."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(enum))).body
    assert isinstance(definition, ast.ClassDef)
    texts: dict[str, str] = {}
    for line, below in zip(definition.body, definition.body[1:], strict=False):
        match line, below:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = text
    strawberry.enum(enum, description=inspect.getdoc(enum))
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = texts[value.name]
    return enum


for _enum in (
    vocabulary.Attribution,
    vocabulary.Basis,
    vocabulary.Capacity,
    vocabulary.ClaimKind,
    vocabulary.Classification,
    vocabulary.Format,
    vocabulary.Holding,
    vocabulary.Kind,
    vocabulary.Level,
    vocabulary.MeetingStatus,
    vocabulary.Mode,
    vocabulary.RelationType,
    vocabulary.SpeechAct,
    vocabulary.StepKind,
    vocabulary.StepStatus,
    vocabulary.Wording,
    Precision,
    Certainty,
    Role,
):
    described(_enum)


@described
class WantedCertainty(StrEnum):
    """How sure a filter on imprecise dates must be."""

    POSSIBLE = "POSSIBLE"
    """True for some start and end inside the bounds of the date; certain ones are among them."""
    CERTAIN = "CERTAIN"
    """True for every start and end inside the bounds of the date."""


@described
class OccurrenceOrder(StrEnum):
    """How occurrences are sorted. Those without a date come last both ways."""

    EARLIEST_FIRST = "EARLIEST_FIRST"
    """By earliest start, then latest end, then id."""
    LATEST_FIRST = "LATEST_FIRST"
    """By latest end, then earliest start, then id, the greatest first."""


@described
class Facet(StrEnum):
    """What occurrences can be counted by."""

    KIND = "KIND"
    """Meetings, statements, nominations, milestones."""
    PARTY = "PARTY"
    """Each party of a meeting counts."""
    PLACE = "PLACE"
    """The place itself, not what it lies within."""
    LEVEL = "LEVEL"
    """The level as declared."""
    FORMAT = "FORMAT"
    """The format as declared, or else by the number of parties."""
    STATUS = "STATUS"
    """How far a meeting got."""
    ATTRIBUTION = "ATTRIBUTION"
    """To whom statements are attributed."""
    YEAR = "YEAR"
    """The year of the earliest start."""
    SOURCE = "SOURCE"
    """Each source that is cited counts."""
    TOPIC = "TOPIC"
    """Topics in folded case."""


@described
class Bucket(StrEnum):
    """Into which pieces time is cut."""

    DAY = "DAY"
    """Days."""
    MONTH = "MONTH"
    """Months."""
    YEAR = "YEAR"
    """Years."""
    DECADE = "DECADE"
    """Decades, such as '1950s'."""


@described
class Knowledge(StrEnum):
    """What the record knows."""

    CERTAIN = "CERTAIN"
    """It is known."""
    POSSIBLE = "POSSIBLE"
    """It may be so; the dates leave it open."""
    UNKNOWN = "UNKNOWN"
    """Nothing is recorded about it. That is not to say that there was nobody."""


@described
class ChangeType(StrEnum):
    """What became of a record between two points of the log."""

    ADDED = "ADDED"
    """It was recorded."""
    CHANGED = "CHANGED"
    """It was corrected, or more of it was recorded."""
    MOVED = "MOVED"
    """It happened, or is to happen, on another date than was recorded."""
    WITHDRAWN = "WITHDRAWN"
    """It was retracted, or merged into another record, perhaps soon after it was recorded."""
