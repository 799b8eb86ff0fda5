"""The timeline of an asset without a row per event: the log has them by stream; mentions in other streams stay.

What was entered long after it happened is listed beside them: the table that goes knew the moment of recording.
"""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE asset_mention (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT asset_mention_pkey PRIMARY KEY (county, asset, position)
);
COMMENT ON TABLE asset_mention IS '资产履历：其他事件流中提到资产的事件，每项资产每个事件一行；资产自身的事件在日志中';
COMMENT ON COLUMN asset_mention.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN asset_mention.asset IS '资产编号';
COMMENT ON COLUMN asset_mention.position IS '最近更新本行的事件位置';
CREATE TABLE asset_backdated_entry (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    occurred_on DATE NOT NULL,
    days INTEGER NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT asset_backdated_entry_pkey PRIMARY KEY (county, asset, position)
);
COMMENT ON TABLE asset_backdated_entry IS '事后补记：业务日期之后超过90天才记录的事件，每项资产每个事件一行';
COMMENT ON COLUMN asset_backdated_entry.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN asset_backdated_entry.asset IS '资产编号';
COMMENT ON COLUMN asset_backdated_entry.occurred_on IS '业务日期';
COMMENT ON COLUMN asset_backdated_entry.days IS '晚记天数';
COMMENT ON COLUMN asset_backdated_entry.position IS '最近更新本行的事件位置';
"""

KEPT = """
INSERT INTO asset_mention (county, asset, position)
SELECT county, asset, position FROM asset_timeline
WHERE stream <> 'asset-' || asset AND stream <> 'household_asset-' || asset;
INSERT INTO asset_backdated_entry (county, asset, occurred_on, days, position)
SELECT county, asset, occurred_on, (recorded_at AT TIME ZONE 'UTC')::date - occurred_on, position FROM asset_timeline
WHERE findings = 0 AND (recorded_at AT TIME ZONE 'UTC')::date - occurred_on > 90;
UPDATE projection_checkpoint SET version = 2 WHERE projection = 'asset_timeline' AND version = 1;
DELETE FROM projection_rebuild WHERE projection = 'asset_timeline';
DROP TABLE IF EXISTS ledger_shadow.asset_timeline;
DROP TABLE asset_timeline;
"""
"""The rows that stay are those of the table that goes: nothing is folded again."""

BEFORE = """
CREATE TABLE asset_timeline (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    stream VARCHAR COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    occurred_on DATE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor VARCHAR COLLATE "C" NOT NULL,
    actor_organization VARCHAR COLLATE "C",
    warnings INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT asset_timeline_pkey PRIMARY KEY (county, asset, position)
);
CREATE INDEX asset_timeline_position_idx ON asset_timeline (county, position);
DELETE FROM projection_checkpoint WHERE projection = 'asset_timeline';
DELETE FROM projection_rebuild WHERE projection = 'asset_timeline';
DROP TABLE IF EXISTS ledger_shadow.asset_mention, ledger_shadow.asset_backdated_entry;
DROP TABLE asset_mention, asset_backdated_entry;
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Keep what is not in the log by its key, and drop the rest."""
    _run(TABLES, KEPT)
    op.get_bind().exec_driver_sql(GRANTS.format("asset_mention, asset_backdated_entry"))


def downgrade() -> None:
    """The table of before, empty: its projector fills it from the first event."""
    _run(BEFORE)
    op.get_bind().exec_driver_sql(GRANTS.format("asset_timeline"))


def _run(*scripts: str) -> None:
    connection = op.get_bind()
    for statement in ";\n".join(one.strip().rstrip(";") for one in scripts).split(";\n"):
        connection.exec_driver_sql(statement)
