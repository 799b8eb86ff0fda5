"""The ledger of income plans: a row per plan."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE income_plan (
    county VARCHAR COLLATE "C" NOT NULL,
    income_plan VARCHAR COLLATE "C" NOT NULL,
    village VARCHAR COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    ruleset VARCHAR COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    village_share BIGINT NOT NULL,
    household_share BIGINT NOT NULL,
    lines INTEGER NOT NULL,
    households INTEGER NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    proposed_on DATE NOT NULL,
    procedure VARCHAR COLLATE "C",
    paid BIGINT NOT NULL,
    payments INTEGER NOT NULL,
    last_paid_on DATE,
    published_on DATE,
    amendments INTEGER NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT income_plan_pkey PRIMARY KEY (county, income_plan)
);
COMMENT ON TABLE income_plan IS '收益分配方案：每个方案一行';
COMMENT ON COLUMN income_plan.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN income_plan.income_plan IS '方案编号';
COMMENT ON COLUMN income_plan.village IS '村集体';
COMMENT ON COLUMN income_plan.year IS '年度';
COMMENT ON COLUMN income_plan.ruleset IS '适用规则';
COMMENT ON COLUMN income_plan.amount IS '方案金额（分）';
COMMENT ON COLUMN income_plan.village_share IS '到村金额（分）';
COMMENT ON COLUMN income_plan.household_share IS '到户金额（分）';
COMMENT ON COLUMN income_plan.lines IS '明细行数';
COMMENT ON COLUMN income_plan.households IS '到户户数';
COMMENT ON COLUMN income_plan.state IS '方案状态';
COMMENT ON COLUMN income_plan.proposed_on IS '提出日期';
COMMENT ON COLUMN income_plan.procedure IS '程序编号';
COMMENT ON COLUMN income_plan.paid IS '已支付金额（分）';
COMMENT ON COLUMN income_plan.payments IS '支付次数';
COMMENT ON COLUMN income_plan.last_paid_on IS '最近支付日期';
COMMENT ON COLUMN income_plan.published_on IS '使用情况公布日期';
COMMENT ON COLUMN income_plan.amendments IS '修改次数';
COMMENT ON COLUMN income_plan.position IS '最近更新本行的事件位置';
CREATE INDEX income_plan_village_idx ON income_plan (county, village, year);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON income_plan TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'income_plans'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'income_plans'")
    op.get_bind().exec_driver_sql("DROP TABLE income_plan")
