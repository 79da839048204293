"""Tell PostgreSQL's planner less about links, and keep what waits to enter the search index short.

The list of the thousand most frequent pairs of value and role was read at the planning of each query that touches
links: 0.4 ms for one that takes 0.2. That one tells the other, and how frequent each value is, is known for 0.02.

New words wait in a list until a vacuum, or until it has 4 MB, and each search reads that list: after ten thousand
records it was read for 20 ms, or the whole table instead of the index. Of 256 KB it takes 0.2; writing takes as long.
"""

from alembic import op

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    _replace_statistics("dependencies", column=1000)
    for shelf in ("a", "b"):
        op.execute(f"ALTER INDEX {shelf}_words SET (gin_pending_list_limit = 256)")
        op.execute(f"SELECT gin_clean_pending_list('{shelf}_words')")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for shelf in ("a", "b"):
        op.execute(f"ALTER INDEX {shelf}_words RESET (gin_pending_list_limit)")
    _replace_statistics("mcv", column=-1, pairs=1000)


def _replace_statistics(kind: str, *, column: int, pairs: int = -1) -> None:
    for shelf in ("a", "b"):
        op.execute(f"DROP STATISTICS {shelf}_links_value_role")
        op.execute(f"CREATE STATISTICS {shelf}_links_value_role ({kind}) ON value, role FROM {shelf}_links")
        op.execute(f"ALTER STATISTICS {shelf}_links_value_role SET STATISTICS {pairs}")
        op.execute(f"ALTER TABLE {shelf}_links ALTER value SET STATISTICS {column}")
        op.execute(f"ANALYZE {shelf}_links")
