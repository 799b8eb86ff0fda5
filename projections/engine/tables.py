"""Ledger tables in common: the metadata, the column types, and how rows are grouped for a batch.

Every table has `county` as the first column of its key, and `position`: the place in the log of the last event that
touched the row. Money is bigint fen. Comments are in Chinese: they are read by the people who query the database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from domain.classification import UNIT, Classified
from projections.engine.meaning import MONEY, PLAIN, Codes, Meaning

metadata: Final = MetaData()
"""Every table of the projections, their checkpoints included."""

SHADOW: Final = "ledger_shadow"
"""Schema in which a rebuild fills its tables before they take the place of the live ones."""
PREVIOUS: Final = "ledger_previous"
"""Schema that keeps what a rebuild replaced, for a while, at most until the next rebuild of the same ledger."""

_TEXT: Final = String(collation="C")
_MEANING: Final = "meaning"
_TITLE: Final = "title"
_CLASSIFIED: Final = "classified"


def text_column(
    name: str,
    comment: str,
    *,
    of: Meaning = PLAIN,
    title: str | None = None,
    null: bool = False,
    classified: Classified = UNIT,
) -> Column[Any]:
    """Text compared byte by byte: the same order on every server, and no collation upgrade can corrupt an index."""
    return Column(name, _TEXT, nullable=null, comment=comment, info=_info(of, title, classified))


def code_column(
    name: str,
    comment: str,
    of: Codes,
    *,
    title: str | None = None,
    null: bool = False,
    classified: Classified = UNIT,
) -> Column[Any]:
    """A code of one list. `title`: what the column is called, where its comment names the codes alone or not all."""
    return text_column(name, comment, of=of, title=title, null=null, classified=classified)


def money_column(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """An amount in fen."""
    return Column(
        name, BigInteger, nullable=null, comment=f"{comment}（分）", info=_info(MONEY, comment, UNIT)
    )


def day_column(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """A business date."""
    return Column(name, Date, nullable=null, comment=comment)


def moment_column(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """A moment, UTC."""
    return Column(name, DateTime(timezone=True), nullable=null, comment=comment)


def whole_column(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """A count, a year, an ordinal."""
    return Column(name, Integer, nullable=null, comment=comment)


def quantity_column(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """How many or how much, three decimals."""
    return Column(name, Numeric(14, 3), nullable=null, comment=comment)


def flag_column(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """Yes or no."""
    return Column(name, Boolean, nullable=null, comment=comment)


def json_column(
    name: str,
    comment: str,
    *,
    of: Meaning,
    title: str | None = None,
    null: bool = False,
    classified: Classified = UNIT,
) -> Column[Any]:
    """A list or object. Inside it names are camelCase and money is fen, as in the log; `of` says which members are."""
    return Column(name, JSONB, nullable=null, comment=comment, info=_info(of, title, classified))


def _info(of: Meaning, title: str | None, classified: Classified) -> dict[str, Any]:
    return {_MEANING: of, _CLASSIFIED: classified} | ({} if title is None else {_TITLE: title})


def meaning_of(column: Column[Any]) -> Meaning:
    """What a column's values mean."""
    meaning: Meaning = column.info.get(_MEANING, PLAIN)
    return meaning


def classified_as(column: Column[Any]) -> Classified:
    """How far a column's values may be seen: as its definition says; amounts, days and counts say nothing of a person."""
    found: Classified = column.info.get(_CLASSIFIED, UNIT)
    return found


def title_of(column: Column[Any]) -> str:
    """What a column is called in Chinese; its comment may add an explanation after a colon."""
    title: str | None = column.info.get(_TITLE)
    return title or str(column.comment).partition("：")[0]


def explanation_of(column: Column[Any]) -> str | None:
    """What there is to say beside the title: the codes with their words, or what the comment adds."""
    words = getattr(meaning_of(column), "words", ())
    if words:
        return " / ".join(f"{code} {word}" for code, word in words)
    return str(column.comment).partition("：")[2] or None


def county_column() -> Column[Any]:
    """First column of every key."""
    return text_column("county", "县级行政区划代码（6位）")


def position_column(
    name: str = "position", comment: str = "最近更新本行的事件位置", *, null: bool = False
) -> Column[Any]:
    """A place in the county's log."""
    return Column(name, BigInteger, nullable=null, comment=comment)


