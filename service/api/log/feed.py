"""The feed of events: by position, filtered, waited for; as one JSON page, as lines, or as a stream that goes on.

Positions are gapless and in the order of commits, so whoever asks for what comes after the last position he has got
misses nothing and gets nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Header, Query, Response
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from domain.catalogue import EVENT_TYPES
from domain.recorded import RecordedEvent
from domain.refusals import Refusal, refuse
from domain.values import Code, Value
from service.api.http.answers import headers
from service.api.http.intake import JSON, LINES
from service.api.http.reading import TOLD, Read, Reading, actor_of, get, record_reading, routes
from service.api.log.checkpoints import inclusion_proofs
from service.api.log.events import EventsBody, body_of
from service.commands.authorization import Role, authorize_role
from service.ledgers.masking import Sees
from service.ledgers.parameters import EventTypeName, Limit, Place, Position
from service.webhooks.filters import EventFilter, EventPlace
from service.webhooks.messages import message_of
from service.webhooks.places import places_of

router = routes("/v1", "events 事件")

STREAM: Final = "text/event-stream"
LOOKED_THROUGH: Final = 5_000
"""Most events that one request looks through for those its filter wants; the next goes on from there."""
BATCH: Final = 500
MOST_SECONDS: Final = 30.0
"""Longest wait of one request."""
STREAM_SECONDS: Final = 900.0
"""After so long a stream ends in good order, and whoever reads it comes back with its last position."""
BEAT_SECONDS: Final = 5.0
"""How often a quiet stream gives a sign of life, and the key behind it is looked at again."""
STREAMS_OF_A_KEY: Final = 4


class PageQuery(BaseModel):
    """Page of events: its length and form, and the wait for the first of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Limit = Field(default=100, title="条数")
    wait: float = Field(
        default=0.0, title="等待秒数", description="没有新事件时等到有为止，或到时即答", ge=0, le=MOST_SECONDS
    )
    form: Literal["full", "thin"] = Field(
        default="full", title="事件的形式", description="full 全文；thin 与推送（webhook）的消息相同"
    )
    proof_size: Place | None = Field(
        default=None,
        title="存在证明的事件数",
        description="填所持检查点的事件数：每个全文事件附其在该大小的日志中的存在证明；在此之后的事件没有",
    )


class FeedQuery(PageQuery):
    """Which events, in which form. Each filter that is given must fit."""

    after: Position = Field(default=0, title="起点", description="返回位置大于此值的事件")
    types: list[EventTypeName] | None = Field(
        default=None, title="事件类型", description="可重复；asset.* 为该对象的全部事件", max_length=200
    )
    divisions: list[Code] | None = Field(
        default=None,
        title="行政区划",
        description="可重复；资产现在的所在地，或记录单位；含下级",
        max_length=200,
    )
    organizations: list[Code] | None = Field(
        default=None,
        title="单位",
        description="可重复；记录事件的单位，或资产的实施、所有、管护单位",
        max_length=200,
    )
    assets: list[Code] | None = Field(default=None, title="资产编号", description="可重复", max_length=1000)
    asset_classes: list[Literal["PUBLIC_WELFARE", "OPERATING", "HOUSEHOLD"]] | None = Field(
        default=None, title="资产类别", description="可重复", max_length=3
    )

    def filter(self) -> EventFilter:
        """What is wanted; CODE_UNKNOWN for a type that is none."""
        filters = EventFilter(
            types=tuple(self.types or ()),
            divisions=tuple(self.divisions or ()),
            organizations=tuple(self.organizations or ()),
            assets=tuple(self.assets or ()),
            asset_classes=tuple(self.asset_classes or ()),
        )
        _require_types(filters, "types")
        return filters


class EventFilterBody(Value):
    """Filter that is kept, of an endpoint or a feed; each list that is not empty must fit. Never more than its key may read."""

    types: tuple[Annotated[str, Field(max_length=80)], ...] = Field(
        default=(),
        title="事件类型",
        description="如 asset.leased；asset.* 为该对象的全部事件",
        max_length=200,
    )
    divisions: tuple[Code, ...] = Field(
        default=(), title="行政区划", description="资产现在的所在地，或记录单位；含下级", max_length=200
    )
    organizations: tuple[Code, ...] = Field(
        default=(), title="单位", description="记录事件的单位，或资产的实施、所有、管护单位", max_length=200
    )
    assets: tuple[Code, ...] = Field(default=(), title="资产编号", max_length=1000)
    asset_classes: tuple[Literal["PUBLIC_WELFARE", "OPERATING", "HOUSEHOLD"], ...] = Field(
        default=(), title="资产类别", max_length=3
    )


