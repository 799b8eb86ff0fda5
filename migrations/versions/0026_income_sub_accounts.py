"""The statement of villages' income sub-accounts: a row per posting."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE income_posting (
    county VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    posting VARCHAR COLLATE "C",
    cause VARCHAR COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    day DATE NOT NULL,
    month VARCHAR COLLATE "C" NOT NULL,
    for_month VARCHAR COLLATE "C",
    debit VARCHAR COLLATE "C",
    credit VARCHAR COLLATE "C",
    voucher_no VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C",
    position BIGINT NOT NULL,
    CONSTRAINT income_posting_pkey PRIMARY KEY (county, position)
);
COMMENT ON TABLE income_posting IS '收益资金明细账：期初余额、每笔记账、每次结账各一行';
COMMENT ON COLUMN income_posting.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN income_posting.organization IS '村集体';
COMMENT ON COLUMN income_posting.posting IS '记账编号；期初余额和结账为空';
COMMENT ON COLUMN income_posting.cause IS '记账事由';
COMMENT ON COLUMN income_posting.amount IS '金额，增加为正、减少为负（分）';
COMMENT ON COLUMN income_posting.day IS '发生日期';
COMMENT ON COLUMN income_posting.month IS '记账月份';
COMMENT ON COLUMN income_posting.for_month IS '补记的所属月份';
COMMENT ON COLUMN income_posting.debit IS '借方科目';
COMMENT ON COLUMN income_posting.credit IS '贷方科目';
COMMENT ON COLUMN income_posting.voucher_no IS '凭证号、依据文号或结账说明';
COMMENT ON COLUMN income_posting.asset IS '资产编号';
COMMENT ON COLUMN income_posting.position IS '最近更新本行的事件位置';
CREATE INDEX income_posting_organization_idx ON income_posting (county, organization, month);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON income_posting TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'income_sub_accounts'")
    op.get_bind().exec_driver_sql(
        "DELETE FROM projection_checkpoint WHERE projection = 'income_sub_accounts'"
    )
    op.get_bind().exec_driver_sql("DROP TABLE income_posting")
