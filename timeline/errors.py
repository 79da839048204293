"""The six ways a request can fail, each with a stable code, a sentence for people and the place of the fault.

Whatever else is raised is a defect of ours: it is masked, logged with an id, and shown to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

Path = tuple[str | int, ...]


class TimelineError(Exception):
    """A failure that a caller can act on.

    `code` is stable and documented in docs/errors.md, `message` says what is wrong and what would be right,
    `path` leads to the fault in the input, outermost name first.
    """

    def __init__(self, code: str, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path


class Invalid(TimelineError):
    """The input has not the form it must have."""


class Refused(TimelineError):
    """The input is well formed, but the rules of the record do not allow it now."""


class NotFound(TimelineError):
    """What the input names does not exist."""


class Denied(TimelineError):
    """Who asks has not shown who they are, or lacks the right: then `needed` names it."""

    def __init__(self, code: str, message: str, path: Path = (), needed: str | None = None) -> None:
        super().__init__(code, message, path)
        self.needed = needed


class Conflict(TimelineError):
    """Somebody else was first: an expected version is no longer current, or an append id was used for other content."""


class Damaged(TimelineError):
    """The log is not what it was: a hole, a hash that does not match. Reading stops loudly."""


class Unavailable(TimelineError):
    """Something that the request needs does not answer now. Sent again later, unchanged, it may be answered."""


class Several(Exception):
    """All faults that were found together; a file with ten faults names ten."""

    def __init__(self, faults: Sequence[TimelineError]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = list(faults)
