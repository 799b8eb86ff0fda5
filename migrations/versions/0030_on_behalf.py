"""The ledger of what was recorded on behalf: a row per event and unit, and the confirmations of villages' secretaries."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE on_behalf_record (
    county VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    recorder VARCHAR COLLATE "C" NOT NULL,
    stream VARCHAR COLLATE "C" NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    occurred_on DATE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT on_behalf_record_pkey PRIMARY KEY (county, position, unit)
);
COMMENT ON TABLE on_behalf_record IS '代为登记台账：每个事件每个被代登记单位一行';
COMMENT ON COLUMN on_behalf_record.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN on_behalf_record.unit IS '被代为登记的单位';
COMMENT ON COLUMN on_behalf_record.recorder IS '登记单位';
COMMENT ON COLUMN on_behalf_record.stream IS '事件流';
COMMENT ON COLUMN on_behalf_record.type IS '事件类型';
COMMENT ON COLUMN on_behalf_record.occurred_on IS '业务日期';
COMMENT ON COLUMN on_behalf_record.recorded_at IS '记录时间';
COMMENT ON COLUMN on_behalf_record.position IS '最近更新本行的事件位置';
CREATE INDEX on_behalf_record_recorder_idx ON on_behalf_record (county, recorder, position);
CREATE INDEX on_behalf_record_unit_idx ON on_behalf_record (county, unit, position);
CREATE TABLE on_behalf_confirmation (
    county VARCHAR COLLATE "C" NOT NULL,
    entry_position BIGINT NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    secretary VARCHAR COLLATE "C" NOT NULL,
    confirmed_on DATE NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT on_behalf_confirmation_pkey PRIMARY KEY (county, entry_position, unit)
);
COMMENT ON TABLE on_behalf_confirmation IS '代为登记事项的确认：每次确认一行';
COMMENT ON COLUMN on_behalf_confirmation.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN on_behalf_confirmation.entry_position IS '所确认事项的日志位置';
COMMENT ON COLUMN on_behalf_confirmation.unit IS '确认的村';
COMMENT ON COLUMN on_behalf_confirmation.secretary IS '确认人';
COMMENT ON COLUMN on_behalf_confirmation.confirmed_on IS '确认日期';
COMMENT ON COLUMN on_behalf_confirmation.position IS '最近更新本行的事件位置';
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON on_behalf_record, on_behalf_confirmation TO taizhang_writer;
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
    op.get_bind().exec_driver_sql("DELETE FROM projection_rebuild WHERE projection = 'on_behalf'")
    op.get_bind().exec_driver_sql("DELETE FROM projection_checkpoint WHERE projection = 'on_behalf'")
    op.get_bind().exec_driver_sql("DROP TABLE on_behalf_record, on_behalf_confirmation")