def _require_types(filters: EventFilter, field: str) -> None:
    """Types of events that there are, or `kind.*`. CODE_UNKNOWN."""
    kinds = {f"{name.partition('.')[0]}.*" for name in EVENT_TYPES}
    unknown = [one for one in filters.types if one not in EVENT_TYPES and one not in kinds]
    if unknown:
        raise refuse("CODE_UNKNOWN", field=field, value="、".join(unknown)[:200])


def filter_of(body: EventFilterBody, county: str) -> EventFilter:
    """The filter, if it can be one. FIELD_INVALID for a place outside the county, CODE_UNKNOWN for a type."""
    filters = EventFilter(**body.model_dump(by_alias=False))
    _require_types(filters, "filters.types")
    outside = [one for one in filters.divisions if not one.startswith(county)]
    if outside:
        raise refuse("FIELD_INVALID", field="filters.divisions", value="、".join(outside)[:200])
    return filters


@dataclass(frozen=True, slots=True)
class Found:
    """Events of one look at the log: up to where it was looked through, and how far it reached."""

    events: list[RecordedEvent]
    upto: int
    head: int


async def look(read: Read, filters: EventFilter, after: int, limit: int) -> Found:
    """The first events after a position that the filter wants, at most `limit`."""
    store = read.context.store
    head = (await store.head(read.county)).position
    found: list[RecordedEvent] = []
    upto = after
    kinds = {name for name in EVENT_TYPES if f"{name.partition('.')[0]}.*" in filters.types}
    types = sorted({one for one in filters.types if not one.endswith(".*")} | kinds) or None
    plain = not (filters.assets or filters.needs_place)
    last = head if plain else min(head, after + LOOKED_THROUGH)
    while upto < last and len(found) < limit:
        size = limit - len(found) if plain else BATCH
        rows = await store.read_page(read.county, after=upto, upto=last, types=types, limit=size)
        events = [store.codec.decode(read.county, position, body) for position, body in rows]
        wanted = [one for one in events if filters.wants(one)]
        if filters.needs_place and wanted:
            places = await places_of(read.context)(read.county, wanted)
            wanted = [one for one in wanted if filters.fits(one, places.get(one.stream, EventPlace()))]
        rest = wanted[limit - len(found) :]
        found += wanted[: limit - len(found)]
        upto = found[-1].position if rest else events[-1].position if len(events) == size else last
    return Found(found, max(upto, after), head)


async def waited(read: Read, filters: EventFilter, after: int, limit: int, seconds: float) -> Found:
    """`look`, again and again until something is found or the time is over."""
    committed = read.context.store.committed(read.county)
    deadline = monotonic() + seconds
    while True:
        found = await look(read, filters, after, limit)
        left = deadline - monotonic()
        if found.events or left <= 0:
            return found
        after = max(after, found.upto)
        if found.upto >= found.head:
            await committed.wait(found.head, left)  # the projector notices other processes' commits


def form_of(read: Read) -> str:
    """The media type of the answer; NOT_ACCEPTABLE."""
    header = read.request.headers.get("accept", "*/*")
    accepted = [part.partition(";")[0].strip().lower() for part in header.split(",")]
    for one in accepted:
        if one in LINES or one == STREAM:
            return one
    if not {JSON, "application/*", "*/*", ""} & set(accepted):
        raise refuse("NOT_ACCEPTABLE", given=header[:100], accepted=f"{JSON}、application/x-ndjson、{STREAM}")
    return JSON


async def shown(read: Read, query: PageQuery, events: Sequence[RecordedEvent]) -> list[dict[str, Any]]:
    """Events in the form asked for, as who asks may see them, with the proofs asked for.

    POSITION_UNKNOWN where the log is not that long; FIELD_INVALID for proofs of messages, which show nothing to be proven.
    """
    if query.proof_size is None:
        return [_shown_as(query.form, event, read.sees) for event in events]
    if query.form == "thin":
        raise refuse(
            "FIELD_INVALID",
            field="proof_size",
            value=str(query.proof_size),
            reason="只在 form=thin 时可用 / with form=thin only",
        )
    proven = await inclusion_proofs(read, query.proof_size, [one.position for one in events])
    return [
        body_of(event, read.sees) | ({"proof": proven[event.position]} if event.position in proven else {})
        for event in events
    ]


