"""The day on which an asset's value followed the final settlement of its works stands in the register, which fills itself again."""

from __future__ import annotations

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

TABLES = ("asset_register", "asset_share")


def upgrade() -> None:
    """Add the column to a table that is empty then: the projector begins at the log's first event."""
    _empty()
    op.execute("ALTER TABLE asset_register ADD COLUMN settled_on DATE")
    op.execute("COMMENT ON COLUMN asset_register.settled_on IS '按竣工决算调整价值的日期'")


def downgrade() -> None:
    """The version before fills it in its own way."""
    _empty()
    op.execute("ALTER TABLE asset_register DROP COLUMN settled_on")


def _empty() -> None:
    for table in TABLES:
        op.execute(f"DELETE FROM {table}")
    op.execute("DELETE FROM projection_rebuild WHERE projection = 'asset_register'")
    op.execute("DELETE FROM projection_checkpoint WHERE projection = 'asset_register'")
