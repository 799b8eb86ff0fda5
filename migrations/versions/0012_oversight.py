"""The ledgers of supervision: inspections with their findings, violations with who answers for them."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE supervision_finding (
    county VARCHAR COLLATE "C" NOT NULL,
    inspection VARCHAR COLLATE "C" NOT NULL,
    finding VARCHAR COLLATE "C" NOT NULL,
    organ VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    inspected_on DATE NOT NULL,
    text VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C",
    clause VARCHAR COLLATE "C",
    state VARCHAR COLLATE "C" NOT NULL,
    due_on DATE,
    verified_on DATE,
    position BIGINT NOT NULL,
    CONSTRAINT supervision_finding_pkey PRIMARY KEY (county, inspection, finding)
);
COMMENT ON TABLE supervision_finding IS '监督检查：每次检查一行，每个问题一行';
COMMENT ON COLUMN supervision_finding.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN supervision_finding.inspection IS '检查编号';
COMMENT ON COLUMN supervision_finding.finding IS '问题编号，检查本身为空';
COMMENT ON COLUMN supervision_finding.organ IS '监督单位';
COMMENT ON COLUMN supervision_finding.unit IS '被检查单位';
COMMENT ON COLUMN supervision_finding.inspected_on IS '检查日期';
COMMENT ON COLUMN supervision_finding.text IS '检查内容或问题';
COMMENT ON COLUMN supervision_finding.asset IS '资产编号';
COMMENT ON COLUMN supervision_finding.clause IS '条款';
COMMENT ON COLUMN supervision_finding.state IS '状态：INSPECTED / RAISED / ORDERED / RECTIFIED';
COMMENT ON COLUMN supervision_finding.due_on IS '整改期限';
COMMENT ON COLUMN supervision_finding.verified_on IS '复查日期';
COMMENT ON COLUMN supervision_finding.position IS '最近更新本行的事件位置';
CREATE TABLE violation_case (
    county VARCHAR COLLATE "C" NOT NULL,
    violation_case VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    happened_on DATE NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    assets JSONB NOT NULL,
    amount BIGINT,
    answerable JSONB NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    decided_on DATE,
    accountabilities JSONB NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT violation_case_pkey PRIMARY KEY (county, violation_case)
);
COMMENT ON TABLE violation_case IS '违规问题：每件一行';
COMMENT ON COLUMN violation_case.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN violation_case.violation_case IS '案件编号';
COMMENT ON COLUMN violation_case.kind IS '违规类别';
COMMENT ON COLUMN violation_case.happened_on IS '发生日期';
COMMENT ON COLUMN violation_case.unit IS '涉及单位';
COMMENT ON COLUMN violation_case.assets IS '涉及资产';
COMMENT ON COLUMN violation_case.amount IS '涉及或认定金额（分）';
COMMENT ON COLUMN violation_case.answerable IS '发生当日的责任人';
COMMENT ON COLUMN violation_case.state IS '状态：REPORTED / ESTABLISHED / UNFOUNDED';
COMMENT ON COLUMN violation_case.decided_on IS '认定日期';
COMMENT ON COLUMN violation_case.accountabilities IS '责任追究';
COMMENT ON COLUMN violation_case.position IS '最近更新本行的事件位置';
"""

TABLE_NAMES = ("supervision_finding", "violation_case")

GRANTS = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON {", ".join(TABLE_NAMES)} TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the tables, empty: the projector fills them."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop them; the log is not touched."""
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'oversight'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'oversight'")
    for name in TABLE_NAMES:
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
