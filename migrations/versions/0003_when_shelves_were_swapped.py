"""When the shelves were last swapped, so that a rebuild clears none that a request may still read."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("read_state", sa.Column("swapped_us", BIG, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("read_state", "swapped_us")
