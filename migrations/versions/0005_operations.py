"""Long work: what is queued, under way and done, with its files. Beside the log, not in it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE operation (
    county TEXT COLLATE "C" NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    actor JSONB NOT NULL,
    request JSONB NOT NULL,
    request_sha256 BYTEA NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER,
    cancel_requested BOOLEAN NOT NULL,
    attempts INTEGER NOT NULL,
    holder TEXT,
    lease_until TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    result JSONB,
    problem JSONB,
    CONSTRAINT operation_pkey PRIMARY KEY (county, operation)
);
CREATE INDEX operation_state_idx ON operation (state, created_at);
COMMENT ON TABLE operation IS '耗时任务：进度、结果、取消；不属于事件日志';
COMMENT ON COLUMN operation.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN operation.operation IS '任务编号';
COMMENT ON COLUMN operation.kind IS '任务类型';
COMMENT ON COLUMN operation.state IS 'QUEUED / RUNNING / SUCCEEDED / FAILED / CANCELLED';
COMMENT ON COLUMN operation.actor IS '提交者';
COMMENT ON COLUMN operation.request IS '任务参数';
COMMENT ON COLUMN operation.request_sha256 IS '请求摘要，用于幂等';
COMMENT ON COLUMN operation.done IS '已完成数';
COMMENT ON COLUMN operation.total IS '总数';
COMMENT ON COLUMN operation.cancel_requested IS '是否要求取消';
COMMENT ON COLUMN operation.attempts IS '第几次执行';
COMMENT ON COLUMN operation.holder IS '执行者';
COMMENT ON COLUMN operation.lease_until IS '租约到期时间';
COMMENT ON COLUMN operation.created_at IS '提交时间';
COMMENT ON COLUMN operation.started_at IS '开始时间';
COMMENT ON COLUMN operation.finished_at IS '结束时间';
COMMENT ON COLUMN operation.result IS '结果';
COMMENT ON COLUMN operation.problem IS '失败原因：代码、条款、说明';

CREATE TABLE operation_file (
    county TEXT COLLATE "C" NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    media_type TEXT NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT operation_file_pkey PRIMARY KEY (county, operation, name),
    CONSTRAINT operation_file_operation_fkey FOREIGN KEY(county, operation) REFERENCES operation (county, operation)
);
COMMENT ON TABLE operation_file IS '任务的输入与输出文件；输入在任务结束后删除';
COMMENT ON COLUMN operation_file.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN operation_file.operation IS '任务编号';
COMMENT ON COLUMN operation_file.name IS '文件名';
COMMENT ON COLUMN operation_file.media_type IS '媒体类型';
COMMENT ON COLUMN operation_file.content IS '内容';
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON
            operation,
            operation_file
        TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the tables."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop the tables: operations that wait are lost."""
    op.get_bind().exec_driver_sql("DROP TABLE operation_file, operation")
