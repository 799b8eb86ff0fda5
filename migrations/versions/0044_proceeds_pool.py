"""The ledger of disposal proceeds: a row per receipt, and a row per allocation."""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE proceeds_receipt (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    disposal VARCHAR COLLATE "C" NOT NULL,
    voucher_no VARCHAR COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    received_on DATE NOT NULL,
    legal_owners JSONB NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT proceeds_receipt_pkey PRIMARY KEY (county, asset, disposal, voucher_no)
);
COMMENT ON TABLE proceeds_receipt IS '处置所得资金池：每笔到账一行';
COMMENT ON COLUMN proceeds_receipt.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN proceeds_receipt.asset IS '资产编号';
COMMENT ON COLUMN proceeds_receipt.disposal IS '处置编号';
COMMENT ON COLUMN proceeds_receipt.voucher_no IS '记账凭证号';
COMMENT ON COLUMN proceeds_receipt.amount IS '到账金额（分）';
COMMENT ON COLUMN proceeds_receipt.received_on IS '到账日期';
COMMENT ON COLUMN proceeds_receipt.legal_owners IS '法定所有权人及份额（分）';
COMMENT ON COLUMN proceeds_receipt.position IS '最近更新本行的事件位置';
CREATE INDEX proceeds_receipt_received_idx ON proceeds_receipt (county, received_on);
CREATE TABLE proceeds_allocation (
    county VARCHAR COLLATE "C" NOT NULL,
    allocation VARCHAR COLLATE "C" NOT NULL,
    project_code VARCHAR COLLATE "C" NOT NULL,
    project_name VARCHAR COLLATE "C" NOT NULL,
    allocator VARCHAR COLLATE "C" NOT NULL,
    document_no VARCHAR COLLATE "C" NOT NULL,
    procedure VARCHAR COLLATE "C",
    allocated_on DATE NOT NULL,
    amount BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    formed BIGINT NOT NULL,
    unused BIGINT NOT NULL,
    assets JSONB NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT proceeds_allocation_pkey PRIMARY KEY (county, allocation)
);
COMMENT ON TABLE proceeds_allocation IS '处置所得安排：每项一行';
COMMENT ON COLUMN proceeds_allocation.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN proceeds_allocation.allocation IS '安排编号';
COMMENT ON COLUMN proceeds_allocation.project_code IS '项目编号';
COMMENT ON COLUMN proceeds_allocation.project_name IS '项目名称';
COMMENT ON COLUMN proceeds_allocation.allocator IS '决定单位';
COMMENT ON COLUMN proceeds_allocation.document_no IS '决定文号';
COMMENT ON COLUMN proceeds_allocation.procedure IS '所依据的程序';
COMMENT ON COLUMN proceeds_allocation.allocated_on IS '安排日期';
COMMENT ON COLUMN proceeds_allocation.amount IS '安排金额（分）';
COMMENT ON COLUMN proceeds_allocation.returned IS '退回金额（分）';
COMMENT ON COLUMN proceeds_allocation.formed IS '已形成资产的金额（分）';
COMMENT ON COLUMN proceeds_allocation.unused IS '尚未使用的金额（分）';
COMMENT ON COLUMN proceeds_allocation.assets IS '所形成的资产及金额（分）';
COMMENT ON COLUMN proceeds_allocation.position IS '最近更新本行的事件位置';
CREATE INDEX proceeds_allocation_day_idx ON proceeds_allocation (county, allocated_on);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON proceeds_receipt, proceeds_allocation TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'proceeds_pool'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'proceeds_pool'")
    op.get_bind().exec_driver_sql("DROP TABLE proceeds_allocation")
    op.get_bind().exec_driver_sql("DROP TABLE proceeds_receipt")
