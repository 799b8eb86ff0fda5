"""The register names no owner of a shared asset as its user before the others; it fills itself again."""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

TABLES = ("asset_register", "asset_share")
COMMENT = "使用权人：共有资产无经营主体又未指定的为空，由全体所有权人按份额享有"


def upgrade() -> None:
    """The projector begins at the log's first event."""
    _begin_anew(COMMENT)


def downgrade() -> None:
    """The version before fills it in its own way."""
    _begin_anew("使用权人")


def _begin_anew(comment: str) -> None:
    for table in TABLES:
        op.execute(f"DELETE FROM {table}")
    op.execute(f"COMMENT ON COLUMN asset_register.user_right_holder IS '{comment}'")
    op.execute("DELETE FROM projection_rebuild WHERE projection = 'asset_register'")
    op.execute("DELETE FROM projection_checkpoint WHERE projection = 'asset_register'")
