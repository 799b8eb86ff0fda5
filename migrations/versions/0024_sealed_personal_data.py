"""Each person's key, where and by what a person is found, who read what; the register has a householder, as a token."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE personal_key (
    county TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    master TEXT COLLATE "C" NOT NULL,
    wrapped BYTEA NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    restricted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT personal_key_pkey PRIMARY KEY (county, key)
);
CREATE UNIQUE INDEX personal_key_subject_key ON personal_key (county, subject);
COMMENT ON TABLE personal_key IS '个人信息主体的密钥：每个主体一行，遗忘时删除；不属于事件日志';
COMMENT ON COLUMN personal_key.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN personal_key.key IS '密钥编号，密文中引用';
COMMENT ON COLUMN personal_key.subject IS '个人信息主体：农户、人员或异议人的代号';
COMMENT ON COLUMN personal_key.master IS '包裹所用主密钥的编号';
COMMENT ON COLUMN personal_key.wrapped IS '由主密钥包裹的密钥；销毁后其密文无人能解';
COMMENT ON COLUMN personal_key.made_at IS '创建时间';
COMMENT ON COLUMN personal_key.restricted_at IS '限制处理的时间';
CREATE TABLE personal_lookup (
    county TEXT COLLATE "C" NOT NULL,
    tag BYTEA NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    token TEXT NOT NULL,
    CONSTRAINT personal_lookup_pkey PRIMARY KEY (county, tag, key)
);
CREATE INDEX personal_lookup_key_idx ON personal_lookup (county, key);
COMMENT ON TABLE personal_lookup IS '按姓名、电话等查找主体的索引；不属于事件日志';
COMMENT ON COLUMN personal_lookup.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN personal_lookup.tag IS '值的带密钥散列（HMAC），密钥随主密钥更换';
COMMENT ON COLUMN personal_lookup.key IS '密钥编号';
COMMENT ON COLUMN personal_lookup.token IS '密文，更换主密钥时据以重算';
CREATE TABLE personal_place (
    county TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    CONSTRAINT personal_place_pkey PRIMARY KEY (county, key, stream)
);
COMMENT ON TABLE personal_place IS '每个主体的密文所在的事件流；不属于事件日志';
COMMENT ON COLUMN personal_place.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN personal_place.key IS '密钥编号';
COMMENT ON COLUMN personal_place.stream IS '含有其密文的事件流';
CREATE TABLE personal_reading (
    county TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    organization TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C",
    subjects TEXT[] NOT NULL,
    fields TEXT[] NOT NULL,
    reason TEXT NOT NULL,
    document_no TEXT,
    read_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT personal_reading_pkey PRIMARY KEY (county, number)
);
COMMENT ON TABLE personal_reading IS '查看个人信息原文的记录，只增不改；不属于事件日志';
COMMENT ON COLUMN personal_reading.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN personal_reading.number IS '序号';
COMMENT ON COLUMN personal_reading.actor IS '查看者的密钥或人员编号';
COMMENT ON COLUMN personal_reading.organization IS '查看者的单位';
COMMENT ON COLUMN personal_reading.kind IS 'READING 查看原文 / LOOKUP 按值查找';
COMMENT ON COLUMN personal_reading.stream IS '所查看的事件流';
COMMENT ON COLUMN personal_reading.subjects IS '所涉主体';
COMMENT ON COLUMN personal_reading.fields IS '所查看的字段';
COMMENT ON COLUMN personal_reading.reason IS '理由';
COMMENT ON COLUMN personal_reading.document_no IS '依据文号';
COMMENT ON COLUMN personal_reading.read_at IS '查看时间'
"""

NAMES = ("personal_key", "personal_lookup", "personal_place", "personal_reading")
"""The tables. The log's writer role gets nothing of them: it writes tokens and opens none."""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        REVOKE ALL ON {tables} FROM taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the tables; rows of the register from before have no householder."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS.format(tables=", ".join(NAMES)))
    connection.exec_driver_sql('ALTER TABLE household_register ADD COLUMN householder VARCHAR COLLATE "C"')
    connection.exec_driver_sql("COMMENT ON COLUMN household_register.householder IS '户主姓名'")


def downgrade() -> None:
    """Drop the tables: what was sealed is opened by nobody any more."""
    connection = op.get_bind()
    connection.exec_driver_sql("ALTER TABLE household_register DROP COLUMN householder")
    for name in NAMES:
        connection.exec_driver_sql(f"DROP TABLE {name}")
