"""Tables of the webhooks (endpoints, their secrets, deliveries, attempts and history) and of the feeds. Beside the log,
not in it.

The log is the queue: an endpoint's cursor and the deliveries up to it are written in one transaction, so a delivery is
never lost and never made twice. All moments are those of the service's clock, but leases, which are the database's.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata: Final = MetaData()

_KEY: Final = Text(collation="C")
_MOMENT: Final = DateTime(timezone=True)
_COUNTY: Final = "县级行政区划代码（6位）"
_ENDPOINT: Final = "推送端点编号"


def _of_endpoint(name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["county", "endpoint"], ["webhook_endpoint.county", "webhook_endpoint.endpoint"], name=name
    )


webhook_endpoint: Final = Table(
    "webhook_endpoint",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("endpoint", _KEY, nullable=False, comment=_ENDPOINT),
    Column("url", Text, nullable=False, comment="接收地址"),
    Column("label", Text, nullable=False, comment="用途说明"),
    Column("organization", _KEY, nullable=False, comment="所属单位"),
    Column("credential", _KEY, nullable=False, comment="创建或最近启用它的密钥编号"),
    Column("filters", JSONB, nullable=False, comment="筛选条件"),
    Column("ordering", _KEY, nullable=False, comment="ASSET 逐项资产有序 / ALL 全部有序 / NONE 不保证次序"),
    Column("concurrency", Integer, nullable=False, comment="同时推送数"),
    Column("per_second", Integer, nullable=False, comment="每秒最多推送数"),
    Column("state", _KEY, nullable=False, comment="UNVERIFIED / ACTIVE / DISABLED / REMOVED"),
    Column("reason", _KEY, nullable=True, comment="停用原因"),
    Column("position", BigInteger, nullable=False, comment="已生成推送的日志位置"),
    Column("failing_since", _MOMENT, nullable=True, comment="自何时起全部失败"),
    Column("created_at", _MOMENT, nullable=False, comment="创建时间"),
    Column("epoch", BigInteger, nullable=False, comment="租约届次"),
    Column("holder", Text, nullable=True, comment="推送者"),
    Column("lease_until", _MOMENT, nullable=True, comment="租约到期时间"),
    PrimaryKeyConstraint("county", "endpoint", name="webhook_endpoint_pkey"),
    comment="推送端点：每个外部系统的接收地址一行；不属于事件日志",
)

webhook_secret: Final = Table(
    "webhook_secret",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("endpoint", _KEY, nullable=False, comment=_ENDPOINT),
    Column("secret", _KEY, nullable=False, comment="签名密钥编号"),
    Column("kind", _KEY, nullable=False, comment="HMAC（v1）/ ED25519（v1a）"),
    Column("sealing_key", _KEY, nullable=False, comment="封存所用密钥的编号"),
    Column("sealed", LargeBinary, nullable=False, comment="封存的私密部分（AES-256-GCM）"),
    Column("public", Text, nullable=True, comment="公钥，ED25519 才有"),
    Column("made_at", _MOMENT, nullable=False, comment="创建时间"),
    Column("retires_at", _MOMENT, nullable=True, comment="轮换后的失效时间"),
    PrimaryKeyConstraint("county", "endpoint", "secret", name="webhook_secret_pkey"),
    _of_endpoint("webhook_secret_endpoint_fkey"),
    comment="推送端点的签名密钥：原文只显示一次，只封存保管",
)

webhook_delivery: Final = Table(
    "webhook_delivery",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("endpoint", _KEY, nullable=False, comment=_ENDPOINT),
    Column("position", BigInteger, nullable=False, comment="事件的日志位置"),
    Column("type", _KEY, nullable=False, comment="事件类型"),
    Column("lane", _KEY, nullable=False, comment="同一通道内按位置次序推送"),
    Column("state", _KEY, nullable=False, comment="PENDING 待推送 / DELIVERED 已送达 / DEAD 已放弃"),
    Column("attempts", Integer, nullable=False, comment="本轮尝试次数"),
    Column("tries", Integer, nullable=False, comment="总尝试次数"),
    Column("next_at", _MOMENT, nullable=True, comment="下次推送时间；等待同通道前一项时为空"),
    Column("created_at", _MOMENT, nullable=False, comment="生成时间"),
    Column("ended_at", _MOMENT, nullable=True, comment="送达或放弃时间"),
    PrimaryKeyConstraint("county", "endpoint", "position", name="webhook_delivery_pkey"),
    _of_endpoint("webhook_delivery_endpoint_fkey"),
    Index(
        "webhook_delivery_due_idx",
        "county",
        "endpoint",
        "next_at",
        postgresql_where=text("state = 'PENDING' AND next_at IS NOT NULL"),
    ),
    Index(
        "webhook_delivery_lane_idx",
        "county",
        "endpoint",
        "lane",
        "position",
        postgresql_where=text("state = 'PENDING'"),
    ),
    Index(
        "webhook_delivery_dead_idx",
        "county",
        "endpoint",
        "position",
        postgresql_where=text("state = 'DEAD'"),
    ),
    comment="推送：每个端点每个事件一行；放弃的一行就是缺口记录",
)

webhook_attempt: Final = Table(
    "webhook_attempt",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("endpoint", _KEY, nullable=False, comment=_ENDPOINT),
    Column("position", BigInteger, nullable=False, comment="事件的日志位置；试推送与验证为 0"),
    Column("number", Integer, nullable=False, comment="第几次尝试"),
    Column("message", _KEY, nullable=False, comment="消息编号"),
    Column("attempted_at", _MOMENT, nullable=False, comment="尝试时间"),
    Column("outcome", _KEY, nullable=False, comment="结果"),
    Column("address", Text, nullable=True, comment="解析并连接的地址"),
    Column("status", Integer, nullable=True, comment="HTTP 状态"),
    Column("milliseconds", Integer, nullable=False, comment="用时（毫秒）"),
    Column("answer", Text, nullable=True, comment="应答的前 2 kB 或失败说明"),
    PrimaryKeyConstraint("county", "endpoint", "position", "number", name="webhook_attempt_pkey"),
    _of_endpoint("webhook_attempt_endpoint_fkey"),
    comment="推送尝试：每次一行",
)

webhook_history: Final = Table(
    "webhook_history",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("endpoint", _KEY, nullable=False, comment=_ENDPOINT),
    Column("number", Integer, nullable=False, comment="序号"),
    Column("happened_at", _MOMENT, nullable=False, comment="时间"),
    Column(
        "act", _KEY, nullable=False, comment="CREATED / VERIFIED / ENABLED / DISABLED / ROTATED / REMOVED …"
    ),
    Column("actor", _KEY, nullable=False, comment="办理的密钥编号，service 为本服务"),
    Column("detail", Text, nullable=True, comment="说明"),
    PrimaryKeyConstraint("county", "endpoint", "number", name="webhook_history_pkey"),
    _of_endpoint("webhook_history_endpoint_fkey"),
    comment="推送端点的审计记录：只增不改",
)

event_feed: Final = Table(
    "event_feed",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("organization", _KEY, nullable=False, comment="所属单位"),
    Column("feed", _KEY, nullable=False, comment="订阅名称"),
    Column("label", Text, nullable=False, comment="用途说明"),
    Column("filters", JSONB, nullable=False, comment="筛选条件"),
    Column("position", BigInteger, nullable=False, comment="已确认处理到的日志位置"),
    Column("created_at", _MOMENT, nullable=False, comment="创建时间"),
    Column("read_at", _MOMENT, nullable=True, comment="最近读取时间"),
    Column("acknowledged_at", _MOMENT, nullable=True, comment="最近确认时间"),
    PrimaryKeyConstraint("county", "organization", "feed", name="event_feed_pkey"),
    comment="事件订阅：外部系统读到哪里，每个订阅一行；不属于事件日志",
)
