"""What became of a nomination, read from the sentences of the Office of the Historian by stated rules.

Only what a rule names becomes a step, with its sentence as citation; everything else stays text. A sentence can tell
of several nominations: one that lapsed, and another one later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from timeline.values.facts import Citation, Step, When
from timeline.values.vocabulary import StepKind
from timeline.write.rules import ENDED

MONTHS = dict(
    zip(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], range(1, 13), strict=True)
)
DATE = r"(?:(?:on|in|of)\s*)?(?P<month>[A-Z][a-z]{2})[a-z]*\.?\s+(?:(?P<day>\d{1,2}),?\s*)?(?P<year>\d{4})"
RULES: tuple[tuple[StepKind | tuple[StepKind, ...], str], ...] = (
    (StepKind.NOMINATED, rf"\b[Rr]e-?nominated,?\s*{DATE}"),
    (StepKind.NOMINATED, rf"\b[Nn]omina(?:ted|tion|ion)(?:\s+announced)?,?\s*{DATE}"),
    (StepKind.WITHDRAWN, rf"\bwithdrawn(?:\s+by\s+the\s+[Pp]resident)?(?:,?\s*{DATE})?"),
    (StepKind.REJECTED, rf"\brejected(?:\s+by\s+the\s+Senate)?(?:,?\s*{DATE})?"),
    (StepKind.RETURNED, rf"\breturned\s+(?:by\s+the\s+Senate|without\s+confirmation)(?:,?\s*{DATE})?"),
    (StepKind.LAPSED, r"\bnot\s+acted\s+upon|\btabled|\bnot\s+confirmed\s+by"),
    (StepKind.DECLINED, r"\b[Dd]eclined\s+(?:this\s+|the\s+)?appointment"),
    ((StepKind.CONFIRMED, StepKind.APPOINTED), rf"\brecommissioned\s+{DATE},?\s+after\s+confirmation"),
    ((StepKind.APPOINTED, StepKind.CONFIRMED), rf"\brecommissioned\s+after\s+confirmation\s+{DATE}"),
    (StepKind.APPOINTED, r"\b[Cc]ommissioned\s+during\s+(?:a\s+)?recess\s+of\s+(?:the\s+)?Senate"),
    (StepKind.CONFIRMED, r"(?<!not )\bnomination\s+was\s+confirmed\s+by\s+the\s+Senate"),
)
"""A step or two, and the words that tell of it. Of two steps the date belongs to the one that stands nearest to it."""
RECESS = "recess appointment"
SENTENCE_END = re.compile(r"(?<=[a-z0-9)”])[.]\s+(?=[A-Z“])")


@dataclass(frozen=True, slots=True)
class _Told:
    place: int
    kind: StepKind
    when: str | None
    words: str
    sentence: str


def ladders(text: str, cited: Citation, *, appointed: When | None, took_office: When | None) -> list[list[Step]]:
    """The steps of each nomination that a row tells of, in order: from its prose and from its dates."""
    found: list[list[Step]] = [[]]
    for told in sorted(_told(text), key=lambda told: told.place):
        if told.kind is StepKind.NOMINATED and found[-1]:
            found.append([])
        if not _has_ended(found[-1]):
            found[-1].append(_step(told, cited))
    ladder = next((each for each in found if not _has_ended(each)), found[0])
    if appointed is not None:
        _appoint(ladder, appointed, cited)
    if took_office is not None and not _has_ended(ladder):
        ladder.insert(_place_of(took_office, ladder), Step(step=StepKind.TOOK_OFFICE, when=took_office, citation=cited))
    for each in found:
        # What was withdrawn or rejected had been put forward, though nobody says when.
        if each and each[0].step in (StepKind.WITHDRAWN, StepKind.REJECTED, StepKind.RETURNED, StepKind.LAPSED):
            each.insert(0, Step(step=StepKind.NOMINATED, citation=cited))
    return [each for each in found if each]


def _appoint(ladder: list[Step], appointed: When, cited: Citation) -> None:
    """The date of the commission: of the recess appointment where the prose tells of one, else a step of its own."""
    for index, step in enumerate(ladder):
        if step.note == RECESS:
            ladder[index] = Step(step=step.step, when=appointed, note=RECESS, citation=step.citation)
            return
    at = next((index for index, step in enumerate(ladder) if step.step in ENDED), len(ladder))
    ladder.insert(at, Step(step=StepKind.APPOINTED, when=appointed, citation=cited))


def _place_of(when: When, ladder: list[Step]) -> int:
    """Before what has a later date, and before the consent without a date that led to it."""
    for index, step in enumerate(ladder):
        if step.when is not None and (step.when.edtf or "") > (when.edtf or ""):
            is_consent = index > 0 and ladder[index - 1].step is StepKind.CONFIRMED and ladder[index - 1].when is None
            return index - is_consent
    return len(ladder)


def _told(text: str) -> Iterator[_Told]:
    for kinds, pattern in RULES:
        for match in re.finditer(pattern, text):
            when = _date(match)
            both = kinds if isinstance(kinds, tuple) else (kinds,)
            for order, kind in enumerate(both):
                dated = when if order == len(both) - 1 else None
                yield _Told(match.start() + order, kind, dated, match[0], _sentence(text, match.start()))


def _step(told: _Told, cited: Citation) -> Step:
    when = None if told.when is None else When(edtf=told.when)
    is_recess = told.kind is StepKind.APPOINTED and "recess" in told.words
    citation = Citation(source=cited.source, locator=cited.locator, quote=told.sentence)
    return Step(step=told.kind, when=when, note=RECESS if is_recess else None, citation=citation)


def _date(match: re.Match[str]) -> str | None:
    parts = match.groupdict()
    if parts.get("year") is None or parts["month"] not in MONTHS:
        return None
    day = f"-{int(parts['day']):02d}" if parts["day"] else ""
    return f"{parts['year']}-{MONTHS[parts['month']]:02d}{day}"


def _sentence(text: str, place: int) -> str:
    start = 0
    for end in SENTENCE_END.finditer(text):
        if end.start() >= place:
            return text[start : end.start() + 1]
        start = end.end()
    return text[start:]


def _has_ended(ladder: list[Step]) -> bool:
    return any(step.step in ENDED for step in ladder)
