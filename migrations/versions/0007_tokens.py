"""Who may write, and read where reading is closed: tokens by their hash.

Nothing about tokens is in the log: it is published and kept for ever.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("created_us", BIG, nullable=False),
        sa.Column("expires_us", BIG),
        sa.Column("revoked_us", BIG),
    )


def downgrade() -> None:
    op.drop_table("tokens")
