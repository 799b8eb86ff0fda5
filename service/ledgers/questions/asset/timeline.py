"""An asset's life (资产履历), event by event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import Field

from domain.asset.asset import Asset
from domain.household.asset import HouseholdAsset
from domain.recorded import RecordedEvent
from domain.values import Value
from projections.asset import timeline as asset_timeline
from projections.asset.timeline import Decode
from service.ledgers.circumstances import EventActor
from service.ledgers.masking import NOWHERE, event_shown_to, whose
from service.ledgers.queries import ledgers_now, refusing_nonsense
from service.ledgers.source import Source
from service.ledgers.tables import typed
from service.ledgers.warnings import WarningBody
from service.ledgers.words import Words
from service.ledgers.yuan import in_yuan


@dataclass(frozen=True, slots=True)
class TimelineFilters:
    """Which events of an asset, in which order, from where on, and at most how many."""

    types: tuple[str, ...] | None = None
    since: date | None = None
    until: date | None = None
    descending: bool = False
    limit: int = 100
    cursor: str | None = None


class TimelineEntry(Value):
    """One event in an asset's life."""

    position: int = Field(title="日志位置")
    stream: str = Field(title="事件流")
    version: int = Field(title="版本")
    type: str = Field(title="事件类型")
    title: str = Field(title="事件名称")
    summary: str = Field(title="摘要")
    occurred_on: date = Field(title="业务日期")
    recorded_at: datetime = Field(title="记录时间")
    actor: EventActor = Field(title="操作者")
    clauses: tuple[str, ...] = Field(title="依据条款")
    warnings: tuple[WarningBody, ...] = Field(title="提示")
    findings: tuple[WarningBody, ...] = Field(title="历史检查发现")
    provenance: str | None = Field(title="导入来源", description="历史补录的来源；按程序办理的为空")
    command_id: str = Field(title="命令编号")
    data: dict[str, Any] = Field(title="事件内容")


class Timeline(Value):
    """An asset's life, event by event."""

    asset: str = Field(title="资产编号")
    entries: tuple[TimelineEntry, ...] = Field(title="生命周期事件")
    next_cursor: str | None = Field(title="下一页游标")


async def timeline_of(
    source: Source, decode: Decode, asset: str, filters: TimelineFilters, min_position: int = 0
) -> Timeline:
    """An asset's own events, and those of departure cases that have it on their list; CURSOR_INVALID."""
    found = await source.load(Asset, asset) or await source.load(HouseholdAsset, asset)
    around = NOWHERE if found is None else whose(found)

    def shown(county: str, position: int, body: bytes) -> RecordedEvent:
        return event_shown_to(source.sees, decode(county, position, body), around)

    words = Words(await source.regulation())
    async with ledgers_now(source, (asset_timeline.PROJECTION.name,), min_position) as connection:
        with refusing_nonsense():
            rows, following = await asset_timeline.timeline(
                connection,
                source.county,
                asset,
                decode=shown,
                word=words.word,
                types=None if filters.types is None else list(filters.types),
                since=filters.since,
                until=filters.until,
                descending=filters.descending,
                limit=filters.limit,
                cursor=filters.cursor,
            )
    entries = [typed(row | {"data": in_yuan(row["type"], row["data"])}, TimelineEntry) for row in rows]
    return Timeline(asset=asset, entries=tuple(entries), next_cursor=following)
