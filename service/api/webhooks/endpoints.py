"""Endpoints (推送端点) over HTTP: made, verified, switched on and off, their keys rotated. Each is its unit's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Path, Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import Code, Name, Value
from service.api.http.reading import ACTION, Endpoint, Read, Reading, get, routes
from service.api.http.writing import IDEMPOTENCY_KEY, WRITE_PROBLEMS, Write, Writing, answered
from service.api.log.feed import EventFilterBody, filter_of
from service.commands.operations import operation_id
from service.ledgers.parameters import MAX_EXACT
from service.outward import target_of
from service.webhooks.deliveries import counts
from service.webhooks.dialling import Answer
from service.webhooks.endpoints import KnownSecret, WebhookEndpoint
from service.webhooks.running import Webhooks

router = routes("/v1/webhook-endpoints", "webhooks 推送")

EndpointCode = Annotated[Code, Path(title="推送端点编号")]


class CreateWebhookEndpoint(Value):
    """A receiver of an outside system."""

    url: str = Field(
        title="接收地址",
        description="https://；在运维人员列出的内网中也可用 http://。不得指向本机、链路本地、云元数据等地址",
        min_length=1,
        max_length=2000,
    )
    label: Name = Field(title="用途说明")
    filters: EventFilterBody = Field(default=EventFilterBody(), title="筛选条件")
    ordering: Literal["ASSET", "ALL", "NONE"] = Field(
        default="ASSET",
        title="推送次序",
        description="ASSET 同一对象有序；ALL 全部有序，一项失败即全部等待；NONE 不保证次序",
    )
    concurrency: int = Field(default=4, title="同时推送数", ge=1, le=16, strict=True)
    per_second: int = Field(default=20, title="每秒最多推送数", ge=1, le=200, strict=True)
    after: int | None = Field(
        default=None,
        title="起点",
        description="推送位置大于此值的事件；不填只推送今后的",
        ge=0,
        le=MAX_EXACT,
        strict=True,
    )


class ChangeWebhookEndpoint(Value):
    """Request body with the changes of an endpoint; what is left out stays."""

    url: str | None = Field(default=None, title="接收地址", min_length=1, max_length=2000)
    label: Name | None = Field(default=None, title="用途说明")
    filters: EventFilterBody | None = Field(default=None, title="筛选条件")
    concurrency: int | None = Field(default=None, title="同时推送数", ge=1, le=16, strict=True)
    per_second: int | None = Field(default=None, title="每秒最多推送数", ge=1, le=200, strict=True)


class WebhookSecretView(Value):
    """A live signing key, without what is secret."""

    secret: str = Field(title="签名密钥编号")
    kind: Literal["HMAC", "ED25519"] = Field(title="签名种类", description="HMAC 即 v1，ED25519 即 v1a")
    public: str | None = Field(default=None, title="公钥", description="whpk_，只有 ED25519 才有")
    made_at: datetime = Field(title="创建时间")
    retires_at: datetime | None = Field(default=None, title="失效时间")


class WebhookHistoryLine(Value):
    """Line of an endpoint's history: act and actor."""

    happened_at: datetime = Field(title="时间")
    act: str = Field(title="事项")
    actor: str = Field(title="办理的密钥", description="service 为本服务自动办理")
    detail: str | None = Field(default=None, title="说明")


class WebhookEndpointView(Value):
    """An endpoint as it stands."""

    endpoint: str = Field(title="推送端点编号")
    url: str = Field(title="接收地址")
    label: str = Field(title="用途说明")
    organization: str = Field(title="所属单位")
    credential: str = Field(title="负责的密钥", description="它被吊销、到期或不能再读日志时，端点即停用")
    filters: EventFilterBody = Field(title="筛选条件")
    ordering: str = Field(title="推送次序")
    concurrency: int = Field(title="同时推送数")
    per_second: int = Field(title="每秒最多推送数")
    state: Literal["UNVERIFIED", "ACTIVE", "DISABLED"] = Field(title="端点状态")
    reason: str | None = Field(
        default=None,
        title="停用原因",
        description="GONE 接收端答 410；FAILING 连续五天全部失败；KEY_… 密钥失去权限；OWNER 本单位停用",
    )
    notice: str | None = Field(default=None, title="须办理的事项")
    position: int = Field(title="已生成推送的日志位置")
    behind: int = Field(title="落后于日志的事件数")
    pending: int = Field(title="待推送数")
    dead: int = Field(title="已放弃数", description="缺口：可查询、可重新推送")
    failing_since: datetime | None = Field(default=None, title="自何时起全部失败")
    created_at: datetime = Field(title="创建时间")


