"""Who asks and what they may: roles in their order, each with all that the ones below it may."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from timeline.errors import Denied


class Role(StrEnum):
    """What a credential allows. Each role may do all that the roles before it may."""

    READER = "READER"
    """Reads, also where reading is closed to the public."""
    CONTRIBUTOR = "CONTRIBUTOR"
    """Records what is new and reports what other sources say. Nothing on record changes by it."""
    EDITOR = "EDITOR"
    """Changes what is on record: corrects, prefers, retracts, merges, advances, relates, puts under embargo."""
    ADMIN = "ADMIN"
    """Manages credentials and erasure."""

    @property
    def rank(self) -> int:
        """1 for the least; the public without a credential has 0."""
        return list(Role).index(self) + 1


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: the name under which the log keeps what they record, and their role. The public has neither."""

    actor: str | None = None
    role: Role | None = None

    @property
    def rank(self) -> int:
        """The rank of the role; 0 for the public."""
        return 0 if self.role is None else self.role.rank

    def require(self, role: Role, wish: str) -> None:
        """Raises `Denied` when the viewer's role does not reach this one. `wish` says what it is needed for."""
        if self.rank >= role.rank:
            return
        named = role.value.lower()
        having = f"this credential has {self.role.value.lower()}" if self.role else f"send the token of one: {HOW}"
        raise Denied("FORBIDDEN", f"{wish} needs the role {named}; {having}", needed=role.value)


HOW = "'Authorization: Bearer TOKEN'"
PUBLIC = Viewer()
OPERATOR = Viewer("operator", Role.ADMIN)
"""Whoever can open the database."""
