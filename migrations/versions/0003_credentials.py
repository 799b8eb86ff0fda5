"""Access credentials: API keys and the bootstrap token. Beside the log, not in it: keys expire and are revoked."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE credential (
    id                text COLLATE "C" NOT NULL,
    kind              text NOT NULL,
    county            text COLLATE "C" NOT NULL,
    secret_sha256     bytea NOT NULL,
    label             text NOT NULL,
    organization      text NOT NULL,
    organization_kind text NOT NULL,
    roles             text[] NOT NULL,
    divisions         text[] NOT NULL,
    created_at        timestamptz NOT NULL,
    expires_at        timestamptz,
    revoked_at        timestamptz,
    CONSTRAINT credential_pkey PRIMARY KEY (id),
    CONSTRAINT credential_kind_check CHECK (kind IN ('api_key', 'bootstrap')),
    CONSTRAINT credential_secret_check CHECK (length(secret_sha256) = 32)
)
"""

COMMENTS = {
    "id": "公开的密钥编号",
    "kind": "api_key 或 bootstrap",
    "county": "所属县代码",
    "secret_sha256": "密钥摘要，原文不保存",
    "label": "用途说明",
    "organization": "单位",
    "organization_kind": "单位类型",
    "roles": "角色",
    "divisions": "区划范围（代码前缀）",
    "created_at": "创建时间",
    "expires_at": "失效时间",
    "revoked_at": "吊销或用毕时间",
}

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        REVOKE ALL ON credential FROM taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the table. The log's writer role gets nothing: it has no business with secrets."""
    connection = op.get_bind()
    connection.exec_driver_sql(TABLE)
    connection.exec_driver_sql(
        "COMMENT ON TABLE credential IS '访问凭证。不属于事件日志：凭证可以吊销、过期，日志只记录凭证编号'"
    )
    for column, comment in COMMENTS.items():
        connection.exec_driver_sql(f"COMMENT ON COLUMN credential.{column} IS '{comment}'")
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop the table: every key stops working."""
    op.get_bind().exec_driver_sql("DROP TABLE credential")
