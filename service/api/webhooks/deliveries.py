"""Deliveries (推送记录) over HTTP: what was sent, attempt by attempt; gaps; sending again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query, Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import Value
from service.api.http.reading import ACTION, Reading, get, routes
from service.api.http.writing import IDEMPOTENCY_KEY, WRITE_PROBLEMS, Writing, answered
from service.api.system.operations import OperationView, operations_of, shown
from service.api.webhooks.endpoints import EndpointCode, WebhookAttemptView, own_endpoint
from service.commands.operations import operation_id
from service.ledgers.parameters import MAX_EXACT, Limit, Position
from service.webhooks.deliveries import attempts, page
from service.webhooks.messages import message_id
from service.webhooks.running import REPLAY

router = routes("/v1/webhook-endpoints", "webhooks 推送")

DeliveryStates = Literal["PENDING", "DELIVERED", "DEAD"]


class WebhookDeliveryView(Value):
    """One event on its way to one endpoint. DEAD is a gap: given up, and on record until it is sent again."""

    position: int = Field(title="日志位置")
    message: str = Field(title="消息编号", description="每次尝试都相同")
    type: str = Field(title="事件类型")
    state: DeliveryStates = Field(
        title="推送状态", description="PENDING 待推送；DELIVERED 已送达；DEAD 已放弃（缺口）"
    )
    tries: int = Field(title="尝试次数")
    next_at: datetime | None = Field(
        default=None, title="下次推送时间", description="等待同一对象前一项时为空"
    )
    created_at: datetime = Field(title="生成时间")
    ended_at: datetime | None = Field(default=None, title="送达或放弃时间")
    last_outcome: str | None = Field(default=None, title="最近一次结果")
    last_status: int | None = Field(default=None, title="最近一次 HTTP 状态")


class WebhookDeliveries(Value):
    """A page of deliveries in order of position."""

    deliveries: tuple[WebhookDeliveryView, ...] = Field(title="推送记录")
    next_after: int | None = Field(title="下次起点", description="没有更多时为空")


class WebhookAttempts(Value):
    """Every attempt of a delivery."""

    attempts: tuple[WebhookAttemptView, ...] = Field(title="尝试")


class ReplayWebhooks(Value):
    """Request body: deliveries to be sent again."""

    which: Literal["ALL", "FAILED", "MISSING"] = Field(
        title="重新推送哪些", description="ALL 范围内全部；FAILED 已放弃的；MISSING 已放弃的和从未生成的"
    )
    first: int = Field(title="起始位置", ge=1, le=MAX_EXACT, strict=True)
    last: int = Field(title="截止位置", ge=1, le=MAX_EXACT, strict=True)


@get(router, "/{endpoint}/deliveries", "查询推送记录", "webhook.read", response_model=WebhookDeliveries)
async def list_webhook_deliveries(
    endpoint: EndpointCode,
    read: Reading,
    state: Annotated[DeliveryStates | None, Query(title="推送状态", description="DEAD 即缺口清单")] = None,
    after: Annotated[Position, Query(title="起点")] = 0,
    limit: Annotated[Limit, Query(title="条数")] = 100,
) -> Response:
    """Deliveries after a position; with `state=DEAD` the gaps."""
    found = await own_endpoint(read, endpoint)
    states = ("PENDING", "DELIVERED", "DEAD") if state is None else (state,)
    rows = await page(read.pool, found, states=states, after=after, limit=limit)
    listed = [
        WebhookDeliveryView(
            position=row["position"],
            message=message_id(read.county, row["position"]),
            type=row["type"],
            state=row["state"],
            tries=row["tries"],
            next_at=row["next_at"],
            created_at=row["created_at"],
            ended_at=row["ended_at"],
            last_outcome=row["outcome"],
            last_status=row["status"],
        ).model_dump(mode="json")
        for row in rows
    ]
    following = rows[-1]["position"] if len(rows) == limit else None
    return read.answer({"deliveries": listed, "nextAfter": following})


@get(
    router,
    "/{endpoint}/deliveries/{position}",
    "查询推送的各次尝试",
    "webhook.read",
    response_model=WebhookAttempts,
)
async def read_webhook_attempts(
    endpoint: EndpointCode,
    position: Annotated[Position, Path(title="日志位置", description="0 为试推送与验证")],
    read: Reading,
) -> Response:
    """Every attempt of one delivery: when, to which address, what was answered."""
    found = await own_endpoint(read, endpoint)
    rows = await attempts(read.pool, found, position)
    return read.answer(
        {"attempts": [WebhookAttemptView(**dict(row)).model_dump(mode="json") for row in rows]}
    )


@router.post(
    "/{endpoint}/replays",
    summary="重新推送",
    status_code=202,
    response_model=OperationView,
    response_class=Response,
    responses=answered(202, OperationView) | WRITE_PROBLEMS,
    openapi_extra={ACTION: "webhook.manage", "parameters": [IDEMPOTENCY_KEY]},
)
async def replay_webhooks(endpoint: EndpointCode, body: ReplayWebhooks, write: Writing) -> Response:
    """Send a range again, in the background, under the same message ids; what was taken before is told apart by them."""
    found = await own_endpoint(write, endpoint)
    if found.state != "ACTIVE":
        raise refuse("WEBHOOK_NOT_ACTIVE", state=found.state)
    if body.first > body.last:
        raise refuse("FIELD_INVALID", field="last", value=str(body.last))
    operation = operation_id(write.actor.id, write.idempotency.key, "R")
    queued = await operations_of(write.request).submit(
        write.actor,
        REPLAY,
        operation,
        {"endpoint": endpoint} | body.model_dump(mode="json"),
        digest=write.idempotency.body_sha256,
    )
    answer = write.answer(shown(queued))
    answer.status_code = 202
    answer.headers["Location"] = f"/v1/operations/{operation}"
    return answer
