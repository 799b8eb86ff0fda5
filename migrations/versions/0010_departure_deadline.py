"""Departure cases say by when they are due. Earlier ones were opened without a day, so nothing is rebuilt."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE departure_case ADD COLUMN due_on DATE")
    op.execute("COMMENT ON COLUMN departure_case.due_on IS '移交期限（P19）'")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE departure_case DROP COLUMN due_on")
