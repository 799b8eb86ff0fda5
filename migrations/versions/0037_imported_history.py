"""What came in as imported history is marked in the asset register and the income ledger; both fill themselves again."""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

COLUMNS = {
    "asset_register": ("imported_history", "JSONB NOT NULL", "补录的历史事项：事件类型、日期、来源"),
    "income_ledger": ("imported_from", 'VARCHAR COLLATE "C"', "历史补录来源；按程序办理的为空"),
}
LEDGERS = {
    "asset_register": ("asset_register", "asset_share"),
    "income_ledger": ("income_ledger",),
}
"""The ledgers that are emptied, and their tables."""


def upgrade() -> None:
    """Add the columns to tables that are empty then: the projector begins at the log's first event."""
    _empty()
    for table, (column, kind, comment) in COLUMNS.items():
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
        op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{comment}'")


def downgrade() -> None:
    """The version before fills them in its own way."""
    _empty()
    for table, (column, _, _) in COLUMNS.items():
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


def _empty() -> None:
    for name, tables in LEDGERS.items():
        for table in tables:
            op.execute(f"DELETE FROM {table}")
        op.execute(f"DELETE FROM projection_rebuild WHERE projection = '{name}'")
        op.execute(f"DELETE FROM projection_checkpoint WHERE projection = '{name}'")
