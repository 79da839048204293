"""What proofs need: every eighth level of the tree, signed checkpoints, a hash over each append; guarded as the log is.

The nodes of an existing log are computed from its leaf hashes here, in one pass.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
GUARDED = {
    "log_nodes": "level = NEW.level AND number = NEW.number",
    "log_checkpoints": "number = NEW.number",
}
"""Table to what makes two of its rows the same."""


def upgrade() -> None:
    op.create_table(
        "log_nodes",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", BIG, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        # A hidden rowid would be a second key, by which REPLACE could delete a row.
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("number", BIG, primary_key=True, autoincrement=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    _add_nodes()
    _hash_appends()
    for table, same in GUARDED.items():
        _guard(table, same)


def _add_nodes() -> None:
    connection = op.get_bind()
    wanted = sa.text("SELECT leaf_hash FROM log_events ORDER BY position").execution_options(yield_per=5000)
    leaves = connection.execute(wanted)
    hashes, nodes = [], []
    for size, (leaf,) in enumerate(leaves):
        found, level, full = bytes(leaf), 0, size
        while full & 1:
            found = hashlib.sha256(b"\x01" + hashes.pop() + found).digest()
            level, full = level + 1, full >> 1
            if level % 8 == 0:
                nodes.append({"level": level, "number": size >> level, "hash": found})
        hashes.append(found)
    if nodes:
        table = sa.table("log_nodes", sa.column("level"), sa.column("number"), sa.column("hash"))
        connection.execute(sa.insert(table), nodes)


def _hash_appends() -> None:
    """A column more for a table that takes no updates: its triggers stand aside for this transaction."""
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    op.add_column("log_appends", sa.Column("row_hash", sa.LargeBinary))
    if is_sqlite:
        trigger = "SELECT sql FROM sqlite_master WHERE name = 'log_appends_no_update'"
        ((guard,),) = connection.exec_driver_sql(trigger).all()
        op.execute("DROP TRIGGER log_appends_no_update")
    else:
        op.execute("ALTER TABLE log_appends DISABLE TRIGGER log_appends_rows")
    appends = connection.exec_driver_sql(
        "SELECT append_id, request_digest, first_position, last_position FROM log_appends"
    ).all()
    rows = [
        {"id": id, "hash": hashlib.sha256(_json([id, bytes(digest).hex(), first, last])).digest()}
        for id, digest, first, last in appends
    ]
    if rows:
        connection.execute(sa.text("UPDATE log_appends SET row_hash = :hash WHERE append_id = :id"), rows)
    if is_sqlite:
        op.execute(guard)
    else:
        op.execute("ALTER TABLE log_appends ENABLE ALWAYS TRIGGER log_appends_rows")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _guard(table: str, same: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} is refused'); END"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: REPLACE is refused'); END"
        )
        return
    for name, what in (("rows", "UPDATE OR DELETE"), ("truncate", "TRUNCATE")):
        each = "ROW" if name == "rows" else "STATEMENT"
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {what} ON {table} FOR EACH {each} EXECUTE FUNCTION log_refuse()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")


def downgrade() -> None:
    op.drop_column("log_appends", "row_hash")
    op.drop_table("log_checkpoints")
    op.drop_table("log_nodes")
