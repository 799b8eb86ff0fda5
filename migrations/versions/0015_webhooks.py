"""Webhooks: endpoints with their sealed secrets, deliveries, attempts, history. Beside the log, not in it."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE webhook_endpoint (
    county TEXT COLLATE "C" NOT NULL,
    endpoint TEXT COLLATE "C" NOT NULL,
    url TEXT NOT NULL,
    label TEXT NOT NULL,
    organization TEXT COLLATE "C" NOT NULL,
    credential TEXT COLLATE "C" NOT NULL,
    filters JSONB NOT NULL,
    ordering TEXT COLLATE "C" NOT NULL,
    concurrency INTEGER NOT NULL,
    per_second INTEGER NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    position BIGINT NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    epoch BIGINT NOT NULL,
    holder TEXT,
    lease_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT webhook_endpoint_pkey PRIMARY KEY (county, endpoint)
);
COMMENT ON TABLE webhook_endpoint IS '推送端点：每个外部系统的接收地址一行；不属于事件日志';
COMMENT ON COLUMN webhook_endpoint.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN webhook_endpoint.endpoint IS '推送端点编号';
COMMENT ON COLUMN webhook_endpoint.url IS '接收地址';
COMMENT ON COLUMN webhook_endpoint.label IS '用途说明';
COMMENT ON COLUMN webhook_endpoint.organization IS '所属单位';
COMMENT ON COLUMN webhook_endpoint.credential IS '创建或最近启用它的密钥编号';
COMMENT ON COLUMN webhook_endpoint.filters IS '筛选条件';
COMMENT ON COLUMN webhook_endpoint.ordering IS 'ASSET 逐项资产有序 / ALL 全部有序 / NONE 不保证次序';
COMMENT ON COLUMN webhook_endpoint.concurrency IS '同时推送数';
COMMENT ON COLUMN webhook_endpoint.per_second IS '每秒最多推送数';
COMMENT ON COLUMN webhook_endpoint.state IS 'UNVERIFIED / ACTIVE / DISABLED / REMOVED';
COMMENT ON COLUMN webhook_endpoint.reason IS '停用原因';
COMMENT ON COLUMN webhook_endpoint.position IS '已生成推送的日志位置';
COMMENT ON COLUMN webhook_endpoint.failing_since IS '自何时起全部失败';
COMMENT ON COLUMN webhook_endpoint.created_at IS '创建时间';
COMMENT ON COLUMN webhook_endpoint.epoch IS '租约届次';
COMMENT ON COLUMN webhook_endpoint.holder IS '推送者';
COMMENT ON COLUMN webhook_endpoint.lease_until IS '租约到期时间';
CREATE TABLE webhook_attempt (
    county TEXT COLLATE "C" NOT NULL,
    endpoint TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    number INTEGER NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    address TEXT,
    status INTEGER,
    milliseconds INTEGER NOT NULL,
    answer TEXT,
    CONSTRAINT webhook_attempt_pkey PRIMARY KEY (county, endpoint, position, number),
    CONSTRAINT webhook_attempt_endpoint_fkey FOREIGN KEY(county, endpoint) REFERENCES webhook_endpoint (county, endpoint)
);
COMMENT ON TABLE webhook_attempt IS '推送尝试：每次一行';
COMMENT ON COLUMN webhook_attempt.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN webhook_attempt.endpoint IS '推送端点编号';
COMMENT ON COLUMN webhook_attempt.position IS '事件的日志位置；试推送与验证为 0';
COMMENT ON COLUMN webhook_attempt.number IS '第几次尝试';
COMMENT ON COLUMN webhook_attempt.message IS '消息编号';
COMMENT ON COLUMN webhook_attempt.attempted_at IS '尝试时间';
COMMENT ON COLUMN webhook_attempt.outcome IS '结果';
COMMENT ON COLUMN webhook_attempt.address IS '解析并连接的地址';
COMMENT ON COLUMN webhook_attempt.status IS 'HTTP 状态';
COMMENT ON COLUMN webhook_attempt.milliseconds IS '用时（毫秒）';
COMMENT ON COLUMN webhook_attempt.answer IS '应答的前 2 kB 或失败说明';
CREATE TABLE webhook_delivery (
    county TEXT COLLATE "C" NOT NULL,
    endpoint TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    lane TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    attempts INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT webhook_delivery_pkey PRIMARY KEY (county, endpoint, position),
    CONSTRAINT webhook_delivery_endpoint_fkey FOREIGN KEY(county, endpoint) REFERENCES webhook_endpoint (county, endpoint)
);
CREATE INDEX webhook_delivery_dead_idx ON webhook_delivery (county, endpoint, position) WHERE state = 'DEAD';
CREATE INDEX webhook_delivery_due_idx ON webhook_delivery (county, endpoint, next_at) WHERE state = 'PENDING' AND next_at IS NOT NULL;
CREATE INDEX webhook_delivery_lane_idx ON webhook_delivery (county, endpoint, lane, position) WHERE state = 'PENDING';
COMMENT ON TABLE webhook_delivery IS '推送：每个端点每个事件一行；放弃的一行就是缺口记录';
COMMENT ON COLUMN webhook_delivery.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN webhook_delivery.endpoint IS '推送端点编号';
COMMENT ON COLUMN webhook_delivery.position IS '事件的日志位置';
COMMENT ON COLUMN webhook_delivery.type IS '事件类型';
COMMENT ON COLUMN webhook_delivery.lane IS '同一通道内按位置次序推送';
COMMENT ON COLUMN webhook_delivery.state IS 'PENDING 待推送 / DELIVERED 已送达 / DEAD 已放弃';
COMMENT ON COLUMN webhook_delivery.attempts IS '本轮尝试次数';
COMMENT ON COLUMN webhook_delivery.tries IS '总尝试次数';
COMMENT ON COLUMN webhook_delivery.next_at IS '下次推送时间；等待同通道前一项时为空';
COMMENT ON COLUMN webhook_delivery.created_at IS '生成时间';
COMMENT ON COLUMN webhook_delivery.ended_at IS '送达或放弃时间';
CREATE TABLE webhook_history (
    county TEXT COLLATE "C" NOT NULL,
    endpoint TEXT COLLATE "C" NOT NULL,
    number INTEGER NOT NULL,
    happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    act TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    detail TEXT,
    CONSTRAINT webhook_history_pkey PRIMARY KEY (county, endpoint, number),
    CONSTRAINT webhook_history_endpoint_fkey FOREIGN KEY(county, endpoint) REFERENCES webhook_endpoint (county, endpoint)
);
COMMENT ON TABLE webhook_history IS '推送端点的审计记录：只增不改';
COMMENT ON COLUMN webhook_history.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN webhook_history.endpoint IS '推送端点编号';
COMMENT ON COLUMN webhook_history.number IS '序号';
COMMENT ON COLUMN webhook_history.happened_at IS '时间';
COMMENT ON COLUMN webhook_history.act IS 'CREATED / VERIFIED / ENABLED / DISABLED / ROTATED / REMOVED …';
COMMENT ON COLUMN webhook_history.actor IS '办理的密钥编号，service 为本服务';
COMMENT ON COLUMN webhook_history.detail IS '说明';
CREATE TABLE webhook_secret (
    county TEXT COLLATE "C" NOT NULL,
    endpoint TEXT COLLATE "C" NOT NULL,
    secret TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    sealing_key TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    public TEXT,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    retires_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT webhook_secret_pkey PRIMARY KEY (county, endpoint, secret),
    CONSTRAINT webhook_secret_endpoint_fkey FOREIGN KEY(county, endpoint) REFERENCES webhook_endpoint (county, endpoint)
);
COMMENT ON TABLE webhook_secret IS '推送端点的签名密钥：原文只显示一次，只封存保管';
COMMENT ON COLUMN webhook_secret.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN webhook_secret.endpoint IS '推送端点编号';
COMMENT ON COLUMN webhook_secret.secret IS '签名密钥编号';
COMMENT ON COLUMN webhook_secret.kind IS 'HMAC（v1）/ ED25519（v1a）';
COMMENT ON COLUMN webhook_secret.sealing_key IS '封存所用密钥的编号';
COMMENT ON COLUMN webhook_secret.sealed IS '封存的私密部分（AES-256-GCM）';
COMMENT ON COLUMN webhook_secret.public IS '公钥，ED25519 才有';
COMMENT ON COLUMN webhook_secret.made_at IS '创建时间';
COMMENT ON COLUMN webhook_secret.retires_at IS '轮换后的失效时间';
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON
            webhook_endpoint,
            webhook_attempt,
            webhook_delivery,
            webhook_history,
            webhook_secret
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
    """Drop the tables: endpoints and what was not delivered yet are lost, the log is not touched."""
    op.get_bind().exec_driver_sql(
        "DROP TABLE webhook_secret, webhook_history, webhook_delivery, webhook_attempt, webhook_endpoint"
    )
