"""The ledger of maintenance expenses: a row per expense."""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE maintenance_expense (
    county VARCHAR COLLATE "C" NOT NULL,
    maintenance_expense VARCHAR COLLATE "C" NOT NULL,
    village VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    cost BIGINT NOT NULL,
    share BIGINT NOT NULL,
    lines INTEGER NOT NULL,
    legal_basis VARCHAR COLLATE "C",
    state VARCHAR COLLATE "C" NOT NULL,
    proposed_on DATE NOT NULL,
    procedure VARCHAR COLLATE "C",
    paid BIGINT NOT NULL,
    payments INTEGER NOT NULL,
    last_paid_on DATE,
    position BIGINT NOT NULL,
    CONSTRAINT maintenance_expense_pkey PRIMARY KEY (county, maintenance_expense)
);
COMMENT ON TABLE maintenance_expense IS '维修维护支出：每项支出一行';
COMMENT ON COLUMN maintenance_expense.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN maintenance_expense.maintenance_expense IS '支出编号';
COMMENT ON COLUMN maintenance_expense.village IS '村集体';
COMMENT ON COLUMN maintenance_expense.asset IS '资产编号';
COMMENT ON COLUMN maintenance_expense.cost IS '费用总额（分）';
COMMENT ON COLUMN maintenance_expense.share IS '本村应承担金额（分）';
COMMENT ON COLUMN maintenance_expense.lines IS '明细行数';
COMMENT ON COLUMN maintenance_expense.legal_basis IS '依据文号';
COMMENT ON COLUMN maintenance_expense.state IS '支出状态';
COMMENT ON COLUMN maintenance_expense.proposed_on IS '提出日期';
COMMENT ON COLUMN maintenance_expense.procedure IS '程序编号';
COMMENT ON COLUMN maintenance_expense.paid IS '已支付金额（分）';
COMMENT ON COLUMN maintenance_expense.payments IS '支付次数';
COMMENT ON COLUMN maintenance_expense.last_paid_on IS '最近支付日期';
COMMENT ON COLUMN maintenance_expense.position IS '最近更新本行的事件位置';
CREATE INDEX maintenance_expense_village_idx ON maintenance_expense (county, village);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON maintenance_expense TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the table, empty: the projector fills it."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop it; the log is not touched."""
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'maintenance_expenses'")
    op.get_bind().exec_driver_sql(
        "DELETE FROM projection_checkpoint WHERE projection = 'maintenance_expenses'"
    )
    op.get_bind().exec_driver_sql("DROP TABLE maintenance_expense")
