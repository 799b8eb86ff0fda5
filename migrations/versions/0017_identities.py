"""Who acts: officials, grants, sessions and links to identity providers; of a key where it is good from and when it was used."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE access_grant (
    county TEXT COLLATE "C" NOT NULL,
    access_grant TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    organization TEXT COLLATE "C" NOT NULL,
    roles TEXT[] NOT NULL,
    divisions TEXT[] NOT NULL,
    document_no TEXT NOT NULL,
    granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    granted_by TEXT COLLATE "C" NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT access_grant_pkey PRIMARY KEY (county, access_grant)
);
CREATE INDEX access_grant_person_idx ON access_grant (county, person, organization);
COMMENT ON TABLE access_grant IS '授权：某人在某单位可以承担的角色，任职期间有效；不属于事件日志';
COMMENT ON COLUMN access_grant.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN access_grant.access_grant IS '授权编号';
COMMENT ON COLUMN access_grant.person IS '人员编号';
COMMENT ON COLUMN access_grant.organization IS '代表的单位';
COMMENT ON COLUMN access_grant.roles IS '角色';
COMMENT ON COLUMN access_grant.divisions IS '区划范围（代码前缀）';
COMMENT ON COLUMN access_grant.document_no IS '授权依据文号';
COMMENT ON COLUMN access_grant.granted_at IS '授权时间';
COMMENT ON COLUMN access_grant.granted_by IS '授权者的密钥或人员编号';
COMMENT ON COLUMN access_grant.ends_at IS '到期时间';
COMMENT ON COLUMN access_grant.revoked_at IS '撤销时间';
CREATE TABLE identity_link (
    county TEXT COLLATE "C" NOT NULL,
    link TEXT COLLATE "C" NOT NULL,
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    linked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    linked_by TEXT COLLATE "C" NOT NULL,
    CONSTRAINT identity_link_pkey PRIMARY KEY (county, link)
);
CREATE UNIQUE INDEX identity_link_subject_key ON identity_link (issuer, subject);
COMMENT ON TABLE identity_link IS '统一身份认证中的身份与本县人员、系统密钥的对应；不属于事件日志';
COMMENT ON COLUMN identity_link.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN identity_link.link IS '关联编号';
COMMENT ON COLUMN identity_link.issuer IS '身份提供方';
COMMENT ON COLUMN identity_link.subject IS '身份提供方给出的编号';
COMMENT ON COLUMN identity_link.kind IS 'PERSON 人员 / KEY 系统所用密钥';
COMMENT ON COLUMN identity_link.target IS '人员编号或密钥编号';
COMMENT ON COLUMN identity_link.linked_at IS '关联时间';
COMMENT ON COLUMN identity_link.linked_by IS '关联者的密钥或人员编号';
CREATE TABLE official (
    county TEXT COLLATE "C" NOT NULL,
    official TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    login TEXT COLLATE "C" NOT NULL,
    password_hash TEXT NOT NULL,
    password_initial BOOLEAN NOT NULL,
    sealing_key TEXT COLLATE "C" NOT NULL,
    second_factor BYTEA NOT NULL,
    last_step BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    disabled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT official_pkey PRIMARY KEY (county, official)
);
CREATE UNIQUE INDEX official_login_key ON official (county, login);
COMMENT ON TABLE official IS '本地登录账户：没有统一身份认证的人员；不属于事件日志';
COMMENT ON COLUMN official.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN official.official IS '登录账户编号';
COMMENT ON COLUMN official.person IS '人员编号，姓名和任职在日志中';
COMMENT ON COLUMN official.login IS '登录名';
COMMENT ON COLUMN official.password_hash IS '密码的 argon2id 散列';
COMMENT ON COLUMN official.password_initial IS '是否仍为初始密码，须在登录时更改';
COMMENT ON COLUMN official.sealing_key IS '封存所用密钥的编号';
COMMENT ON COLUMN official.second_factor IS '封存的动态口令密钥（AES-256-GCM）';
COMMENT ON COLUMN official.last_step IS '最近用过的动态口令时段，不得再用';
COMMENT ON COLUMN official.created_at IS '创建时间';
COMMENT ON COLUMN official.created_by IS '创建者的密钥或人员编号';
COMMENT ON COLUMN official.last_used_at IS '最近登录时间';
COMMENT ON COLUMN official.disabled_at IS '停用时间';
CREATE TABLE session (
    session TEXT COLLATE "C" NOT NULL,
    county TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    secret_sha256 BYTEA NOT NULL,
    organization TEXT COLLATE "C" NOT NULL,
    way TEXT COLLATE "C" NOT NULL,
    address TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT session_pkey PRIMARY KEY (session)
);
CREATE INDEX session_person_idx ON session (county, person);
COMMENT ON TABLE session IS '登录会话；不属于事件日志';
COMMENT ON COLUMN session.session IS '会话编号';
COMMENT ON COLUMN session.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN session.person IS '人员编号';
COMMENT ON COLUMN session.secret_sha256 IS '会话密钥摘要，原文不保存';
COMMENT ON COLUMN session.organization IS '代表的单位';
COMMENT ON COLUMN session.way IS 'PASSWORD 本地登录 / PROVIDER 统一身份认证';
COMMENT ON COLUMN session.address IS '登录地址';
COMMENT ON COLUMN session.began_at IS '登录时间';
COMMENT ON COLUMN session.used_at IS '最近使用时间，每分钟最多记一次';
COMMENT ON COLUMN session.ends_at IS '最迟结束时间';
COMMENT ON COLUMN session.ended_at IS '退出或被结束的时间';
CREATE TABLE sign_in_failure (
    attempted TEXT COLLATE "C" NOT NULL,
    failures INTEGER NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT sign_in_failure_pkey PRIMARY KEY (attempted)
);
COMMENT ON TABLE sign_in_failure IS '登录失败计数；不属于事件日志';
COMMENT ON COLUMN sign_in_failure.attempted IS '所试登录名（及地址）的摘要，不存在的登录名同样计数';
COMMENT ON COLUMN sign_in_failure.failures IS '连续失败次数';
COMMENT ON COLUMN sign_in_failure.last_at IS '最近失败时间';
CREATE TABLE sign_in_pending (
    binding_sha256 BYTEA NOT NULL,
    county TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    return_to TEXT NOT NULL,
    CONSTRAINT sign_in_pending_pkey PRIMARY KEY (binding_sha256)
);
COMMENT ON TABLE sign_in_pending IS '已转往身份提供方、尚未返回的登录；不属于事件日志';
COMMENT ON COLUMN sign_in_pending.binding_sha256 IS '发起者所持绑定值的摘要';
COMMENT ON COLUMN sign_in_pending.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN sign_in_pending.state IS '登录状态值';
COMMENT ON COLUMN sign_in_pending.nonce IS '一次性随机值';
COMMENT ON COLUMN sign_in_pending.verifier IS 'PKCE 校验值';
COMMENT ON COLUMN sign_in_pending.begun_at IS '开始时间';
COMMENT ON COLUMN sign_in_pending.return_to IS '登录后要去的页面';
"""

