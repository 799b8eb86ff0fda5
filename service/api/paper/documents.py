"""The document store over HTTP (四(六)): upload a paper, look it up by its digest, download it in as many pieces as the line allows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, cast

import structlog
from fastapi import Path, Query, Request, Response
from pydantic import Field
from starlette.types import Receive, Scope, Send

from domain.catalogue import EVENT_TYPES
from domain.refusals import refuse
from domain.values import Code, Sha256, Value
from service.admission import acting_for
from service.api.http.answers import headers
from service.api.http.intake import admission_of, media_type, sender_key
from service.api.http.ranges import IF_RANGE, PARTIAL, RANGE, WHOLE, wanted_of
from service.api.http.reading import ACTION, BINARY, Reading, StreamedRoute, described, get, routes
from service.api.http.writing import answered
from service.ledgers.parameters import Cursor, Limit
from service.ledgers.tables import values_shown
from service.paper.archive import Paper, PaperArchive
from service.paper.contents import ENDINGS, UNSAID
from service.paper.questions import STATES, AssetDocument, UploadedDocument, papers_of_asset, papers_of_unit
from service.paper.sealed import NotIntact, State
from service.paper.sight import field_of, mentions_of, seen
from service.shares import Share, working

log = structlog.stdlib.get_logger(__name__)

TAG: Final = "documents 资料存档"
router = routes("/v1/documents", TAG)
uploads = routes("/v1/documents", TAG, StreamedRoute)

Digest = Annotated[Sha256, Path(title="资料摘要", description="内容的 SHA-256")]
MOST_MENTIONS: Final = 100
"""Most events that one answer lists."""

_SAFE: Final = {"Content-Security-Policy": "default-src 'none'; sandbox"}
"""Whoever opens a paper in a browser all the same runs nothing of it."""


class KeptDocument(Value):
    """A paper that is kept."""

    sha256: Sha256 = Field(title="资料摘要")
    size: int = Field(title="字节数")
    media_type: str = Field(title="内容类型", description="由内容判定")
    stored_at: datetime = Field(title="存入时间")
    state: State = Field(title="存档状态", description=STATES)
    checked_at: datetime = Field(title="最近核对时间")
    content: str = Field(title="下载路径", description="支持断点续传（Range）")


class DocumentMention(Value):
    """An event that names a paper."""

    position: int = Field(title="日志位置")
    stream: str = Field(title="事件流")
    type: str = Field(title="事件类型")
    title: str = Field(title="事件名称")
    field: str = Field(title="字段")
    field_title: str = Field(title="字段名称")
    asset: str | None = Field(title="资产编号")
    unit: str | None = Field(title="登记单位")
    occurred_on: date = Field(title="业务日期")
    recorded_at: datetime = Field(title="记录时间")


class DocumentFacts(KeptDocument):
    """A paper that is kept, with the events that name it, the first hundred of them."""

    named_by: tuple[DocumentMention, ...] = Field(title="引用的事件")


class AssetDocuments(Value):
    """A page of an asset's papers."""

    documents: tuple[AssetDocument, ...] = Field(title="该资产的资料")
    next_cursor: str | None = Field(title="下一页游标")


class UploadedDocuments(Value):
    """A page of a unit's uploads."""

    documents: tuple[UploadedDocument, ...] = Field(title="本单位上传的资料")
    next_cursor: str | None = Field(title="下一页游标")


def _archive(request: Request) -> PaperArchive:
    """The document store; PAPERS_NOT_OFFERED."""
    archive = cast("PaperArchive | None", request.app.state.archive)
    if archive is None:
        raise refuse("PAPERS_NOT_OFFERED")
    return archive


def _shown(paper: Paper) -> dict[str, Any]:
    return {
        "sha256": paper.sha256,
        "size": paper.size,
        "mediaType": paper.media_type,
        "storedAt": paper.stored_at,
        "state": paper.state,
        "checkedAt": paper.checked_at,
        "content": f"/v1/documents/{paper.sha256}/content",
    }


@uploads.post(
    "",
    summary="上传资料",
    status_code=201,
    response_model=KeptDocument,
    response_class=Response,
    responses={
        **answered(201, KeptDocument),
        200: {"description": "本单位已上传过 / the unit has uploaded it before", "model": KeptDocument},
        **described(
            {
                409: "本单位未引用的资料过多 / too many papers of the unit are unnamed",
                413: "资料过大 / too large",
                415: "类型不可存档或与所称不符 / a type that is not kept, or another than said",
            }
        ),
    },
    openapi_extra={
        ACTION: "document.upload",
        "requestBody": {
            "required": True,
            "content": {
                name: {"schema": {"type": "string", "format": "binary", "title": "资料内容", "minLength": 1}}
                for name in sorted({*ENDINGS, UNSAID})
            },
        },
    },
)
async def upload_document(
    read: Reading,
    sha256: Annotated[Sha256 | None, Query(title="内容摘要", description="给出时须与收到的内容一致")] = None,
) -> Response:
    """Keep a paper (C4.6-03). Its digest is what an event names it by; the same content is kept once.

    PAPER_TYPE_NOT_ALLOWED, PAPER_TYPE_OTHERWISE, PAPER_BROKEN for what it is; PAPER_DIGEST_OTHERWISE; BODY_TOO_LARGE;
    PAPERS_TOO_MANY, PAPERS_FULL, PAPER_FORGOTTEN. What no event names is removed after the time that `GET /v1/documents/uploads` tells.
    """
    archive, request = _archive(read.request), read.request
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:15]) > archive.bounds.largest:
        raise refuse("BODY_TOO_LARGE", limit=archive.bounds.largest)
    got = await archive.receive(read.actor, request.stream(), media_type(request), sha256)
    answer = read.answer(_shown(got.paper))
    answer.status_code = 201 if got.new else 200
    if got.new:
        answer.headers["Location"] = f"/v1/documents/{got.paper.sha256}"
    return answer


