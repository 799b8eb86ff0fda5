"""The fund ledger and the seals of ledgers, filled by their projections from the log."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE fund_allocation (
    county VARCHAR COLLATE "C" NOT NULL,
    allocation VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    source VARCHAR COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    allocated_on DATE NOT NULL,
    amount BIGINT NOT NULL,
    non_asset_amount BIGINT NOT NULL,
    non_asset JSONB NOT NULL,
    document_no VARCHAR COLLATE "C" NOT NULL,
    project_code VARCHAR COLLATE "C",
    project_name VARCHAR COLLATE "C",
    state VARCHAR COLLATE "C" NOT NULL,
    corrections INTEGER NOT NULL,
    version INTEGER NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT fund_allocation_pkey PRIMARY KEY (county, allocation)
);
COMMENT ON TABLE fund_allocation IS '资金台账：每笔拨付一行';
COMMENT ON COLUMN fund_allocation.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN fund_allocation.allocation IS '拨付编号';
COMMENT ON COLUMN fund_allocation.unit IS '收款单位';
COMMENT ON COLUMN fund_allocation.source IS '资金来源';
COMMENT ON COLUMN fund_allocation.year IS '年度（按拨付日期）';
COMMENT ON COLUMN fund_allocation.allocated_on IS '拨付日期';
COMMENT ON COLUMN fund_allocation.amount IS '拨付金额（分）';
COMMENT ON COLUMN fund_allocation.non_asset_amount IS '其中不形成资产的支出（分）';
COMMENT ON COLUMN fund_allocation.non_asset IS '不形成资产的支出及原因，金额为分';
COMMENT ON COLUMN fund_allocation.document_no IS '资金文号';
COMMENT ON COLUMN fund_allocation.project_code IS '项目编号';
COMMENT ON COLUMN fund_allocation.project_name IS '项目名称';
COMMENT ON COLUMN fund_allocation.state IS '状态：RECORDED / WITHDRAWN';
COMMENT ON COLUMN fund_allocation.corrections IS '更正次数';
COMMENT ON COLUMN fund_allocation.version IS '拨付事件版本';
COMMENT ON COLUMN fund_allocation.position IS '最近更新本行的事件位置';
CREATE INDEX fund_allocation_project_idx ON fund_allocation (county, project_code);
CREATE INDEX fund_allocation_unit_idx ON fund_allocation (county, unit, year);

CREATE TABLE fund_line (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    line INTEGER NOT NULL,
    register VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    source VARCHAR COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    allocated_on DATE NOT NULL,
    amount BIGINT NOT NULL,
    project_code VARCHAR COLLATE "C",
    position BIGINT NOT NULL,
    CONSTRAINT fund_line_pkey PRIMARY KEY (county, asset, line)
);
COMMENT ON TABLE fund_line IS '资产资金来源：每项资产每个来源一行，含到户资产和已处置资产';
COMMENT ON COLUMN fund_line.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN fund_line.asset IS '资产编号';
COMMENT ON COLUMN fund_line.line IS '资金来源序号';
COMMENT ON COLUMN fund_line.register IS '登记簿：ASSET 资产 / HOUSEHOLD 到户';
COMMENT ON COLUMN fund_line.unit IS '对应单位：实施单位，到户资产为所在乡镇';
COMMENT ON COLUMN fund_line.source IS '资金来源';
COMMENT ON COLUMN fund_line.year IS '年度（按拨付日期）';
COMMENT ON COLUMN fund_line.allocated_on IS '拨付日期';
COMMENT ON COLUMN fund_line.amount IS '金额（分）';
COMMENT ON COLUMN fund_line.project_code IS '项目编号';
COMMENT ON COLUMN fund_line.position IS '最近更新本行的事件位置';
CREATE INDEX fund_line_project_idx ON fund_line (county, project_code);
CREATE INDEX fund_line_unit_idx ON fund_line (county, unit, year);

CREATE TABLE fund_reconciliation (
    county VARCHAR COLLATE "C" NOT NULL,
    reconciliation VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    result VARCHAR COLLATE "C" NOT NULL,
    lines JSONB NOT NULL,
    difference BIGINT NOT NULL,
    ledger_sha256 VARCHAR COLLATE "C",
    reconciled_on DATE,
    pushed_on DATE,
    reported_on DATE,
    acknowledged_on DATE,
    acknowledged_by VARCHAR COLLATE "C",
    version INTEGER NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT fund_reconciliation_pkey PRIMARY KEY (county, reconciliation)
);
COMMENT ON TABLE fund_reconciliation IS '资金核对：每个单位每个年度一行';
COMMENT ON COLUMN fund_reconciliation.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN fund_reconciliation.reconciliation IS '核对编号';
COMMENT ON COLUMN fund_reconciliation.unit IS '单位';
COMMENT ON COLUMN fund_reconciliation.year IS '年度';
COMMENT ON COLUMN fund_reconciliation.result IS '核对结果：OPEN 有差额 / RECONCILED 一致';
COMMENT ON COLUMN fund_reconciliation.lines IS '逐来源比对，金额为分';
COMMENT ON COLUMN fund_reconciliation.difference IS '差额绝对值合计（分）';
COMMENT ON COLUMN fund_reconciliation.ledger_sha256 IS '资金台账摘要';
COMMENT ON COLUMN fund_reconciliation.reconciled_on IS '核对日期';
COMMENT ON COLUMN fund_reconciliation.pushed_on IS '推送日期';
COMMENT ON COLUMN fund_reconciliation.reported_on IS '报县办公室日期';
COMMENT ON COLUMN fund_reconciliation.acknowledged_on IS '单位确认日期';
COMMENT ON COLUMN fund_reconciliation.acknowledged_by IS '单位确认人';
COMMENT ON COLUMN fund_reconciliation.version IS '核对事件版本';
COMMENT ON COLUMN fund_reconciliation.position IS '最近更新本行的事件位置';
CREATE INDEX fund_reconciliation_unit_idx ON fund_reconciliation (county, unit, year);

CREATE TABLE ledger_seal (
    county VARCHAR COLLATE "C" NOT NULL,
    seal VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    as_of DATE NOT NULL,
    log_position BIGINT NOT NULL,
    tree_root VARCHAR COLLATE "C" NOT NULL,
    root_hash VARCHAR COLLATE "C" NOT NULL,
    form INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    original_value BIGINT NOT NULL,
    net_book_value BIGINT NOT NULL,
    categories JSONB NOT NULL,
    sealed_on DATE NOT NULL,
    submitted_on DATE,
    submitted_by VARCHAR COLLATE "C",
    collected_on DATE,
    collected_by VARCHAR COLLATE "C",
    position BIGINT NOT NULL,
    CONSTRAINT ledger_seal_pkey PRIMARY KEY (county, seal)
);
COMMENT ON TABLE ledger_seal IS '台账封存：每份封存的台账一行';
COMMENT ON COLUMN ledger_seal.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN ledger_seal.seal IS '封存编号';
COMMENT ON COLUMN ledger_seal.kind IS '台账种类';
COMMENT ON COLUMN ledger_seal.unit IS '单位';
COMMENT ON COLUMN ledger_seal.year IS '年度';
COMMENT ON COLUMN ledger_seal.as_of IS '截止业务日期';
COMMENT ON COLUMN ledger_seal.log_position IS '封存时的日志位置';
COMMENT ON COLUMN ledger_seal.tree_root IS '日志树根';
COMMENT ON COLUMN ledger_seal.root_hash IS '台账摘要';
COMMENT ON COLUMN ledger_seal.form IS '规范行格式版本';
COMMENT ON COLUMN ledger_seal.row_count IS '行数';
COMMENT ON COLUMN ledger_seal.original_value IS '原始价值合计（分）';
COMMENT ON COLUMN ledger_seal.net_book_value IS '净值合计（分）';
COMMENT ON COLUMN ledger_seal.categories IS '分类合计（项数及原值）';
COMMENT ON COLUMN ledger_seal.sealed_on IS '封存日期';
COMMENT ON COLUMN ledger_seal.submitted_on IS '报送日期';
COMMENT ON COLUMN ledger_seal.submitted_by IS '报送人';
COMMENT ON COLUMN ledger_seal.collected_on IS '汇总日期';
COMMENT ON COLUMN ledger_seal.collected_by IS '汇总人';
COMMENT ON COLUMN ledger_seal.position IS '最近更新本行的事件位置';
CREATE INDEX ledger_seal_unit_idx ON ledger_seal (county, unit, year);

CREATE TABLE joint_review (
    county VARCHAR COLLATE "C" NOT NULL,
    review VARCHAR COLLATE "C" NOT NULL,
    year INTEGER NOT NULL,
    as_of DATE NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    exceptions JSONB NOT NULL,
    settled JSONB NOT NULL,
    signatures JSONB NOT NULL,
    seals JSONB NOT NULL,
    opened_on DATE NOT NULL,
    version INTEGER NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT joint_review_pkey PRIMARY KEY (county, review)
);
COMMENT ON TABLE joint_review IS '联合审查：每次审查一行';
COMMENT ON COLUMN joint_review.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN joint_review.review IS '联合审查编号';
COMMENT ON COLUMN joint_review.year IS '年度';
COMMENT ON COLUMN joint_review.as_of IS '截止业务日期';
COMMENT ON COLUMN joint_review.state IS '状态：OPEN / SIGNED / SEALED';
COMMENT ON COLUMN joint_review.exceptions IS '疑点，金额为分';
COMMENT ON COLUMN joint_review.settled IS '已处理的疑点及说明';
COMMENT ON COLUMN joint_review.signatures IS '会签部门及日期';
COMMENT ON COLUMN joint_review.seals IS '封存编号';
COMMENT ON COLUMN joint_review.opened_on IS '启动日期';
COMMENT ON COLUMN joint_review.version IS '审查事件版本';
COMMENT ON COLUMN joint_review.position IS '最近更新本行的事件位置';
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON
            fund_allocation,
            fund_line,
            fund_reconciliation,
            ledger_seal,
            joint_review
        TO taizhang_writer;
    END IF;
END $$
"""

TABLE_NAMES = ("fund_allocation", "fund_line", "fund_reconciliation", "ledger_seal", "joint_review")


def upgrade() -> None:
    """Create the tables, empty."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop the tables; the log is not touched."""
    for name in TABLE_NAMES:
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
