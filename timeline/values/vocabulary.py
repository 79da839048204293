"""The closed lists of words: every enum of the record, with what each word means. The API shows these texts, too."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a record is about. The value is also the first part of its id."""

    MEETING = "meeting"
    """Parties that met, or were to meet."""
    STATEMENT = "statement"
    """What somebody said, as a source gives it."""
    NOMINATION = "nomination"
    """A person put forward for a post."""
    MILESTONE = "milestone"
    """Something else that dates are counted from."""
    PERSON = "person"
    """Somebody with a name."""
    ORGANIZATION = "organization"
    """A ministry, a parliament, an alliance, a newspaper."""
    STATE = "state"
    """A state that has no ISO 3166-1 code today."""
    PLACE = "place"
    """A city or a site."""
    POST = "post"
    """An office that persons hold one after another."""
    TENURE = "tenure"
    """A person holds a post."""
    SOURCE = "source"
    """A document that facts rest on."""
    SPEAKER = "speaker"
    """Anonymous speakers as one source describes them."""


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
    """It is to take place."""
    HELD = "HELD"
    """It took place."""
    POSTPONED = "POSTPONED"
    """It was put off, with no new date."""
    CANCELLED = "CANCELLED"
    """It was called off."""


class Level(StrEnum):
    """The rank of the people who meet."""

    HEAD_OF_STATE = "HEAD_OF_STATE"
    """Presidents who are heads of state, monarchs."""
    HEAD_OF_GOVERNMENT = "HEAD_OF_GOVERNMENT"
    """Prime ministers, chancellors."""
    MINISTER = "MINISTER"
    """Members of a cabinet."""
    VICE_MINISTER = "VICE_MINISTER"
    """Deputies of ministers, undersecretaries."""
    CHIEF_OF_DEFENSE = "CHIEF_OF_DEFENSE"
    """The highest officers of the armed forces."""
    DIRECTOR_GENERAL = "DIRECTOR_GENERAL"
    """Heads of a department of a ministry, assistant secretaries and their deputies."""
    AMBASSADOR = "AMBASSADOR"
    """Heads of mission."""
    WORKING = "WORKING"
    """Officials below these ranks."""


class Format(StrEnum):
    """How many parties sit at the table."""

    UNILATERAL = "UNILATERAL"
    """One party is stated."""
    BILATERAL = "BILATERAL"
    """Two parties."""
    TRILATERAL = "TRILATERAL"
    """Three parties."""
    QUADRILATERAL = "QUADRILATERAL"
    """Four parties."""
    MULTILATERAL = "MULTILATERAL"
    """Five parties or more."""


class Mode(StrEnum):
    """Whether people were in one room."""

    IN_PERSON = "IN_PERSON"
    """In one place."""
    VIRTUAL = "VIRTUAL"
    """By telephone or video."""
    HYBRID = "HYBRID"
    """Some in one place, others by video."""


class Capacity(StrEnum):
    """In which capacity a party or person takes part in a meeting."""

    HEAD_OF_DELEGATION = "HEAD_OF_DELEGATION"
    """Leads the delegation of a party."""
    REPRESENTATIVE = "REPRESENTATIVE"
    """Speaks for a party."""
    MEMBER = "MEMBER"
    """Belongs to a delegation."""
    CHAIR = "CHAIR"
    """Presides."""
    HOST = "HOST"
    """Receives the others."""
    OBSERVER = "OBSERVER"
    """Is present without a voice of its own."""
    ACCOMPANYING = "ACCOMPANYING"
    """Comes along with a delegation."""
    NOMINEE = "NOMINEE"
    """Is nominated to a post and does not hold it."""


class Holding(StrEnum):
    """In which capacity a person holds a post."""

    SUBSTANTIVE = "SUBSTANTIVE"
    """Holds the post in full right."""
    ACTING = "ACTING"
    """Acts in the post while nobody holds it."""
    AD_INTERIM = "AD_INTERIM"
    """Holds the post for the time being."""
    DESIGNATE = "DESIGNATE"
    """Is to take the post and does not hold it yet."""


