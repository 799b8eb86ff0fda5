"""Tables of sealed personal data: each person's key, and by what a value is looked up. Beside the log, and mutable.

What stands here is worth nothing without the master key, which no database and no backup holds. The log's writer role
has no business with any of them. Who read what in plain is only ever added to.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

metadata: Final = MetaData()

_KEY: Final = Text(collation="C")
_COUNTY: Final = "县级行政区划代码（6位）"

personal_key: Final = Table(
    "personal_key",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("key", _KEY, nullable=False, comment="密钥编号，密文中引用"),
    Column("subject", _KEY, nullable=False, comment="个人信息主体：农户、人员或异议人的代号"),
    Column("master", _KEY, nullable=False, comment="包裹所用主密钥的编号"),
    Column("wrapped", LargeBinary, nullable=False, comment="由主密钥包裹的密钥；销毁后其密文无人能解"),
    Column("made_at", DateTime(timezone=True), nullable=False, comment="创建时间"),
    Column("restricted_at", DateTime(timezone=True), nullable=True, comment="限制处理的时间"),
    PrimaryKeyConstraint("county", "key", name="personal_key_pkey"),
    Index("personal_key_subject_key", "county", "subject", unique=True),
    comment="个人信息主体的密钥：每个主体一行，遗忘时删除；不属于事件日志",
)

personal_place: Final = Table(
    "personal_place",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("key", _KEY, nullable=False, comment="密钥编号"),
    Column("stream", _KEY, nullable=False, comment="含有其密文的事件流"),
    PrimaryKeyConstraint("county", "key", "stream", name="personal_place_pkey"),
    comment="每个主体的密文所在的事件流；不属于事件日志",
)

personal_reading: Final = Table(
    "personal_reading",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("number", BigInteger, nullable=False, comment="序号"),
    Column("actor", _KEY, nullable=False, comment="查看者的密钥或人员编号"),
    Column("organization", _KEY, nullable=False, comment="查看者的单位"),
    Column("kind", _KEY, nullable=False, comment="READING 查看原文 / LOOKUP 按值查找"),
    Column("stream", _KEY, nullable=True, comment="所查看的事件流"),
    Column("subjects", ARRAY(Text), nullable=False, comment="所涉主体"),
    Column("fields", ARRAY(Text), nullable=False, comment="所查看的字段"),
    Column("reason", Text, nullable=False, comment="理由"),
    Column("document_no", Text, nullable=True, comment="依据文号"),
    Column("read_at", DateTime(timezone=True), nullable=False, comment="查看时间"),
    PrimaryKeyConstraint("county", "number", name="personal_reading_pkey"),
    comment="查看个人信息原文的记录，只增不改；不属于事件日志",
)

personal_lookup: Final = Table(
    "personal_lookup",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("tag", LargeBinary, nullable=False, comment="值的带密钥散列（HMAC），密钥随主密钥更换"),
    Column("key", _KEY, nullable=False, comment="密钥编号"),
    Column("token", Text, nullable=False, comment="密文，更换主密钥时据以重算"),
    PrimaryKeyConstraint("county", "tag", "key", name="personal_lookup_pkey"),
    Index("personal_lookup_key_idx", "county", "key"),
    comment="按姓名、电话等查找主体的索引；不属于事件日志",
)
