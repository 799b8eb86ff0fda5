"""The ledger of income plans keeps what the bank sent back and is still to be paid again."""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the ledger fills itself again from the first event."""
    _begin_anew()
    op.execute("ALTER TABLE income_plan ADD to_pay_again BIGINT NOT NULL")
    op.execute("COMMENT ON COLUMN income_plan.to_pay_again IS '银行退回待再支付金额（分）'")


def downgrade() -> None:
    """Drop it; the version before fills the ledger in its own way."""
    _begin_anew()
    op.execute("ALTER TABLE income_plan DROP to_pay_again")


def _begin_anew() -> None:
    op.execute("DELETE FROM income_plan")
    op.execute("DELETE FROM projection_rebuild WHERE projection = 'income_plans'")
    op.execute("DELETE FROM projection_checkpoint WHERE projection = 'income_plans'")
