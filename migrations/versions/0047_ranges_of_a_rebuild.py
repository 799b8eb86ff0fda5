"""Ranges of streams that processes of a rebuild fold, each noting how far its own is.

What an interrupted rebuild had folded by streams is begun anew; what it had by position goes on.
"""

from __future__ import annotations

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE projection_rebuild_range (
    projection VARCHAR COLLATE "C" NOT NULL,
    county VARCHAR COLLATE "C" NOT NULL,
    number INTEGER NOT NULL,
    upto BIGINT NOT NULL,
    last VARCHAR COLLATE "C" NOT NULL,
    ends VARCHAR COLLATE "C",
    done BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL,
    CONSTRAINT projection_rebuild_range_pkey PRIMARY KEY (projection, county, number),
    CONSTRAINT projection_rebuild_range_rebuild_fkey FOREIGN KEY(projection) REFERENCES projection_rebuild (projection) ON DELETE CASCADE
);
COMMENT ON TABLE projection_rebuild_range IS '台账重建时各进程分头处理的事件流区间，每个区间一行';
COMMENT ON COLUMN projection_rebuild_range.projection IS '台账（投影）名称';
COMMENT ON COLUMN projection_rebuild_range.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN projection_rebuild_range.number IS '区间序号';
COMMENT ON COLUMN projection_rebuild_range.upto IS '处理到的事件位置';
COMMENT ON COLUMN projection_rebuild_range.last IS '已写入的最后一个事件流，开始时为上一区间的末尾';
COMMENT ON COLUMN projection_rebuild_range.ends IS '区间末尾的事件流，空为到日志末尾';
COMMENT ON COLUMN projection_rebuild_range.done IS '是否已全部处理';
COMMENT ON COLUMN projection_rebuild_range.epoch IS '重建的任期：换手后旧任期不能再写入';
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON projection_rebuild_range TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the table, and drop the column that had one place for all streams."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS)
    op.execute("ALTER TABLE projection_rebuild DROP streams")


def downgrade() -> None:
    """Drop it, and begin anew what is half folded by streams."""
    op.execute("DROP TABLE projection_rebuild_range")
    op.execute("ALTER TABLE projection_rebuild ADD streams JSONB NOT NULL DEFAULT '{}'::jsonb")
    op.execute(
        "COMMENT ON COLUMN projection_rebuild.streams IS '各县逐个事件流处理时：处理到的事件位置、最后一个事件流'"
    )
