"""The read tables on two shelves, so that a rebuild needs no DDL while the service answers.

The tables are written out here and not taken from timeline.read.tables: a migration never changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "read_state",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        sa.Column("shelf", TEXT, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("merges", BIG, nullable=False),
        sa.Column("rebuild", TEXT),
    )
    op.execute("INSERT INTO read_state (id, shelf, position, merges) VALUES (1, 'a', 0, 0)")
    for shelf in ("a", "b"):
        _records(f"{shelf}_records")
        _links(f"{shelf}_links")
        op.create_table(
            f"{shelf}_aliases",
            sa.Column("id", TEXT, primary_key=True),
            sa.Column("from_position", BIG, primary_key=True, autoincrement=False),
            sa.Column("to_position", BIG),
            sa.Column("survivor", TEXT, nullable=False),
        )
        _texts(shelf)


def _records(table: str) -> None:
    op.create_table(
        table,
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("from_position", BIG, primary_key=True, autoincrement=False),
        sa.Column("to_position", BIG),
        sa.Column("kind", TEXT, nullable=False),
        *(sa.Column(bound, BIG, nullable=False) for bound in ("es", "ls", "ee", "le")),
        sa.Column("uncertain", sa.Boolean, nullable=False),
        sa.Column("party_key", TEXT, nullable=False),
        *(sa.Column(name, TEXT) for name in ("place", "level", "level_actual", "format", "status", "attribution")),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("known_from", BIG),
        *(sa.Column(name, TEXT, nullable=False) for name in ("name", "doc", "links")),
    )
    for index, columns in {
        "kind_up": ["kind", "es", "le", "id"],
        "kind_down": ["kind", "le", "es", "id"],
        "up": ["es", "le", "id"],
        "down": ["le", "es", "id"],
        "parties_up": ["party_key", "es", "le", "id"],
        "parties_down": ["party_key", "le", "es", "id"],
        "name": ["kind", "name", "id"],
        "from": ["from_position"],
    }.items():
        op.create_index(f"{table}_{index}", table, columns)


def _links(table: str) -> None:
    op.create_table(
        table,
        *(sa.Column(name, TEXT, primary_key=True) for name in ("value", "role", "id")),
        sa.Column("from_position", BIG, primary_key=True, autoincrement=False),
        sa.Column("to_position", BIG),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("es", BIG, nullable=False),
        sa.Column("le", BIG, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(f"{table}_up", table, ["value", "role", "es", "le", "id"])
    op.create_index(f"{table}_down", table, ["value", "role", "le", "es", "id"])


def _texts(shelf: str) -> None:
    table = f"{shelf}_texts"
    op.create_table(
        table,
        sa.Column("n", BIG, primary_key=True, autoincrement=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("from_position", BIG, nullable=False),
        sa.Column("to_position", BIG),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("words", TEXT, nullable=False),
    )
    op.create_index(f"{table}_id", table, ["id", "rank", "from_position"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        # Words never change once written, so the index follows inserts only; a rebuild empties it by 'delete-all'.
        op.execute(
            f"CREATE VIRTUAL TABLE {shelf}_words USING fts5(words, content='{table}', content_rowid='n', "
            "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* M* Co'\")"
        )
        op.execute(
            f"CREATE TRIGGER {table}_words AFTER INSERT ON {table} "
            f"BEGIN INSERT INTO {shelf}_words (rowid, words) VALUES (NEW.n, NEW.words); END"
        )
    else:
        op.execute(f"CREATE INDEX {shelf}_words ON {table} USING gin (array_to_tsvector(string_to_array(words, ' ')))")


def downgrade() -> None:
    for shelf in ("a", "b"):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TABLE {shelf}_words")
        for table in ("texts", "aliases", "links", "records"):
            op.drop_table(f"{shelf}_{table}")
    op.drop_table("read_state")
