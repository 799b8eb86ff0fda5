"""Audit packs over HTTP: ordered, watched, and downloaded in as many pieces as the line allows."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal, cast

from fastapi import Path, Query, Request, Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import BusinessDate, Code, Sha256, Value
from service.api.http.ranges import IF_RANGE, PARTIAL, RANGE, WHOLE, wanted_of
from service.api.http.reading import ACTION, BINARY, Reading, get, routes
from service.api.http.results import OperationProblem, PackResult
from service.api.http.writing import IDEMPOTENCY_KEY, WRITE_PROBLEMS, Writing, answered
from service.audit.pack import PackRequest
from service.audit.standing import pack_standing
from service.audit.work import FILE, KIND, PAPERS
from service.commands.operations import Operation, Operations
from service.ledgers.parameters import Moment

router = routes("/v1/audit-packs", "audit-packs 审计包")

PackCode = Annotated[Code, Path(title="审计包编号")]
_MOST_ASSETS: Final = 100
"""Assets that an answer about a pack names at most."""


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


class PackStandingView(Value):
    """A pack by its number, held against the log as it is now."""

    pack: str = Field(title="审计包编号")
    holds: bool = Field(title="所载内容是否仍然成立")
    doubts: tuple[Literal["CARE_CHANGED", "LATER_FACTS", "CASE_WENT_ON", "OTHER_DIGEST"], ...] = Field(
        title="审计包不再成立的原因",
        description="在管资产或期间已变（补记的管护、任职、交接） / 后来补记了期间内的事实 / 所载离任交接有后续 / 摘要不是本包的",
    )
    assets: tuple[str, ...] = Field(title="涉及资产", description="至多 100 项")
    cases: tuple[str, ...] = Field(title="涉及交接")
    sha256: Sha256 = Field(title="审计包摘要")
    size: int = Field(title="审计包所据日志位置")
    position: int = Field(title="日志位置", description="核对到的日志位置")


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


@get(router, "/{pack}/standing", "按编号核验审计包", "audit.pack", response_model=PackStandingView)
async def read_pack_standing(
    pack: PackCode,
    read: Reading,
    digest: Annotated[Sha256 | None, Query(title="摘要", description="所持文件的摘要")] = None,
) -> Response:
    """Whether what a pack says still holds: the care of its days, their facts, its departure cases (C4.10-09).

    NOT_FOUND for a number that was never given, or whose file was not made.
    """
    found = await _pack(read, pack)
    read.must_be_made_for(found.ordered_by)
    if found.result is None or found.state != "SUCCEEDED":
        raise refuse("NOT_FOUND", what=pack)
    made = found.result
    request = PackRequest(
        found.request["person"],
        found.request.get("unit"),
        date.fromisoformat(made["from"]),
        date.fromisoformat(made["to"]),
    )
    told = await pack_standing(read.context.store, read.pool, read.county, request, made["size"])
    other = digest not in {None, made["sha256"]}
    view = PackStandingView(
        pack=pack,
        holds=not told.doubts and not other,
        doubts=(*(("OTHER_DIGEST",) if other else ()), *told.doubts),
        assets=told.assets[:_MOST_ASSETS],
        cases=told.cases,
        sha256=made["sha256"],
        size=made["size"],
        position=told.position,
    )
    return read.answer(view.model_dump(mode="json", by_alias=True))


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
