"""Audit packs over HTTP: ordered, watched, and downloaded in as many pieces as the line allows."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import Path, Request, Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import BusinessDate, Code, Value
from service.api.http.ranges import IF_RANGE, PARTIAL, RANGE, WHOLE, wanted_of
from service.api.http.reading import ACTION, BINARY, Reading, get, routes
from service.api.http.results import OperationProblem, PackResult
from service.api.http.writing import IDEMPOTENCY_KEY, WRITE_PROBLEMS, Writing, answered
from service.audit.work import FILE, KIND, PAPERS
from service.commands.operations import Operation, Operations
from service.ledgers.parameters import Moment

router = routes("/v1/audit-packs", "audit-packs 审计包")

PackCode = Annotated[Code, Path(title="审计包编号")]


class OrderAuditPack(Value):
    """Request body: order an audit pack of a person's care. Without days it is the whole of it; `knownAt`: only what was recorded by then."""

    person: Code = Field(title="人员")
    unit: Code | None = Field(default=None, title="单位", description="只含该单位负责的资产")
    first: BusinessDate | None = Field(default=None, title="起始日期", alias="from")
    last: BusinessDate | None = Field(default=None, title="截止日期", alias="to")
    known_at: Moment | None = Field(default=None, title="截至时刻", description="只含此前记录的事件")
    papers: bool = Field(
        default=False,
        title="是否附资料",
        description="另附事件所引用的存档资料；须有权查看其中全部资料",
        strict=True,
    )


class PackView(Value):
    """A pack that was ordered: how far it is, and where its file will be."""

    pack: str = Field(title="审计包编号")
    state: Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] = Field(title="作业状态")
    done: int = Field(title="已完成数")
    total: int | None = Field(default=None, title="总数")
    operation: str = Field(title="任务路径")
    file: str | None = Field(default=None, title="下载路径", description="支持断点续传（Range）")
    papers: str | None = Field(default=None, title="资料下载路径", description="要求附资料时")
    result: PackResult | None = Field(default=None, title="审计包内容")
    problem: OperationProblem | None = Field(default=None, title="失败原因")


def _operations(request: Request) -> Operations:
    return cast("Operations", request.app.state.operations)


def _shown(found: Operation) -> dict[str, Any]:
    path = f"/v1/audit-packs/{found.operation}"
    view = PackView(
        pack=found.operation,
        state=found.state,
        done=found.done,
        total=found.total,
        operation=f"/v1/operations/{found.operation}",
        file=f"{path}/file" if FILE in found.files else None,
        papers=f"{path}/papers" if PAPERS in found.files else None,
        result=None if found.result is None else PackResult.model_validate(found.result),
        problem=None if found.problem is None else OperationProblem.model_validate(found.problem),
    )
    return view.model_dump(mode="json", by_alias=True, exclude_none=True)


@router.post(
    "",
    summary="生成审计包",
    status_code=202,
    response_model=PackView,
    response_class=Response,
    responses=answered(202, PackView) | WRITE_PROBLEMS,
    openapi_extra={ACTION: "audit.pack", "parameters": [IDEMPOTENCY_KEY]},
)
async def order_audit_pack(body: OrderAuditPack, write: Writing) -> Response:
    """Order a pack about what was in a person's care (C4.10-09). It is made beside other requests, one at a time for a
    key (TOO_MANY_REQUESTS), and may be cancelled as an operation. With `papers` the papers that its events name come in an
    archive beside it; the operation fails with FORBIDDEN_PERSONAL_DATA where one of them is not for whoever orders,
    with PACK_PAPERS_TOO_LARGE beyond 256 MiB. PAPERS_NOT_OFFERED.
    """
    if body.papers and write.request.app.state.archive is None:
        raise refuse("PAPERS_NOT_OFFERED")
    if body.first is not None and body.last is not None and body.first > body.last:
        raise refuse("DATE_ORDER", earlier="from", later="to")
    if await write.context.store.load(write.county, f"person-{body.person}") is None:
        raise refuse("NOT_FOUND", what=body.person)
    found = await _operations(write.request).submit(
        write.actor,
        KIND,
        f"pack-{write.mark(20)}",
        body.model_dump(mode="json", by_alias=True, exclude_none=True),
        digest=write.idempotency.body_sha256,
        one_at_a_time=True,
    )
    answer = write.answer(_shown(found))
    answer.status_code = 202
    answer.headers["Location"] = f"/v1/audit-packs/{found.operation}"
    return answer


@get(router, "/{pack}", "查询审计包", "audit.pack", response_model=PackView)
async def read_audit_pack(pack: PackCode, read: Reading) -> Response:
    """How far a pack is; its file's path once it is there."""
    return read.answer(_shown(await _pack(read, pack)))


@get(
    router,
    "/{pack}/file",
    "下载审计包",
    "audit.pack",
    response_class=Response,
    parameters=(RANGE, IF_RANGE),
    responses={
        200: {"description": "审计包 / the pack", "content": {"application/zip": BINARY}, **WHOLE},
        206: {"description": "其中一段 / part of it", "content": {"application/zip": BINARY}, **PARTIAL},
        416: {"description": "没有这一段 / no such part", **PARTIAL},
    },
)
async def read_audit_pack_file(pack: PackCode, read: Reading) -> Response:
    """The file, or the part that `Range` asks for: a download that broke off goes on where it stopped."""
    found = await _pack(read, pack)
    return await _sent(read, found, FILE, found.result, f"{pack}.zip")


@get(
    router,
    "/{pack}/papers",
    "下载审计包所附资料",
    "audit.pack",
    response_class=Response,
    parameters=(RANGE, IF_RANGE),
    responses={
        200: {"description": "资料 / the papers", "content": {"application/zip": BINARY}, **WHOLE},
        206: {"description": "其中一段 / part of it", "content": {"application/zip": BINARY}, **PARTIAL},
        416: {"description": "没有这一段 / no such part", **PARTIAL},
    },
)
async def read_audit_pack_papers(pack: PackCode, read: Reading) -> Response:
    """The papers beside a pack, each under its digest; the verifier checks them (`--papers`). NOT_FOUND where none were asked for."""
    found = await _pack(read, pack)
    result = None if found.result is None else found.result.get("papers")
    return await _sent(read, found, PAPERS, result, f"{pack}-papers.zip")


async def _sent(
    read: Reading, found: Operation, name: str, result: dict[str, Any] | None, called: str
) -> Response:
    pack = found.operation
    read.must_be_made_for(found.ordered_by)
    if result is None:
        raise refuse("NOT_FOUND", what=f"{pack}/{name}")
    size = await _operations(read.request).file_size(read.county, pack, name)
    said = {
        "ETag": f'"{result["sha256"]}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{called}"',
    }
    part = wanted_of(read.request, said, size)
    if part is None:
        return Response(status_code=416, headers=said)
    first, last, status = part
    content = await _operations(read.request).file_part(read.county, pack, name, first, last)
    return Response(content, status_code=status, media_type="application/zip", headers=said)


async def _pack(read: Reading, pack: str) -> Operation:
    found = await _operations(read.request).get(read.county, pack)
    if found.kind != KIND:
        raise refuse("NOT_FOUND", what=pack)
    return found
