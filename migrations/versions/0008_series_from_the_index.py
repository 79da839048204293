"""An index that holds all that the figures of series ask: every series was 1 s of looking up rows at 200,000 meetings.

Nobody writes a read table but an append: while the index is made, appends wait, and questions are answered.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = [
    *("party_key", "es", "le", "id", "ls", "ee", "uncertain"),
    *("status", "from_position", "to_position", "kind", "hidden"),
]
WHERE = sa.text("kind = 'meeting' AND NOT hidden")


def upgrade() -> None:
    for table in ("a_records", "b_records"):
        op.create_index(f"{table}_series", table, COLUMNS, sqlite_where=WHERE, postgresql_where=WHERE)
        op.execute(f"ANALYZE {table}")  # Or the planner would not know what the index is worth.


def downgrade() -> None:
    for table in ("a_records", "b_records"):
        op.drop_index(f"{table}_series", table, if_exists=True)  # A rebuild may have been killed.
