"""A word of a paper's state: its content went with the person it was about."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BEFORE = "INTACT 完好 / MISSING 丢失 / ALTERED 被改动"


def upgrade() -> None:
    """Say in the column's comment what the state may be; no row is touched."""
    op.get_bind().exec_driver_sql(f"COMMENT ON COLUMN paper.state IS '{BEFORE} / FORGOTTEN 已随主体遗忘'")


def downgrade() -> None:
    """Say what it was before."""
    op.get_bind().exec_driver_sql(f"COMMENT ON COLUMN paper.state IS '{BEFORE}'")
