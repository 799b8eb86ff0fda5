"""Signed checkpoints: public keys, checkpoints with signatures, roots of blocks of the log."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    """
CREATE TABLE log_key (
    county     text COLLATE "C" NOT NULL,
    key_id     bytea NOT NULL,
    name       text COLLATE "C" NOT NULL,
    kind       text NOT NULL,
    verifier   text NOT NULL,
    made_at    timestamptz NOT NULL,
    retired_at timestamptz,
    CONSTRAINT log_key_pkey PRIMARY KEY (county, name, key_id),
    CONSTRAINT log_key_kind_check CHECK (kind IN ('LOG', 'WITNESS'))
)
""",
    """
CREATE TABLE checkpoint (
    county text COLLATE "C" NOT NULL,
    size   bigint NOT NULL,
    text   text NOT NULL,
    CONSTRAINT checkpoint_pkey PRIMARY KEY (county, size)
)
""",
    """
CREATE TABLE checkpoint_signature (
    county text COLLATE "C" NOT NULL,
    size   bigint NOT NULL,
    place  integer NOT NULL,
    name   text COLLATE "C" NOT NULL,
    key_id bytea NOT NULL,
    line   text NOT NULL,
    CONSTRAINT checkpoint_signature_pkey PRIMARY KEY (county, size, name, key_id)
)
""",
    """
CREATE TABLE log_block (
    county text COLLATE "C" NOT NULL,
    block  bigint NOT NULL,
    root   bytea NOT NULL,
    CONSTRAINT log_block_pkey PRIMARY KEY (county, block),
    CONSTRAINT log_block_root_check CHECK (length(root) = 32)
)
""",
)

COMMENTS = {
    "log_key": "Public keys of checkpoints: the log's own (LOG) and of witnesses (WITNESS); retired ones stay",
    "checkpoint": "What the log has said of itself at a size, word for word as it was signed",
    "checkpoint_signature": "Signatures under checkpoints; place 0: the log's own, 1: a witness's",
    "log_block": "Merkle roots of complete blocks of 256 events: a cache, so that proofs need not read all leaves",
}


def upgrade() -> None:
    """Create the tables. The log's writer role gets nothing: appending needs none of them."""
    connection = op.get_bind()
    for statement in TABLES:
        connection.exec_driver_sql(statement)
    for table, comment in COMMENTS.items():
        connection.exec_driver_sql(f"COMMENT ON TABLE {table} IS '{comment.replace(chr(39), chr(39) * 2)}'")


def downgrade() -> None:
    """Drop them: signatures are lost, the log is not."""
    for table in COMMENTS:
        op.get_bind().exec_driver_sql(f"DROP TABLE {table}")