class WebhookEndpointDetail(WebhookEndpointView):
    """An endpoint with its live keys and its history."""

    secrets: tuple[WebhookSecretView, ...] = Field(title="有效的签名密钥")
    history: tuple[WebhookHistoryLine, ...] = Field(title="办理记录")


class CreatedWebhookEndpoint(Value):
    """The new endpoint and, this once, its keys. Asked for again with the same idempotency key: without the secret."""

    endpoint: WebhookEndpointView = Field(title="推送端点")
    secret: str | None = Field(title="共享密钥", description="whsec_，验证 v1 签名；只显示这一次，遗失请轮换")
    public_key: str | None = Field(title="公钥", description="whpk_，验证 v1a 签名")


class RotateWebhookSecret(Value):
    """The next key of a kind; the present one goes on beside it for a while."""

    kind: Literal["HMAC", "ED25519"] = Field(title="签名种类")
    overlap_hours: int = Field(default=24, title="新旧并用小时数", ge=0, le=168, strict=True)


class RotatedWebhookSecret(Value):
    """The new key, shown this once."""

    key: str | None = Field(title="新密钥", description="whsec_ 或 whpk_；重复的请求不再显示")
    secrets: tuple[WebhookSecretView, ...] = Field(title="有效的签名密钥")


class WebhookAttemptView(Value):
    """Outcome of one attempt."""

    number: int | None = Field(default=None, title="第几次尝试")
    message: str | None = Field(default=None, title="消息编号")
    attempted_at: datetime | None = Field(default=None, title="尝试时间")
    outcome: Literal["DELIVERED", "STATUS", "TIMEOUT", "DENIED", "UNRESOLVED", "UNREACHABLE", "BROKEN"] = (
        Field(title="推送结果")
    )
    address: str | None = Field(default=None, title="连接的地址")
    status: int | None = Field(default=None, title="HTTP 状态")
    milliseconds: int = Field(title="用时（毫秒）")
    answer: str | None = Field(default=None, title="应答的前 2 kB 或失败说明")


_NOTICES = {
    "GONE": "接收端答复 410，已停止推送；恢复后请重新启用。",
    "FAILING": "连续五天全部失败，已停止推送；请检查接收端，恢复后重新启用，未送达的将继续推送。",
    "KEY_REVOKED": "负责的密钥已吊销，已停止推送；请用有效的密钥重新启用。",
    "KEY_EXPIRED": "负责的密钥已到期，已停止推送；请用有效的密钥重新启用。",
    "KEY_RESTRICTED": "负责的密钥不能再读取日志，已停止推送；请用有权的密钥重新启用。",
}
"""What an endpoint's unit is told where the service has switched it off."""


def webhooks_of_request(read: Read) -> Webhooks:
    """The webhooks of the running service; WEBHOOK_KEY_UNAVAILABLE where there is no folder for keys."""
    webhooks: Webhooks | None = read.request.app.state.webhooks
    if webhooks is None:
        raise refuse("WEBHOOK_KEY_UNAVAILABLE")
    return webhooks


async def own_endpoint(read: Read, endpoint: str) -> WebhookEndpoint:
    """An endpoint of the actor's unit; NOT_FOUND, also for another unit's."""
    found = await webhooks_of_request(read).endpoints.get(read.county, endpoint)
    if found.organization != read.actor.organization:
        raise refuse("NOT_FOUND", what=endpoint)
    return found


async def _views(read: Read, endpoints: list[WebhookEndpoint]) -> list[dict[str, Any]]:
    head = (await read.context.store.head(read.county)).position
    waiting = await counts(read.pool, read.county, [one.endpoint for one in endpoints])
    return [
        {
            "endpoint": one.endpoint,
            "url": one.url,
            "label": one.label,
            "organization": one.organization,
            "credential": one.credential,
            "filters": EventFilterBody(**one.filters.as_json()).model_dump(mode="json"),
            "ordering": one.ordering,
            "concurrency": one.concurrency,
            "perSecond": one.per_second,
            "state": one.state,
            "reason": one.reason,
            "notice": _NOTICES.get(one.reason or ""),
            "position": one.position,
            "behind": max(0, head - one.position),
            "pending": waiting[one.endpoint]["PENDING"],
            "dead": waiting[one.endpoint]["DEAD"],
            "failingSince": one.failing_since,
            "createdAt": one.created_at,
        }
        for one in endpoints
    ]


async def _view(read: Read, endpoint: WebhookEndpoint) -> dict[str, Any]:
    return (await _views(read, [endpoint]))[0]


