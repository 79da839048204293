"""The read tables, on two shelves: one is live, the other is filled anew while the live one goes on answering.

A row says from which position of the log to which it held; `to_position` NULL means that it still does. What has no
date sorts last both ways and matches no time filter: es = ls = INFINITY, ee = le = -INFINITY.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

SHELVES = ("a", "b")
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Ids sort by code point on both engines, as Python sorts them."""
SERIES = "kind = 'meeting' AND NOT hidden"
"""What stands in the index of series. A question that says so in these words is answered from it."""
SERIES_COLUMNS = (
    *("party_key", "es", "le", "id", "ls", "ee", "uncertain"),
    *("status", "from_position", "to_position", "kind", "hidden"),
)
STEP_COLUMNS = (
    *("level", "es", "le", "id", "ls", "ee", "uncertain", "party_key"),
    *("status", "format", "from_position", "to_position", "kind", "hidden"),
)
"""What the steps of a pattern ask of meetings, those of one level in order of time, under the same words."""
LONG_DAYS = 366
"""What may span more days than this is found apart, so that all else that touches a day begins and ends near it."""
LONG = f"r.le > r.es + {LONG_DAYS}"
"""What stands in the indexes of long ones. Days have a bound, so that no sum is too large for a column."""

metadata = sa.MetaData()

read_state = sa.Table(
    "read_state",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    sa.Column("shelf", TEXT, nullable=False),
    sa.Column("position", BIG, nullable=False),
    sa.Column("merges", BIG, nullable=False, comment="the position of the last merge or unmerge"),
    sa.Column("rebuild", TEXT, comment="who is filling the other shelf"),
    sa.Column("swapped_us", BIG, nullable=False, server_default="0", comment="when the shelves were last swapped"),
    sa.Column("embargoed_us", BIG, nullable=False, server_default="0", comment="when the last embargo ends"),
    sa.Column("outdated", sa.Boolean, nullable=False, server_default=sa.false(), comment="made by an earlier release"),
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The tables of one shelf."""

    name: str
    records: sa.Table
    links: sa.Table
    aliases: sa.Table
    texts: sa.Table
    embargoes: sa.Table

    @property
    def tables(self) -> tuple[sa.Table, ...]:
        return (self.records, self.links, self.aliases, self.texts, self.embargoes)


def _shelf(name: str) -> Shelf:
    records = sa.Table(
        f"{name}_records",
        metadata,
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("from_position", BIG, primary_key=True, autoincrement=False),
        sa.Column("to_position", BIG),
        sa.Column("kind", TEXT, nullable=False),
        *(sa.Column(bound, BIG, nullable=False) for bound in ("es", "ls", "ee", "le")),
        sa.Column("uncertain", sa.Boolean, nullable=False),
        sa.Column("party_key", TEXT, nullable=False),
        sa.Column("place", TEXT),
        sa.Column("level", TEXT),
        sa.Column("level_actual", TEXT),
        sa.Column("format", TEXT),
        sa.Column("status", TEXT),
        sa.Column("attribution", TEXT),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("known_from", BIG),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("doc", TEXT, nullable=False),
        sa.Column("links", TEXT, nullable=False, comment="what this version put into the links, to close it again"),
    )
    for index, columns in {
        "kind_up": ("kind", "es", "le", "id"),
        "kind_down": ("kind", "le", "es", "id"),
        "up": ("es", "le", "id"),
        "down": ("le", "es", "id"),
        "parties_up": ("party_key", "es", "le", "id"),
        "parties_down": ("party_key", "le", "es", "id"),
        "name": ("kind", "name", "id"),
        "from": ("from_position",),
    }.items():
        sa.Index(f"{name}_records_{index}", *(records.c[column] for column in columns))
    # All that figures of series and steps of patterns ask, so that these are read from an index alone.
    where = sa.text(SERIES)
    for index, columns in {"series": SERIES_COLUMNS, "steps": STEP_COLUMNS}.items():
        told = (records.c[column] for column in columns)
        sa.Index(f"{name}_records_{index}", *told, sqlite_where=where, postgresql_where=where)
    long = sa.text(LONG.replace("r.", ""))
    for index, columns in {"long_up": ("es", "le", "id"), "long_down": ("le", "es", "id")}.items():
        told = (records.c[column] for column in columns)
        sa.Index(f"{name}_records_{index}", *told, sqlite_where=long, postgresql_where=long)
    links = sa.Table(
        f"{name}_links",
        metadata,
        sa.Column("value", TEXT, primary_key=True),
        sa.Column("role", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("from_position", BIG, primary_key=True, autoincrement=False),
        sa.Column("to_position", BIG),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("es", BIG, nullable=False),
        sa.Column("le", BIG, nullable=False),
        sa.Column("parties", TEXT, nullable=False, server_default="", comment="'|JP|KR|' in the links of parties"),
        sqlite_with_rowid=False,
    )
    for index, columns in {"up": ("es", "le", "id"), "down": ("le", "es", "id")}.items():
        sa.Index(f"{name}_links_{index}", links.c.value, links.c.role, *(links.c[column] for column in columns))
    aliases = sa.Table(
        f"{name}_aliases",
        metadata,
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("from_position", BIG, primary_key=True, autoincrement=False),
        sa.Column("to_position", BIG),
        sa.Column("survivor", TEXT, nullable=False),
    )
    texts = sa.Table(
        f"{name}_texts",
        metadata,
        sa.Column("n", BIG, primary_key=True, autoincrement=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False, comment="0: names and titles, 1: all words"),
        sa.Column("from_position", BIG, nullable=False),
        sa.Column("to_position", BIG),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("words", TEXT, nullable=False, comment="folded, each word once, separated by spaces"),
    )
    sa.Index(f"{name}_texts_id", texts.c.id, texts.c.rank, texts.c.from_position, unique=True)
    embargoes = sa.Table(
        f"{name}_embargoes",
        metadata,
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("least_rank", sa.Integer, nullable=False, comment="of the least role that sees the record"),
        sa.Column("until_us", BIG, nullable=False),
        comment="as of now and not of any position: what is hidden is hidden in every past, too",
    )
    return Shelf(name, records, links, aliases, texts, embargoes)


SHELF = {name: _shelf(name) for name in SHELVES}


def other(shelf: str) -> str:
    """The shelf that is not this one."""
    return SHELVES[1 - SHELVES.index(shelf)]