class Attribution(StrEnum):
    """To whom the source attributes a statement."""

    ON_RECORD = "ON_RECORD"
    """A person, by name."""
    INSTITUTIONAL = "INSTITUTIONAL"
    """An institution, such as a ministry."""
    JOINT_TEXT = "JOINT_TEXT"
    """A text that several sides issued together."""
    ANONYMOUS_OFFICIAL = "ANONYMOUS_OFFICIAL"
    """An official who is not named."""
    UNNAMED_SOURCES = "UNNAMED_SOURCES"
    """Sources that are not named."""
    NARRATOR = "NARRATOR"
    """The source itself."""


class Wording(StrEnum):
    """How close the passage is to the words that were spoken."""

    DIRECT = "DIRECT"
    """The words as quoted, whole sentences or more."""
    PARTIAL_QUOTE = "PARTIAL_QUOTE"
    """A few words as quoted, inside a sentence of the source."""
    PARAPHRASE = "PARAPHRASE"
    """The sense in other words."""


class SpeechAct(StrEnum):
    """What the speaker does by speaking."""

    STATEMENT = "STATEMENT"
    """Says how things are or should be."""
    REQUEST = "REQUEST"
    """Asks somebody to do something."""
    DENIAL = "DENIAL"
    """Rejects or contradicts."""
    ANNOUNCEMENT = "ANNOUNCEMENT"
    """Makes known what is to come."""


class RelationType(StrEnum):
    """How one record stands to another."""

    ON_SIDELINES_OF = "ON_SIDELINES_OF"
    """Beside a larger gathering, with its own agenda and parties."""
    PART_OF = "PART_OF"
    """A part of a larger event."""
    FOLLOWS_UP = "FOLLOWS_UP"
    """Continues an earlier one."""
    IN_RESPONSE_TO = "IN_RESPONSE_TO"
    """Answers an earlier one."""
    SIMILAR_TO = "SIMILAR_TO"
    """The source calls it similar."""
    SEPARATE_FROM = "SEPARATE_FROM"
    """The source sets it apart."""


class ClaimKind(StrEnum):
    """What a source claims about a record; never asserted by us."""

    FIRST = "FIRST"
    """The first of its kind."""
    FIRST_SINCE = "FIRST_SINCE"
    """The first of its kind since a milestone."""


class StepKind(StrEnum):
    """The rungs of a nomination, lowest first; some may be skipped, none contradicted."""

    NOMINATED = "NOMINATED"
    """Put forward."""
    HEARING = "HEARING"
    """Heard by the body that advises or consents."""
    REPORTED = "REPORTED"
    """That body reported on it."""
    CONFIRMED = "CONFIRMED"
    """Consent was given."""
    APPOINTED = "APPOINTED"
    """Appointed to the post."""
    TOOK_OFFICE = "TOOK_OFFICE"
    """Entered upon the post."""
    REJECTED = "REJECTED"
    """Consent was refused."""
    RETURNED = "RETURNED"
    """Sent back without a decision."""
    WITHDRAWN = "WITHDRAWN"
    """Taken back by the nominator or the nominee."""
    LAPSED = "LAPSED"
    """Never decided: not acted upon, tabled, or simply not confirmed."""
    DECLINED = "DECLINED"
    """The person declined the post."""


class StepStatus(StrEnum):
    """Whether a step has been taken."""

    DONE = "DONE"
    """It was taken."""
    SCHEDULED = "SCHEDULED"
    """It has a date on which it is to be taken."""
    EXPECTED = "EXPECTED"
    """It is awaited, without a date."""


class Classification(StrEnum):
    """What an organization is. Only INTERNATIONAL ones take part as parties of their own."""

    INTERNATIONAL = "INTERNATIONAL"
    """An organization of states; takes part in meetings as a party of its own."""
    MINISTRY = "MINISTRY"
    """A ministry or department."""
    LEGISLATURE = "LEGISLATURE"
    """A parliament or a chamber of one."""
    EMBASSY = "EMBASSY"
    """An embassy or another mission."""
    EXECUTIVE = "EXECUTIVE"
    """The office of a head of state or government."""
    MILITARY = "MILITARY"
    """Armed forces or their staff."""
    PRESS = "PRESS"
    """A newspaper, an agency, a broadcaster."""
    OTHER = "OTHER"
    """None of these, or not stated."""
