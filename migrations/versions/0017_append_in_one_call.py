"""One event is appended by one call on PostgreSQL; no index by append id, which nothing asks.

Whoever appends holds the log's head from the lock to the commit. With one call in place of three round trips nobody
waits meanwhile for a client to be woken. The envelope comes in two pieces, between which stand position and time, and
after which stands the version: what the log alone knows.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

APPEND = r"""
CREATE FUNCTION log_append(
    asked text, request bytea, hashed_of_it text, now_us bigint, expected bigint,
    id text, of_stream text, of_type text, of_schema integer, by_actor text, of_source text,
    caused_by text, correlated_to text, said bytea, salted bytea, before_place text, after_time text,
    OUT place bigint, OUT at_us bigint, OUT new_version bigint, OUT leaf bytea,
    OUT seen bytea, OUT seen_first bigint, OUT seen_last bigint
) LANGUAGE plpgsql AS $$
DECLARE
    head log_head%ROWTYPE;
    node bytea;
    height integer := 0;
    left_of bigint;
    kept integer;
BEGIN
    SELECT * INTO head FROM log_head WHERE log_head.id = 1 FOR UPDATE;
    SELECT request_digest, first_position, last_position INTO seen, seen_first, seen_last
        FROM log_appends WHERE append_id = asked;
    IF FOUND THEN RETURN; END IF;
    SELECT coalesce(max(version), 0) INTO new_version FROM log_events WHERE stream = of_stream;
    IF new_version <> expected THEN RETURN; END IF;
    place := head.position + 1;
    at_us := greatest(now_us, head.recorded_us + 1);
    new_version := new_version + 1;
    leaf := sha256('\x00'::bytea || convert_to(
        before_place || place || ',"recorded_us":' || at_us || after_time || new_version || '}', 'UTF8'));
    INSERT INTO log_appends (append_id, request_digest, first_position, last_position, row_hash)
        VALUES (asked, request, place, place,
            sha256(convert_to(hashed_of_it || place || ',' || place || ']', 'UTF8')));
    INSERT INTO log_events (position, event_id, stream, version, type, schema, recorded_us, actor, source, append_id,
            causation, correlation, body, salt, leaf_hash)
        VALUES (place, id, of_stream, new_version, of_type, of_schema, at_us, by_actor, of_source, asked,
            caused_by, correlated_to, said, salted, leaf);
    node := leaf;
    left_of := head.position;
    kept := length(head.tree);
    WHILE left_of & 1 = 1 LOOP
        node := sha256('\x01'::bytea || substr(head.tree, kept - 31, 32) || node);
        kept := kept - 32;
        height := height + 1;
        left_of := left_of >> 1;
        IF height % 8 = 0 THEN
            INSERT INTO log_nodes (level, number, hash) VALUES (height, left_of, node);
        END IF;
    END LOOP;
    UPDATE log_head SET position = place, recorded_us = at_us, tree = substr(head.tree, 1, kept) || node
        WHERE log_head.id = 1;
END $$
"""


def upgrade() -> None:
    op.drop_index("log_events_append_id", "log_events")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(APPEND)


def downgrade() -> None:
    op.create_index("log_events_append_id", "log_events", ["append_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION log_append")