def _secrets(known: list[KnownSecret]) -> list[dict[str, Any]]:
    return [
        WebhookSecretView(
            secret=one.secret,
            kind=one.kind,
            public=one.public,
            made_at=one.made_at,
            retires_at=one.retires_at,
        ).model_dump(mode="json")
        for one in known
    ]


def _post(path: str, summary: str, model: Any, status: int = 200) -> Callable[[Endpoint], Endpoint]:
    """Declare a write on endpoints: with an idempotency key, as every write."""
    done = answered(status, model)
    return router.post(
        path,
        summary=summary,
        status_code=status,
        response_model=model,
        response_class=Response,
        responses=done | WRITE_PROBLEMS,
        openapi_extra={ACTION: "webhook.manage", "parameters": [IDEMPOTENCY_KEY]},
    )


def _require_url(url: str) -> None:
    """FIELD_INVALID."""
    try:
        target_of(url)
    except ValueError as error:
        raise refuse(
            "FIELD_INVALID", field="url", value=url[:200], reason=f"网址不可用 / {str(error)[:200]}"
        ) from error


def _key_of(write: Write) -> str:
    """The key that answers for an endpoint: as long as it may read the log, the endpoint is told of it. KEY_REQUIRED."""
    if write.actor.person is not None:
        raise refuse("KEY_REQUIRED")
    return write.actor.id


@_post("", "登记推送端点", CreatedWebhookEndpoint, 201)
async def create_webhook_endpoint(body: CreateWebhookEndpoint, write: Writing) -> Response:
    """Register a receiver. Nothing is sent before it has passed the verification. KEY_REQUIRED for who signed in."""
    webhooks = webhooks_of_request(write)
    key = _key_of(write)
    now = write.context.clock()
    head = (await write.context.store.head(write.county)).position
    if body.after is not None and body.after > head:
        raise refuse("POSITION_UNKNOWN", asked=body.after, head=head)
    _require_url(body.url)
    filters = filter_of(body.filters, write.county)
    endpoint = WebhookEndpoint(
        county=write.county,
        endpoint=operation_id(write.actor.id, write.idempotency.key, "W"),
        url=body.url,
        label=body.label,
        organization=write.actor.organization,
        credential=key,
        filters=filters,
        ordering=body.ordering,
        concurrency=body.concurrency,
        per_second=body.per_second,
        state="UNVERIFIED",
        reason=None,
        position=head if body.after is None else body.after,
        failing_since=None,
        created_at=now,
        epoch=0,
    )
    shown = await webhooks.endpoints.create(endpoint, now)
    made = await webhooks.endpoints.get(write.county, endpoint.endpoint)
    answer = write.answer(
        {
            "endpoint": await _view(write, made),
            "secret": shown.get("HMAC"),
            "publicKey": shown.get("ED25519"),
        }
    )
    answer.status_code = 201
    answer.headers["Location"] = f"/v1/webhook-endpoints/{made.endpoint}"
    return answer


@get(router, "", "列出推送端点", "webhook.read", response_model=tuple[WebhookEndpointView, ...])
async def list_webhook_endpoints(read: Reading) -> Response:
    """The endpoints of one's own unit."""
    webhooks = webhooks_of_request(read)
    found = await webhooks.endpoints.of_county(read.county, read.actor.organization)
    return read.answer(await _views(read, found))


@get(router, "/{endpoint}", "查询推送端点", "webhook.read", response_model=WebhookEndpointDetail)
async def read_webhook_endpoint(endpoint: EndpointCode, read: Reading) -> Response:
    """An endpoint, its live keys, and what was done with it."""
    found = await own_endpoint(read, endpoint)
    store = webhooks_of_request(read).endpoints
    known = await store.known_secrets(read.county, endpoint, read.context.clock())
    history = [
        WebhookHistoryLine(**dict(row)).model_dump(mode="json")
        for row in await store.history(read.county, endpoint)
    ]
    return read.answer(await _view(read, found) | {"secrets": _secrets(known), "history": history})


@router.delete(
    "/{endpoint}", summary="移除推送端点", status_code=204, openapi_extra={ACTION: "webhook.manage"}
)
async def remove_webhook_endpoint(endpoint: EndpointCode, read: Reading) -> Response:
    """Stop an endpoint for good and destroy its keys; what was sent to it stays on record."""
    found = await own_endpoint(read, endpoint)
    store = webhooks_of_request(read).endpoints
    await store.change_state(found, "REMOVED", "REMOVED", read.actor.id, read.context.clock())
    return Response(status_code=204)


