"""The inventory ledger: batches and stocktakes. Built from the log like every ledger."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE inventory_batch (
    county VARCHAR COLLATE "C" NOT NULL,
    batch VARCHAR COLLATE "C" NOT NULL,
    file_name VARCHAR COLLATE "C" NOT NULL,
    sha256 VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    unit_kind VARCHAR COLLATE "C" NOT NULL,
    compiled_by VARCHAR COLLATE "C" NOT NULL,
    row_count INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    determinations JSONB NOT NULL,
    returns INTEGER NOT NULL,
    return_reasons VARCHAR COLLATE "C",
    imported_on DATE NOT NULL,
    aggregated_on DATE,
    version INTEGER NOT NULL,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT inventory_batch_pkey PRIMARY KEY (county, batch)
);
CREATE INDEX inventory_batch_unit_idx ON inventory_batch (county, unit);
COMMENT ON TABLE inventory_batch IS '清查批次：每批一行，含审核、审定进度';
COMMENT ON COLUMN inventory_batch.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN inventory_batch.batch IS '批次编号';
COMMENT ON COLUMN inventory_batch.file_name IS '文件名';
COMMENT ON COLUMN inventory_batch.sha256 IS '文件摘要';
COMMENT ON COLUMN inventory_batch.unit IS '填报单位';
COMMENT ON COLUMN inventory_batch.unit_kind IS '填报单位类型';
COMMENT ON COLUMN inventory_batch.compiled_by IS '填报人';
COMMENT ON COLUMN inventory_batch.row_count IS '资产行数';
COMMENT ON COLUMN inventory_batch.ok IS '登记行数';
COMMENT ON COLUMN inventory_batch.rejected IS '拒绝行数';
COMMENT ON COLUMN inventory_batch.state IS '状态：COMPILED / SUBMITTED / REVIEWED / RETURNED / AGGREGATED';
COMMENT ON COLUMN inventory_batch.determinations IS '各部门审定结论';
COMMENT ON COLUMN inventory_batch.returns IS '退回次数';
COMMENT ON COLUMN inventory_batch.return_reasons IS '最近退回理由';
COMMENT ON COLUMN inventory_batch.imported_on IS '导入日期';
COMMENT ON COLUMN inventory_batch.aggregated_on IS '汇总日期';
COMMENT ON COLUMN inventory_batch.version IS '批次事件版本';
COMMENT ON COLUMN inventory_batch.first_position IS '首个事件位置';
COMMENT ON COLUMN inventory_batch.position IS '最近更新本行的事件位置';

CREATE TABLE inventory_asset (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    batch VARCHAR COLLATE "C" NOT NULL,
    number INTEGER NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT inventory_asset_pkey PRIMARY KEY (county, asset, batch)
);
CREATE INDEX inventory_asset_batch_idx ON inventory_asset (county, batch, number);
COMMENT ON TABLE inventory_asset IS '清查批次登记的资产：每项一行';
COMMENT ON COLUMN inventory_asset.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN inventory_asset.asset IS '资产编号';
COMMENT ON COLUMN inventory_asset.batch IS '批次编号';
COMMENT ON COLUMN inventory_asset.number IS '批次内序号';
COMMENT ON COLUMN inventory_asset.position IS '最近更新本行的事件位置';

CREATE TABLE stocktake (
    county VARCHAR COLLATE "C" NOT NULL,
    campaign VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    scope_kind VARCHAR COLLATE "C" NOT NULL,
    scope_code VARCHAR COLLATE "C",
    baseline_position INTEGER NOT NULL,
    baseline_sha256 VARCHAR COLLATE "C" NOT NULL,
    batches JSONB NOT NULL,
    assets INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    surplus INTEGER NOT NULL,
    registered_surplus INTEGER NOT NULL,
    found INTEGER,
    missing INTEGER,
    moved INTEGER,
    damaged INTEGER,
    state VARCHAR COLLATE "C" NOT NULL,
    opened_on DATE NOT NULL,
    completed_on DATE,
    version INTEGER NOT NULL,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT stocktake_pkey PRIMARY KEY (county, campaign)
);
COMMENT ON TABLE stocktake IS '盘点：每次一行，含进度与结果';
COMMENT ON COLUMN stocktake.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN stocktake.campaign IS '盘点编号';
COMMENT ON COLUMN stocktake.title IS '名称';
COMMENT ON COLUMN stocktake.scope_kind IS '范围：COUNTY / DIVISION / UNIT';
COMMENT ON COLUMN stocktake.scope_code IS '区划或单位编号';
COMMENT ON COLUMN stocktake.baseline_position IS '期初清单所依据的日志位置';
COMMENT ON COLUMN stocktake.baseline_sha256 IS '期初清单摘要';
COMMENT ON COLUMN stocktake.batches IS '期初清单来源批次';
COMMENT ON COLUMN stocktake.assets IS '期初项数';
COMMENT ON COLUMN stocktake.seen IS '已盘点项数';
COMMENT ON COLUMN stocktake.surplus IS '盘盈项数';
COMMENT ON COLUMN stocktake.registered_surplus IS '盘盈已登记项数';
COMMENT ON COLUMN stocktake.found IS '在位项数';
COMMENT ON COLUMN stocktake.missing IS '盘亏项数';
COMMENT ON COLUMN stocktake.moved IS '移位项数';
COMMENT ON COLUMN stocktake.damaged IS '毁损项数';
COMMENT ON COLUMN stocktake.state IS '状态：OPEN / COMPLETED';
COMMENT ON COLUMN stocktake.opened_on IS '启动日期';
COMMENT ON COLUMN stocktake.completed_on IS '完成日期';
COMMENT ON COLUMN stocktake.version IS '盘点事件版本';
COMMENT ON COLUMN stocktake.first_position IS '首个事件位置';
COMMENT ON COLUMN stocktake.position IS '最近更新本行的事件位置';

CREATE TABLE stocktake_line (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    campaign VARCHAR COLLATE "C" NOT NULL,
    result VARCHAR COLLATE "C" NOT NULL,
    seen_on DATE,
    location VARCHAR COLLATE "C",
    evidence_sha256 VARCHAR COLLATE "C",
    note VARCHAR COLLATE "C",
    position BIGINT NOT NULL,
    CONSTRAINT stocktake_line_pkey PRIMARY KEY (county, asset, campaign)
);
CREATE INDEX stocktake_line_campaign_idx ON stocktake_line (county, campaign, result, asset);
COMMENT ON TABLE stocktake_line IS '盘点明细：每次盘点每项资产一行';
COMMENT ON COLUMN stocktake_line.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN stocktake_line.asset IS '资产编号';
COMMENT ON COLUMN stocktake_line.campaign IS '盘点编号';
COMMENT ON COLUMN stocktake_line.result IS '结果：UNSEEN / FOUND / MISSING / MOVED / DAMAGED';
COMMENT ON COLUMN stocktake_line.seen_on IS '盘点日期';
COMMENT ON COLUMN stocktake_line.location IS '现所在地';
COMMENT ON COLUMN stocktake_line.evidence_sha256 IS '照片或凭证摘要';
COMMENT ON COLUMN stocktake_line.note IS '说明';
COMMENT ON COLUMN stocktake_line.position IS '最近更新本行的事件位置';
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON
            inventory_batch,
            inventory_asset,
            stocktake,
            stocktake_line
        TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the tables, empty: the projection fills them from the log."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop the tables; the log is not touched."""
    op.get_bind().exec_driver_sql("DROP TABLE stocktake_line, stocktake, inventory_asset, inventory_batch")
