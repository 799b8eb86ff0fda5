"""The ledger of public-welfare posts: a row per post."""

from __future__ import annotations

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE public_welfare_post (
    county VARCHAR COLLATE "C" NOT NULL,
    public_welfare_post VARCHAR COLLATE "C" NOT NULL,
    village VARCHAR COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    monthly_wage BIGINT NOT NULL,
    created_on DATE NOT NULL,
    appointed INTEGER NOT NULL,
    released INTEGER NOT NULL,
    months INTEGER NOT NULL,
    last_month VARCHAR COLLATE "C",
    earned BIGINT NOT NULL,
    paid BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT public_welfare_post_pkey PRIMARY KEY (county, public_welfare_post)
);
COMMENT ON TABLE public_welfare_post IS '公益岗位：每个岗位一行';
COMMENT ON COLUMN public_welfare_post.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN public_welfare_post.public_welfare_post IS '岗位编号';
COMMENT ON COLUMN public_welfare_post.village IS '村集体';
COMMENT ON COLUMN public_welfare_post.name IS '岗位名称';
COMMENT ON COLUMN public_welfare_post.monthly_wage IS '岗位月工资（分）';
COMMENT ON COLUMN public_welfare_post.created_on IS '岗位设立日期';
COMMENT ON COLUMN public_welfare_post.appointed IS '聘用户次';
COMMENT ON COLUMN public_welfare_post.released IS '提前离岗户次';
COMMENT ON COLUMN public_welfare_post.months IS '考核月数';
COMMENT ON COLUMN public_welfare_post.last_month IS '最近考核月份';
COMMENT ON COLUMN public_welfare_post.earned IS '应发工资合计（分）';
COMMENT ON COLUMN public_welfare_post.paid IS '已发工资合计（分）';
COMMENT ON COLUMN public_welfare_post.position IS '最近更新本行的事件位置';
CREATE INDEX public_welfare_post_village_idx ON public_welfare_post (county, village);
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON public_welfare_post TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'public_welfare_posts'")
    op.get_bind().exec_driver_sql(
        "DELETE FROM projection_checkpoint WHERE projection = 'public_welfare_posts'"
    )
    op.get_bind().exec_driver_sql("DROP TABLE public_welfare_post")
