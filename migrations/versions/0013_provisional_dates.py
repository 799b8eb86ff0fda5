"""Ledgers keep how a provisional date was counted. Earlier rows hold none, so nothing is rebuilt."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DATED = ("departure_case", "procedure_task", "public_notice")


def upgrade() -> None:
    """Add the columns, and an index on the few rows that use them."""
    for table in DATED:
        op.execute(f"ALTER TABLE {table} ADD COLUMN reckoning JSONB")
        op.execute(f"COMMENT ON COLUMN {table}.reckoning IS '暂定日期的计算依据，日期确定的为空'")
        op.execute(f"CREATE INDEX {table}_reckoning_idx ON {table} (county) WHERE reckoning IS NOT NULL")
    op.execute("ALTER TABLE procedure_register ADD COLUMN reckonings JSONB")
    op.execute("COMMENT ON COLUMN procedure_register.reckonings IS '公示步骤暂定期满日的计算依据'")


def downgrade() -> None:
    """Drop them; the log is not touched."""
    op.execute("ALTER TABLE procedure_register DROP COLUMN reckonings")
    for table in DATED:
        op.execute(f"ALTER TABLE {table} DROP COLUMN reckoning")
