"""Tables of the identities: officials, what they were granted, their sessions, who they are elsewhere. Beside the log.

A person's rights are two things together: a grant here, and the post or the home unit that the log knows of the day. The
one is taken away by a revocation, the other ends with the post by itself.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

metadata: Final = MetaData()

_KEY: Final = Text(collation="C")
_MOMENT: Final = DateTime(timezone=True)
_COUNTY: Final = "县级行政区划代码（6位）"

official: Final = Table(
    "official",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("official", _KEY, nullable=False, comment="登录账户编号"),
    Column("person", _KEY, nullable=False, comment="人员编号，姓名和任职在日志中"),
    Column("login", _KEY, nullable=False, comment="登录名"),
    Column("password_hash", Text, nullable=False, comment="密码的 argon2id 散列"),
    Column("password_initial", Boolean, nullable=False, comment="是否仍为初始密码，须在登录时更改"),
    Column("sealing_key", _KEY, nullable=False, comment="封存所用密钥的编号"),
    Column("second_factor", LargeBinary, nullable=False, comment="封存的动态口令密钥（AES-256-GCM）"),
    Column("last_step", BigInteger, nullable=False, comment="最近用过的动态口令时段，不得再用"),
    Column("created_at", _MOMENT, nullable=False, comment="创建时间"),
    Column("created_by", _KEY, nullable=False, comment="创建者的密钥或人员编号"),
    Column("last_used_at", _MOMENT, nullable=True, comment="最近登录时间"),
    Column("disabled_at", _MOMENT, nullable=True, comment="停用时间"),
    PrimaryKeyConstraint("county", "official", name="official_pkey"),
    Index("official_login_key", "county", "login", unique=True),
    comment="本地登录账户：没有统一身份认证的人员；不属于事件日志",
)

access_grant: Final = Table(
    "access_grant",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("access_grant", _KEY, nullable=False, comment="授权编号"),
    Column("person", _KEY, nullable=False, comment="人员编号"),
    Column("organization", _KEY, nullable=False, comment="代表的单位"),
    Column("roles", ARRAY(Text), nullable=False, comment="角色"),
    Column("divisions", ARRAY(Text), nullable=False, comment="区划范围（代码前缀）"),
    Column("document_no", Text, nullable=False, comment="授权依据文号"),
    Column("granted_at", _MOMENT, nullable=False, comment="授权时间"),
    Column("granted_by", _KEY, nullable=False, comment="授权者的密钥或人员编号"),
    Column("ends_at", _MOMENT, nullable=True, comment="到期时间"),
    Column("revoked_at", _MOMENT, nullable=True, comment="撤销时间"),
    PrimaryKeyConstraint("county", "access_grant", name="access_grant_pkey"),
    Index("access_grant_person_idx", "county", "person", "organization"),
    comment="授权：某人在某单位可以承担的角色，任职期间有效；不属于事件日志",
)

session: Final = Table(
    "session",
    metadata,
    Column("session", _KEY, nullable=False, comment="会话编号"),
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("person", _KEY, nullable=False, comment="人员编号"),
    Column("secret_sha256", LargeBinary, nullable=False, comment="会话密钥摘要，原文不保存"),
    Column("organization", _KEY, nullable=False, comment="代表的单位"),
    Column("way", _KEY, nullable=False, comment="PASSWORD 本地登录 / PROVIDER 统一身份认证"),
    Column("address", Text, nullable=False, comment="登录地址"),
    Column("began_at", _MOMENT, nullable=False, comment="登录时间"),
    Column("used_at", _MOMENT, nullable=False, comment="最近使用时间，每分钟最多记一次"),
    Column("ends_at", _MOMENT, nullable=False, comment="最迟结束时间"),
    Column("ended_at", _MOMENT, nullable=True, comment="退出或被结束的时间"),
    PrimaryKeyConstraint("session", name="session_pkey"),
    Index("session_person_idx", "county", "person"),
    comment="登录会话；不属于事件日志",
)

identity_link: Final = Table(
    "identity_link",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("link", _KEY, nullable=False, comment="关联编号"),
    Column("issuer", _KEY, nullable=False, comment="身份提供方"),
    Column("subject", _KEY, nullable=False, comment="身份提供方给出的编号"),
    Column("kind", _KEY, nullable=False, comment="PERSON 人员 / KEY 系统所用密钥"),
    Column("target", _KEY, nullable=False, comment="人员编号或密钥编号"),
    Column("linked_at", _MOMENT, nullable=False, comment="关联时间"),
    Column("linked_by", _KEY, nullable=False, comment="关联者的密钥或人员编号"),
    PrimaryKeyConstraint("county", "link", name="identity_link_pkey"),
    Index("identity_link_subject_key", "issuer", "subject", unique=True),
    comment="统一身份认证中的身份与本县人员、系统密钥的对应；不属于事件日志",
)

sign_in_failure: Final = Table(
    "sign_in_failure",
    metadata,
    Column("attempted", _KEY, nullable=False, comment="所试登录名（及地址）的摘要，不存在的登录名同样计数"),
    Column("failures", Integer, nullable=False, comment="连续失败次数"),
    Column("last_at", _MOMENT, nullable=False, comment="最近失败时间"),
    PrimaryKeyConstraint("attempted", name="sign_in_failure_pkey"),
    comment="登录失败计数；不属于事件日志",
)

sign_in_pending: Final = Table(
    "sign_in_pending",
    metadata,
    Column("binding_sha256", LargeBinary, nullable=False, comment="发起者所持绑定值的摘要"),
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("state", Text, nullable=False, comment="登录状态值"),
    Column("nonce", Text, nullable=False, comment="一次性随机值"),
    Column("verifier", Text, nullable=False, comment="PKCE 校验值"),
    Column("begun_at", _MOMENT, nullable=False, comment="开始时间"),
    Column("return_to", Text, nullable=False, comment="登录后要去的页面"),
    PrimaryKeyConstraint("binding_sha256", name="sign_in_pending_pkey"),
    comment="已转往身份提供方、尚未返回的登录；不属于事件日志",
)
