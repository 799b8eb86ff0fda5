"""Message to an endpoint: a thin message that says what happened to what, and where to read the rest. No personal
data.

The same event is the same message for every endpoint and at every attempt, so whoever gets it twice can tell.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import orjson
from pydantic import Field

from domain.recorded import RecordedEvent
from domain.values import Value
from service.webhooks.filters import ASSET_KINDS

PRIVATE_KINDS: Final = frozenset({"person", "departure_case", "violation_case", "household_ledger"})
"""Aggregates whose ids may name a person: of their events only the kind is told."""
TEST: Final = "webhook.test"
VERIFICATION: Final = "webhook.verification"


class MessageData(Value):
    """Content of a message about an event."""

    county: str = Field(title="县代码")
    position: int = Field(title="日志位置")
    kind: str = Field(title="对象种类", description="asset、procedure 等")
    subject: str | None = Field(title="对象编号", description="可能指明个人的对象为空")
    asset: str | None = Field(title="资产编号", description="不是资产的事件为空")
    version: int = Field(title="对象版本")
    title: str = Field(title="事件名称")
    occurred_on: date = Field(title="业务日期")
    changed: tuple[str, ...] = Field(title="涉及的字段", description="只有名称，没有内容")
    link: str = Field(title="读取事件的路径", description="须带有权读取日志的密钥")


class WebhookMessage(Value):
    """A message about one event: the body of a delivery, and an object of the feed with `form=thin`."""

    type: str = Field(title="事件类型")
    timestamp: datetime = Field(title="记录时间")
    data: MessageData = Field(title="事件概要")


def message_id(county: str, position: int) -> str:
    """The id of the message about an event."""
    return f"msg_{county}_{position}"


def message_of(event: RecordedEvent, title: str) -> dict[str, Any]:
    """The message about an event; `title`: the Chinese name of its type."""
    subject = None if event.kind in PRIVATE_KINDS else event.aggregate_id
    return {
        "type": event.type,
        "timestamp": event.recorded_at.isoformat(),
        "data": {
            "county": event.county,
            "position": event.position,
            "kind": event.kind,
            "subject": subject,
            "asset": subject if event.kind in ASSET_KINDS else None,
            "version": event.version,
            "title": title,
            "occurredOn": event.occurred_on.isoformat(),
            "changed": sorted(event.data),
            "link": f"/v1/events?after={event.position - 1}&limit=1",
        },
    }


def body_of_message(message: dict[str, Any]) -> bytes:
    """The bytes that are signed and sent."""
    return orjson.dumps(message)