@dataclass(frozen=True, eq=False)
class LedgerTable:
    """A table a projection writes. Rows that an event needs together form a group; a batch loads whole groups.

    `group` names the text column that makes the group (beside `county`): the whole key, or its first part. None:
    rows are only ever added (`append`), never looked at again by the projection; such a table has no JSON columns.
    """

    table: Table
    group: str | None = None
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.table.name)
        if self.table.primary_key.columns.keys()[0] != "county":
            raise TypeError(f"{self.table.name}: county is the first column of every key")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names in table order."""
        return tuple(self.table.columns.keys())

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Key columns, `county` first."""
        return tuple(self.table.primary_key.columns.keys())

    @cached_property
    def rest(self) -> tuple[str, ...]:
        """Key columns after `county` and the group: what tells a group's rows apart; empty if there is only one."""
        return tuple(name for name in self.key[1:] if name != self.group)

    @cached_property
    def json_columns(self) -> frozenset[str]:
        """Columns that hold JSON."""
        return frozenset(column.name for column in self.table.columns if isinstance(column.type, JSONB))


def ledger_table(
    name: str,
    *columns: Column[Any],
    key: tuple[str, ...],
    comment: str,
    group: str | None,
    indexes: tuple[Index, ...] = (),
) -> LedgerTable:
    """Define a ledger's table; `county` and `position` are added to the given columns."""
    table = Table(
        name,
        metadata,
        county_column(),
        *columns,
        position_column(),
        PrimaryKeyConstraint("county", *key, name=f"{name}_pkey"),
        *indexes,
        comment=comment,
    )
    return LedgerTable(table, group)


projection_checkpoint: Final = Table(
    "projection_checkpoint",
    metadata,
    county_column(),
    text_column("projection", "台账（投影）名称"),
    whole_column("version", "写入这些行的投影版本"),
    position_column(comment="已处理到的事件位置；与台账行在同一事务中前移"),
    Column("epoch", BigInteger, nullable=False, comment="任期：每次换手加一，旧任期不能再提交"),
    text_column("holder", "当前执行者", null=True),
    moment_column("lease_until", "租约到期时间", null=True),
    text_column("state", "RUNNING 运行 / HALTED 因错误事件停止"),
    json_column("error", "停止原因：位置、事件类型、说明", of=PLAIN, null=True),
    Column("rate", Integer, nullable=False, server_default=text("0"), comment="前一批的处理速度（事件/秒）"),
    moment_column("updated_at", "最近前移时间"),
    PrimaryKeyConstraint("county", "projection", name="projection_checkpoint_pkey"),
    comment="各县各台账处理到哪一个事件，由谁处理",
    postgresql_with={"fillfactor": "20"},
)

projection_rebuild: Final = Table(
    "projection_rebuild",
    metadata,
    text_column("projection", "台账（投影）名称"),
    whole_column("version", "正在重建的投影版本"),
    json_column("positions", "各县影子表已处理到的事件位置", of=PLAIN),
    Column("epoch", BigInteger, nullable=False, comment="任期：每次换手加一，旧任期不能再提交"),
    text_column("holder", "执行者", null=True),
    moment_column("lease_until", "租约到期时间", null=True),
    moment_column("started_at", "开始时间"),
    moment_column("updated_at", "最近前移时间"),
    PrimaryKeyConstraint("projection", name="projection_rebuild_pkey"),
    comment="正在进行的台账重建；中断后从此处继续",
)

projection_rebuild_range: Final = Table(
    "projection_rebuild_range",
    metadata,
    text_column("projection", "台账（投影）名称"),
    county_column(),
    whole_column("number", "区间序号"),
    position_column("upto", "处理到的事件位置"),
    text_column("last", "已写入的最后一个事件流，开始时为上一区间的末尾"),
    text_column("ends", "区间末尾的事件流，空为到日志末尾", null=True),
    flag_column("done", "是否已全部处理"),
    Column("epoch", BigInteger, nullable=False, comment="重建的任期：换手后旧任期不能再写入"),
    PrimaryKeyConstraint("projection", "county", "number", name="projection_rebuild_range_pkey"),
    ForeignKeyConstraint(
        ("projection",),
        ("projection_rebuild.projection",),
        name="projection_rebuild_range_rebuild_fkey",
        ondelete="CASCADE",
    ),
    comment="台账重建时各进程分头处理的事件流区间，每个区间一行",
)
