"""The ledger of rewards: a row per village and year."""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE annual_result (
    county VARCHAR COLLATE "C" NOT NULL,
    annual_result VARCHAR COLLATE "C" NOT NULL,
    village VARCHAR COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    net_profit BIGINT NOT NULL,
    cap BIGINT NOT NULL,
    used BIGINT NOT NULL,
    room BIGINT NOT NULL,
    due_back BIGINT NOT NULL,
    restatements INTEGER NOT NULL,
    stated_on DATE NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT annual_result_pkey PRIMARY KEY (county, annual_result)
);
COMMENT ON TABLE annual_result IS '绩效激励：每村每年度一行';
COMMENT ON COLUMN annual_result.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN annual_result.annual_result IS '年度净利润编号';
COMMENT ON COLUMN annual_result.village IS '村集体';
COMMENT ON COLUMN annual_result.year IS '年度';
COMMENT ON COLUMN annual_result.net_profit IS '经营性资产净利润（分）';
COMMENT ON COLUMN annual_result.cap IS '激励上限（分）';
COMMENT ON COLUMN annual_result.used IS '已用激励额度（分）';
COMMENT ON COLUMN annual_result.room IS '剩余激励额度（分）';
COMMENT ON COLUMN annual_result.due_back IS '尚应追回金额（分）';
COMMENT ON COLUMN annual_result.restatements IS '更正次数';
COMMENT ON COLUMN annual_result.stated_on IS '核定或最近更正日期';
COMMENT ON COLUMN annual_result.position IS '最近更新本行的事件位置';
CREATE INDEX annual_result_village_idx ON annual_result (county, village, year);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON annual_result TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'incentives'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'incentives'")
    op.get_bind().exec_driver_sql("DROP TABLE annual_result")
