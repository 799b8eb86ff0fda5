"""What auditors have read stands in a table of its own, a chain beside the log."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE reading (
    county TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    body BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT reading_pkey PRIMARY KEY (county, number)
);
COMMENT ON TABLE reading IS 'What auditors have read (查阅记录), each with the hash of all before it';
COMMENT ON COLUMN reading.number IS '1, 2, 3 … without gaps';
COMMENT ON COLUMN reading.body IS 'Who read what, when, how many: canonical JSON';
COMMENT ON COLUMN reading.hash IS 'Digest of the hash before and the body';
CREATE TABLE reading_head (
    county TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT reading_head_pkey PRIMARY KEY (county)
);
COMMENT ON TABLE reading_head IS 'How far each county''s readings go; whoever adds one holds its row';
CREATE TABLE reading_statement (
    county TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    text TEXT NOT NULL,
    line TEXT NOT NULL,
    CONSTRAINT reading_statement_pkey PRIMARY KEY (county, number)
);
COMMENT ON TABLE reading_statement IS 'What was signed of the readings, with every checkpoint';
COMMENT ON COLUMN reading_statement.line IS 'The log''s signature under the text';
"""


def upgrade() -> None:
    """Make the tables."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Drop them, unless something was read: the record of that is not thrown away."""
    op.get_bind().exec_driver_sql(
        """
DO $$
BEGIN
    IF EXISTS (SELECT FROM reading) THEN
        RAISE EXCEPTION 'there are readings on record, which the version before does not know';
    END IF;
END $$"""
    )
    for table in ("reading_statement", "reading_head", "reading"):
        op.get_bind().exec_driver_sql(f"DROP TABLE {table}")
