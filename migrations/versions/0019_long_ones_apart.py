"""Indexes of the few records that span more than a year: what touches a day began near it, or is one of them.

For a page of what happened in a year the index of all meetings was walked from the first one: 0.17 s at a million.

Nobody writes a read table but an append: while the indexes are made, appends wait, and questions are answered.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INDEXES = {"long_up": ["es", "le", "id"], "long_down": ["le", "es", "id"]}
WHERE = sa.text("le > es + 366")


def upgrade() -> None:
    for table in ("a_records", "b_records"):
        for name, columns in INDEXES.items():
            op.create_index(f"{table}_{name}", table, columns, sqlite_where=WHERE, postgresql_where=WHERE)


def downgrade() -> None:
    for table in ("a_records", "b_records"):
        for name in INDEXES:
            op.drop_index(f"{table}_{name}", table, if_exists=True)  # A rebuild may have been killed.
