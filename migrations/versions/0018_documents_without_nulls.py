"""Whether an earlier release made the live read tables: documents leave out what is null since.

Nothing is emptied: older documents read alike, so questions are answered while `timeline migrate` makes the tables anew
on the other shelf. The way back empties them, for an earlier release does not read documents without nulls.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("read_state", sa.Column("outdated", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute("UPDATE read_state SET outdated = (position > 0)")


def downgrade() -> None:
    op.drop_column("read_state", "outdated")
    for shelf in ("a", "b"):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"INSERT INTO {shelf}_words ({shelf}_words) VALUES ('delete-all')")
        for table in ("texts", "aliases", "links", "records", "embargoes"):
            op.execute(f"DELETE FROM {shelf}_{table}")
    op.execute("UPDATE read_state SET position = 0, merges = 0, rebuild = NULL, embargoed_us = 0")