KEYS = """
ALTER TABLE credential
    ADD COLUMN addresses text[] NOT NULL DEFAULT '{}',
    ADD COLUMN replaces text COLLATE "C",
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN last_used_from text;
COMMENT ON COLUMN credential.addresses IS '只应答这些地址或网段；空为不限';
COMMENT ON COLUMN credential.replaces IS '所更换的密钥编号';
COMMENT ON COLUMN credential.last_used_at IS '最近使用时间，每分钟最多记一次';
COMMENT ON COLUMN credential.last_used_from IS '最近使用的地址';
"""

NAMES = (
    "access_grant",
    "identity_link",
    "official",
    "session",
    "sign_in_failure",
    "sign_in_pending",
)
"""The tables. The log's writer role gets nothing of them: it has no business with secrets."""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        REVOKE ALL ON {tables} FROM taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the tables, and what a key knows besides."""
    connection = op.get_bind()
    for statement in (TABLES + KEYS).split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS.format(tables=", ".join(NAMES)))


def downgrade() -> None:
    """Drop the tables: nobody is signed in any more, and what keys knew besides is forgotten."""
    connection = op.get_bind()
    for name in NAMES:
        connection.exec_driver_sql(f"DROP TABLE {name}")
    for column in ("addresses", "replaces", "last_used_at", "last_used_from"):
        connection.exec_driver_sql(f"ALTER TABLE credential DROP COLUMN {column}")
