"""One narrow door for erasures: body and salt of an event may go, if a later event of the same record says so.

Everything else that the triggers refused they refuse as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SAME = (
    *("position", "event_id", "stream", "version", "type", "schema", "recorded_us"),
    *("actor", "source", "append_id", "causation", "correlation", "leaf_hash"),
)
"""What an erasure leaves as it is: every column but body and salt."""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER log_events_no_update")
        same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in SAME)
        op.execute(
            "CREATE TRIGGER log_events_no_update BEFORE UPDATE ON log_events WHEN NOT ("
            "OLD.type <> 'RecordErased' AND length(OLD.body) > 0 AND NEW.body = X'' "
            f"AND typeof(NEW.salt) = 'blob' AND length(NEW.salt) = 32 AND {same} "
            "AND EXISTS (SELECT 1 FROM log_events e, json_each(CAST(e.body AS TEXT), '$.positions') p "
            "WHERE e.stream = OLD.stream AND e.position > OLD.position AND e.type = 'RecordErased' "
            "AND p.value = OLD.position)) "
            "BEGIN SELECT RAISE(ABORT, 'log_events is append-only: UPDATE is refused'); END"
        )
        return
    new, old = (", ".join(f"{row}.{column}" for column in SAME) for row in ("NEW", "OLD"))
    op.execute(
        "CREATE FUNCTION log_events_erase() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' THEN "
        "IF OLD.type <> 'RecordErased' AND length(OLD.body) > 0 AND length(NEW.body) = 0 AND length(NEW.salt) = 32 "
        f"AND ({new}) IS NOT DISTINCT FROM ({old}) "
        "AND EXISTS (SELECT 1 FROM log_events e WHERE e.stream = OLD.stream AND e.position > OLD.position "
        "AND e.type = 'RecordErased' "
        "AND convert_from(e.body, 'UTF8')::jsonb -> 'positions' @> to_jsonb(OLD.position)) "
        "THEN RETURN NEW; END IF; END IF; "
        "RAISE EXCEPTION '% is append-only, % is refused', TG_TABLE_NAME, TG_OP; END $$"
    )
    _guard_rows("log_events_erase")


def downgrade() -> None:
    connection = op.get_bind()
    erased = connection.execute(sa.text("SELECT count(*) FROM log_events WHERE length(body) = 0")).scalar_one()
    assert not erased, "software of that time cannot read a log in which something was erased"
    if connection.dialect.name == "sqlite":
        op.execute("DROP TRIGGER log_events_no_update")
        op.execute(
            "CREATE TRIGGER log_events_no_update BEFORE UPDATE ON log_events "
            "BEGIN SELECT RAISE(ABORT, 'log_events is append-only: UPDATE is refused'); END"
        )
        return
    _guard_rows("log_refuse")
    op.execute("DROP FUNCTION log_events_erase()")


def _guard_rows(function: str) -> None:
    op.execute("DROP TRIGGER log_events_rows ON log_events")
    op.execute(
        "CREATE TRIGGER log_events_rows BEFORE UPDATE OR DELETE ON log_events "
        f"FOR EACH ROW EXECUTE FUNCTION {function}()"
    )
    op.execute("ALTER TABLE log_events ENABLE ALWAYS TRIGGER log_events_rows")
