"""The log itself over HTTP, in order of position: nothing is skipped, whatever is read while others write."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.catalogue import EVENT_TYPES
from domain.recorded import RecordedEvent
from domain.refusals import refuse
from domain.values import BusinessDate, Value
from service.api.asset.decisions import AssetPath
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, get, routes
from service.api.log.checkpoints import InclusionProof
from service.ledgers.circumstances import EventActor, EventBasis
from service.ledgers.masking import NOWHERE, Codes, Sees, event_shown_to, whose
from service.ledgers.parameters import Cursor, EventTypeName, Limit
from service.ledgers.questions.asset.timeline import Timeline, TimelineFilters, timeline_of
from service.ledgers.tables import value_shown
from service.ledgers.yuan import in_yuan
from service.webhooks.messages import WebhookMessage

router = routes("/v1", "events 事件")


class EventBody(Value):
    """One event as the log holds it, its data in the current schema of its type, money in yuan."""

    position: int = Field(title="日志位置")
    stream: str = Field(title="事件流")
    version: int = Field(title="版本")
    type: str = Field(title="事件类型")
    event_schema: int = Field(title="结构版本", alias="schema")
    title: str = Field(title="事件名称")
    occurred_on: date = Field(title="业务日期")
    recorded_at: datetime = Field(title="记录时间")
    actor: EventActor = Field(title="操作者")
    command_id: str = Field(title="命令编号")
    correlation_id: str = Field(title="关联编号")
    causation_id: str | None = Field(default=None, title="起因编号")
    basis: EventBasis = Field(title="决定依据", description="政策版本、条款、提示、例外批准")
    data: dict[str, Any] = Field(title="事件内容")
    proof: InclusionProof | None = Field(
        default=None, title="存在证明", description="请求带 proof_size 时 / where `proof_size` was given"
    )


class EventsBody(Value):
    """Events in order. `nextAfter` is what the next request asks for; the head says how far the log is now."""

    events: tuple[EventBody, ...] | tuple[WebhookMessage, ...] = Field(
        title="事件或推送消息", description="form=thin 时为推送消息 / messages where `form` is thin"
    )
    next_after: int = Field(title="下次起点")
    head: int = Field(title="日志末位置")


class AssetEventsBody(Value):
    """All events of one asset in order of version."""

    events: tuple[EventBody, ...] = Field(title="事件")


def body_of(event: RecordedEvent, sees: Sees, around: Codes = NOWHERE) -> dict[str, Any]:
    """An event as the API shows it to somebody. `around`: whose its aggregate is."""
    event = event_shown_to(sees, event, around)
    return {
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "type": event.type,
        "schema": event.schema,
        "title": EVENT_TYPES[event.type].TITLE,
        "occurredOn": event.occurred_on,
        "recordedAt": event.recorded_at,
        "actor": event.actor,
        "commandId": event.command_id,
        "correlationId": event.correlation_id,
        "causationId": event.causation_id,
        "basis": event.basis,
        "data": in_yuan(event.type, event.data),
    }


@get(router, "/assets/{asset}/events", "资产的全部事件", "asset.read", response_model=AssetEventsBody)
async def read_asset_events(asset: AssetPath, read: Reading) -> Response:
    """Every event of one asset, from the log."""
    events = await read.context.store.read_stream(read.county, Asset.stream_of(asset))
    if not events:
        raise refuse("NOT_FOUND", what=asset)
    found = await read.load(Asset, asset)
    around = NOWHERE if found is None else whose(found)
    return read.answer({"events": [body_of(event, read.sees, around) for event in events]})


@get(router, "/assets/{asset}/timeline", "资产履历", "asset.read", response_model=Timeline)
async def read_asset_timeline(
    asset: AssetPath,
    read: Reading,
    types: Annotated[
        list[EventTypeName] | None, Query(title="事件类型", description="可重复", max_length=100)
    ] = None,
    since: Annotated[BusinessDate | None, Query(title="起始日期")] = None,
    until: Annotated[BusinessDate | None, Query(title="截止日期")] = None,
    order: Annotated[Literal["asc", "desc"], Query(title="次序")] = "asc",
    limit: Annotated[Limit, Query(title="每页条数")] = 100,
    cursor: Annotated[Cursor | None, Query(title="游标")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """An asset's life: its own events, and those of departure cases that have it on their list."""
    filters = TimelineFilters(
        None if types is None else tuple(types), since, until, order == "desc", limit, cursor
    )
    return read.answer(
        value_shown(await timeline_of(read, read.context.codec.decode, asset, filters, min_position))
    )
