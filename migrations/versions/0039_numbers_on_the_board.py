"""The public notice board begins anew: numbers are masked in more of the ways in which people write them."""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TABLES = ("public_notice", "notice_source", "notice_task")


def upgrade() -> None:
    """It fills itself again from the first event."""
    _begin_anew()


def downgrade() -> None:
    """The version before fills it in its own way."""
    _begin_anew()


def _begin_anew() -> None:
    for table in TABLES:
        op.execute(f"DELETE FROM {table}")
    op.execute("DELETE FROM projection_rebuild WHERE projection = 'notice_board'")
    op.execute("DELETE FROM projection_checkpoint WHERE projection = 'notice_board'")
