"""The tables of the log. Migrations make them and guard them with triggers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("position", BigInteger),
    Column("recorded_us", BigInteger),
    Column("tree", LargeBinary),
)

log_appends = Table(
    "log_appends",
    metadata,
    Column("append_id", Text, primary_key=True),
    Column("request_digest", LargeBinary),
    Column("first_position", BigInteger),
    Column("last_position", BigInteger),
    Column("row_hash", LargeBinary),
)

log_events = Table(
    "log_events",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("event_id", Text),
    Column("stream", Text),
    Column("version", BigInteger),
    Column("type", Text),
    Column("schema", Integer),
    Column("recorded_us", BigInteger),
    Column("actor", Text),
    Column("source", Text),
    Column("append_id", Text),
    Column("causation", Text),
    Column("correlation", Text),
    Column("body", LargeBinary),
    Column("salt", LargeBinary),
    Column("leaf_hash", LargeBinary),
)

log_nodes = Table(
    "log_nodes",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("hash", LargeBinary),
)

log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("size", BigInteger),
    Column("note", Text),
)
