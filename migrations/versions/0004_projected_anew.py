"""What an import sets aside; and the read tables emptied, because documents have fields that older ones lack.

`timeline migrate` fills them again from the log.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "import_quarantine",
        *(sa.Column(name, TEXT, primary_key=True) for name in ("scheme", "file", "row")),
        sa.Column("line", BIG, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("release", "code", "reason")),
        sa.Column("since_us", BIG, nullable=False),
    )
    _clear()


def downgrade() -> None:
    op.drop_table("import_quarantine")
    _clear()


def _clear() -> None:
    for shelf in ("a", "b"):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"INSERT INTO {shelf}_words ({shelf}_words) VALUES ('delete-all')")
        for table in ("texts", "aliases", "links", "records"):
            op.execute(f"DELETE FROM {shelf}_{table}")
    op.execute("UPDATE read_state SET position = 0, merges = 0, rebuild = NULL")
