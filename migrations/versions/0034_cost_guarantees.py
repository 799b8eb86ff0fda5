"""The ledger of cost guarantees: a row per guarantee."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE cost_guarantee (
    county VARCHAR COLLATE "C" NOT NULL,
    cost_guarantee VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    cost BIGINT NOT NULL,
    share BIGINT NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    declared_on DATE NOT NULL,
    verified_on DATE,
    approved_on DATE,
    budget_year INTEGER,
    approved BIGINT,
    covered BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT cost_guarantee_pkey PRIMARY KEY (county, cost_guarantee)
);
COMMENT ON TABLE cost_guarantee IS '管护费用保障：每项一行，已批准的为当年预算的一行';
COMMENT ON COLUMN cost_guarantee.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN cost_guarantee.cost_guarantee IS '保障编号';
COMMENT ON COLUMN cost_guarantee.unit IS '申报单位';
COMMENT ON COLUMN cost_guarantee.asset IS '资产编号';
COMMENT ON COLUMN cost_guarantee.year IS '年度';
COMMENT ON COLUMN cost_guarantee.cost IS '维护管理费用总额（分）';
COMMENT ON COLUMN cost_guarantee.share IS '该单位应承担金额（分）';
COMMENT ON COLUMN cost_guarantee.state IS '管护费用保障状态';
COMMENT ON COLUMN cost_guarantee.declared_on IS '申报日期';
COMMENT ON COLUMN cost_guarantee.verified_on IS '核实日期';
COMMENT ON COLUMN cost_guarantee.approved_on IS '批准日期';
COMMENT ON COLUMN cost_guarantee.budget_year IS '列入预算的年度';
COMMENT ON COLUMN cost_guarantee.approved IS '批准金额（分）';
COMMENT ON COLUMN cost_guarantee.covered IS '县财政已支付金额（分）';
COMMENT ON COLUMN cost_guarantee.position IS '最近更新本行的事件位置';
CREATE INDEX cost_guarantee_unit_idx ON cost_guarantee (county, unit, budget_year);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON cost_guarantee TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'cost_guarantees'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'cost_guarantees'")
    op.get_bind().exec_driver_sql("DROP TABLE cost_guarantee")
