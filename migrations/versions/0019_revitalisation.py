"""The ledger of revitalisation: a row per case."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE revitalisation_case (
    county VARCHAR COLLATE "C" NOT NULL,
    revitalisation_case VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    cause VARCHAR COLLATE "C" NOT NULL,
    opened_on DATE NOT NULL,
    idle_since DATE,
    idle_days INTEGER,
    judged_year INTEGER,
    income BIGINT,
    net BIGINT,
    reason VARCHAR COLLATE "C",
    state VARCHAR COLLATE "C" NOT NULL,
    outcome VARCHAR COLLATE "C",
    person VARCHAR COLLATE "C",
    deadline DATE,
    extensions INTEGER NOT NULL,
    closed_on DATE,
    closed_by VARCHAR COLLATE "C",
    result VARCHAR COLLATE "C",
    verified_on DATE,
    position BIGINT NOT NULL,
    CONSTRAINT revitalisation_case_pkey PRIMARY KEY (county, revitalisation_case)
);
COMMENT ON TABLE revitalisation_case IS '盘活事项：每件一行';
COMMENT ON COLUMN revitalisation_case.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN revitalisation_case.revitalisation_case IS '事项编号';
COMMENT ON COLUMN revitalisation_case.asset IS '资产编号';
COMMENT ON COLUMN revitalisation_case.cause IS '盘活原因';
COMMENT ON COLUMN revitalisation_case.opened_on IS '立项日期';
COMMENT ON COLUMN revitalisation_case.idle_since IS '闲置起始日期';
COMMENT ON COLUMN revitalisation_case.idle_days IS '立项时闲置天数';
COMMENT ON COLUMN revitalisation_case.judged_year IS '所判断的年度';
COMMENT ON COLUMN revitalisation_case.income IS '该年度到账收益（分）';
COMMENT ON COLUMN revitalisation_case.net IS '该年度净收益（分）';
COMMENT ON COLUMN revitalisation_case.reason IS '盘活理由';
COMMENT ON COLUMN revitalisation_case.state IS '事项状态';
COMMENT ON COLUMN revitalisation_case.outcome IS '盘活方式';
COMMENT ON COLUMN revitalisation_case.person IS '责任人';
COMMENT ON COLUMN revitalisation_case.deadline IS '完成期限';
COMMENT ON COLUMN revitalisation_case.extensions IS '延期次数';
COMMENT ON COLUMN revitalisation_case.closed_on IS '办结日期';
COMMENT ON COLUMN revitalisation_case.closed_by IS '办结单位';
COMMENT ON COLUMN revitalisation_case.result IS '盘活结果';
COMMENT ON COLUMN revitalisation_case.verified_on IS '核实日期';
COMMENT ON COLUMN revitalisation_case.position IS '最近更新本行的事件位置';
CREATE INDEX revitalisation_case_asset_idx ON revitalisation_case (county, asset);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON revitalisation_case TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'revitalisation'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'revitalisation'")
    op.get_bind().exec_driver_sql("DROP TABLE revitalisation_case")
