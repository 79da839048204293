"""The rules of one record's content: what may be said at all, whoever says it and in whichever form it arrives."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from timeline.errors import Invalid, Path, TimelineError
from timeline.values import facts
from timeline.values.countries import is_country
from timeline.values.dates import bounds
from timeline.values.vocabulary import Classification, Holding, StepKind, StepStatus

Parts = list[tuple[Path, Struct]]
ENDED = (StepKind.REJECTED, StepKind.RETURNED, StepKind.WITHDRAWN, StepKind.LAPSED, StepKind.DECLINED)
"""After one of these a nomination takes no further step: a new nomination is needed."""


def faults(content: facts.Content) -> list[TimelineError]:
    """Everything that is wrong with this content by itself, each with its path."""
    parts = facts.structs(content)
    found: list[TimelineError] = [*_dates(parts), *_parties(parts)]
    match content:
        case facts.Meeting():
            found.extend(_stand_ins(content))
        case facts.Nomination():
            found.extend(ladder_faults(content.steps))
        case facts.Statement(voices=[]):
            found.append(Invalid("VOICE_MISSING", "a statement needs at least one voice: who speaks", ("voices",)))
        case facts.Organization(classification=Classification.INTERNATIONAL, party=str()):
            message = "an international organization belongs to no single party; leave 'party' out"
            found.append(Invalid("PARTY_OF_INTERNATIONAL", message, ("party",)))
        case _:
            pass
    return found


def ladder_faults(steps: list[facts.Step]) -> list[TimelineError]:
    """Steps may be skipped, never contradicted: nothing is done after the nomination has come to nothing."""
    found: list[TimelineError] = []
    ended: StepKind | None = None
    for index, step in enumerate(steps):
        if ended is not None:
            message = f"a nomination that was {ended.lower()} takes no further step; record a new nomination"
            found.append(Invalid("NOMINATION_ENDED", message, ("steps", index, "step")))
        if step.status is StepStatus.DONE and step.step in ENDED:
            ended = step.step
    return found


def _dates(parts: Parts) -> Iterator[TimelineError]:
    for where, item in parts:
        if isinstance(item, facts.When):
            try:
                bounds(item.edtf, contains=item.contains)
            except Invalid as fault:
                name = "contains" if item.edtf is None else "edtf"
                yield Invalid(fault.code, fault.message, (*where, name))


def _parties(parts: Parts) -> Iterator[TimelineError]:
    for where, item in parts:
        for name in _coded(type(item)):
            code = getattr(item, name)
            if isinstance(code, str) and "/" not in code and not is_country(code):
                message = f"{code!r} is no ISO 3166-1 alpha-2 code; a former state is registered and named 'state/...'"
                yield Invalid("COUNTRY_UNKNOWN", message, (*where, name))
        for index, code in enumerate(item.parties if isinstance(item, (facts.Milestone, facts.Coverage)) else ()):
            if "/" not in code and not is_country(code):
                yield Invalid("COUNTRY_UNKNOWN", f"{code!r} is no ISO 3166-1 alpha-2 code", (*where, "parties", index))


@cache
def _coded(kind: type[Struct]) -> list[str]:
    """The fields of a struct that hold one party."""
    return [name for name in kind.__struct_fields__ if name in ("party", "country", "accredited_to")]


def _stand_ins(meeting: facts.Meeting) -> Iterator[TimelineError]:
    present = {party.person for party in meeting.parties if party.person}
    for index, party in enumerate(meeting.parties):
        absent = party.in_place_of.person if party.in_place_of else None
        if absent and absent in present:
            message = f"{absent} is said to be absent and is a participant; leave one of the two out"
            yield Invalid("STAND_IN_FOR_PARTICIPANT", message, ("parties", index, "in_place_of", "person"))


def nominee_faults(content: facts.Content, pending: dict[tuple[str, str], str]) -> list[TimelineError]:
    """A nominee holds nothing: `pending` maps (person, post) to the nomination that has not brought them there yet."""
    found: list[TimelineError] = []
    if isinstance(content, facts.Tenure) and content.holding is not Holding.DESIGNATE:
        nomination = pending.get((content.person, content.post))
        if nomination:
            message = (
                f"{content.person} is a nominee for {content.post} ({nomination}) and does not hold it; "
                "advance the nomination to TOOK_OFFICE first, or record the tenure as DESIGNATE"
            )
            found.append(Invalid("NOMINEE_AS_HOLDER", message, ("holding",)))
    if isinstance(content, facts.Meeting):
        for index, party in enumerate(content.parties):
            nomination = pending.get((party.person or "", party.post or ""))
            if nomination and party.capacity.value != "NOMINEE":
                who = f"{party.person} is a nominee for {party.post} ({nomination})"
                message = f"{who} and does not hold it; take part as NOMINEE, or leave 'post' out"
                found.append(Invalid("NOMINEE_AS_HOLDER", message, ("parties", index, "post")))
    return found


def is_pending(nomination: facts.Content) -> bool:
    """Whether this is a nomination whose nominee may still reach the post and has not yet."""
    if not isinstance(nomination, facts.Nomination):
        return False
    done = {step.step for step in nomination.steps if step.status is StepStatus.DONE}
    return not done & {*ENDED, StepKind.TOOK_OFFICE, StepKind.APPOINTED}
