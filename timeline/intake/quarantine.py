"""Rows that could not be recorded, until an import succeeds with them: listed with file, line and reason."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from timeline.importers.foreign import At, SetAside

quarantine = sa.Table(
    "import_quarantine",
    sa.MetaData(),
    *(sa.Column(name, sa.Text, primary_key=True) for name in ("scheme", "file", "row")),
    sa.Column("line", sa.BigInteger, nullable=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("release", "code", "reason")),
    sa.Column("since_us", sa.BigInteger, nullable=False),
)


def keep(connection: Connection, scheme: str, release: str, rows: Sequence[SetAside], now_us: int) -> None:
    """These rows of a scheme are set aside now, and no others: an import tries every row again."""
    of_scheme = quarantine.c.scheme == scheme
    known = {
        (row.file, row.row): row.since_us
        for row in connection.execute(
            sa.select(quarantine.c.file, quarantine.c.row, quarantine.c.since_us).where(of_scheme)
        )
    }
    connection.execute(sa.delete(quarantine).where(of_scheme))
    distinct = {(each.at.file, each.row): each for each in rows}
    if distinct:
        values = [
            {
                "scheme": scheme,
                "file": each.at.file,
                "row": each.row,
                "line": each.at.line,
                "release": release,
                "code": each.code,
                "reason": each.reason,
                "since_us": known.get(key, now_us),
            }
            for key, each in distinct.items()
        ]
        connection.execute(sa.insert(quarantine), values)


def kept(connection: Connection, scheme: str | None = None) -> list[tuple[str, SetAside]]:
    """(scheme, row) of everything that is set aside, in order of scheme, file and line."""
    order = (quarantine.c.scheme, quarantine.c.file, quarantine.c.line, quarantine.c.row)
    wanted = sa.select(quarantine).order_by(*order)
    if scheme is not None:
        wanted = wanted.where(quarantine.c.scheme == scheme)
    return [
        (row.scheme, SetAside(At(row.file, row.line), row.row, row.code, row.reason))
        for row in connection.execute(wanted)
    ]