@get(router, "", "资产的资料", "document.read", response_model=AssetDocuments)
async def list_documents(
    read: Reading,
    asset: Annotated[Code, Query(title="资产编号", description="扶贫资产或到户资产")],
    limit: Annotated[Limit, Query(title="每页条数")] = 100,
    cursor: Annotated[Cursor | None, Query(title="游标")] = None,
) -> Response:
    """The papers that events name for an asset, in the order of the log, and which of them are kept (C4.6-03)."""
    found, following = await papers_of_asset(read, asset, limit, cursor)
    rows = [AssetDocument.model_validate(one, from_attributes=True) for one in found]
    return read.answer({"documents": [one.model_dump(mode="json") for one in rows], "nextCursor": following})


@get(router, "/uploads", "本单位上传的资料", "document.upload", response_model=UploadedDocuments)
async def list_uploads(
    read: Reading,
    limit: Annotated[Limit, Query(title="每页条数")] = 100,
    cursor: Annotated[Cursor | None, Query(title="游标")] = None,
) -> Response:
    """The papers that the credential's unit has uploaded, and when those are removed that no event names."""
    unit = read.actor.organization
    found, following = await papers_of_unit(read, _archive(read.request), unit, limit, cursor)
    rows = [UploadedDocument.model_validate(one, from_attributes=True) for one in found]
    return read.answer({"documents": [one.model_dump(mode="json") for one in rows], "nextCursor": following})


@get(router, "/{digest}", "查询资料", "document.read", response_model=DocumentFacts)
async def read_document(digest: Digest, read: Reading) -> Response:
    """What is kept under a digest, and the events that name it. NOT_FOUND, FORBIDDEN_PERSONAL_DATA, PAPER_NOT_KEPT."""
    paper = await seen(read, _archive(read.request), digest)
    named = [
        DocumentMention(
            title=EVENT_TYPES[one.type].TITLE,
            field_title=field_of(one.type, one.field).title,
            position=one.position,
            stream=one.stream,
            type=one.type,
            field=one.field,
            asset=one.asset,
            unit=one.unit,
            occurred_on=one.occurred_on,
            recorded_at=one.recorded_at,
        )
        for one in await mentions_of(read, digest, MOST_MENTIONS)
    ]
    return read.answer(_shown(paper) | {"namedBy": values_shown(named)})


def _with_policy(described: Mapping[str, Any]) -> dict[str, Any]:
    return {**described["headers"], **headers("Content-Security-Policy")["headers"]}


_FILE: Final[dict[str, Any]] = {"content": dict.fromkeys(sorted(ENDINGS), BINARY)}


@get(
    router,
    "/{digest}/content",
    "下载资料",
    "document.read",
    response_class=Response,
    parameters=(RANGE, IF_RANGE),
    responses={
        200: {"description": "资料 / the paper", **_FILE, "headers": _with_policy(WHOLE)},
        206: {"description": "其中一段 / part of it", **_FILE, "headers": _with_policy(PARTIAL)},
        416: {"description": "没有这一段 / no such part", "headers": _with_policy(PARTIAL)},
    },
)
async def read_document_content(digest: Digest, read: Reading) -> Response:
    """The paper, or the part that `Range` asks for. Every byte was proved; what is lost or altered is PAPER_NOT_INTACT.

    NOT_FOUND, FORBIDDEN_PERSONAL_DATA, PAPER_NOT_KEPT, PAPER_FORGOTTEN.
    """
    archive = _archive(read.request)
    paper = await seen(read, archive, digest)
    if paper.state == "FORGOTTEN":
        raise refuse("PAPER_FORGOTTEN")
    said = {
        "ETag": f'"{digest}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{digest[:16]}.{ENDINGS[paper.media_type]}"',
        **_SAFE,
    }
    part = wanted_of(read.request, said, paper.size)
    if part is None:
        return Response(status_code=416, headers=said)
    first, last, status = part
    return _PaperAnswer(archive, paper, (first, last), status, said)


class _PaperAnswer(Response):
    """Sends the content of a paper as fast as the client takes it, in a place among those that are sent."""

    def __init__(
        self, archive: PaperArchive, paper: Paper, part: tuple[int, int], status: int, said: Mapping[str, str]
    ) -> None:
        first, last = part
        super().__init__(
            status_code=status,
            media_type=paper.media_type,
            headers={**said, "Content-Length": str(last + 1 - first)},
        )
        self._archive, self._paper, self._part = archive, paper, part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """TOO_MANY_REQUESTS, SERVICE_BUSY; PAPER_NOT_INTACT while nothing was sent, and later an answer that stays cut off."""
        request = Request(scope, receive)
        with acting_for(sender_key(request)):
            async with admission_of(request).downloads.place():
                pieces = await self._begun()
                await send(
                    {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
                )
                try:
                    async for piece in pieces:
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
                        if await request.is_disconnected():
                            return
                except NotIntact as lost:
                    await self._lost(lost)
                    return  # without its end: the connection is cut, and the client knows
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _begun(self) -> AsyncIterator[bytes]:
        try:
            return await self._archive.content(self._paper, *self._part)
        except NotIntact as lost:
            await self._lost(lost)
            raise refuse("PAPER_NOT_INTACT") from lost

    async def _lost(self, lost: NotIntact) -> None:
        log.error("paper_not_intact", sha256=self._paper.sha256, object=self._paper.object, reason=str(lost))
        with working(Share.PAPERS):
            if lost.state is not None:
                await self._archive.note(self._paper, lost.state)
