"""The log: one head row, the appends, the events; immutable by triggers on both engines.

The triggers stop mistakes and every way past them that an application has. The owner of a database can drop them;
that is detected by the tree over the log, not prevented.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
IMMUTABLE = ("log_events", "log_appends")


def upgrade() -> None:
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("recorded_us", BIG, nullable=False),
        sa.Column("tree", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_appends",
        sa.Column("append_id", sa.Text, primary_key=True),
        sa.Column("request_digest", sa.LargeBinary, nullable=False),
        sa.Column("first_position", BIG, nullable=False),
        sa.Column("last_position", BIG, nullable=False),
        # A hidden rowid would be a second key, by which REPLACE could delete a row.
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_events",
        sa.Column("position", BIG, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("recorded_us", BIG, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("append_id", sa.Text, nullable=False),
        sa.Column("causation", sa.Text),
        sa.Column("correlation", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("stream", "version", name="log_events_stream_version"),
    )
    op.create_index("log_events_recorded_us", "log_events", ["recorded_us"], unique=True)
    op.create_index("log_events_append_id", "log_events", ["append_id"])
    op.create_index("log_events_type", "log_events", ["type", "position"])
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_triggers()
    else:
        _postgresql_triggers()
    nothing = "X''" if op.get_bind().dialect.name == "sqlite" else "''"
    op.execute(f"INSERT INTO log_head (id, position, recorded_us, tree) VALUES (1, 0, 0, {nothing})")


def _sqlite_triggers() -> None:
    for table in IMMUTABLE:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} is refused'); END"
            )
    # INSERT OR REPLACE deletes without a delete trigger unless recursive_triggers is on in that very connection. It
    # deletes by every unique key of the table, so the guard has to name every one.
    for table, same in (
        (
            "log_events",
            "position = NEW.position OR recorded_us = NEW.recorded_us "
            "OR (stream = NEW.stream AND version = NEW.version)",
        ),
        ("log_appends", "append_id = NEW.append_id"),
        ("log_head", "id = NEW.id"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: REPLACE is refused'); END"
        )
    op.execute(
        "CREATE TRIGGER log_head_no_delete BEFORE DELETE ON log_head "
        "BEGIN SELECT RAISE(ABORT, 'log_head is never deleted'); END"
    )
    op.execute(
        "CREATE TRIGGER log_head_forward BEFORE UPDATE ON log_head "
        "WHEN NEW.position <= OLD.position OR NEW.recorded_us <= OLD.recorded_us OR NEW.id <> OLD.id "
        "BEGIN SELECT RAISE(ABORT, 'log_head only goes forward'); END"
    )


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only, % is refused', TG_TABLE_NAME, TG_OP; END $$"
    )
    op.execute(
        "CREATE FUNCTION log_head_forward() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.position <= OLD.position OR NEW.recorded_us <= OLD.recorded_us OR NEW.id <> OLD.id THEN "
        "RAISE EXCEPTION 'log_head only goes forward'; END IF; RETURN NEW; END $$"
    )
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION log_refuse()"
        )
    op.execute("CREATE TRIGGER log_head_rows BEFORE DELETE ON log_head FOR EACH ROW EXECUTE FUNCTION log_refuse()")
    op.execute(
        "CREATE TRIGGER log_head_forward BEFORE UPDATE ON log_head FOR EACH ROW EXECUTE FUNCTION log_head_forward()"
    )
    for table in (*IMMUTABLE, "log_head"):
        op.execute(
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION log_refuse()"
        )
        # ALWAYS: session_replication_role = replica would walk past an ordinary trigger.
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_rows")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_truncate")
    op.execute("ALTER TABLE log_head ENABLE ALWAYS TRIGGER log_head_forward")


def downgrade() -> None:
    for table in ("log_events", "log_appends", "log_head"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION log_refuse()")
        op.execute("DROP FUNCTION log_head_forward()")
