"""The closed lists of words: every enum of the record, with what each word means."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a record is about. The value is also the first part of its id."""

    MEETING = "meeting"
    STATEMENT = "statement"
    NOMINATION = "nomination"
    MILESTONE = "milestone"
    PERSON = "person"
    ORGANIZATION = "organization"
    STATE = "state"
    PLACE = "place"
    POST = "post"
    TENURE = "tenure"
    SOURCE = "source"
    SPEAKER = "speaker"


OCCURRENCES = (Kind.MEETING, Kind.STATEMENT, Kind.NOMINATION, Kind.MILESTONE)


class Basis(StrEnum):
    """How we know a date or a fact."""

    STATED = "STATED"
    """The source says so in these terms."""
    RESOLVED = "RESOLVED"
    """Resolved from the source's own date: 'Friday', 'late June'."""
    INFERRED = "INFERRED"
    """Concluded from what the source says elsewhere."""
    EXTERNAL = "EXTERNAL"
    """Known from outside the source."""


class MeetingStatus(StrEnum):
    """How far a meeting got."""

    SCHEDULED = "SCHEDULED"
    HELD = "HELD"
    POSTPONED = "POSTPONED"
    CANCELLED = "CANCELLED"


class Level(StrEnum):
    """The rank of the people who meet."""

    HEAD_OF_STATE = "HEAD_OF_STATE"
    HEAD_OF_GOVERNMENT = "HEAD_OF_GOVERNMENT"
    MINISTER = "MINISTER"
    VICE_MINISTER = "VICE_MINISTER"
    CHIEF_OF_DEFENSE = "CHIEF_OF_DEFENSE"
    DIRECTOR_GENERAL = "DIRECTOR_GENERAL"
    AMBASSADOR = "AMBASSADOR"
    WORKING = "WORKING"


class Format(StrEnum):
    """How many parties sit at the table."""

    UNILATERAL = "UNILATERAL"
    BILATERAL = "BILATERAL"
    TRILATERAL = "TRILATERAL"
    QUADRILATERAL = "QUADRILATERAL"
    MULTILATERAL = "MULTILATERAL"


class Mode(StrEnum):
    """Whether people were in one room."""

    IN_PERSON = "IN_PERSON"
    VIRTUAL = "VIRTUAL"
    HYBRID = "HYBRID"


class Capacity(StrEnum):
    """In which capacity a party or person takes part in a meeting."""

    HEAD_OF_DELEGATION = "HEAD_OF_DELEGATION"
    REPRESENTATIVE = "REPRESENTATIVE"
    MEMBER = "MEMBER"
    CHAIR = "CHAIR"
    HOST = "HOST"
    OBSERVER = "OBSERVER"
    ACCOMPANYING = "ACCOMPANYING"
    NOMINEE = "NOMINEE"


class Holding(StrEnum):
    """In which capacity a person holds a post."""

    SUBSTANTIVE = "SUBSTANTIVE"
    ACTING = "ACTING"
    AD_INTERIM = "AD_INTERIM"
    DESIGNATE = "DESIGNATE"


class Attribution(StrEnum):
    """To whom the source attributes a statement."""

    ON_RECORD = "ON_RECORD"
    INSTITUTIONAL = "INSTITUTIONAL"
    JOINT_TEXT = "JOINT_TEXT"
    ANONYMOUS_OFFICIAL = "ANONYMOUS_OFFICIAL"
    UNNAMED_SOURCES = "UNNAMED_SOURCES"
    NARRATOR = "NARRATOR"


class Wording(StrEnum):
    """How close the passage is to the words that were spoken."""

    DIRECT = "DIRECT"
    PARTIAL_QUOTE = "PARTIAL_QUOTE"
    PARAPHRASE = "PARAPHRASE"


class SpeechAct(StrEnum):
    """What the speaker does by speaking."""

    STATEMENT = "STATEMENT"
    REQUEST = "REQUEST"
    DENIAL = "DENIAL"
    ANNOUNCEMENT = "ANNOUNCEMENT"


class RelationType(StrEnum):
    """How one record stands to another."""

    ON_SIDELINES_OF = "ON_SIDELINES_OF"
    PART_OF = "PART_OF"
    FOLLOWS_UP = "FOLLOWS_UP"
    IN_RESPONSE_TO = "IN_RESPONSE_TO"
    SIMILAR_TO = "SIMILAR_TO"
    SEPARATE_FROM = "SEPARATE_FROM"


class ClaimKind(StrEnum):
    """What a source claims about a record; never asserted by us."""

    FIRST = "FIRST"
    FIRST_SINCE = "FIRST_SINCE"


class StepKind(StrEnum):
    """The rungs of a nomination, lowest first; some may be skipped, none contradicted."""

    NOMINATED = "NOMINATED"
    HEARING = "HEARING"
    REPORTED = "REPORTED"
    CONFIRMED = "CONFIRMED"
    APPOINTED = "APPOINTED"
    TOOK_OFFICE = "TOOK_OFFICE"
    REJECTED = "REJECTED"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"


class StepStatus(StrEnum):
    """Whether a step has been taken."""

    DONE = "DONE"
    SCHEDULED = "SCHEDULED"
    EXPECTED = "EXPECTED"


class Classification(StrEnum):
    """What an organization is. Only INTERNATIONAL ones take part as parties of their own."""

    INTERNATIONAL = "INTERNATIONAL"
    MINISTRY = "MINISTRY"
    LEGISLATURE = "LEGISLATURE"
    EMBASSY = "EMBASSY"
    EXECUTIVE = "EXECUTIVE"
    MILITARY = "MILITARY"
    PRESS = "PRESS"
    OTHER = "OTHER"
