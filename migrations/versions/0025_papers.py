"""The document store: what is kept, who uploaded it, and the ledger of the events that name it."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE paper_naming (
    county VARCHAR COLLATE "C" NOT NULL,
    ordinal INTEGER NOT NULL,
    sha256 VARCHAR COLLATE "C" NOT NULL,
    stream VARCHAR COLLATE "C" NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    field VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C",
    unit VARCHAR COLLATE "C",
    occurred_on DATE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT paper_naming_pkey PRIMARY KEY (county, position, ordinal)
);
COMMENT ON TABLE paper_naming IS '资料引用：每个事件提到的每份资料一行';
COMMENT ON COLUMN paper_naming.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN paper_naming.ordinal IS '事件内序号';
COMMENT ON COLUMN paper_naming.sha256 IS '资料摘要';
COMMENT ON COLUMN paper_naming.stream IS '事件流';
COMMENT ON COLUMN paper_naming.type IS '事件类型';
COMMENT ON COLUMN paper_naming.field IS '事件中的字段';
COMMENT ON COLUMN paper_naming.asset IS '资产编号';
COMMENT ON COLUMN paper_naming.unit IS '登记单位';
COMMENT ON COLUMN paper_naming.occurred_on IS '业务日期';
COMMENT ON COLUMN paper_naming.recorded_at IS '记录时间';
COMMENT ON COLUMN paper_naming.position IS '最近更新本行的事件位置';
CREATE INDEX paper_naming_asset_idx ON paper_naming (county, asset, position);
CREATE INDEX paper_naming_sha256_idx ON paper_naming (county, sha256, position);
CREATE TABLE paper (
    county TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL,
    stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT paper_pkey PRIMARY KEY (county, sha256)
);
COMMENT ON TABLE paper IS '资料存档：每份资料一行';
COMMENT ON COLUMN paper.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN paper.sha256 IS '内容摘要';
COMMENT ON COLUMN paper.size IS '字节数';
COMMENT ON COLUMN paper.media_type IS '内容类型，由内容判定';
COMMENT ON COLUMN paper.object IS '存储中的名称';
COMMENT ON COLUMN paper.stored_at IS '存入时间';
COMMENT ON COLUMN paper.state IS 'INTACT 完好 / MISSING 丢失 / ALTERED 被改动';
COMMENT ON COLUMN paper.checked_at IS '最近核对时间';
CREATE INDEX paper_checked_idx ON paper (county, checked_at);
CREATE TABLE paper_upload (
    county TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    organization TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT paper_upload_pkey PRIMARY KEY (county, sha256, organization),
    CONSTRAINT paper_upload_paper_fkey FOREIGN KEY(county, sha256) REFERENCES paper (county, sha256) ON DELETE CASCADE
);
COMMENT ON TABLE paper_upload IS '资料由哪些单位上传';
COMMENT ON COLUMN paper_upload.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN paper_upload.sha256 IS '内容摘要';
COMMENT ON COLUMN paper_upload.organization IS '上传单位';
COMMENT ON COLUMN paper_upload.actor IS '上传者';
COMMENT ON COLUMN paper_upload.uploaded_at IS '最近上传时间';
CREATE INDEX paper_upload_organization_idx ON paper_upload (county, organization, uploaded_at);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON paper_naming, paper, paper_upload TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the tables, empty: the projector fills the ledger, whoever uploads the others."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop them; the log is not touched, and what lies in the store stays there."""
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'paper_namings'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'paper_namings'")
    op.get_bind().exec_driver_sql("DROP TABLE paper_upload, paper, paper_naming")
