"""Feeds (事件订阅) over HTTP: a unit's system reads the log under a name, says what it has dealt with, and sees how far
behind it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Path, Query, Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import Code, Name, Value
from service.api.http.answers import headers
from service.api.http.reading import ACTION, Endpoint, Read, Reading, get, routes
from service.api.http.writing import IDEMPOTENCY_KEY, WRITE_PROBLEMS, Writing, answered
from service.api.log.events import EventsBody
from service.api.log.feed import EventFilterBody, PageQuery, answer_page, filter_of, waited
from service.ledgers.parameters import MAX_EXACT
from service.webhooks.feeds import EventFeed, Feeds

router = routes("/v1/feeds", "events 事件")

FEED_NAME: Final = r"^[a-z0-9][a-z0-9-]{0,62}$"
FeedName = Annotated[Code, Path(title="订阅名称")]


class CreateEventFeed(Value):
    """A consumer of the log that keeps its place with the service."""

    feed: str = Field(title="订阅名称", description="小写字母、数字和连字符", pattern=FEED_NAME)
    label: Name = Field(title="用途说明")
    filters: EventFilterBody = Field(default=EventFilterBody(), title="筛选条件")
    after: int | None = Field(
        default=None,
        title="起点",
        description="从位置大于此值的事件读起；不填只读今后的",
        ge=0,
        le=MAX_EXACT,
        strict=True,
    )


class AcknowledgeEvents(Value):
    """Position up to which everything has been dealt with."""

    position: int = Field(
        title="已处理到的日志位置",
        description="所读一页的 nextAfter；比已确认的位置小的不改变什么",
        ge=0,
        le=MAX_EXACT,
        strict=True,
    )


class EventFeedView(Value):
    """A feed as it stands: where it is, and how far behind the log."""

    feed: str = Field(title="订阅名称")
    label: str = Field(title="用途说明")
    organization: str = Field(title="所属单位")
    filters: EventFilterBody = Field(title="筛选条件")
    position: int = Field(title="已确认处理到的日志位置")
    head: int = Field(title="日志末位置")
    behind: int = Field(title="落后于日志的事件数", description="含筛选条件以外的事件")
    waiting_since: datetime | None = Field(
        default=None, title="自何时起有未确认的事件", description="确认位置之后第一个事件的记录时间"
    )
    created_at: datetime = Field(title="创建时间")
    read_at: datetime | None = Field(default=None, title="最近读取时间")
    acknowledged_at: datetime | None = Field(default=None, title="最近确认时间")


def _post(path: str, summary: str, status: int = 200) -> Callable[[Endpoint], Endpoint]:
    return router.post(
        path,
        summary=summary,
        status_code=status,
        response_model=EventFeedView,
        response_class=Response,
        responses=answered(status, EventFeedView) | WRITE_PROBLEMS,
        openapi_extra={ACTION: "feed.manage", "parameters": [IDEMPOTENCY_KEY]},
    )


async def _own(read: Read, feed: str) -> EventFeed:
    return await Feeds(read.pool).get(read.county, read.actor.organization, feed)


async def _head(read: Read) -> int:
    return (await read.context.store.head(read.county)).position


async def _view(read: Read, feed: EventFeed, head: int) -> dict[str, Any]:
    store = read.context.store
    waiting = None
    for position, body in await store.read_page(read.county, after=feed.position, upto=head, limit=1):
        waiting = store.codec.decode(read.county, position, body).recorded_at
    return {
        "feed": feed.feed,
        "label": feed.label,
        "organization": feed.organization,
        "filters": EventFilterBody(**feed.filters.as_json()).model_dump(mode="json"),
        "position": feed.position,
        "head": head,
        "behind": head - feed.position,
        "waitingSince": waiting,
        "createdAt": feed.created_at,
        "readAt": feed.read_at,
        "acknowledgedAt": feed.acknowledged_at,
    }


@_post("", "登记事件订阅", 201)
async def create_event_feed(body: CreateEventFeed, write: Writing) -> Response:
    """Keep a place in the log under a name of the unit's. FEED_EXISTS, FEED_TOO_MANY, POSITION_UNKNOWN."""
    head = await _head(write)
    if body.after is not None and body.after > head:
        raise refuse("POSITION_UNKNOWN", asked=body.after, head=head)
    feed = EventFeed(
        county=write.county,
        organization=write.actor.organization,
        feed=body.feed,
        label=body.label,
        filters=filter_of(body.filters, write.county),
        position=head if body.after is None else body.after,
        created_at=write.context.clock(),
    )
    kept = await Feeds(write.pool).create(feed)
    answer = write.answer(await _view(write, kept, await _head(write)))
    answer.status_code = 201
    answer.headers["Location"] = f"/v1/feeds/{feed.feed}"
    return answer


@get(router, "", "列出事件订阅", "feed.read", response_model=tuple[EventFeedView, ...])
async def list_event_feeds(read: Reading) -> Response:
    """The feeds of one's own unit, each with how far behind it is."""
    found = await Feeds(read.pool).of_unit(read.county, read.actor.organization)
    head = await _head(read)
    return read.answer([await _view(read, one, head) for one in found])


@get(router, "/{feed}", "查询事件订阅", "feed.read", response_model=EventFeedView)
async def read_event_feed(feed: FeedName, read: Reading) -> Response:
    """A feed: where it is, how far behind, when it was last read and acknowledged."""
    return read.answer(await _view(read, await _own(read, feed), await _head(read)))


@get(
    router,
    "/{feed}/events",
    "读取订阅的事件",
    "feed.read",
    response_model=EventsBody,
    response_class=Response,
    responses={
        200: {
            "description": "确认位置之后的一页事件；NDJSON 每行一个 / a page after what was acknowledged, or lines",
            "model": EventsBody,
            **headers("Taizhang-Next-After"),
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def read_feed_events(feed: FeedName, read: Reading, query: Annotated[PageQuery, Query()]) -> Response:
    """What comes after the acknowledged position. Asked again before it is acknowledged, the same again."""
    found = await _own(read, feed)
    await Feeds(read.pool).note_read(found, read.context.clock())
    page = await waited(read, found.filters, found.position, query.limit, query.wait)
    return await answer_page(read, query, page)


@_post("/{feed}/acknowledgements", "确认已处理的事件")
async def acknowledge_events(feed: FeedName, body: AcknowledgeEvents, write: Writing) -> Response:
    """Say that everything up to a position was dealt with. POSITION_UNKNOWN beyond the log's end."""
    found = await _own(write, feed)
    head = await _head(write)
    if body.position > head:
        raise refuse("POSITION_UNKNOWN", asked=body.position, head=head)
    kept = await Feeds(write.pool).acknowledge(found, body.position, write.context.clock())
    return write.answer(await _view(write, kept, await _head(write)))


@router.delete("/{feed}", summary="移除事件订阅", status_code=204, openapi_extra={ACTION: "feed.manage"})
async def remove_event_feed(feed: FeedName, read: Reading) -> Response:
    """Forget a feed and its place; the events stay in the log."""
    await Feeds(read.pool).remove(await _own(read, feed))
    return Response(status_code=204)
