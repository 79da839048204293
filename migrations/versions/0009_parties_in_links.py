"""A link of a party shows the whole set: several parties at once took a look at the links of each for every record.

The read tables are emptied, and `timeline migrate` fills them again from the log.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    for shelf in ("a", "b"):
        op.add_column(f"{shelf}_links", sa.Column("parties", TEXT, nullable=False, server_default=""))
    _clear()


def downgrade() -> None:
    for shelf in ("a", "b"):
        op.drop_column(f"{shelf}_links", "parties")
    _clear()


def _clear() -> None:
    for shelf in ("a", "b"):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"INSERT INTO {shelf}_words ({shelf}_words) VALUES ('delete-all')")
        for table in ("texts", "aliases", "links", "records"):
            op.execute(f"DELETE FROM {shelf}_{table}")
    op.execute("UPDATE read_state SET position = 0, merges = 0, rebuild = NULL")
