"""The ledger of risk cover: a row per cover of a contract."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE risk_cover (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    cover VARCHAR COLLATE "C" NOT NULL,
    contract VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    provider VARCHAR COLLATE "C" NOT NULL,
    beneficiary VARCHAR COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    collateral VARCHAR COLLATE "C",
    rule_ref VARCHAR COLLATE "C",
    released_on DATE,
    release_reason VARCHAR COLLATE "C",
    position BIGINT NOT NULL,
    CONSTRAINT risk_cover_pkey PRIMARY KEY (county, asset, cover)
);
COMMENT ON TABLE risk_cover IS '风险保障：每项一行';
COMMENT ON COLUMN risk_cover.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN risk_cover.asset IS '资产编号';
COMMENT ON COLUMN risk_cover.cover IS '风险保障编号';
COMMENT ON COLUMN risk_cover.contract IS '合同编号';
COMMENT ON COLUMN risk_cover.kind IS '风险保障方式';
COMMENT ON COLUMN risk_cover.provider IS '提供方';
COMMENT ON COLUMN risk_cover.beneficiary IS '受益人';
COMMENT ON COLUMN risk_cover.amount IS '保障金额（分）';
COMMENT ON COLUMN risk_cover.valid_from IS '保障起始日期';
COMMENT ON COLUMN risk_cover.valid_to IS '保障到期日期';
COMMENT ON COLUMN risk_cover.collateral IS '抵押物';
COMMENT ON COLUMN risk_cover.rule_ref IS '风险防控依据文件';
COMMENT ON COLUMN risk_cover.released_on IS '解除日期';
COMMENT ON COLUMN risk_cover.release_reason IS '解除原因';
COMMENT ON COLUMN risk_cover.position IS '最近更新本行的事件位置';
CREATE INDEX risk_cover_valid_to_idx ON risk_cover (county, valid_to);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON risk_cover TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'risk_covers'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'risk_covers'")
    op.get_bind().exec_driver_sql("DROP TABLE risk_cover")
