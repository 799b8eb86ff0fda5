"""Feeds: how far the systems of units have read the log. Beside the log, not in it."""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE event_feed (
    county TEXT COLLATE "C" NOT NULL,
    organization TEXT COLLATE "C" NOT NULL,
    feed TEXT COLLATE "C" NOT NULL,
    label TEXT NOT NULL,
    filters JSONB NOT NULL,
    position BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    acknowledged_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT event_feed_pkey PRIMARY KEY (county, organization, feed)
);
COMMENT ON TABLE event_feed IS '事件订阅：外部系统读到哪里，每个订阅一行；不属于事件日志';
COMMENT ON COLUMN event_feed.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN event_feed.organization IS '所属单位';
COMMENT ON COLUMN event_feed.feed IS '订阅名称';
COMMENT ON COLUMN event_feed.label IS '用途说明';
COMMENT ON COLUMN event_feed.filters IS '筛选条件';
COMMENT ON COLUMN event_feed.position IS '已确认处理到的日志位置';
COMMENT ON COLUMN event_feed.created_at IS '创建时间';
COMMENT ON COLUMN event_feed.read_at IS '最近读取时间';
COMMENT ON COLUMN event_feed.acknowledged_at IS '最近确认时间';
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON event_feed TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the table, empty."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop it; the log is not touched."""
    op.get_bind().exec_driver_sql("DROP TABLE event_feed")
