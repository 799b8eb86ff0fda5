"""Rebuilds that fold stream after stream note which one was the last.

A rebuild that was interrupted by the upgrade goes on by position where it was.
"""

from __future__ import annotations

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE projection_rebuild ADD streams JSONB NOT NULL DEFAULT '{}'::jsonb")
    op.execute(
        "COMMENT ON COLUMN projection_rebuild.streams IS '各县逐个事件流处理时：处理到的事件位置、最后一个事件流'"
    )


def downgrade() -> None:
    """Drop it, and begin anew what is half folded by streams."""
    op.execute("UPDATE projection_rebuild SET positions = '{}'")
    op.execute("ALTER TABLE projection_rebuild DROP streams")
