"""Messages of this service to others, for the OpenAPI document's `webhooks`: nothing here answers a request."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter
from pydantic import Field

from domain.values import Value
from service.webhooks.messages import WebhookMessage

announced = APIRouter(tags=["webhooks 推送"])


class WebhookQuestionData(Value):
    """Content of a message that is about no event."""

    county: str = Field(title="县代码")
    endpoint: str = Field(title="推送端点编号")
    challenge: str | None = Field(
        default=None, title="验证码", description="webhook.verification 才有，须在应答中原样返回"
    )


class WebhookQuestion(Value):
    """A test or a verification."""

    type: Literal["webhook.test", "webhook.verification"] = Field(title="消息种类")
    timestamp: datetime = Field(title="发送时间")
    data: WebhookQuestionData = Field(title="验证或试推送的内容")


def _header(name: str, text: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": text,
        "schema": {"type": "string", "title": text.partition(" / ")[0]},
    }


_SIGNED: Final = {
    "parameters": [
        _header("webhook-id", "消息编号，重发时不变 / the same at every attempt"),
        _header("webhook-timestamp", "发送时间，1970 年以来的秒数 / seconds since 1970"),
        _header("webhook-signature", "签名，以空格分隔：v1 与 v1a / signatures, with spaces between"),
    ]
}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    "2XX": {"description": "已收到 / taken"},
    "410": {"description": "不再接收：端点即停用 / gone: the endpoint is disabled"},
    "default": {"description": "其他应答均为失败，按计划重试 / a failure, tried again on the schedule"},
}


@announced.post(
    "event",
    summary="事件推送",
    status_code=204,
    responses=_ANSWERS,
    openapi_extra=_SIGNED,
    operation_id="receive_event",
)
def receive_event(body: WebhookMessage) -> None:
    """A message about one event. Answer any 2xx within 15 seconds; the same id twice is the same message."""


@announced.post(
    "question",
    summary="验证与试推送",
    status_code=200,
    responses=_ANSWERS,
    openapi_extra=_SIGNED,
    operation_id="receive_question",
)
def receive_question(body: WebhookQuestion) -> None:
    """A verification, answered with `{"challenge": …}` as it was sent, or a test."""
