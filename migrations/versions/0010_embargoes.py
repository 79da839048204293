"""Which records are under embargo; and the read tables emptied, because documents tell of it now.

`timeline migrate` fills them again from the log.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    for shelf in ("a", "b"):
        op.create_table(
            f"{shelf}_embargoes",
            sa.Column("id", TEXT, primary_key=True),
            sa.Column("least_rank", sa.Integer, nullable=False),
            sa.Column("until_us", BIG, nullable=False),
        )
    op.add_column("read_state", sa.Column("embargoed_us", BIG, nullable=False, server_default="0"))
    _clear()


def downgrade() -> None:
    op.drop_column("read_state", "embargoed_us")
    for shelf in ("a", "b"):
        op.drop_table(f"{shelf}_embargoes")
    _clear()


def _clear() -> None:
    for shelf in ("a", "b"):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"INSERT INTO {shelf}_words ({shelf}_words) VALUES ('delete-all')")
        for table in ("texts", "aliases", "links", "records"):
            op.execute(f"DELETE FROM {shelf}_{table}")
    op.execute("UPDATE read_state SET position = 0, merges = 0, rebuild = NULL")
