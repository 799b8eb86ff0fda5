"""The ledger of income plans keeps what each asset's income is used for."""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the ledger fills itself again from the first event."""
    _begin_anew()
    op.execute("ALTER TABLE income_plan ADD sources JSONB NOT NULL")
    op.execute("COMMENT ON COLUMN income_plan.sources IS '各项资产的使用金额'")


def downgrade() -> None:
    """Drop it; the version before fills the ledger in its own way."""
    _begin_anew()
    op.execute("ALTER TABLE income_plan DROP sources")


def _begin_anew() -> None:
    op.execute("DELETE FROM income_plan")
    op.execute("DELETE FROM projection_rebuild WHERE projection = 'income_plans'")
    op.execute("DELETE FROM projection_checkpoint WHERE projection = 'income_plans'")
