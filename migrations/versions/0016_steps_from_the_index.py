"""An index that holds all that steps of patterns ask of meetings: nine tenths of a pattern was looking up wide records.

Nobody writes a read table but an append: while the index is made, appends wait, and questions are answered.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = [
    *("level", "es", "le", "id", "ls", "ee", "uncertain", "party_key"),
    *("status", "format", "from_position", "to_position", "kind", "hidden"),
]
WHERE = sa.text("kind = 'meeting' AND NOT hidden")


def upgrade() -> None:
    for table in ("a_records", "b_records"):
        op.create_index(f"{table}_steps", table, COLUMNS, sqlite_where=WHERE, postgresql_where=WHERE)
        op.execute(f"ANALYZE {table}")  # Or the planner would not know what the index is worth.


def downgrade() -> None:
    for table in ("a_records", "b_records"):
        op.drop_index(f"{table}_steps", table, if_exists=True)  # A rebuild may have been killed.