@_post("/{endpoint}/verification", "验证推送端点", WebhookEndpointView)
async def verify_webhook_endpoint(endpoint: EndpointCode, write: Writing) -> Response:
    """The handshake: a signed `webhook.verification` whose challenge the receiver says back.

    WEBHOOK_NOT_VERIFIED; KEY_REQUIRED for who signed in.
    """
    key = _key_of(write)
    found = await own_endpoint(write, endpoint)
    webhooks = webhooks_of_request(write)
    if found.state == "DISABLED":
        raise refuse("WEBHOOK_NOT_ACTIVE", state=found.state)
    await webhooks.courier.verify(found)
    if found.state == "UNVERIFIED":
        await webhooks.endpoints.change_state(
            found, "ACTIVE", "VERIFIED", write.actor.id, write.context.clock(), credential=key
        )
    return write.answer(await _view(write, await own_endpoint(write, endpoint)))


@_post("/{endpoint}/enabling", "启用推送端点", WebhookEndpointView)
async def enable_webhook_endpoint(endpoint: EndpointCode, write: Writing) -> Response:
    """Switch a disabled endpoint on again, after the handshake; the key that asks answers for it from now on.

    It goes on where it stopped: nothing that happened meanwhile is left out. KEY_REQUIRED for who signed in.
    """
    key = _key_of(write)
    found = await own_endpoint(write, endpoint)
    webhooks = webhooks_of_request(write)
    if found.state == "UNVERIFIED":
        raise refuse("WEBHOOK_NOT_ACTIVE", state=found.state)
    if found.state == "DISABLED":
        await webhooks.courier.verify(found)
        await webhooks.endpoints.change_state(
            found, "ACTIVE", "ENABLED", write.actor.id, write.context.clock(), credential=key
        )
    return write.answer(await _view(write, await own_endpoint(write, endpoint)))


@_post("/{endpoint}/disabling", "停用推送端点", WebhookEndpointView)
async def disable_webhook_endpoint(endpoint: EndpointCode, write: Writing) -> Response:
    """Switch an endpoint off; what is due waits."""
    found = await own_endpoint(write, endpoint)
    if found.state == "ACTIVE":
        store = webhooks_of_request(write).endpoints
        await store.change_state(
            found, "DISABLED", "DISABLED", write.actor.id, write.context.clock(), "OWNER"
        )
    return write.answer(await _view(write, await own_endpoint(write, endpoint)))


@_post("/{endpoint}/changes", "变更推送端点", WebhookEndpointView)
async def change_webhook_endpoint(
    endpoint: EndpointCode, body: ChangeWebhookEndpoint, write: Writing
) -> Response:
    """Change an endpoint. Another URL has to pass the verification before anything is sent to it."""
    found = await own_endpoint(write, endpoint)
    changes: dict[str, Any] = body.model_dump(exclude_none=True, exclude={"filters"}, by_alias=False)
    if body.url is not None:
        _require_url(body.url)
    if body.filters is not None:
        changes["filters"] = filter_of(body.filters, write.county)
    changed = replace(found, **changes)
    store = webhooks_of_request(write).endpoints
    await store.change(changed, write.actor.id, write.context.clock(), verified=changed.url == found.url)
    return write.answer(await _view(write, await own_endpoint(write, endpoint)))


@_post("/{endpoint}/secrets", "轮换签名密钥", RotatedWebhookSecret, 201)
async def rotate_webhook_secret(
    endpoint: EndpointCode, body: RotateWebhookSecret, write: Writing
) -> Response:
    """Make the next key; messages carry signatures of both until the older one ends."""
    found = await own_endpoint(write, endpoint)
    store = webhooks_of_request(write).endpoints
    now = write.context.clock()
    secret = f"{body.kind}-{write.mark()}"
    key = await store.rotate(
        found, body.kind, secret, timedelta(hours=body.overlap_hours), write.actor.id, now
    )
    known = await store.known_secrets(write.county, endpoint, now)
    answer = write.answer({"key": key, "secrets": _secrets(known)})
    answer.status_code = 201
    return answer


@_post("/{endpoint}/tests", "发送试推送", WebhookAttemptView)
async def test_webhook_endpoint(endpoint: EndpointCode, write: Writing) -> Response:
    """Send a signed `webhook.test` and say what came of it, whatever state the endpoint is in."""
    found = await own_endpoint(write, endpoint)
    return write.answer(attempt_view(await webhooks_of_request(write).courier.test(found)))


def attempt_view(answer: Answer) -> dict[str, Any]:
    """What came of an attempt just made."""
    return WebhookAttemptView(
        outcome=answer.outcome,
        address=answer.address,
        status=answer.status,
        milliseconds=answer.milliseconds,
        answer=answer.text,
    ).model_dump(mode="json")
