"""The ledger of relief plans: a row per plan."""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE relief_plan (
    county VARCHAR COLLATE "C" NOT NULL,
    relief_plan VARCHAR COLLATE "C" NOT NULL,
    village VARCHAR COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    households INTEGER NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    proposed_on DATE NOT NULL,
    procedure VARCHAR COLLATE "C",
    paid BIGINT NOT NULL,
    payments INTEGER NOT NULL,
    last_paid_on DATE,
    published_on DATE,
    position BIGINT NOT NULL,
    CONSTRAINT relief_plan_pkey PRIMARY KEY (county, relief_plan)
);
COMMENT ON TABLE relief_plan IS '困难家庭帮扶：每个方案一行';
COMMENT ON COLUMN relief_plan.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN relief_plan.relief_plan IS '帮扶方案编号';
COMMENT ON COLUMN relief_plan.village IS '村集体';
COMMENT ON COLUMN relief_plan.amount IS '帮扶金额（分）';
COMMENT ON COLUMN relief_plan.households IS '帮扶户数';
COMMENT ON COLUMN relief_plan.state IS '帮扶方案状态';
COMMENT ON COLUMN relief_plan.proposed_on IS '提出日期';
COMMENT ON COLUMN relief_plan.procedure IS '程序编号';
COMMENT ON COLUMN relief_plan.paid IS '已支付金额（分）';
COMMENT ON COLUMN relief_plan.payments IS '支付次数';
COMMENT ON COLUMN relief_plan.last_paid_on IS '最近支付日期';
COMMENT ON COLUMN relief_plan.published_on IS '使用情况公布日期';
COMMENT ON COLUMN relief_plan.position IS '最近更新本行的事件位置';
CREATE INDEX relief_plan_village_idx ON relief_plan (county, village);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON relief_plan TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'relief_plans'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'relief_plans'")
    op.get_bind().exec_driver_sql("DROP TABLE relief_plan")