def _shown_as(form: Literal["full", "thin"], event: RecordedEvent, sees: Sees) -> dict[str, Any]:
    return body_of(event, sees) if form == "full" else message_of(event, EVENT_TYPES[event.type].TITLE)


async def answer_page(read: Read, query: PageQuery, found: Found) -> Response:
    """A page of events as JSON, or as lines with the next position in a header."""
    listed = await shown(read, query, found.events)
    form = form_of(read)
    if form == JSON:
        return read.answer({"events": listed, "nextAfter": found.upto, "head": found.head})
    lines = b"".join(orjson.dumps(one) + b"\n" for one in listed)
    read.request.scope[TOLD] = len(listed)
    return Response(lines, media_type=form, headers={"Taizhang-Next-After": str(found.upto)})


@get(
    router,
    "/events",
    "按位置读取事件",
    "event.read",
    response_model=EventsBody,
    response_class=Response,
    responses={
        200: {
            "description": "一页事件；NDJSON 每行一个，SSE 持续推送，id 即日志位置 / a page, lines, or a stream",
            "model": EventsBody,
            **headers("Taizhang-Next-After"),
            "content": {
                "application/x-ndjson": {"schema": {"type": "string"}},
                STREAM: {"schema": {"type": "string"}},
            },
        }
    },
)
async def read_events(
    read: Reading,
    query: Annotated[FeedQuery, Query()],
    last_event_id: Annotated[
        str | None,
        Header(
            title="最后收到的事件",
            description="日志位置，代替 after；SSE 断开后由客户端自动带上",
            pattern=r"^[0-9]{1,18}$",
        ),
    ] = None,
) -> Response:
    """Events after a position. `nextAfter` is what to ask for next: with a filter it moves on although nothing was found."""
    form = form_of(read)
    filters = query.filter()
    after = query.after if last_event_id is None else int(last_event_id)
    if form == STREAM:
        await shown(read, query, ())  # what cannot be answered is said before the stream begins
        return _stream(read, query, filters, after)
    return await answer_page(read, query, await waited(read, filters, after, query.limit, query.wait))


def _stream(read: Read, query: FeedQuery, filters: EventFilter, after: int) -> Response:
    """A stream; TOO_MANY_REQUESTS where the key has as many as it may."""
    streams: dict[str, int] = read.request.app.state.streams
    key = read.actor.id
    if streams.get(key, 0) >= STREAMS_OF_A_KEY:
        raise refuse("TOO_MANY_REQUESTS")
    streams[key] = streams.get(key, 0) + 1

    async def streamed() -> AsyncIterator[bytes]:
        try:
            async for chunk in _events(read, query, filters, after):
                yield chunk
        finally:
            streams[key] -= 1

    return StreamingResponse(streamed(), media_type=STREAM)


async def _events(read: Read, query: FeedQuery, filters: EventFilter, after: int) -> AsyncIterator[bytes]:
    """Events as they come, a sign of life where none come; over when the key may not read any more."""
    ends = monotonic() + STREAM_SECONDS
    checked = monotonic()
    while monotonic() < ends:
        found = await waited(read, filters, after, BATCH, BEAT_SECONDS)
        if monotonic() - checked >= BEAT_SECONDS:
            checked = monotonic()
            try:
                authorize_role(await actor_of(read.request), "event.read")
            except Refusal as refusal:
                said = orjson.dumps({"code": refusal.code}).decode()
                yield format_sse_event(data_str=said, event="closed")
                return
        if found.events and Role.AUDITOR in read.actor.roles:
            await record_reading(read.request, read.actor, len(found.events))
        for event, body in zip(found.events, await shown(read, query, found.events), strict=True):
            said = orjson.dumps(body).decode()
            yield format_sse_event(data_str=said, event=event.type, id=str(event.position))
        if not found.events:
            yield format_sse_event(comment=f"{found.upto}")
        after = found.upto
        await asyncio.sleep(0)
