"""Tables of the document store: what is kept, who uploaded it, and what was found when it was looked at last.

Beside the log, not in it: what is kept is proved by the digests that the log holds. A paper is served by its row alone, and the
row is written when the content is whole and on the disk.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

metadata: Final = MetaData()

_KEY: Final = Text(collation="C")
_MOMENT: Final = DateTime(timezone=True)
_COUNTY: Final = "县级行政区划代码（6位）"

paper_table: Final = Table(
    "paper",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("sha256", _KEY, nullable=False, comment="内容摘要"),
    Column("size", BigInteger, nullable=False, comment="字节数"),
    Column("media_type", _KEY, nullable=False, comment="内容类型，由内容判定"),
    Column("object", _KEY, nullable=False, comment="存储中的名称"),
    Column("stored_at", _MOMENT, nullable=False, comment="存入时间"),
    Column(
        "state",
        _KEY,
        nullable=False,
        comment="INTACT 完好 / MISSING 丢失 / ALTERED 被改动 / FORGOTTEN 已随主体遗忘",
    ),
    Column("checked_at", _MOMENT, nullable=False, comment="最近核对时间"),
    PrimaryKeyConstraint("county", "sha256", name="paper_pkey"),
    Index("paper_checked_idx", "county", "checked_at"),
    comment="资料存档：每份资料一行",
)

paper_upload_table: Final = Table(
    "paper_upload",
    metadata,
    Column("county", _KEY, nullable=False, comment=_COUNTY),
    Column("sha256", _KEY, nullable=False, comment="内容摘要"),
    Column("organization", _KEY, nullable=False, comment="上传单位"),
    Column("actor", _KEY, nullable=False, comment="上传者"),
    Column("uploaded_at", _MOMENT, nullable=False, comment="最近上传时间"),
    PrimaryKeyConstraint("county", "sha256", "organization", name="paper_upload_pkey"),
    ForeignKeyConstraint(
        ["county", "sha256"],
        ["paper.county", "paper.sha256"],
        name="paper_upload_paper_fkey",
        ondelete="CASCADE",
    ),
    Index("paper_upload_organization_idx", "county", "organization", "uploaded_at"),
    comment="资料由哪些单位上传",
)
