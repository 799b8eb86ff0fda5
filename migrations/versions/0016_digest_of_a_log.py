"""The digest of a log stands in its head. Logs that were begun before are of SHA-256, and stay so."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    connection = op.get_bind()
    connection.exec_driver_sql(
        "ALTER TABLE log_head ADD COLUMN digest TEXT COLLATE \"C\" NOT NULL DEFAULT 'sha256'"
    )


def downgrade() -> None:
    """Drop it, unless a log is of another digest: the version before would take its roots for wrong."""
    op.get_bind().exec_driver_sql(
        """
DO $$
BEGIN
    IF EXISTS (SELECT FROM log_head WHERE digest <> 'sha256') THEN
        RAISE EXCEPTION 'a log is of another digest than sha256, which the version before does not know';
    END IF;
END $$"""
    )
    op.get_bind().exec_driver_sql("ALTER TABLE log_head DROP COLUMN digest")
