"""Clearance of a person who leaves: nothing in their care, no case open, no tenure left unaudited (C4.10-11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from pydantic import Field

from domain.refusals import Refusal, refuse
from domain.values import Fen, Value
from projections.asset import register as asset_register
from projections.departure import cases as departures, custody as custody_ledger
from projections.departure.clearance import COUNTED, SHOWN, hindrances, words
from projections.organization import directory
from projections.procedure import procedures
from service.ledgers.queries import ledgers_at_head
from service.ledgers.source import Source
from service.ledgers.tables import PROVISIONAL, typed_rows

_LEDGERS: Final = (
    custody_ledger.PROJECTION.name,
    asset_register.PROJECTION.name,
    directory.PROJECTION.name,
    departures.PROJECTION.name,
    procedures.PROJECTION.name,
)
HOW_MANY_COUNTED: Final = f"在管资产超过 {COUNTED} 项的，只核对前 {COUNTED} 项"
HOW_MANY_SHOWN: Final = f"每类至多列出 {SHOWN} 项"


class OpenCase(Value):
    """A departure case that is not completed."""

    case: str = Field(title="交接编号")
    missing: tuple[str, ...] = Field(title="尚缺的事项")
    due_on: date | None = Field(default=None, title="移交期限")
    provisional: bool = Field(title="期限是否暂定", description=PROVISIONAL)
    overdue: bool = Field(title="是否逾期")


class Hindrance(Value):
    """One thing in the way."""

    kind: Literal[
        "ASSET", "POST", "TENURE", "INTERIM", "CASE", "LINE", "CONTRACT", "PROCEDURE", "BALANCE", "DISPUTE"
    ] = Field(
        title="类别",
        description="资产 / 职务 / 未审计的任期 / 临时管护 / 交接 / 清单项 / 合同 / 程序 / 收益结余 / 权属争议",
    )
    asset: str | None = Field(default=None, title="资产编号")
    name: str | None = Field(default=None, title="资产名称")
    organization: str | None = Field(default=None, title="单位")
    post: str | None = Field(default=None, title="职务")
    until: date | None = Field(default=None, title="离任日期", description="临时管护的为截止日期（含当日）")
    assets: int | None = Field(default=None, title="资产项数")
    case: str | None = Field(default=None, title="交接编号")
    missing: str | None = Field(default=None, title="尚缺的事项")
    contract: str | None = Field(default=None, title="合同编号")
    procedure: str | None = Field(default=None, title="进行中的程序")
    balance: Fen | None = Field(default=None, title="未分配收益")
    state: Literal["OPEN", "DISPUTED"] | None = Field(
        default=None, title="清单项状态", description="待接收 / 有异议"
    )
    dispute: str | None = Field(default=None, title="异议内容")
    due_on: date | None = Field(default=None, title="移交期限")
    provisional: bool | None = Field(default=None, title="期限是否暂定", description=PROVISIONAL)
    overdue: bool | None = Field(default=None, title="是否逾期")


@dataclass(frozen=True, slots=True)
class Hindrances:
    """All that is in the way of a person's leaving, and how far in the log it was checked."""

    items: tuple[Hindrance, ...]
    counts: dict[str, int]
    assets_in_care: int
    counted_all: bool
    posts: tuple[str, ...]
    """Posts still held that are first responsible, as unit/post."""
    open_cases: tuple[OpenCase, ...]
    missing: tuple[str, ...]
    """The items in words, as a refusal lists them."""
    position: int

    @property
    def in_care(self) -> int:
        """Assets by name, and posts."""
        return self.assets_in_care + len(self.posts)

    def refusal(self) -> Refusal | None:
        """What stands in the way, as a refusal: PERSON_HOLDS_ASSETS, HANDOVER_INCOMPLETE; None if nothing does."""
        if self.in_care:
            count = f"{self.assets_in_care}{'' if self.counted_all else '+'}"
            return refuse("PERSON_HOLDS_ASSETS", count=None if count == "0" else count, missing=self.missing)
        if self.missing:
            return refuse("HANDOVER_INCOMPLETE", clause="C4.10-11", missing=self.missing)
        return None


async def hindrances_of(source: Source, person: str) -> Hindrances:
    """All that is in the way, asked of ledgers that have taken in everything that is in the log now."""
    since = (await source.regulation()).first_day
    async with ledgers_at_head(source, *_LEDGERS) as (connection, position):
        found = await hindrances(connection, source.county, source.calendar, person, source.today, since)
    return Hindrances(
        items=typed_rows(found["items"], Hindrance),
        counts=found["counts"],
        assets_in_care=found["assets_in_care"],
        counted_all=found["counted_all"],
        posts=tuple(found["posts"]),
        open_cases=typed_rows(found["open_cases"], OpenCase),
        missing=tuple(words(item) for item in found["items"]),
        position=position,
    )
